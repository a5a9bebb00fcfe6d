import type { Result, SecondSample } from "@calico-sim/cluster";
import { typhasOf, withTyphas } from "../cluster-line.js";
import { bytes, clock, count, counted } from "../format/quantity.js";
import { type Line, type TimeValue, thin, timeChart } from "./time-chart.js";

const pick = (result: Result, of: (sample: SecondSample) => number): readonly TimeValue[] =>
  result.series.map((sample) => ({ second: sample.second, value: of(sample) }));

/** Sessions, routes and pods over time. */
export function stateChart(result: Result): string {
  const { sessionEndsEstablished, sessionEndsExpected } = result.bgp;
  const panel = (
    title: string,
    colour: string,
    label: string,
    of: (s: SecondSample) => number,
  ): { title: string; height: number; lines: Line[] } => ({
    title,
    height: 92,
    lines: [{ label, colour, values: thin(pick(result, of), Math.min), fill: true }],
  });
  const last = result.series.at(-1);
  const sessions = panel(
    "BGP sessions established",
    "c1",
    `${count(sessionEndsEstablished / 2)} of ${count(sessionEndsExpected / 2)}`,
    (s) => s.sessionEnds / 2,
  );
  return timeChart(result, {
    id: "state",
    title: "Sessions, routes and pods over time",
    description: `${count(sessionEndsEstablished / 2)} of ${count(sessionEndsExpected / 2)} BGP sessions, ${counted(last?.routes ?? 0, "route")} and ${counted(last?.pods ?? 0, "pod")} at the end.`,
    panels: [
      ...(result.cluster.backend === "bird" ? [sessions] : []),
      panel("Routes in all kernels", "c3", count(last?.routes ?? 0), (s) => s.routes),
      panel("Pods with an address", "c4", count(last?.pods ?? 0), (s) => s.pods),
    ],
  });
}

/** Watch events per second, beside those of the other cluster. */
export function datastoreChart(result: Result, compare: Result | undefined): string {
  const runs = compare === undefined ? [result] : [compare, result];
  const line = (of: (s: SecondSample) => number, show: (n: number) => string) => {
    return (run: Result): Line => {
      const values = pick(run, of);
      const peak = values.reduce((a, b) => (b.value > a.value ? b : a), { second: 0, value: 0 });
      return {
        label: withTyphas(run.cluster.typhas),
        note: `peak ${show(peak.value)} at ${clock(peak.second)}`,
        colour: run === result ? "c1" : "c2",
        values: thin(values, Math.max),
        fill: run === result,
      };
    };
  };
  return timeChart(result, {
    id: "datastore",
    title: "Datastore events per second",
    description: runs
      .map(
        (run) =>
          `${typhasOf(run.cluster.typhas)}: ${counted(run.datastore.watchEventsTotal, "watch event")} and ${bytes(run.datastore.bytesSentTotal)} in all`,
      )
      .join("; "),
    panels: [
      {
        title: "Watch events sent per second (logarithmic)",
        height: 150,
        scale: "symlog",
        lines: runs.map(line((s) => s.datastoreEvents, count)),
      },
      {
        title: "Requests served per second (logarithmic)",
        height: 110,
        scale: "symlog",
        lines: runs.map(line((s) => s.datastoreRequests, count)),
      },
    ],
  });
}

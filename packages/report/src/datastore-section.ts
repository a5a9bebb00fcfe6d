import type { Result } from "@calico-sim/cluster";
import type { LoadRow, LoadSecond, LoadSnapshot } from "@calico-sim/core";
import { withTyphas } from "./cluster-line.js";
import { bytes, clock, count, NONE, times } from "./format/quantity.js";
import type { Column, Row } from "./format/table.js";
import type { Section } from "./section.js";

/** How many kinds of client are listed one by one. */
const CLIENTS_SHOWN = 6;

/** What the cluster cost its datastore, beside what it would have cost otherwise. */
export function datastoreSection(result: Result, compare: Result | undefined): Section {
  const own = result.datastore;
  const other = compare?.datastore;
  const name = (r: Result): string => withTyphas(r.cluster.typhas);
  const columns: Column[] = [{ label: "", align: "left" }, { label: name(result) }];
  if (compare !== undefined) columns.push({ label: name(compare) }, { label: "factor" });
  const row = (label: string, of: (load: LoadSnapshot) => number, show = count): Row => ({
    cells: [
      label,
      show(of(own)),
      ...(other === undefined ? [] : [show(of(other)), ratio(of(other), of(own))]),
    ],
  });
  const peak = (label: string, by: "requests" | "watchEvents" | "bytes", show = count): Row => ({
    cells: [
      label,
      worst(own, by, show),
      ...(other === undefined
        ? []
        : [worst(other, by, show), ratio(most(other, by), most(own, by))]),
    ],
  });
  return {
    id: "datastore",
    title: "Datastore load",
    lead:
      compare === undefined
        ? []
        : [`The same cluster, scenario and seed ${name(compare)} stands beside it.`],
    table: {
      columns,
      rows: [
        row("requests", (load) => load.requestsTotal),
        row("watch connections, most at once", (load) => load.watchesPeak),
        row("watch events sent", (load) => load.watchEventsTotal),
        row("bytes sent", (load) => load.bytesSentTotal, bytes),
        peak("peak second, requests", "requests"),
        peak("peak second, watch events", "watchEvents"),
        peak("peak second, bytes", "bytes", bytes),
        ...byClient(own, other),
      ],
    },
  };
}

/** Watch events by kind of client: who it is that watches. */
function byClient(own: LoadSnapshot, other: LoadSnapshot | undefined): Row[] {
  const ours = totals(own.byClientAndKind);
  const theirs = totals(other?.byClientAndKind ?? []);
  const names = [...new Set([...ours.keys(), ...theirs.keys()])];
  const rank = (name: string): number => Math.max(ours.get(name) ?? 0, theirs.get(name) ?? 0);
  return names
    .filter((name) => rank(name) > 0)
    .sort((a, b) => rank(b) - rank(a))
    .slice(0, CLIENTS_SHOWN)
    .map((name) => {
      const [a, b] = [ours.get(name) ?? 0, theirs.get(name) ?? 0];
      const cells = [`  watch events to ${name}`, count(a)];
      return { cells: other === undefined ? cells : [...cells, count(b), ratio(b, a)] };
    });
}

function totals(rows: readonly LoadRow[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(row.client, (sums.get(row.client) ?? 0) + row.watchEvents);
  return sums;
}

function worst(
  load: LoadSnapshot,
  by: "requests" | "watchEvents" | "bytes",
  show: (value: number) => string,
): string {
  const second: LoadSecond | undefined = load.peakSecond[by];
  return second === undefined ? NONE : `${show(second[by])} at ${clock(second.second)}`;
}

/** What the worst second had. */
export function most(load: LoadSnapshot, by: "requests" | "watchEvents" | "bytes"): number {
  return load.peakSecond[by]?.[by] ?? 0;
}

function ratio(other: number, own: number): string {
  return own === 0 || other === 0 ? NONE : times(other / own);
}

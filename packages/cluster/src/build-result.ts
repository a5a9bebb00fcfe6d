import { distribution, type LoadSnapshot, SECOND } from "@calico-sim/core";
import type {
  Blackhole,
  BlackholeReason,
  ChangeResult,
  Finding,
  Result,
  SecondSample,
  Utilisation,
} from "./result.js";
import type { Simulation } from "./simulation.js";
import { type BrokenInterval, REASONS } from "./tracker.js";

/** Intervals that a Result lists; the others are in the totals. */
const INTERVALS_LISTED = 200;

/** Puts together what a run tells. */
export function buildResult(simulation: Simulation, given: readonly Finding[]): Result {
  const { recorder, tracker, engine, spec } = simulation;
  recorder.closeWindow(simulation);
  const now = engine.now;
  const load = simulation.datastore.meter.snapshot();
  const holes = tracker.blackholes(now).map((interval) => blackhole(simulation, interval));
  const changes = recorder.changes.map((change, i) => withLoad(simulation, change, i, load));
  const expected = spec.backend === "bird" ? sessionEndsExpected(simulation) : 0;
  const findings = [...given];
  if (!tracker.converged) {
    findings.push({
      code: "not-converged",
      text: "some kernels differ from the oracle at the end; see the last change",
    });
  }
  const open = holes.filter((hole) => hole.open).length;
  if (open > 0)
    findings.push({
      code: "open-blackholes",
      text: `${String(open)} node–block pairs are black-holed at the end`,
    });
  if (recorder.podsFailed > 0) {
    findings.push({
      code: "pods-failed",
      text: `${String(recorder.podsFailed)} pod sandboxes failed`,
    });
  }
  return {
    cluster: {
      nodes: simulation.nodes.size,
      subnets: simulation.fabric.racks.length,
      typhas: spec.typhas,
      pools: simulation.datastore.list("IPPool").map((pool) => poolText(pool.spec)),
      calicoVersion: spec.calicoVersion,
      datastore: spec.datastore,
      backend: spec.backend,
    },
    seed: engine.random.seed,
    simulatedSeconds: now / SECOND,
    events: engine.dispatched,
    changes,
    converged: tracker.converged,
    blackholes: {
      total: holes.length > tracker.closedIntervals ? holes.length : tracker.closedIntervals + open,
      pairSeconds: tracker.darkMicros(now) / SECOND,
      worst: holes[0],
      intervals: holes.slice(0, INTERVALS_LISTED),
      byReason: byReason(holes),
    },
    pods: {
      running: simulation.workloads.counts.running,
      failed: recorder.podsFailed,
      addressedSeconds: some(recorder.addressed),
      programmedSeconds: some(recorder.programmed),
    },
    datastore: load,
    typha: typhaResult(simulation),
    bgp: {
      ...simulation.bird.wire(),
      sessionEndsEstablished: simulation.bird.establishedEnds,
      sessionEndsExpected: expected,
      sessionEndsLost: simulation.bird.lostEnds,
    },
    utilisation: {
      bird: utilisation(simulation, (node) => simulation.bird.cpu[node] ?? 0),
      felix: utilisation(simulation, (node) => {
        const counts = simulation.felix.counts(node);
        return counts.calcMicros + counts.dataplaneMicros;
      }),
      typha: typhaUtilisation(simulation),
      datastore: dataStoreShare(simulation),
    },
    series: series(simulation, load),
    findings,
    digest: simulation.digest(),
  };
}

function withLoad(
  simulation: Simulation,
  change: Omit<ChangeResult, "datastore" | "podProgrammedSeconds">,
  index: number,
  load: LoadSnapshot,
): ChangeResult {
  const { recorder } = simulation;
  const from = recorder.windows[index]!;
  const next = recorder.windows[index + 1];
  const end = next ?? {
    requests: load.requestsTotal,
    watchEvents: load.watchEventsTotal,
    bytes: load.bytesSentTotal,
    programmed: recorder.programmed.length,
  };
  let peak = 0;
  for (const second of load.series) {
    if (second.second >= Math.floor(change.atSeconds) && second.second < change.untilSeconds) {
      peak = Math.max(peak, second.watchEvents);
    }
  }
  return {
    ...change,
    datastore: {
      requests: end.requests - from.requests,
      watchEvents: end.watchEvents - from.watchEvents,
      bytes: end.bytes - from.bytes,
      peakWatchEventsPerSecond: peak,
    },
    podProgrammedSeconds: some(recorder.programmed.slice(from.programmed, end.programmed)),
  };
}

function some(values: readonly number[]): ReturnType<typeof distribution> | undefined {
  return values.length === 0 ? undefined : distribution(values);
}

function blackhole(simulation: Simulation, interval: BrokenInterval): Blackhole {
  return {
    from: simulation.nodes.name(interval.node),
    to: interval.block,
    owner: interval.owner,
    beginSeconds: interval.since / SECOND,
    endSeconds: interval.until / SECOND,
    open: interval.open,
    reason: (REASONS[interval.reason] ?? "no route") as BlackholeReason,
  };
}

function byReason(holes: readonly Blackhole[]): Partial<Record<BlackholeReason, number>> {
  const counts: Partial<Record<BlackholeReason, number>> = {};
  for (const { reason } of holes) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/** In a full mesh each running node has an end towards every other. */
function sessionEndsExpected(simulation: Simulation): number {
  let ends = 0;
  for (let a = 0; a < simulation.nodes.size; a++) {
    for (let b = 0; b < simulation.nodes.size; b++) if (simulation.bird.isConfigured(a, b)) ends++;
  }
  return ends;
}

function utilisation(simulation: Simulation, busy: (node: number) => number): Utilisation {
  const span = Math.max(1, simulation.engine.now);
  let sum = 0;
  let max = 0;
  let busiest = 0;
  for (let node = 0; node < simulation.nodes.size; node++) {
    const share = busy(node) / span;
    sum += share;
    if (share > max) {
      max = share;
      busiest = node;
    }
  }
  return {
    mean: sum / Math.max(1, simulation.nodes.size),
    max,
    busiest: simulation.nodes.name(busiest),
  };
}

function typhaUtilisation(simulation: Simulation): Utilisation | undefined {
  const { typha } = simulation;
  if (typha === undefined) return undefined;
  const span = Math.max(1, simulation.engine.now);
  const shares = simulation.typhaNodes.map((_, t) => typha.busy(t) / span);
  const max = shares.reduce((x, y) => Math.max(x, y), 0);
  return {
    mean: shares.reduce((x, y) => x + y, 0) / Math.max(1, shares.length),
    max,
    busiest: `typha-${String(shares.indexOf(max))}`,
  };
}

function typhaResult(simulation: Simulation): Result["typha"] {
  const { typha } = simulation;
  if (typha === undefined) return undefined;
  const types = ["felix", "bgp", "tunnel-ip-allocation", "node-status"] as const;
  return {
    bySyncer: Object.fromEntries(types.map((type) => [type, typha.syncer(type).load()])),
    sent: typha.syncer("felix").series(),
    connections: simulation.typhaNodes.map((_, t) => typha.connections(t)),
  };
}

function dataStoreShare(simulation: Simulation): number {
  const { busyMicros, cores } = simulation.datastore.load();
  return busyMicros / Math.max(1, simulation.engine.now * cores);
}

function series(simulation: Simulation, load: LoadSnapshot): SecondSample[] {
  const bySecond = new Map(load.series.map((second) => [second.second, second]));
  return simulation.recorder.samples.map((sample) => {
    const second = bySecond.get(sample.second);
    return {
      ...sample,
      datastoreRequests: second?.requests ?? 0,
      datastoreEvents: second?.watchEvents ?? 0,
      datastoreBytes: second?.bytes ?? 0,
    };
  });
}

function poolText(spec: {
  readonly cidr: string;
  readonly ipipMode?: string;
  readonly vxlanMode?: string;
}): string {
  const mode =
    spec.ipipMode !== undefined && spec.ipipMode !== "Never"
      ? `IPIP ${spec.ipipMode}`
      : spec.vxlanMode !== undefined && spec.vxlanMode !== "Never"
        ? `VXLAN ${spec.vxlanMode}`
        : "no encapsulation";
  return `${spec.cidr} (${mode})`;
}

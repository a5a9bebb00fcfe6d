import type { BirdFleet } from "@calico-sim/bgp";
import { distribution, type LoadSnapshot, type RunOutcome, SECOND } from "@calico-sim/core";
import type { BrokenInterval } from "./broken-pairs.js";
import { REASONS } from "./delivery.js";
import { birdsOf, type ClusterParts } from "./parts.js";
import type { Recorder } from "./recorder.js";
import type {
  BgpResult,
  Blackhole,
  BlackholeReason,
  ChangeResult,
  Finding,
  Result,
  SecondSample,
  Utilisation,
} from "./result.js";

/** A cluster with the notes of its run. */
export interface ObservedCluster extends ClusterParts {
  readonly recorder: Recorder;
  /** How the last run ended. */
  readonly outcome: RunOutcome;
  digest(): string;
}

/** Intervals that a Result lists; the others are in the totals. */
const INTERVALS_LISTED = 200;

/** Puts together what a run tells. */
export function buildResult(cluster: ObservedCluster, given: readonly Finding[]): Result {
  const { recorder, tracker, engine, spec } = cluster;
  recorder.closeWindow(cluster);
  const now = engine.now;
  const load = cluster.datastore.meter.snapshot();
  const holes = tracker.blackholes(now).map((interval) => blackhole(cluster, interval));
  const changes = recorder.changes.map((change, i) => withLoad(cluster, change, i, load));
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
      nodes: cluster.nodes.count,
      externalRouters: spec.externalRouters?.length ?? 0,
      subnets: cluster.fabric.racks.length,
      typhas: spec.typhas,
      pools: cluster.datastore.list("IPPool").map((pool) => poolText(pool.spec)),
      calicoVersion: cluster.era.calicoVersion,
      datastore: spec.datastore,
      backend: spec.backend,
    },
    seed: engine.random.seed,
    simulatedSeconds: now / SECOND,
    events: engine.dispatched,
    changes,
    converged: tracker.converged,
    blackholes: {
      total:
        holes.length > tracker.broken.closedIntervals
          ? holes.length
          : tracker.broken.closedIntervals + open,
      pairSeconds: tracker.broken.micros(now) / SECOND,
      worst: holes[0],
      intervals: holes.slice(0, INTERVALS_LISTED),
      byReason: byReason(holes),
    },
    pods: {
      running: podsRunning(cluster),
      failed: recorder.podsFailed,
      families: cluster.workloads.families ?? [4],
      addressedSeconds: some(recorder.addressed),
      programmedSeconds: some(recorder.programmed),
    },
    datastore: load,
    typha: typhaResult(cluster),
    bgp: bgpResult(cluster),
    utilisation: {
      bird: utilisation(cluster, (node) =>
        birdsOf(cluster).reduce((sum, bird) => sum + (bird.cpu[node] ?? 0), 0),
      ),
      felix: utilisation(cluster, (node) => {
        const counts = cluster.felix.counts(node);
        return counts.calcMicros + counts.dataplaneMicros;
      }),
      typha: typhaUtilisation(cluster),
      datastore: dataStoreShare(cluster),
    },
    series: series(cluster, load),
    findings,
    digest: cluster.digest(),
  };
}

function bgpResult(cluster: ObservedCluster): Result["bgp"] {
  const { bird, bird6 } = cluster;
  const v4 = bgpOf(bird, cluster);
  if (bird6 === undefined) return v4;
  const v6 = bgpOf(bird6, cluster);
  return { ...sumFields(v4, v6), ipv6: v6 };
}

function bgpOf(bird: BirdFleet, cluster: ObservedCluster): BgpResult {
  return {
    ...bird.wire(),
    sessionEndsEstablished: bird.establishedEnds,
    sessionEndsExpected: sessionEndsExpected(bird, cluster),
    sessionEndsLost: bird.lostEnds,
  };
}

/** Adds up two objects of numbers, and objects of such, field by field. */
function sumFields<T extends object>(a: T, b: T): T {
  const sum = (x: unknown, y: unknown): unknown =>
    typeof x === "number" ? x + (y as number) : sumFields(x as object, y as object);
  return Object.fromEntries(
    Object.entries(a).map(([key, value]) => [key, sum(value, b[key as keyof T])]),
  ) as T;
}

function withLoad(
  cluster: ObservedCluster,
  change: Omit<ChangeResult, "datastore" | "podProgrammedSeconds">,
  index: number,
  load: LoadSnapshot,
): ChangeResult {
  const { recorder } = cluster;
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

function blackhole(cluster: ObservedCluster, interval: BrokenInterval): Blackhole {
  return {
    from: cluster.nodes.name(interval.node),
    to: interval.block,
    owner: interval.owner,
    ...outsideOf(cluster, interval),
    beginSeconds: interval.since / SECOND,
    endSeconds: interval.until / SECOND,
    open: interval.open,
    reason: (REASONS[interval.reason] ?? "no route") as BlackholeReason,
    share: interval.share,
  };
}

function outsideOf(
  { nodes }: ObservedCluster,
  { node, owner }: BrokenInterval,
): Pick<Blackhole, "outside"> {
  if (!nodes.isNode(node)) return { outside: "source" };
  // Several routers may announce one prefix; a block has one owner, or none any more.
  const [first = ""] = owner.split(", ");
  const id = nodes.id(first);
  return id >= 0 && !nodes.isNode(id) ? { outside: "destination" } : {};
}

function byReason(holes: readonly Blackhole[]): Partial<Record<BlackholeReason, number>> {
  const counts: Partial<Record<BlackholeReason, number>> = {};
  for (const { reason } of holes) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

function podsRunning({ workloads }: Pick<ClusterParts, "workloads">): number {
  return workloads.keys().filter((key) => workloads.pod(key)?.phase === "running").length;
}

/**
 * In a full mesh each running node has an end towards every other. A router may have neighbours that know nothing
 * of it: its end counts where the node's does.
 */
function sessionEndsExpected(bird: BirdFleet, { nodes, spec }: ObservedCluster): number {
  if (spec.backend !== "bird") return 0;
  let ends = 0;
  for (let a = 0; a < nodes.size; a++) {
    for (let b = 0; b < nodes.size; b++)
      if (bird.isConfigured(a, b) && (nodes.isNode(a) || bird.isConfigured(b, a))) ends++;
  }
  return ends;
}

function utilisation(cluster: ObservedCluster, busy: (node: number) => number): Utilisation {
  const span = Math.max(1, cluster.engine.now);
  let sum = 0;
  let max = 0;
  let busiest = 0;
  for (let node = 0; node < cluster.nodes.size; node++) {
    if (!cluster.nodes.isNode(node)) continue;
    const share = busy(node) / span;
    sum += share;
    if (share > max) {
      max = share;
      busiest = node;
    }
  }
  return {
    mean: sum / Math.max(1, cluster.nodes.count),
    max,
    busiest: cluster.nodes.name(busiest),
  };
}

function typhaUtilisation(cluster: ObservedCluster): Utilisation | undefined {
  const { typha } = cluster;
  if (typha === undefined) return undefined;
  const span = Math.max(1, cluster.engine.now);
  const shares = cluster.typhaNodes.map((_, t) => typha.busy(t) / span);
  const max = shares.reduce((x, y) => Math.max(x, y), 0);
  return {
    mean: shares.reduce((x, y) => x + y, 0) / Math.max(1, shares.length),
    max,
    busiest: `typha-${String(shares.indexOf(max))}`,
  };
}

function typhaResult(cluster: ObservedCluster): Result["typha"] {
  const { typha } = cluster;
  if (typha === undefined) return undefined;
  const types = ["felix", "bgp", "tunnel-ip-allocation", "node-status"] as const;
  return {
    bySyncer: Object.fromEntries(types.map((type) => [type, typha.syncer(type).load()])),
    sent: typha.syncer("felix").series(),
    connections: cluster.typhaNodes.map((_, t) => typha.connections(t)),
  };
}

function dataStoreShare(cluster: ObservedCluster): number {
  const { busyMicros, cores } = cluster.datastore.load();
  return busyMicros / Math.max(1, cluster.engine.now * cores);
}

function series(cluster: ObservedCluster, load: LoadSnapshot): SecondSample[] {
  const bySecond = new Map(load.series.map((second) => [second.second, second]));
  return cluster.recorder.samples.map((sample) => {
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

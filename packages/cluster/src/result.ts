import type { WireSummary } from "@calico-sim/bgp";
import type { AddressFamily, Distribution, LoadSnapshot } from "@calico-sim/core";
import type { SentSecond, SyncerLoad } from "@calico-sim/typha";

/**
 * How long nodes were wrong, over all nodes that were: for each, the longest time from the moment when
 * the datastore or the network made it wrong (at earliest the step itself) until all was right again.
 * Quantiles are of type 7. Empty (`nodes` 0) when the change touched nobody.
 */
export interface Convergence {
  /** Nodes that the change touched and that converged in the window. */
  readonly nodes: number;
  /** Nodes still not converged when the window ended. */
  readonly unconverged: number;
  readonly p50Seconds: number;
  readonly p99Seconds: number;
  readonly maxSeconds: number;
  /** The slowest: a node, and the prefix that it waited for. */
  readonly worst:
    | { readonly node: string; readonly prefix: string; readonly why: string }
    | undefined;
}

/** BGP as a whole: messages, and session ends. */
export interface BgpResult extends WireSummary {
  readonly sessionEndsEstablished: number;
  readonly sessionEndsExpected: number;
  readonly sessionEndsLost: number;
}

/** What one scenario step did, from its moment until the next step (or the end). */
export interface ChangeResult {
  /** The step in words, e.g. `crash node-17`. */
  readonly label: string;
  readonly atSeconds: number;
  /** End of the window that this change is judged in. */
  readonly untilSeconds: number;
  /** Kernel routes equal what the oracle expects. */
  readonly controlPlane: Convergence;
  /** Packets reach every block whose owner is alive and connected, over every next hop. */
  readonly dataPlane: Convergence;
  /** Node–block pairs that worked before and were black-holed at some moment of the window. */
  readonly blackholedPairs: number;
  /** Sum over those pairs of the time without delivery inside the window, seconds; a pair that loses half of its flows counts by half. */
  readonly blackholePairSeconds: number;
  /** Datastore load of the window. */
  readonly datastore: {
    readonly requests: number;
    readonly watchEvents: number;
    readonly bytes: number;
    readonly peakWatchEventsPerSecond: number;
  };
  /** BGP messages of the window. */
  readonly bgpMessages: number;
  /** Pods that became ready for traffic in the window: seconds from binding to programmed routes. */
  readonly podProgrammedSeconds: Distribution | undefined;
}

/** Why packets from a node to a block are not delivered. */
export type BlackholeReason =
  | "no route"
  | "blackhole route"
  | "unreachable route"
  | "stale route"
  | "destination node down"
  | "underlay path cut"
  | "underlay has no route to pods";

/** One interval without delivery from a node to a block that had worked before. */
export interface Blackhole {
  /** Node, or external router. */
  readonly from: string;
  /** The block, or the prefix outside, as text. */
  readonly to: string;
  /** Node that owns the block, or the external routers that announce the prefix. */
  readonly owner: string;
  /** Which end lies outside the cluster; absent where both are nodes. */
  readonly outside?: "source" | "destination";
  readonly beginSeconds: number;
  /** End of the interval; the end of the run if `open`. */
  readonly endSeconds: number;
  readonly open: boolean;
  /** Reason when it began. */
  readonly reason: BlackholeReason;
  /**
   * Largest share of the flows that was lost: 1 unless the route has several next hops, of which some still deliver. A
   * flow keeps its next hop, so that those on a dead one are lost until the route changes.
   */
  readonly share: number;
}

/** Share of one CPU that a daemon used over the run. */
export interface Utilisation {
  readonly mean: number;
  readonly max: number;
  /** Node (or Typha) with the highest share. */
  readonly busiest: string;
}

/** Something a reader must know before using the figures. */
export interface Finding {
  readonly code:
    | "event-limit"
    | "never-reached"
    | "not-converged"
    | "open-blackholes"
    | "pods-failed"
    | "pods-unscheduled"
    | "start-failed"
    | "write-refused"
    | "not-modelled"
    | "peer-undescribed"
    | "peer-down"
    | "setting";
  readonly text: string;
}

/** One second of the run. */
export interface SecondSample {
  readonly second: number;
  /** BGP session ends in Established. */
  readonly sessionEnds: number;
  /** Routes in all kernels, host routes of local pods included. */
  readonly routes: number;
  /** Pods with an address. */
  readonly pods: number;
  /** Node–block pairs that worked before and do not now. */
  readonly blackholedPairs: number;
  /** Requests served and watch events sent by the datastore within the second. */
  readonly datastoreRequests: number;
  readonly datastoreEvents: number;
  readonly datastoreBytes: number;
}

/** Everything a run tells; plain data, safe to write as JSON. */
export interface Result {
  readonly cluster: {
    readonly nodes: number;
    /** BGP speakers outside that are described. */
    readonly externalRouters: number;
    readonly subnets: number;
    readonly typhas: number;
    readonly pools: readonly string[];
    readonly calicoVersion: string;
    readonly datastore: "kubernetes" | "etcd";
    readonly backend: string;
  };
  readonly seed: string;
  readonly simulatedSeconds: number;
  /** Events dispatched. */
  readonly events: number;
  readonly changes: readonly ChangeResult[];
  /** True when the kernels equal the oracle at the end. */
  readonly converged: boolean;
  readonly blackholes: {
    /** Intervals seen; `intervals` holds the longest of them. */
    readonly total: number;
    readonly pairSeconds: number;
    readonly worst: Blackhole | undefined;
    readonly intervals: readonly Blackhole[];
    readonly byReason: Readonly<Partial<Record<BlackholeReason, number>>>;
  };
  readonly pods: {
    readonly running: number;
    readonly failed: number;
    /** Families of the addresses that the CNI plugin asks for at the end. */
    readonly families: readonly AddressFamily[];
    /** From binding to an address in the datastore, seconds. */
    readonly addressedSeconds: Distribution | undefined;
    /** From binding to routes and policy programmed on its node, seconds. */
    readonly programmedSeconds: Distribution | undefined;
  };
  readonly datastore: LoadSnapshot;
  readonly typha:
    | {
        readonly bySyncer: Readonly<Record<string, SyncerLoad>>;
        readonly sent: readonly SentSecond[];
        readonly connections: readonly number[];
      }
    | undefined;
  /** Of both families together. */
  readonly bgp: BgpResult & {
    /** What of it is IPv6's; absent in a cluster without. */
    readonly ipv6?: BgpResult;
  };
  readonly utilisation: {
    readonly bird: Utilisation;
    readonly felix: Utilisation;
    readonly typha: Utilisation | undefined;
    readonly datastore: number;
  };
  readonly series: readonly SecondSample[];
  readonly findings: readonly Finding[];
  /** Same cluster, scenario and seed: same digest, on every platform. */
  readonly digest: string;
}

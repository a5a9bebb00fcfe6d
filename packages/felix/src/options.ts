import type {
  Engine,
  Kernels,
  Micros,
  NodeDirectory,
  PrefixTable,
  ProgramClusterRoutes,
} from "@calico-sim/core";
import type { FelixCosts } from "./cost-profile.js";

/** Why a Felix restarted itself (node-behaviour §3.9). */
export type RestartReason = "tunnel-address" | "encapsulation" | "configuration";

/** Told what operators wait for. Keep it an object with methods: it is state, and is forked. */
export interface FelixListener {
  /** Routes and policy of a local pod are programmed; Felix would report its endpoint as `up`. */
  onEndpointUp(node: number, podKey: string, at: Micros): void;
  /** The calculation graph of a started Felix is in sync. */
  onInSync(node: number, at: Micros): void;
  /** A Felix exits of its own accord and is run again by its supervisor. */
  onRestart(node: number, reason: RestartReason, at: Micros): void;
}

/** Options of {@link import("./fleet.js").FelixFleet}. */
export interface FelixOptions {
  readonly engine: Engine;
  readonly nodes: NodeDirectory;
  readonly prefixes: PrefixTable;
  readonly kernels: Kernels;
  /** What Felix programs when no FelixConfiguration says so: the era's default (node-behaviour §1.9). */
  readonly programClusterRoutes: ProgramClusterRoutes;
  /** Name of the device that carries the node's own address. @defaultValue "eth0" */
  readonly parentDevice?: string;
  /** Protocol number of workload and VXLAN tunnel routes (`DeviceRouteProtocol`). @defaultValue 3 */
  readonly deviceRouteProtocol?: number;
  /** Costs in microseconds of CPU. @defaultValue {@link import("./cost-profile.js").FELIX_COSTS} */
  readonly costs?: FelixCosts;
  readonly listener?: FelixListener;
}

/** What one Felix, or all of them, did since the start of the run. */
export interface FelixCounts {
  /** Processes started, restarts included. */
  readonly starts: number;
  readonly restarts: number;
  /** Batches and key-value pairs received. */
  readonly batches: number;
  readonly kvs: number;
  /** Flushes of the calculation graph. */
  readonly flushes: number;
  /** Messages from the calculation graph to the dataplane. */
  readonly messages: number;
  readonly applies: number;
  /** Routes written to or deleted from the kernel. */
  readonly routesProgrammed: number;
  readonly endpointsProgrammed: number;
  /** CPU time of the calculation graph, and of the dataplane driver. */
  readonly calcMicros: Micros;
  readonly dataplaneMicros: Micros;
}

import type { BfdOptions, BirdCosts, ConfdCosts, SessionTimers } from "@calico-sim/bgp";
import type { DatastoreProfile, DurationInput, Micros, SizeProfile } from "@calico-sim/core";
import type { FelixCosts } from "@calico-sim/felix";
import type { TyphaConfig, TyphaCosts } from "@calico-sim/typha";
import type { EndpointSliceParameters } from "./endpoint-slices/index.js";
import type { NodeServiceParameters } from "./node-services/index.js";
import type { WorkloadParameters } from "./workloads/index.js";

/**
 * Numbers of the model that a user may know better: timers, costs, sizes. Each has a default with its
 * source; those marked assumed are listed in docs/model/fidelity.md.
 */
export interface Parameters {
  /** Timers of BGP sessions in seconds, BIRD's CPU costs in microseconds, and BFD as a what-if. */
  readonly bird?: {
    readonly timers?: Partial<SessionTimers>;
    readonly costs?: Partial<BirdCosts>;
    readonly bfd?: BfdOptions;
    /** TTL security lets the OPEN slip through, as it may in reality. @defaultValue false */
    readonly ttlLimitAfterOpen?: boolean;
    /**
     * Every keepalive of an idle session is a message, which links may lose, and every hold time a timer: dear in large
     * clusters. @defaultValue false
     */
    readonly eventPerKeepalive?: boolean;
    /** Keeps when each route of BIRD came and what it replaced, for `Simulation.views`. @defaultValue false */
    readonly routeLog?: boolean;
    /** Counts for each session what becomes of every route, for `Simulation.views.showProtocol`. @defaultValue false */
    readonly routeStats?: boolean;
  };
  readonly confd?: Partial<ConfdCosts>;
  readonly felix?: FelixCosts;
  readonly typha?: { readonly config?: Partial<TyphaConfig>; readonly costs?: TyphaCosts };
  readonly datastore?: {
    readonly profile?: DatastoreProfile;
    readonly sizes?: SizeProfile;
    readonly requestTimeout?: Micros;
  };
  readonly workloads?: Partial<WorkloadParameters>;
  readonly nodeServices?: Partial<NodeServiceParameters>;
  readonly endpointSlices?: Partial<EndpointSliceParameters>;
}

/** Options of {@link import("./simulate.js").simulate}. */
export interface SimulateOptions {
  /** Seed of every random draw. @defaultValue 1 */
  readonly seed?: number | string;
  /** End of the run. @defaultValue the last step plus five minutes */
  readonly until?: DurationInput;
  /** Events after which the run stops with the finding `event-limit`. */
  readonly eventsMax?: number;
  /** Numbers to use instead of the defaults. */
  readonly parameters?: Parameters;
  /** Called about each simulated second, with the share of the run done (0..1) and the simulated seconds. */
  readonly progress?: (share: number, seconds: number) => void;
}

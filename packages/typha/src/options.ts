import type {
  Engine,
  Micros,
  NodeDirectory,
  PathQuality,
  SyncerSink,
  SyncerSource,
  SyncerType,
} from "@calico-sim/core";
import type { TyphaCosts } from "./cost-profile.js";

/**
 * One-way delay between two nodes; infinity while no path leads there. The fabric implements it.
 *
 * Typha reads a delay when a connection is made and again on `linksChanged`, not with each message.
 */
export interface NodeDelay {
  delay(fromNode: number, toNode: number): Micros;
  /** Whether `quality` says, or ever said, anything about some pair of nodes. Absent: no. */
  readonly impaired?: boolean;
  /** What the links on the way do besides delaying: jitter, a limited bandwidth, loss. Absent, or undefined: nothing. */
  quality?(fromNode: number, toNode: number): PathQuality | undefined;
  /** When the narrowest link of a path takes up what is sent at a time. Absent: at once. */
  occupy?(quality: PathQuality, at: Micros, bytes: number): Micros;
}

/** How far clients are behind with what they were sent; `FelixFleet` implements it. */
export interface ClientPace {
  /**
   * By client, when its CPU will have worked off what it was given. An array and no method, since it is
   * read once for each delivery; it has a place for every client that is connected.
   */
  readonly busyUntil: Float64Array;
}

/** Why a connection ended (control-plane-behaviour §1.6). */
export type DropReason =
  | "slow-client"
  | "write-timeout"
  | "pong-timeout"
  | "rebalance"
  | "shutdown"
  | "typha-died"
  | "read-timeout"
  | "client-closed";

/** Both ends of one syncer type: where all Typhas read, and who consumes what they send. */
export interface SyncerBinding {
  /** Clients are Typha ids, the sink is `fleet.syncer(type)`. Absent: the cache is empty and in sync at once. */
  readonly upstream?: SyncerSource;
  /** Absent: connections and load are modelled, nothing is delivered. */
  readonly downstream?: SyncerSink;
  /** Absent: no client is ever slow. */
  readonly pace?: ClientPace;
}

/** Told what a Typha operator sees. Keep it an object with methods: it is state, and is forked. */
export interface TyphaListener {
  /** Cache in sync and readiness probe passed: the Typha is in the service's endpoints. */
  onReady(typha: number, at: Micros): void;
  /** A client's process found no Typha, or tried all, and exits (control-plane-behaviour §1.9). */
  onClientExit(type: SyncerType, client: number, at: Micros): void;
}

/** Options of {@link import("./fleet.js").TyphaFleet}. */
export interface TyphaOptions {
  readonly engine: Engine;
  readonly nodes: NodeDirectory;
  readonly delay: NodeDelay;
  /** Node on which each Typha begins; its index is the Typha's id. */
  readonly typhaNodes: readonly number[];
  readonly config?: Partial<TyphaConfig>;
  readonly costs?: TyphaCosts;
  readonly listener?: TyphaListener;
}

/** Typha's parameters (control-plane-behaviour §1.1); times in microseconds. */
export interface TyphaConfig {
  readonly snapshotCacheMaxBatchSize: number;
  readonly serverMaxMessageSize: number;
  readonly minBatchingAgeThreshold: Micros;
  readonly maxFallBehind: Micros;
  readonly newClientFallBehindGracePeriod: Micros;
  readonly pingInterval: Micros;
  readonly pongTimeout: Micros;
  readonly connectionRebalancing: "none" | "kubernetes";
  readonly connectionDropInterval: Micros;
  readonly maxConnectionsUpperLimit: number;
  readonly maxConnectionsLowerLimit: number;
  readonly k8sServicePollInterval: Micros;
  readonly shutdownTimeout: Micros;
  readonly shutdownConnectionDropIntervalMax: Micros;
  /** Period of the readiness probe; 0 = ready the moment the caches are in sync. */
  readonly readinessProbePeriod: Micros;
  /** Clients: no data for this long closes the connection. */
  readonly clientReadTimeout: Micros;
  /** Clients: pause after a failed attempt, and before a reconnect. */
  readonly clientRetryPause: Micros;
  readonly clientDialTimeout: Micros;
  /** Clients: no Typha discovered for this long ends the process. */
  readonly clientStartTimeout: Micros;
  /** Supervisor and process start after such an end. */
  readonly clientRestartDelay: Micros;
}

/** Load of one syncer type, of one Typha or of all (control-plane-behaviour §1.12). */
export interface SyncerLoad {
  readonly connectionsAccepted: number;
  readonly connectionsActive: number;
  /** Connections that Typha closed, by reason. */
  readonly connectionsDropped: Readonly<Partial<Record<DropReason, number>>>;
  readonly messages: number;
  readonly kvs: number;
  /** After compression. */
  readonly bytes: number;
  readonly crumbs: number;
  readonly updatesTotal: number;
  readonly updatesSkipped: number;
  readonly snapshotsGenerated: number;
  readonly snapshotsReused: number;
  /** Clients served one by one because they were behind, counted each time one fell behind. */
  readonly fellBehind: number;
}

/** What Typha sent in one second. */
export interface SentSecond {
  readonly second: number;
  readonly messages: number;
  readonly kvs: number;
  readonly bytes: number;
}

import { MILLISECOND, type Micros, SECOND } from "../engine/index.js";
import type { ClientKind, SyncerSink, SyncerType } from "./types.js";

/** Constants of the watcher syncer. */
export interface WatcherSyncerConstants {
  /** Shortest time between two lists or watches of one kind. */
  readonly resyncInterval: Micros;
  /** After a list that failed. */
  readonly listRetryInterval: Micros;
  /** Watches that fail at one revision before a full resync. */
  readonly watchErrorsMax: number;
  /** Most results merged into one call of the consumer. */
  readonly resultsPerCall: number;
  /** Until a silent connection is given up: HTTP/2 read-idle 30 s and ping 15 s (assumed client-go defaults). */
  readonly deadConnectionTimeout: Micros;
}

/** The values in Calico (calico: libcalico-go/lib/backend/watchersyncer/watchercache.go, watchersyncer.go). */
export const WATCHER_SYNCER: WatcherSyncerConstants = {
  resyncInterval: 500 * MILLISECOND,
  listRetryInterval: 1 * SECOND,
  watchErrorsMax: 5,
  resultsPerCall: 1000,
  deadConnectionTimeout: 45 * SECOND,
};

/** Node on which each client of a syncer runs: an array by client id, or an object that knows. */
export type ClientNodes = ArrayLike<number> | { nodeOf(client: number): number };

/** Options of {@link WatcherSyncers}. */
export interface WatcherSyncersOptions {
  readonly type: SyncerType;
  /** For accounting: `felix`, `confd`, …, or `typha`. */
  readonly client: ClientKind;
  readonly nodeOf: ClientNodes;
  readonly sink: SyncerSink;
}

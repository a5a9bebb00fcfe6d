import type { Engine, EventHandler, Micros } from "../engine/index.js";
import type { Datastore } from "./datastore.js";
import type {
  ClientKind,
  SyncerSink,
  SyncerSource,
  SyncerType,
  SyncStatus,
  WatchEvent,
  WatchReceiver,
} from "./types.js";

/** Node on which each client of a syncer runs; an array by client id, or an object that knows. */
export type ClientNodes = ArrayLike<number> | { nodeOf(client: number): number };

/** Options of {@link WatcherSyncers}. */
export interface WatcherSyncersOptions {
  readonly type: SyncerType;
  readonly client: ClientKind;
  readonly nodeOf: ClientNodes;
  readonly sink: SyncerSink;
}

/** Watcher syncers of one type: one per client (all Felixes directly, or all Typhas), one sink. */
export class WatcherSyncers implements SyncerSource, WatchReceiver, EventHandler {
  readonly type: SyncerType;

  constructor(_engine: Engine, _datastore: Datastore, options: WatcherSyncersOptions) {
    this.type = options.type;
  }

  connect(_client: number): void {
    throw new Error("not implemented");
  }

  disconnect(_client: number): void {
    throw new Error("not implemented");
  }

  /** Status of a client's stream. */
  status(_client: number): SyncStatus {
    throw new Error("not implemented");
  }

  onWatchEvent(_event: WatchEvent, _watches: Int32Array, _sentAt: Micros, _perWatch: Micros): void {
    throw new Error("not implemented");
  }

  onWatchClosed(_watches: Int32Array, _reason: "too-old" | "closed"): void {
    throw new Error("not implemented");
  }

  onEvent(_kind: number, _a: number, _b: number): void {
    throw new Error("not implemented");
  }
}

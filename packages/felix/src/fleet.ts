import type {
  EventHandler,
  Micros,
  SyncerSink,
  SyncerSource,
  SyncStatus,
  UpdateBatch,
} from "@calico-sim/core";
import type { FelixCounts, FelixOptions } from "./options.js";

/** All Felix daemons of a cluster as one object; client id = node id. */
export class FelixFleet implements SyncerSink, EventHandler {
  constructor(_options: FelixOptions) {
    throw new Error("not implemented");
  }

  /** Where the stream comes from: Typha, or the datastore itself. Once, before the first start. */
  setSource(_source: SyncerSource): void {}

  /** The process starts: configuration, connection, snapshot, in-sync, first apply. */
  start(_node: number): void {}

  /** The process dies; its kernel state stays. Nothing restarts it but {@link start}. */
  kill(_node: number): void {}

  /** The node is gone without a word: no connection is closed. */
  nodeDown(_node: number): void {}

  onBatch(
    _batch: UpdateBatch,
    _clients: Int32Array,
    _arrivals: Float64Array,
    _count: number,
  ): void {}

  onStatus(_client: number, _status: SyncStatus): void {}

  onEvent(_kind: number, _a: number, _b: number): void {}

  /** Whether the process runs and its graph has been in sync. */
  inSync(_node: number): boolean {
    return false;
  }

  /** CPU backlog of a Felix at a time; Typha takes a client with a long one for slow. */
  backlog(_node: number, _at: Micros): Micros {
    return 0;
  }

  /** Counts of one node, or of all. */
  counts(_node?: number): FelixCounts {
    throw new Error("not implemented");
  }
}

import type {
  EventHandler,
  SyncerSink,
  SyncerSource,
  SyncerType,
  SyncStatus,
  UpdateBatch,
} from "@calico-sim/core";
import type { SentSecond, SyncerLoad } from "./options.js";

/** One syncer type in every Typha of the cluster: upstream a sink with Typha ids, downstream a source with client ids. */
export class TyphaSyncer implements SyncerSink, SyncerSource, EventHandler {
  readonly type: SyncerType;

  constructor(type: SyncerType) {
    this.type = type;
  }

  onBatch(
    _batch: UpdateBatch,
    _typhas: Int32Array,
    _arrivals: Float64Array,
    _count: number,
  ): void {}

  onStatus(_typha: number, _status: SyncStatus): void {}

  connect(_client: number): void {}

  disconnect(_client: number): void {}

  onEvent(_kind: number, _a: number, _b: number): void {}

  /** Typha that serves a client, or −1. */
  typhaOf(_client: number): number {
    return -1;
  }

  /** Load of one Typha, or of all. */
  load(_typha?: number): SyncerLoad {
    throw new Error("not implemented");
  }

  /** What all Typhas sent, by second; seconds without are left out. */
  series(): SentSecond[] {
    return [];
  }
}

import {
  changedPairs,
  equalValue,
  type SyncerType,
  type SyncerUpdate,
  type UpdateBatch,
} from "@calico-sim/core";

/** Store keys by dense id, shared by the caches of all Typhas of one syncer type. */
export class KeyTable {
  private readonly ids: Map<string, number> = new Map();

  /** Number of ids given. */
  get size(): number {
    return this.ids.size;
  }

  /** Id of a key; a new one if the key is new. */
  intern(key: string): number {
    let id = this.ids.get(key);
    if (id === undefined) this.ids.set(key, (id = this.ids.size));
    return id;
  }
}

/**
 * One batch from upstream, read once for all Typhas that get it.
 *
 * All caches are about equal, so what one Typha finds out about an update (the same value as before?
 * which of its pairs changed?) is remembered for the next one that compares with the same object.
 */
export class Input {
  readonly batch: UpdateBatch;
  /** Ids of the updates' keys. */
  readonly keys: readonly number[];
  private readonly type: SyncerType;
  private readonly against: (SyncerUpdate | undefined)[] = [];
  private readonly verdicts: (SyncerUpdate | undefined)[] = [];
  /** The last list of survivors, and the batch made of it: Typhas of the same state share one object. */
  private kept: readonly SyncerUpdate[] | undefined = undefined;
  private crumb: UpdateBatch | undefined = undefined;

  constructor(batch: UpdateBatch, type: SyncerType, keys: KeyTable) {
    this.batch = batch;
    this.type = type;
    this.keys = batch.updates.map((update) => keys.intern(update.key));
  }

  /**
   * What is left of update `i` for a cache that holds `cached`: undefined when the value is the same
   * (control-plane-behaviour §1.4 rule 6), else the update with the pairs that changed. A delete of an
   * unknown key is not skipped.
   */
  survivor(i: number, cached: SyncerUpdate | undefined): SyncerUpdate | undefined {
    const update = this.batch.updates[i]!;
    if (cached === undefined || update.resource === undefined) return update;
    if (this.against[i] === cached) return this.verdicts[i];
    const verdict = this.compare(update, cached);
    this.against[i] = cached;
    this.verdicts[i] = verdict;
    return verdict;
  }

  /** A crumb's batch of these survivors; the same object for equal lists. */
  batchOf(kept: readonly SyncerUpdate[]): UpdateBatch {
    const { batch } = this;
    if (!batch.snapshot && sameUpdates(batch.updates, kept)) return batch;
    if (this.crumb !== undefined && this.kept !== undefined && sameUpdates(this.kept, kept)) {
      return this.crumb;
    }
    this.kept = kept;
    this.crumb = makeBatch(kept, batch.status);
    return this.crumb;
  }

  private compare(update: SyncerUpdate, cached: SyncerUpdate): SyncerUpdate | undefined {
    if (cached.resource === update.resource) return undefined;
    if (equalValue(cached.resource, update.resource)) return undefined;
    if (update.kvs <= 1) return update;
    // Only the keys whose value changed are rewritten: a Node has up to seven (§1.10).
    const { kvs, bytes } = changedPairs(cached.resource, update.resource, this.type);
    return kvs === update.kvs ? update : Object.freeze({ ...update, kvs, bytes });
  }
}

function sameUpdates(a: readonly SyncerUpdate[], b: readonly SyncerUpdate[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A delta batch of these updates. */
export function makeBatch(
  updates: readonly SyncerUpdate[],
  status: UpdateBatch["status"],
  snapshot = false,
): UpdateBatch {
  let kvs = 0;
  let bytes = 0;
  for (const update of updates) {
    kvs += update.kvs;
    bytes += update.bytes;
  }
  return { updates, snapshot, kvs, bytes, status };
}

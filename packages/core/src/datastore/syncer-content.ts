import { keyOf, type Resource } from "../resources/index.js";
import type { SizeProfile } from "./object-size.js";
import { convertChange } from "./syncer-conversion.js";
import type { SyncerType, SyncerUpdate, SyncStatus, UpdateBatch, WatchEvent } from "./types.js";

type Items = readonly Resource[];

/** Recent results kept for clients that ask for the same thing at about the same time. */
const KEPT = 4;

/** An immutable batch. */
export function batchOf(
  updates: readonly SyncerUpdate[],
  snapshot: boolean,
  status: SyncStatus,
): UpdateBatch {
  let kvs = 0;
  let bytes = 0;
  for (const update of updates) {
    kvs += update.kvs;
    bytes += update.bytes;
  }
  return Object.freeze({ updates: Object.freeze(updates), snapshot, kvs, bytes, status });
}

/** A list in key order after some changes. */
export function applyEvents(items: Items, events: readonly WatchEvent[]): Items {
  if (events.length === 0) return items;
  const byKey = new Map(items.map((item) => [keyOf(item), item]));
  for (const { type, key, resource } of events) {
    if (type === "deleted") byKey.delete(key);
    else byKey.set(key, resource);
  }
  const sorted = [...byKey].sort((x, y) => (x[0] < y[0] ? -1 : 1));
  return Object.freeze(sorted.map((entry) => entry[1]));
}

/** Turns lists into snapshots and differences, once for all clients that hold the same lists. */
export class SyncerContent {
  private readonly type: SyncerType;
  private readonly sizes: SizeProfile;
  private readonly made: Map<string, SyncerUpdate> = new Map();
  private snapshots: { readonly lists: readonly Items[]; readonly batch: UpdateBatch }[] = [];
  private diffs: {
    readonly held: Items;
    readonly items: Items;
    readonly updates: readonly SyncerUpdate[];
  }[] = [];

  constructor(type: SyncerType, sizes: SizeProfile) {
    this.type = type;
    this.sizes = sizes;
  }

  /** Everything in these lists; clients with the very same lists share one batch. */
  snapshot(lists: readonly Items[]): UpdateBatch {
    const known = this.snapshots.find(
      (each) =>
        each.lists.length === lists.length && each.lists.every((items, i) => items === lists[i]),
    );
    if (known !== undefined) return known.batch;
    const updates: SyncerUpdate[] = [];
    for (const items of lists) {
      for (const item of items) {
        const update = this.present(item);
        if (update !== undefined) updates.push(update);
      }
    }
    const batch = batchOf(updates, true, "in-sync");
    this.snapshots = [{ lists, batch }, ...this.snapshots.slice(0, KEPT - 1)];
    return batch;
  }

  /** What a list at `revision` changes for a client that held another list of the same kind. */
  diff(held: Items, items: Items, revision: number): readonly SyncerUpdate[] {
    if (held === items) return [];
    const known = this.diffs.find((each) => each.held === held && each.items === items);
    if (known !== undefined) return known.updates;
    const updates: SyncerUpdate[] = [];
    const add = (before: Resource | undefined, after: Resource | undefined): void => {
      const update = convertChange(before, after, revision, this.type, this.sizes);
      if (update !== undefined) updates.push(update);
    };
    let i = 0;
    let j = 0;
    while (i < held.length || j < items.length) {
      const before = held[i];
      const after = items[j];
      if (before !== undefined && before === after) {
        i++;
        j++;
        continue;
      }
      const left = before === undefined ? undefined : keyOf(before);
      const right = after === undefined ? undefined : keyOf(after);
      if (left !== undefined && (right === undefined || left < right)) {
        add(before, undefined);
        i++;
      } else if (right !== undefined && (left === undefined || right < left)) {
        add(undefined, after);
        j++;
      } else {
        // Revisions are compared, not values (control-plane-behaviour §1.10).
        if (before?.metadata.resourceVersion !== after?.metadata.resourceVersion) {
          add(before, after);
        }
        i++;
        j++;
      }
    }
    this.diffs = [
      { held, items, updates: Object.freeze(updates) },
      ...this.diffs.slice(0, KEPT - 1),
    ];
    return updates;
  }

  private present(item: Resource): SyncerUpdate | undefined {
    const key = keyOf(item);
    const known = this.made.get(key);
    if (known?.resource === item) return known;
    const revision = Number(item.metadata.resourceVersion ?? 0);
    const update = convertChange(undefined, item, revision, this.type, this.sizes);
    if (update === undefined) this.made.delete(key);
    else this.made.set(key, update);
    return update;
  }
}

/**
 * Events that clients received before they were in sync, by stream: kept once for all of them, in order
 * of revision, while anybody may need them.
 */
export class EarlyEvents {
  private readonly events: WatchEvent[][];
  private readonly waiting: Int32Array;

  constructor(streams: number) {
    this.events = Array.from({ length: streams }, () => []);
    this.waiting = new Int32Array(streams);
  }

  /** One more client (or one fewer) that has listed this stream and is not in sync. */
  await(stream: number, by: 1 | -1): void {
    if ((this.waiting[stream]! += by) === 0) this.events[stream] = [];
  }

  /** An event reached some client; a replay may bring an old one again. */
  add(stream: number, event: WatchEvent): void {
    if (this.waiting[stream] === 0) return;
    const events = this.events[stream]!;
    let i = events.length;
    while (i > 0 && events[i - 1]!.revision > event.revision) i--;
    if (i > 0 && events[i - 1]!.revision === event.revision) return;
    if (i === events.length) events.push(event);
    else events.splice(i, 0, event);
  }

  /** Events of a stream after one revision, up to another. */
  between(stream: number, after: number, upTo: number): WatchEvent[] {
    return this.events[stream]!.filter((e) => e.revision > after && e.revision <= upTo);
  }
}

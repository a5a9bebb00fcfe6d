import type { Micros } from "../engine/index.js";
import { keyOf, type Resource } from "../resources/index.js";
import type { StoredKind, WatchEvent } from "./types.js";
import type { WatchGroup } from "./watch-table.js";

const EMPTY: readonly Resource[] = Object.freeze([]);

/** The objects of one kind in key order, and the recent history of their changes. */
export class KindTable {
  readonly kind: StoredKind;
  /** Bytes of all objects. */
  bytes = 0;
  /** Watches on this kind, by receiver and kind of client. */
  readonly groups: WatchGroup[] = [];
  /** When the last change has been written to the last watch: changes of a kind go out one after another. */
  laneUntil: Micros = 0;
  /** Deliveries scheduled and not made. */
  inFlight = 0;
  /** A watch from before this revision is too old. */
  floor = 0;
  /** {@link listAt} reaches back to this revision. */
  historyFloor = 0;

  private readonly keys: string[] = [];
  private readonly values: Resource[] = [];
  private readonly byKey: Map<string, Resource> = new Map();
  private byNode: Map<string, Map<string, Resource>> | undefined;
  private listed: readonly Resource[] | undefined = EMPTY;
  private events: WatchEvent[] = [];
  private times: Micros[] = [];
  private head = 0;
  private past: { readonly revision: number; readonly items: readonly Resource[] } | undefined;

  constructor(kind: StoredKind) {
    this.kind = kind;
  }

  /** Number of objects. */
  get size(): number {
    return this.keys.length;
  }

  /** The object with this key. */
  get(key: string): Resource | undefined {
    return this.byKey.get(key);
  }

  /** All objects in key order: one frozen array until something changes. */
  list(): readonly Resource[] {
    return (this.listed ??= Object.freeze(this.values.slice()));
  }

  /** The objects whose spec names this node, in key order. */
  listOfNode(node: string): readonly Resource[] {
    if (this.byNode === undefined) {
      this.byNode = new Map();
      for (const resource of this.values) this.indexNode(keyOf(resource), resource, undefined);
    }
    const held = this.byNode.get(node);
    if (held === undefined) return EMPTY;
    const entries = [...held].sort((x, y) => (x[0] < y[0] ? -1 : 1));
    return Object.freeze(entries.map((entry) => entry[1]));
  }

  /** Adds or replaces an object. */
  set(key: string, resource: Resource): void {
    const previous = this.byKey.get(key);
    this.byKey.set(key, resource);
    this.listed = undefined;
    if (this.byNode !== undefined) this.indexNode(key, resource, previous);
    const last = this.keys.length - 1;
    if (previous === undefined && (last < 0 || key > this.keys[last]!)) {
      this.keys.push(key);
      this.values.push(resource);
      return;
    }
    const i = this.place(key);
    if (previous !== undefined) {
      this.values[i] = resource;
    } else {
      this.keys.splice(i, 0, key);
      this.values.splice(i, 0, resource);
    }
  }

  /** Removes an object that is there. */
  delete(key: string): void {
    const previous = this.byKey.get(key);
    if (previous === undefined) return;
    this.byKey.delete(key);
    this.listed = undefined;
    if (this.byNode !== undefined) this.indexNode(key, undefined, previous);
    const i = this.place(key);
    this.keys.splice(i, 1);
    this.values.splice(i, 1);
  }

  /** Keeps a change for watches that resume. */
  remember(event: WatchEvent, at: Micros): void {
    this.events.push(event);
    this.times.push(at);
  }

  /** Changes after a revision, oldest first. */
  eventsAfter(revision: number): WatchEvent[] {
    let i = this.events.length;
    while (i > this.head && this.events[i - 1]!.revision > revision) i--;
    return this.events.slice(i);
  }

  /** Drops history: all but `min` of the events from before `before`, and any beyond `max`. */
  trimWindow(before: Micros, min: number, max: number): void {
    // What is still on its way to a watch may be needed when that watch breaks.
    if (this.inFlight > 0) return;
    const { times } = this;
    while (
      (times.length - this.head > min && times[this.head]! < before) ||
      times.length - this.head > max
    ) {
      this.dropOldest();
    }
    this.shrink();
  }

  /** Drops history up to a revision. */
  compact(revision: number): void {
    if (this.inFlight > 0) return;
    while (this.head < this.events.length && this.events[this.head]!.revision <= revision) {
      this.dropOldest();
    }
    if (revision > this.floor) this.floor = revision;
    this.shrink();
  }

  /** The objects in key order as they were at a revision; undefined when history no longer tells. */
  listAt(revision: number): readonly Resource[] | undefined {
    if (revision < this.historyFloor) return undefined;
    const later = this.eventsAfter(revision);
    if (later.length === 0) return this.list();
    if (this.past?.revision === revision) return this.past.items;
    const was = new Map<string, Resource | undefined>();
    for (const event of later) {
      const key = keyOf(event.resource);
      if (!was.has(key)) was.set(key, event.previous);
    }
    const items: Resource[] = [];
    const gone = [...was].filter(([key]) => !this.byKey.has(key));
    gone.sort((x, y) => (x[0] < y[0] ? -1 : 1));
    let next = 0;
    const takeGone = (end: string | undefined): void => {
      for (; next < gone.length && (end === undefined || gone[next]![0] < end); next++) {
        const held = gone[next]![1];
        if (held !== undefined) items.push(held);
      }
    };
    for (let i = 0; i < this.keys.length; i++) {
      const key = this.keys[i]!;
      takeGone(key);
      const held = was.has(key) ? was.get(key) : this.values[i];
      if (held !== undefined) items.push(held);
    }
    takeGone(undefined);
    this.past = { revision, items: Object.freeze(items) };
    return items;
  }

  private dropOldest(): void {
    const { revision } = this.events[this.head++]!;
    if (revision > this.floor) this.floor = revision;
    this.historyFloor = revision;
  }

  private shrink(): void {
    if (this.head < 1024 || this.head * 2 < this.events.length) return;
    this.events = this.events.slice(this.head);
    this.times = this.times.slice(this.head);
    this.head = 0;
  }

  private place(key: string): number {
    let low = 0;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private indexNode(key: string, now: Resource | undefined, before: Resource | undefined): void {
    const index = this.byNode!;
    const from = nodeOfResource(before);
    const to = nodeOfResource(now);
    if (from !== undefined && from !== to) index.get(from)?.delete(key);
    if (to === undefined || now === undefined) return;
    const held = index.get(to);
    if (held === undefined) index.set(to, new Map([[key, now]]));
    else held.set(key, now);
  }
}

/** Node that an object belongs to: a BlockAffinity's `spec.node`, a Pod's `spec.nodeName`. */
function nodeOfResource(resource: Resource | undefined): string | undefined {
  const spec = resource?.spec as { node?: unknown; nodeName?: unknown } | undefined;
  const node = spec?.node ?? spec?.nodeName;
  return typeof node === "string" ? node : undefined;
}

import type { Micros } from "../engine/index.js";
import { type Resource, resourceKey } from "../resources/index.js";
import type { StoredKind, WatchEvent } from "./types.js";
import type { WatchGroup } from "./watch-table.js";

const EMPTY: readonly Resource[] = Object.freeze([]);

/** The place of an object; `resource` is undefined once it is deleted. */
export interface Row {
  /** Its key in the store: the same text object for as long as it lives, so that comparing keys is comparing pointers. */
  readonly key: string;
  resource: Resource | undefined;
  /** Bytes of the object in an answer. */
  bytes: number;
}

/** The objects of one kind that belong to a node. */
interface NodeItems {
  readonly items: Map<string, Resource>;
  /** In key order; undefined until somebody asks. */
  listed: readonly Resource[] | undefined;
}

/**
 * The objects of one kind, and the recent history of their changes.
 *
 * Most changes are never listed, so the key order is only made when somebody asks for it.
 */
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

  /** Rows by namespace ("" for none), then name: names are at hand, keys would be joined for each look. */
  private readonly spaces: Map<string, Map<string, Row>> = new Map();
  /** The namespace that was looked into last: most looks are into the same. */
  private lastSpace = "";
  private lastRows: Map<string, Row> | undefined = undefined;
  private count = 0;
  /** In key order, but for {@link added}; deleted rows are dropped when the order is next made. */
  private rows: Row[] = [];
  private added: Row[] = [];
  private holes = 0;
  private byNode: Map<string, NodeItems> | undefined;
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
    return this.count;
  }

  /** The place of the object with this name, if there is one. */
  row(name: string, namespace = ""): Row | undefined {
    if (namespace !== this.lastSpace || this.lastRows === undefined) {
      this.lastSpace = namespace;
      this.lastRows = this.spaces.get(namespace);
    }
    return this.lastRows?.get(name);
  }

  /** All objects in key order: one frozen array until something changes. */
  list(): readonly Resource[] {
    if (this.listed === undefined) {
      const items: Resource[] = [];
      for (const { resource } of this.ordered()) items.push(resource!);
      this.listed = Object.freeze(items);
    }
    return this.listed;
  }

  /** The objects whose spec names this node, in key order: one frozen array until one of them changes. */
  listOfNode(node: string): readonly Resource[] {
    if (this.byNode === undefined) {
      this.byNode = new Map();
      for (const { key, resource } of this.ordered()) this.indexNode(key, resource, undefined);
    }
    const held = this.byNode.get(node);
    if (held === undefined) return EMPTY;
    if (held.listed === undefined) {
      const entries = [...held.items].sort((x, y) => (x[0] < y[0] ? -1 : 1));
      held.listed = Object.freeze(entries.map((entry) => entry[1]));
    }
    return held.listed;
  }

  /** Replaces the object of a row. */
  replace(row: Row, resource: Resource, bytes: number): void {
    const previous = row.resource;
    row.resource = resource;
    this.bytes += bytes - row.bytes;
    row.bytes = bytes;
    this.listed = undefined;
    if (this.byNode !== undefined) this.indexNode(row.key, resource, previous);
  }

  /** Adds an object that is not there yet. */
  add(resource: Resource, bytes: number): Row {
    const { name, namespace = "" } = resource.metadata;
    const row: Row = { key: resourceKey(this.kind, name, namespace), resource, bytes };
    this.bytes += bytes;
    let space = this.spaces.get(namespace);
    if (space === undefined) this.spaces.set(namespace, (space = new Map<string, Row>()));
    space.set(name, row);
    this.count++;
    this.added.push(row);
    this.listed = undefined;
    if (this.byNode !== undefined) this.indexNode(row.key, resource, undefined);
    return row;
  }

  /** Removes the object of a row. */
  remove(row: Row): void {
    const { key, resource } = row;
    if (resource === undefined) return;
    const { name, namespace = "" } = resource.metadata;
    this.spaces.get(namespace)?.delete(name);
    this.count--;
    row.resource = undefined;
    this.bytes -= row.bytes;
    row.bytes = 0;
    this.holes++;
    this.listed = undefined;
    if (this.byNode !== undefined) this.indexNode(key, undefined, resource);
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
      if (!was.has(event.key)) was.set(event.key, event.previous);
    }
    const items: Resource[] = [];
    const held = new Set<string>();
    for (const { key } of this.ordered()) held.add(key);
    const gone = [...was].filter(([key]) => !held.has(key));
    gone.sort((x, y) => (x[0] < y[0] ? -1 : 1));
    let next = 0;
    const takeGone = (end: string | undefined): void => {
      for (; next < gone.length && (end === undefined || gone[next]![0] < end); next++) {
        const last = gone[next]![1];
        if (last !== undefined) items.push(last);
      }
    };
    for (const { key, resource } of this.ordered()) {
      takeGone(key);
      const then = was.has(key) ? was.get(key) : resource;
      if (then !== undefined) items.push(then);
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

  /** The rows in key order. */
  private ordered(): readonly Row[] {
    const { added } = this;
    if (added.length === 0 && this.holes === 0) return this.rows;
    added.sort((x, y) => (x.key < y.key ? -1 : 1));
    const rows: Row[] = [];
    let next = 0;
    for (const row of this.rows) {
      if (row.resource === undefined) continue;
      while (next < added.length && added[next]!.key < row.key) {
        if (added[next]!.resource !== undefined) rows.push(added[next]!);
        next++;
      }
      rows.push(row);
    }
    for (; next < added.length; next++) {
      if (added[next]!.resource !== undefined) rows.push(added[next]!);
    }
    this.rows = rows;
    this.added = [];
    this.holes = 0;
    return rows;
  }

  private indexNode(key: string, now: Resource | undefined, before: Resource | undefined): void {
    const index = this.byNode!;
    const from = nodeOfResource(before);
    const to = nodeOfResource(now);
    if (from !== undefined && from !== to) {
      const left = index.get(from)!;
      left.items.delete(key);
      left.listed = undefined;
    }
    if (to === undefined || now === undefined) return;
    let held = index.get(to);
    if (held === undefined) index.set(to, (held = { items: new Map(), listed: undefined }));
    held.items.set(key, now);
    held.listed = undefined;
  }
}

/** Node that an object belongs to: a BlockAffinity's `spec.node`, a Pod's `spec.nodeName`. */
function nodeOfResource(resource: Resource | undefined): string | undefined {
  const spec = resource?.spec as { node?: unknown; nodeName?: unknown } | undefined;
  const node = spec?.node ?? spec?.nodeName;
  return typeof node === "string" ? node : undefined;
}

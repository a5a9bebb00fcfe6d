import type { Micros } from "../engine/index.js";
import { keyOf, RESOURCE_KINDS, type Resource } from "../resources/index.js";
import { KindTable, type Row } from "./kind-table.js";
import { objectBytes, type SizeProfile, watchEventBytes } from "./object-size.js";
import { copyOf, deepEqual, freezePlain, mergeFields } from "./plain-data.js";
import type { MergePatch, StoredKind, WatchEvent } from "./types.js";

/** What a write did. `event` is absent when it changed nothing. */
export interface Written {
  /** The place of the object, which holds it as stored. */
  readonly row: Row;
  readonly event: WatchEvent | undefined;
}

/** The objects, their revisions and their recent history: no costs, no clients. */
export class ObjectStore {
  readonly flavour: "kubernetes" | "etcd";
  readonly sizes: SizeProfile;
  /** One counter for all kinds, as in etcd. */
  revision = 0;
  private readonly tables: Map<StoredKind, KindTable> = new Map();

  constructor(flavour: "kubernetes" | "etcd", sizes: SizeProfile) {
    this.flavour = flavour;
    this.sizes = sizes;
    for (const kind of RESOURCE_KINDS) this.tables.set(kind, new KindTable(kind));
    this.tables.set("Unmodelled", new KindTable("Unmodelled"));
  }

  /** The table of a kind. */
  table(kind: StoredKind): KindTable {
    const table = this.tables.get(kind);
    if (table === undefined) throw new RangeError(`the datastore holds no kind "${kind}"`);
    return table;
  }

  /** All tables, in a fixed order. */
  all(): IterableIterator<KindTable> {
    return this.tables.values();
  }

  /** Stores initial content: revisions, but no events and no history. */
  seed(resources: Iterable<Resource>): void {
    const sorted = [...resources].map((resource) => ({ key: keyOf(resource), resource }));
    sorted.sort((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : 0));
    for (const { resource } of sorted) {
      const table = this.table(resource.kind);
      const row = this.rowOf(resource);
      const stored = versioned(resource, ++this.revision);
      const bytes = this.bytesOf(stored);
      if (row === undefined) table.add(stored, bytes);
      else table.replace(row, stored, bytes);
    }
    for (const table of this.tables.values()) {
      table.floor = this.revision;
      table.historyFloor = this.revision;
    }
  }

  /**
   * Writes an object. A write that changes nothing gets no revision and no event from an apiserver; etcd
   * counts it (kubernetes: staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go GuaranteedUpdate).
   *
   * @param row the object's place, if it has one
   */
  write(resource: Resource, at: Micros, row: Row | undefined = this.rowOf(resource)): Written {
    const previous = row?.resource;
    if (previous !== undefined && this.flavour === "kubernetes" && sameObject(previous, resource)) {
      return { row: row!, event: undefined };
    }
    return this.commit(versioned(resource, ++this.revision), at, row);
  }

  /** Merges a patch into the object of a row; as {@link write} otherwise. */
  patch(row: Row, patch: MergePatch, at: Micros): Written {
    const held = row.resource!;
    const merged = mergeFields(held as unknown as MergePatch, patch) as Resource | undefined;
    if (merged === undefined) return this.write(held, at, row);
    const stored = merged as Mutable<Resource>;
    stored.metadata = stamped(merged.metadata, ++this.revision);
    return this.commit(Object.freeze(stored), at, row);
  }

  /** An object that carries the latest revision takes its place. */
  private commit(resource: Resource, at: Micros, place: Row | undefined): Written {
    const table = this.table(resource.kind);
    const previous = place?.resource;
    const previousBytes = place?.bytes ?? 0;
    const bytes = this.bytesOf(resource);
    if (place !== undefined) table.replace(place, resource, bytes);
    const row = place ?? table.add(resource, bytes);
    const event: WatchEvent = Object.freeze({
      type: previous === undefined ? "added" : "modified",
      kind: resource.kind,
      key: row.key,
      resource,
      previous,
      revision: this.revision,
      bytes: watchEventBytes(bytes, previousBytes, this.flavour, this.sizes),
    });
    table.remember(event, at);
    return { row, event };
  }

  /** Deletes the object of a row. */
  delete(row: Row, at: Micros): WatchEvent {
    const resource = row.resource!;
    const table = this.table(resource.kind);
    const { bytes } = row;
    table.remove(row);
    const event: WatchEvent = Object.freeze({
      type: "deleted",
      kind: resource.kind,
      key: row.key,
      resource,
      previous: resource,
      revision: ++this.revision,
      // Kubernetes sends the last state; etcd the key, and the value before.
      bytes: watchEventBytes(
        this.flavour === "kubernetes" ? bytes : 0,
        bytes,
        this.flavour,
        this.sizes,
      ),
    });
    table.remember(event, at);
    return event;
  }

  /** The place of an object of this name. */
  private rowOf({ kind, metadata }: Resource): Row | undefined {
    return this.table(kind).row(metadata.name, metadata.namespace);
  }

  /** Bytes of an object in an answer. */
  bytesOf(resource: Resource): number {
    return objectBytes(resource, this.flavour, this.sizes);
  }
}

/** A frozen copy that carries its revision. */
function versioned(resource: Resource, revision: number): Resource {
  const copy: Mutable<Resource> = copyOf(resource);
  copy.metadata = stamped(resource.metadata, revision);
  return freezePlain(copy);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function stamped(metadata: Resource["metadata"], revision: number): Resource["metadata"] {
  const copy = copyOf(metadata);
  copy.resourceVersion = String(revision);
  return freezePlain(copy);
}

/** True when two versions of an object differ in nothing but `resourceVersion`. */
export function sameObject(a: Resource, b: Resource): boolean {
  return sameFields(a.metadata, b.metadata, "resourceVersion") && sameFields(a, b, "metadata");
}

/** As {@link deepEqual}, leaving one field out. */
function sameFields(a: object, b: object, but: string): boolean {
  if (a === b) return true;
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(left)) {
    if (key !== but && !deepEqual(left[key], right[key])) return false;
  }
  for (const key of Object.keys(right)) {
    if (right[key] !== undefined && left[key] === undefined && key !== but) return false;
  }
  return true;
}

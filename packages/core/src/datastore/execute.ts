import type { Micros } from "../engine/index.js";
import type { Resource } from "../resources/index.js";
import type { ObjectStore, Written } from "./object-store.js";
import type { DatastoreRequest, RequestOutcome, WatchEvent } from "./types.js";

/** What serving a request led to. */
export interface Executed {
  readonly outcome: RequestOutcome;
  /** The change that watches must be told of. */
  readonly event: WatchEvent | undefined;
  /** Bytes of the answer. */
  readonly bytes: number;
}

/** Serves one request against the store, at one moment. */
export function execute(store: ObjectStore, request: DatastoreRequest, at: Micros): Executed {
  const table = store.table(request.kind);
  if (request.verb === "list") {
    const { ofNode } = request;
    const items = ofNode === undefined ? table.list() : table.listOfNode(ofNode);
    const bytes = listBytes(store, request, items);
    const outcome: RequestOutcome = { status: "ok", items, revision: store.revision, servedAt: at };
    return { outcome, event: undefined, bytes };
  }
  const { resource: sent } = request;
  const name = request.name ?? sent?.metadata.name;
  if (name === undefined) throw unnamed(request);
  const row = table.row(name, request.namespace ?? sent?.metadata.namespace);
  const held = row?.resource;
  switch (request.verb) {
    case "get":
      if (row === undefined || held === undefined) return failed(store, at, "not-found");
      return done(store, at, held, undefined, row.bytes);
    case "create":
      if (held !== undefined) return failedOn(store, at, "already-exists", held);
      return wrote(store, at, store.write(written(request), at, row));
    case "update": {
      if (held === undefined) return failed(store, at, "not-found");
      const wanted = written(request);
      const { resourceVersion } = wanted.metadata;
      if (resourceVersion !== undefined && resourceVersion !== held.metadata.resourceVersion) {
        return failedOn(store, at, "conflict", held);
      }
      return wrote(store, at, store.write(wanted, at, row));
    }
    case "patch":
      if (row === undefined || held === undefined) return failed(store, at, "not-found");
      if (request.merge !== undefined) return wrote(store, at, store.patch(row, request.merge, at));
      return wrote(store, at, store.write(written(request), at, row));
    case "delete": {
      if (row === undefined || held === undefined) return failed(store, at, "not-found");
      // A precondition on the revision, as KDD's deletes carry (control-plane-behaviour §2.2).
      const wanted = sent?.metadata.resourceVersion;
      if (wanted !== undefined && wanted !== held.metadata.resourceVersion) {
        return failedOn(store, at, "conflict", held);
      }
      return done(store, at, held, store.delete(row, at), store.sizes.statusBytes);
    }
  }
}

function wrote(store: ObjectStore, at: Micros, { row, event }: Written): Executed {
  return done(store, at, row.resource!, event, row.bytes);
}

function done(
  store: ObjectStore,
  servedAt: Micros,
  resource: Resource,
  event: WatchEvent | undefined,
  bytes: number,
): Executed {
  const { revision } = store;
  return { outcome: { status: "ok", resource, revision, servedAt }, event, bytes };
}

function failed(
  { revision, sizes }: ObjectStore,
  servedAt: Micros,
  status: RequestOutcome["status"],
): Executed {
  const outcome = { status, revision, servedAt };
  return { outcome, event: undefined, bytes: sizes.statusBytes };
}

/** A failure that tells what is there. */
function failedOn(
  { revision, sizes }: ObjectStore,
  servedAt: Micros,
  status: RequestOutcome["status"],
  resource: Resource,
): Executed {
  const outcome = { status, revision, servedAt, resource };
  return { outcome, event: undefined, bytes: sizes.statusBytes };
}

/** Bytes of the answer to a list. */
export function listBytes(
  store: ObjectStore,
  request: DatastoreRequest,
  items: readonly Resource[],
): number {
  if (request.ofNode === undefined)
    return store.sizes.statusBytes + store.table(request.kind).bytes;
  let bytes = store.sizes.statusBytes;
  for (const item of items) bytes += store.bytesOf(item);
  return bytes;
}

function unnamed({ verb, kind }: DatastoreRequest): RangeError {
  return new RangeError(`a ${verb} of ${kind} must name its object`);
}

function written(request: DatastoreRequest): Resource {
  const { resource, verb, kind } = request;
  if (resource === undefined) throw new RangeError(`a ${verb} of ${kind} must carry the object`);
  return resource;
}

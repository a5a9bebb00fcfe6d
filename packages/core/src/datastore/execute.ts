import type { Micros } from "../engine/index.js";
import type { Resource } from "../resources/index.js";
import type { ObjectStore, Written } from "./object-store.js";
import type { ServedRequest } from "./served-request.js";
import type { RequestOutcome, RequestStatus, WatchEvent } from "./types.js";

/** What serving a request led to. */
export interface Executed {
  readonly outcome: RequestOutcome;
  /** The change that watches must be told of. */
  readonly event: WatchEvent | undefined;
  /** Bytes of the answer. */
  readonly bytes: number;
}

/** Serves one request against the store, at one moment. */
export function execute(store: ObjectStore, request: ServedRequest, at: Micros): Executed {
  const { table, name } = request;
  if (request.verb === "list") {
    const { ofNode } = request;
    const items = ofNode === undefined ? table.list() : table.listOfNode(ofNode);
    const outcome = outcomeOf("ok", store.revision, at, undefined, items);
    return { outcome, event: undefined, bytes: listBytes(store, request, items) };
  }
  if (name === undefined) throw unnamed(request);
  const row = table.row(name, request.namespace);
  const held = row?.resource;
  switch (request.verb) {
    case "get":
      if (row === undefined || held === undefined) return failed(store, at, "not-found");
      return done(store, at, held, undefined, row.bytes);
    case "create":
      if (held !== undefined) return failed(store, at, "already-exists", held);
      return wrote(store, at, store.write(written(request), at, row));
    case "update": {
      if (held === undefined) return failed(store, at, "not-found");
      const wanted = written(request);
      const { resourceVersion } = wanted.metadata;
      if (resourceVersion !== undefined && resourceVersion !== held.metadata.resourceVersion) {
        return failed(store, at, "conflict", held);
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
      const wanted = request.resource?.metadata.resourceVersion;
      if (wanted !== undefined && wanted !== held.metadata.resourceVersion) {
        return failed(store, at, "conflict", held);
      }
      return done(store, at, held, store.delete(row, at), store.sizes.statusBytes);
    }
  }
}

/** An answer; all have the same shape. */
export function outcomeOf(
  status: RequestStatus,
  revision: number,
  servedAt: Micros,
  resource?: Resource,
  items?: readonly Resource[],
): RequestOutcome {
  return { status, resource, items, revision, servedAt };
}

function wrote(store: ObjectStore, at: Micros, { row, event }: Written): Executed {
  return done(store, at, row.resource!, event, row.bytes);
}

function done(
  store: ObjectStore,
  at: Micros,
  resource: Resource,
  event: WatchEvent | undefined,
  bytes: number,
): Executed {
  return { outcome: outcomeOf("ok", store.revision, at, resource), event, bytes };
}

/** A failure; it may tell what is there. */
function failed(
  store: ObjectStore,
  at: Micros,
  status: RequestStatus,
  resource?: Resource,
): Executed {
  const outcome = outcomeOf(status, store.revision, at, resource);
  return { outcome, event: undefined, bytes: store.sizes.statusBytes };
}

/** Bytes of the answer to a list. */
export function listBytes(
  store: ObjectStore,
  { ofNode, table }: ServedRequest,
  items: readonly Resource[],
): number {
  if (ofNode === undefined) return store.sizes.statusBytes + table.bytes;
  let bytes = store.sizes.statusBytes;
  for (const item of items) bytes += store.bytesOf(item);
  return bytes;
}

function unnamed({ verb, table }: ServedRequest): RangeError {
  return new RangeError(`a ${verb} of ${table.kind} must name its object`);
}

function written({ resource, verb, table }: ServedRequest): Resource {
  if (resource === undefined) {
    throw new RangeError(`a ${verb} of ${table.kind} must carry the object`);
  }
  return resource;
}

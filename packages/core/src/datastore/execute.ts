import type { Micros } from "../engine/index.js";
import { type Resource, resourceKey } from "../resources/index.js";
import type { ObjectStore } from "./object-store.js";
import { mergePatch } from "./plain-data.js";
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
  const key = keyOfRequest(request);
  const held = table.get(key);
  switch (request.verb) {
    case "get":
      if (held === undefined) return failed(store, at, "not-found");
      return done(store, at, held, undefined, store.bytesOf(held));
    case "create":
      if (held !== undefined) return failedOn(store, at, "already-exists", held);
      return write(store, at, written(request), key);
    case "update": {
      if (held === undefined) return failed(store, at, "not-found");
      const wanted = written(request);
      const { resourceVersion } = wanted.metadata;
      if (resourceVersion !== undefined && resourceVersion !== held.metadata.resourceVersion) {
        return failedOn(store, at, "conflict", held);
      }
      return write(store, at, wanted, key);
    }
    case "patch":
      if (held === undefined) return failed(store, at, "not-found");
      if (request.merge === undefined) return write(store, at, written(request), key);
      return write(store, at, mergePatch(held, request.merge) as Resource, key, true);
    case "delete": {
      if (held === undefined) return failed(store, at, "not-found");
      // A precondition on the revision, as KDD's deletes carry (control-plane-behaviour §2.2).
      const wanted = request.resource?.metadata.resourceVersion;
      if (wanted !== undefined && wanted !== held.metadata.resourceVersion) {
        return failedOn(store, at, "conflict", held);
      }
      const event = store.delete(held, at);
      return done(store, at, held, event, store.sizes.statusBytes);
    }
  }
}

function write(
  store: ObjectStore,
  at: Micros,
  wanted: Resource,
  key: string,
  ours = false,
): Executed {
  const { resource, event } = store.write(wanted, at, key, ours);
  return done(store, at, resource, event, store.bytesOf(resource));
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

/** Store key of the object that a request names. */
export function keyOfRequest(request: DatastoreRequest): string {
  const { kind, resource } = request;
  const name = request.name ?? resource?.metadata.name;
  if (name === undefined) throw new RangeError(`a ${request.verb} of ${kind} must name its object`);
  return resourceKey(kind, name, request.namespace ?? resource?.metadata.namespace);
}

function written(request: DatastoreRequest): Resource {
  const { resource, verb, kind } = request;
  if (resource === undefined) throw new RangeError(`a ${verb} of ${kind} must carry the object`);
  return resource;
}

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
  const held = table.get(keyOfRequest(request));
  const fail = (status: RequestOutcome["status"], resource?: Resource): Executed => ({
    outcome: {
      status,
      revision: store.revision,
      servedAt: at,
      ...(resource === undefined ? {} : { resource }),
    },
    event: undefined,
    bytes: store.sizes.statusBytes,
  });
  const done = (resource: Resource, event: WatchEvent | undefined, bytes: number): Executed => ({
    outcome: { status: "ok", resource, revision: store.revision, servedAt: at },
    event,
    bytes,
  });

  switch (request.verb) {
    case "get":
      return held === undefined ? fail("not-found") : done(held, undefined, store.bytesOf(held));
    case "create": {
      if (held !== undefined) return fail("already-exists", held);
      const { resource, event } = store.write(written(request), at);
      return done(resource, event, store.bytesOf(resource));
    }
    case "update": {
      if (held === undefined) return fail("not-found");
      const wanted = written(request);
      const { resourceVersion } = wanted.metadata;
      if (resourceVersion !== undefined && resourceVersion !== held.metadata.resourceVersion) {
        return fail("conflict", held);
      }
      const { resource, event } = store.write(wanted, at);
      return done(resource, event, store.bytesOf(resource));
    }
    case "patch": {
      if (held === undefined) return fail("not-found");
      const wanted =
        request.merge === undefined
          ? written(request)
          : (mergePatch(held, request.merge) as Resource);
      const { resource, event } = store.write(wanted, at);
      return done(resource, event, store.bytesOf(resource));
    }
    case "delete": {
      if (held === undefined) return fail("not-found");
      // A precondition on the revision, as KDD's deletes carry (control-plane-behaviour §2.2).
      const wanted = request.resource?.metadata.resourceVersion;
      if (wanted !== undefined && wanted !== held.metadata.resourceVersion) {
        return fail("conflict", held);
      }
      return done(held, store.delete(held, at), store.sizes.statusBytes);
    }
  }
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

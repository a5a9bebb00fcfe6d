import type { RequestOutcome } from "../datastore/index.js";
import type { Micros } from "../engine/index.js";
import type { Resource, ResourceKind } from "../resources/index.js";
import type { StoreCall } from "./calls.js";
import { IpamOperation, type IpamOrder, type IpamResult } from "./operation.js";

/** A store that is read and written at once and at no cost; {@link import("../datastore/index.js").Datastore} is one. */
export interface DirectStore {
  get(kind: ResourceKind, name: string, namespace?: string): Resource | undefined;
  list(kind: ResourceKind): readonly Resource[];
  put(resource: Resource): Resource;
  remove(kind: ResourceKind, name: string, namespace?: string): boolean;
}

/** Carries out an operation of IPAM here and now: the same procedure as the costed form, without time. */
export function performDirectly(store: DirectStore, order: IpamOrder, now: Micros): IpamResult {
  const operation = new IpamOperation(order, { deleteCalls: 1 });
  for (let call = operation.call; call !== undefined; call = operation.call) {
    operation.answer(perform(store, call, now));
  }
  if (operation.result === undefined) throw new Error(`IPAM ${order.type} ended without a result`);
  return operation.result;
}

function perform(store: DirectStore, call: StoreCall, servedAt: Micros): RequestOutcome {
  const answer = (status: RequestOutcome["status"], resource?: Resource): RequestOutcome =>
    resource === undefined
      ? { status, revision: 0, servedAt }
      : { status, resource, revision: 0, servedAt };
  const { name = "", namespace, resource } = call;
  const kind = call.kind as ResourceKind;
  if (call.verb === "list") {
    const items = store.list(kind);
    const { ofNode } = call;
    const kept = ofNode === undefined ? items : items.filter((item) => nodeOf(item) === ofNode);
    return { status: "ok", items: kept, revision: 0, servedAt };
  }
  const held = store.get(kind, name, namespace);
  switch (call.verb) {
    case "get":
      return held === undefined ? answer("not-found") : answer("ok", held);
    case "delete":
      return answer(store.remove(kind, name, namespace) ? "ok" : "not-found");
    case "create":
      if (held !== undefined) return answer("already-exists");
      return answer("ok", store.put(written(call, resource)));
    case "update":
    case "patch":
      if (held === undefined) return answer("not-found");
      return answer("ok", store.put(written(call, resource)));
  }
}

function nodeOf(item: Resource): string | undefined {
  return (item.spec as { readonly node?: string } | undefined)?.node;
}

function written(call: StoreCall, resource: Resource | undefined): Resource {
  if (resource === undefined) throw new Error(`a ${call.verb} of ${call.kind} without an object`);
  return resource;
}

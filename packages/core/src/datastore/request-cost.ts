import type { Micros } from "../engine/index.js";
import type { ResourceKind } from "../resources/index.js";
import type { DatastoreProfile } from "./cost-profile.js";
import { listBytes } from "./execute.js";
import type { ObjectStore } from "./object-store.js";
import type { ServedRequest } from "./served-request.js";
import type { StoredKind } from "./types.js";

/** Kinds that Kubernetes serves itself, in protobuf; all others are custom resources, in JSON. */
const CORE_KINDS: ReadonlySet<StoredKind> = new Set([
  "Node",
  "Pod",
  "Namespace",
  "ConfigMap",
  "Secret",
  "Service",
  "EndpointSlice",
]);
/** Calico's IPAM kinds, whose deletion in KDD marks, reads and deletes (node-behaviour §2.7). */
const MARKED_ON_DELETE: ReadonlySet<StoredKind> = new Set([
  "IPAMBlock",
  "BlockAffinity",
  "IPAMHandle",
]);

/** Core time that serving a request takes. */
export function requestWork(
  store: ObjectStore,
  profile: DatastoreProfile,
  request: ServedRequest,
): Micros {
  const { verb, ofNode, resource, table } = request;
  const { kind } = table;
  const core = CORE_KINDS.has(kind);
  const perByte = (core ? profile.protobufMicrosPerByte : profile.jsonMicrosPerByte).value;
  const base = profile.requestMicros.value;
  if (verb === "list") {
    const items = ofNode === undefined ? [] : table.listOfNode(ofNode);
    const scan = ofNode === undefined ? 0 : table.size * profile.scanMicrosPerObject.value;
    return base + scan + listBytes(store, request, items) * perByte;
  }
  const typical = store.sizes.kinds[kind];
  const bytes =
    resource === undefined
      ? typical[store.flavour === "etcd" ? "etcdBytes" : "kubernetesBytes"]
      : store.bytesOf(resource);
  return base + (verb === "get" ? 0 : profile.writeMicros.value) + bytes * perByte;
}

/** See {@link import("./datastore.js").Datastore.deleteCalls}. */
export function deleteCalls(flavour: "kubernetes" | "etcd", kind: ResourceKind): number {
  if (flavour === "etcd" || CORE_KINDS.has(kind)) return 1;
  return MARKED_ON_DELETE.has(kind) ? 3 : 2;
}

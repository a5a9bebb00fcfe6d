import type { DatastoreRequest, RequestOutcome } from "../datastore/index.js";
import {
  keyOf,
  type Resource,
  type ResourceKind,
  type ResourceOfKind,
} from "../resources/index.js";

/** A request without its sender, which only the driver of a procedure knows and then notes. */
export interface StoreCall
  extends Readonly<
    Required<Pick<DatastoreRequest, "verb" | "kind" | "name" | "namespace" | "resource" | "ofNode">>
  > {
  client: DatastoreRequest["client"] | undefined;
  node: number;
}

/**
 * Work over the datastore, written down as its source is: it yields one call at a time and is given
 * the answer. A procedure is a pure function of its arguments and the answers, so whoever holds both
 * can run it again to any point; that is how an operation in flight is forked.
 */
export type Procedure<R> = Generator<StoreCall, R, RequestOutcome>;

/** What procedures need to know of the datastore and the release they run under. */
export interface ProcedureContext {
  /** Calls that deleting a block, affinity or handle takes: 3 in KDD, 1 in etcd. */
  readonly deleteCalls: number;
}

/** Rounds of compare-and-swap before giving up (calico: libcalico-go/lib/ipam/ipam.go:46). */
export const DATASTORE_RETRIES = 100;

/** The datastore could not be reached; ends the procedure. */
export class DatastoreUnavailable extends Error {
  override readonly name = "DatastoreUnavailable";
}

/** Passes an answer on; throws {@link DatastoreUnavailable} if there was none. */
export function answered(outcome: RequestOutcome): RequestOutcome {
  if (outcome.status === "unavailable")
    throw new DatastoreUnavailable("the datastore does not answer");
  return outcome;
}

/** The object of an answer, or undefined when it does not exist. */
export function found<K extends ResourceKind>(
  _kind: K,
  outcome: RequestOutcome,
): ResourceOfKind<K> | undefined {
  return answered(outcome).status === "ok"
    ? (outcome.resource as ResourceOfKind<K> | undefined)
    : undefined;
}

/** The objects of an answer to {@link list}. */
export function listed<K extends ResourceKind>(
  _kind: K,
  outcome: RequestOutcome,
): readonly ResourceOfKind<K>[] {
  return (answered(outcome).items ?? []) as readonly ResourceOfKind<K>[];
}

/** GET one object. */
export function get(kind: ResourceKind, name: string, namespace?: string): StoreCall {
  return call("get", kind, name, namespace);
}

/** LIST a kind; only the objects of a node if one is named. */
export function list(kind: ResourceKind, ofNode?: string): StoreCall {
  return call("list", kind, undefined, undefined, undefined, ofNode);
}

/** POST an object. */
export function create(resource: Resource): StoreCall {
  return call("create", resource.kind, resource.metadata.name, undefined, resource);
}

/** PUT an object, guarded by the revision it was read at. */
export function update(resource: Resource): StoreCall {
  return call("update", resource.kind, resource.metadata.name, undefined, resource);
}

/** All calls have one shape: the driver completes each, and the datastore reads it. */
function call(
  verb: DatastoreRequest["verb"],
  kind: ResourceKind,
  name?: string,
  namespace?: string,
  resource?: Resource,
  ofNode?: string,
): StoreCall {
  return { verb, kind, name, namespace, resource, ofNode, client: undefined, node: -1 };
}

/** Deletes of IPAM objects may end so; `conflict` and `not-found` leave nothing to do for this caller. */
export type DeleteStatus = "ok" | "conflict" | "not-found";

/**
 * Deletes a block, affinity or handle, provided that nobody changed it since it was read. KDD takes a
 * PUT with a `deleted` mark, a GET and a DELETE for it (calico:
 * libcalico-go/lib/backend/k8s/resources/ipam_block.go:100), etcd one call.
 */
export function* deleteObject(
  object: ResourceOfKind<"IPAMBlock" | "BlockAffinity" | "IPAMHandle">,
  { deleteCalls }: ProcedureContext,
): Procedure<DeleteStatus> {
  const { kind } = object;
  const { name } = object.metadata;
  let resource: Resource = object;
  if (deleteCalls >= 3) {
    const deleted = kind === "BlockAffinity" ? "true" : true;
    const marked = Object.freeze({ ...object, spec: Object.freeze({ ...object.spec, deleted }) });
    const status = deleteStatus(answered(yield update(marked)));
    if (status !== "ok") return status;
  }
  if (deleteCalls >= 2) {
    const read = answered(yield get(kind, name));
    const status = deleteStatus(read);
    if (status !== "ok") return status;
    resource = read.resource ?? object;
  }
  return deleteStatus(answered(yield call("delete", kind, name, undefined, resource)));
}

function deleteStatus(outcome: RequestOutcome): DeleteStatus {
  switch (outcome.status) {
    case "ok":
    case "conflict":
    case "not-found":
      return outcome.status;
    case "already-exists":
    case "too-old":
    case "unavailable":
      throw new Error(`a delete was answered ${outcome.status}`);
  }
}

/** The object as the datastore now holds it after a successful write. */
export function written<R extends Resource>(sent: R, outcome: RequestOutcome): R {
  const stored = outcome.resource;
  if (stored === undefined)
    throw new Error(`the answer to a write of ${keyOf(sent)} holds no object`);
  return stored as R;
}

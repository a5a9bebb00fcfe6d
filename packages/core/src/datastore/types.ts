import type { Micros } from "../engine/index.js";
import type { Resource, ResourceKind } from "../resources/index.js";

/**
 * The seams between the datastore and everybody who talks to it.
 *
 * Two rules shape them. First, state is forkable: a pending request or a watch holds data and object
 * references, never a callback. Second, a change is seen by many at once: watch events and syncer
 * batches are handed over as *one* call for K receivers with their arrival times, so that receivers for
 * whom the change means nothing cost a few arithmetic operations and no event.
 */

/** Who makes a request, for accounting. One name per process of a Calico installation. */
export type ClientKind =
  | "felix"
  | "confd"
  | "tunnel-ip"
  | "node-status"
  | "node-startup"
  | "address-monitor"
  | "typha"
  | "cni"
  | "kubelet"
  | "scheduler"
  | "kube-controllers"
  | "operator";

/**
 * Kinds a request or watch may name. `Unmodelled` stands for every kind that Calico watches and the
 * simulator has no objects of (policies, services, …): their streams and lists cost, and stay empty.
 */
export type StoredKind = ResourceKind | "Unmodelled";

/**
 * A JSON merge patch (RFC 7386) on a resource: named fields are replaced, objects merged, `null` deletes.
 */
export type MergePatch = Readonly<Record<string, unknown>>;

/** Request verbs, as an apiserver counts them. */
export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";

/** How a request ended. `too-old` is HTTP 410; `unavailable` covers refused, unreachable and timed out. */
export type RequestStatus =
  | "ok"
  | "not-found"
  | "already-exists"
  | "conflict"
  | "too-old"
  | "unavailable";

/** One request to the datastore. `kind` and `name` say what; `resource` carries what is written. */
export interface DatastoreRequest {
  readonly verb: Exclude<Verb, "watch">;
  readonly kind: StoredKind;
  /** Absent for `list`. */
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  /** For `create`, `update` and `patch`: the whole new object. Its `metadata.resourceVersion`, if present, must match (compare-and-swap) on `update`. */
  readonly resource?: Resource | undefined;
  /** For `patch`, instead of `resource`: merged into the object as it stands when the request is served. */
  readonly merge?: MergePatch | undefined;
  /** For `list`: only objects whose `spec.node`/label says this node (BlockAffinity by host, node-behaviour §2.7). */
  readonly ofNode?: string | undefined;
  readonly client: ClientKind;
  /** Dense id of the node on which the client runs; −1 = beside the datastore. */
  readonly node: number;
}

/** What came back. */
export interface RequestOutcome {
  readonly status: RequestStatus;
  /** The object read or written. */
  readonly resource?: Resource | undefined;
  /** The objects listed, in key order. */
  readonly items?: readonly Resource[] | undefined;
  /** Store revision at which the answer is true. */
  readonly revision: number;
  /** When the server finished it. */
  readonly servedAt: Micros;
}

/** One change of one object. */
export interface WatchEvent {
  readonly type: "added" | "modified" | "deleted";
  readonly kind: ResourceKind;
  /** Store key, `kind/namespace/name`; the same text object in all events of an object. */
  readonly key: string;
  /** The object after the change; for `deleted` the last state. */
  readonly resource: Resource;
  /** The object before the change. */
  readonly previous: Resource | undefined;
  readonly revision: number;
  /** Encoded size of the event on a watch connection, bytes. */
  readonly bytes: number;
}

/**
 * Receives watch events. One call per change and receiver object: `watches[i]` (ids given by the
 * datastore) were sent the event at `sentAt + i × perWatch`; network delay is the receiver's to add.
 */
export interface WatchReceiver {
  onWatchEvent(event: WatchEvent, watches: Int32Array, sentAt: Micros, perWatch: Micros): void;
  /** The server ended these watches: connection lost, or `too-old`. */
  onWatchClosed(watches: Int32Array, reason: "too-old" | "closed"): void;
}

/** Sees every change at its commit: oracle, recorder, tests. Not a client: nothing travels and nothing is counted. */
export interface StoreObserver {
  onCommit(event: WatchEvent): void;
}

/** One-way delay from a node to the datastore; infinity while cut off. Node −1 is beside the datastore: 0. */
export interface DatastorePath {
  delay(node: number): Micros;
  /** Whether {@link DatastorePath.arrival} may say, or ever said, anything else than the delay. Absent: no. */
  readonly impaired?: boolean;
  /**
   * When octets arrive that are sent at a time on the way of finite {@link DatastorePath.delay} from a node to the
   * datastore (`up`) or back. Absent: when the delay is over.
   */
  arrival?(node: number, at: Micros, bytes: number, up: boolean): Micros;
}

/** When octets arrive that are sent at a time; infinity while cut off. */
export function arrivalOver(
  path: DatastorePath,
  node: number,
  at: Micros,
  bytes: number,
  up: boolean,
): Micros {
  const delay = path.delay(node);
  if (path.impaired !== true || delay === Number.POSITIVE_INFINITY) return at + delay;
  return path.arrival?.(node, at, bytes, up) ?? at + delay;
}

/** Octets of a request that carries no object, its headers included. Assumed. */
export const REQUEST_BYTES = 500;

/** Sync status of a syncer (calico: libcalico-go/lib/backend/api). */
export type SyncStatus = "wait-for-ready" | "resync" | "in-sync";

/** The four syncers of Calico (control-plane-behaviour §1.3), and confd's own watches of services (§2.4). */
export type SyncerType = "felix" | "bgp" | "tunnel-ip-allocation" | "node-status" | "services";

/** One object that changed, as Felix and confd see it: converted once, shared by all receivers. */
export interface SyncerUpdate {
  readonly kind: ResourceKind;
  /** Store key, `kind/namespace/name`. */
  readonly key: string;
  /** The object, or undefined when it was deleted. */
  readonly resource: Resource | undefined;
  /** What the syncer held before, if it knows. */
  readonly previous: Resource | undefined;
  readonly revision: number;
  /** Key-value pairs that this object makes in the syncer's model (a Node makes up to 7). */
  readonly kvs: number;
  /** Encoded bytes of those pairs. */
  readonly bytes: number;
}

/** A list of updates that travels as one; immutable and shared by every receiver. */
export interface UpdateBatch {
  readonly updates: readonly SyncerUpdate[];
  /** True for a snapshot: whatever it does not name is gone. */
  readonly snapshot: boolean;
  /** Sum over `updates`. */
  readonly kvs: number;
  /** Sum over `updates`. */
  readonly bytes: number;
  /** Sync status that the receiver has after this batch. */
  readonly status: SyncStatus;
}

/**
 * Consumes a syncer: all Felix daemons of the cluster are one sink, all confd another. Clients are
 * dense ids of the sink's own (for Felix and confd: the node id).
 */
export interface SyncerSink {
  /** Batch `batch` reaches `clients[i]` at `arrivals[i]` (≥ now), for i < count. The arrays are the caller's: copy what is kept. */
  onBatch(batch: UpdateBatch, clients: Int32Array, arrivals: Float64Array, count: number): void;
  /** The stream of `client` changed status without updates (connection lost: `resync`). */
  onStatus(client: number, status: SyncStatus): void;
}

/** Where the clients of a syncer get their stream: a Typha, or the datastore itself. */
export interface SyncerSource {
  /** The client's process is up and connects; the snapshot and everything after it go to the sink. */
  connect(client: number): void;
  /** The client's process is gone, or closes its connection. */
  disconnect(client: number): void;
}

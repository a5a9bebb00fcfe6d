import type { Draft } from "immer";
import type { Engine, EventHandler, Micros } from "../engine/index.js";
import { LoadMeter } from "../metrics/index.js";
import type { KnownResource, Resource, ResourceOfKind } from "../resources/index.js";
import type { DatastoreProfile } from "./cost-profile.js";
import type { SizeProfile } from "./object-size.js";
import type {
  ClientKind,
  DatastorePath,
  DatastoreRequest,
  RequestOutcome,
  StoredKind,
  WatchReceiver,
} from "./types.js";

type Kind = KnownResource["kind"];

/** Options of {@link Datastore}. */
export interface DatastoreOptions {
  readonly flavour: "kubernetes" | "etcd";
  readonly path: DatastorePath;
  /** Costs of the server. @defaultValue the profile of the flavour */
  readonly profile?: DatastoreProfile;
  /** Object sizes. @defaultValue {@link import("./object-size.js").DEFAULT_SIZES} */
  readonly sizes?: SizeProfile;
  /** Apiservers (or etcd members) that share the load. @defaultValue 1 */
  readonly replicas?: number;
  /** When an unanswered request fails. @defaultValue 30 s (assumed) */
  readonly requestTimeout?: Micros;
}

/** Kubernetes apiserver or etcd, as Calico sees it. */
export class Datastore implements EventHandler {
  readonly flavour: "kubernetes" | "etcd";
  /** Requests, watches, events and bytes so far. */
  readonly meter: LoadMeter = new LoadMeter();
  readonly path: DatastorePath;
  /** The store's revision: one counter for all kinds, as in etcd. */
  revision = 0;

  constructor(_engine: Engine, options: DatastoreOptions) {
    this.flavour = options.flavour;
    this.path = options.path;
  }

  /** The object, or undefined. Costs nothing: for oracles, tests and scenario authors. */
  get<K extends Kind>(_kind: K, _name: string, _namespace?: string): ResourceOfKind<K> | undefined {
    throw new Error("not implemented");
  }

  /** All objects of a kind in key order; a frozen array that is shared until the kind changes. Costs nothing. */
  list<K extends Kind>(_kind: K): readonly ResourceOfKind<K>[] {
    throw new Error("not implemented");
  }

  /** Number of objects of a kind. Costs nothing. */
  count(_kind: Kind): number {
    throw new Error("not implemented");
  }

  /** Initial content: stored without events. */
  seed(_resources: Iterable<Resource>): void {
    throw new Error("not implemented");
  }

  /** An operator's edit: commits now, notifies watches. Returns the object as stored. */
  put<R extends Resource>(_resource: R): R {
    throw new Error("not implemented");
  }

  /** Deletes now, notifies watches; false when there is no such object. */
  remove(_kind: Kind, _name: string, _namespace?: string): boolean {
    throw new Error("not implemented");
  }

  /** Edits now with an immer recipe, notifies watches; undefined when there is no such object. */
  edit<K extends Kind>(
    _kind: K,
    _name: string,
    _namespace: string | undefined,
    _recipe: (draft: Draft<ResourceOfKind<K>>) => void,
  ): ResourceOfKind<K> | undefined {
    throw new Error("not implemented");
  }

  /**
   * Sends a request. When its answer is back, the handler of event kind `replyKind` gets `(a, request
   * id)` and takes the answer with {@link takeOutcome}.
   */
  request(_request: DatastoreRequest, _replyKind: number, _a: number): number {
    throw new Error("not implemented");
  }

  /** The answer to a request, once. */
  takeOutcome(_requestId: number): RequestOutcome {
    throw new Error("not implemented");
  }

  /** Opens a watch that sees everything after `fromRevision`; returns its id. */
  watch(
    _kind: StoredKind,
    _client: ClientKind,
    _node: number,
    _fromRevision: number,
    _receiver: WatchReceiver,
  ): number {
    throw new Error("not implemented");
  }

  /** The client ends a watch; its receiver hears no more of it. */
  closeWatch(_watch: number): void {
    throw new Error("not implemented");
  }

  /** Last revision the server has told this watch of, by event or bookmark. */
  watchRevision(_watch: number): number {
    throw new Error("not implemented");
  }

  /** The server ends these watches (connection reset): each receiver gets `onWatchClosed(…, "closed")`. */
  dropWatches(_watches: ArrayLike<number>): void {
    throw new Error("not implemented");
  }

  /** Server outage and return: an outage closes all watches and refuses requests. */
  setUp(_up: boolean): void {
    throw new Error("not implemented");
  }

  /** Calls that deleting one object takes: 3 for IPAM kinds in KDD, 2 for other custom resources, 1 in etcd. */
  deleteCalls(_kind: Kind): number {
    throw new Error("not implemented");
  }

  onEvent(_kind: number, _a: number, _b: number): void {
    throw new Error("not implemented");
  }
}

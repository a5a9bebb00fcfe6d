import type { Draft } from "immer";
import { type Engine, type EventHandler, type Micros, SECOND } from "../engine/index.js";
import { LoadMeter, METER_VERBS } from "../metrics/index.js";
import {
  editResource,
  type KnownResource,
  type Resource,
  type ResourceKind,
  type ResourceOfKind,
} from "../resources/index.js";
import { type DatastoreProfile, ETCD_PROFILE, KUBERNETES_PROFILE } from "./cost-profile.js";
import type { DatastoreOptions, ServerLoad } from "./datastore-options.js";
import { execute, outcomeOf } from "./execute.js";
import { IdRing } from "./id-ring.js";
import { DEFAULT_SIZES, type SizeProfile } from "./object-size.js";
import { ObjectStore } from "./object-store.js";
import { deleteCalls, requestWork } from "./request-cost.js";
import { ServedRequest } from "./served-request.js";
import { ServerQueue } from "./server-queue.js";
import {
  arrivalOver,
  type ClientKind,
  type DatastorePath,
  type DatastoreRequest,
  REQUEST_BYTES,
  type RequestOutcome,
  type StoredKind,
  type StoreObserver,
  type WatchEvent,
  type WatchReceiver,
} from "./types.js";
import { WatchServer } from "./watch-server.js";

/**
 * The datastore of a cluster: a Kubernetes apiserver (KDD) or etcd v3, as Calico's components see it.
 *
 * Whoever plays outside the cluster (scenario authors, oracle, tests) reads and writes it directly and
 * for free; components send {@link request}s and open {@link watch}es, which travel, queue and cost.
 */
export class Datastore implements EventHandler {
  readonly flavour: "kubernetes" | "etcd";
  /** Network between the nodes and the server. */
  readonly path: DatastorePath;
  readonly profile: DatastoreProfile;
  readonly sizes: SizeProfile;
  /** Requests, watches, events and bytes so far. */
  readonly meter: LoadMeter = new LoadMeter();

  private readonly engine: Engine;
  private readonly store: ObjectStore;
  private readonly queue: ServerQueue;
  private readonly watchServer: WatchServer;
  private readonly requestTimeout: Micros;
  private readonly kindArrive: number;
  private readonly kindServe: number;
  private readonly pending: IdRing<ServedRequest> = new IdRing();
  private readonly observers: StoreObserver[] = [];
  private nextRequest = 1;
  private outages = 0;

  constructor(engine: Engine, options: DatastoreOptions) {
    this.engine = engine;
    this.flavour = options.flavour;
    this.path = options.path;
    this.profile =
      options.profile ?? (options.flavour === "etcd" ? ETCD_PROFILE : KUBERNETES_PROFILE);
    this.sizes = options.sizes ?? DEFAULT_SIZES;
    this.requestTimeout = options.requestTimeout ?? 30 * SECOND;
    this.store = new ObjectStore(this.flavour, this.sizes);
    this.queue = new ServerQueue(this.profile.cores.value * (options.replicas ?? 1));
    this.watchServer = new WatchServer({
      engine,
      store: this.store,
      queue: this.queue,
      profile: this.profile,
      path: this.path,
      meter: this.meter,
      requestTimeout: this.requestTimeout,
    });
    this.kindArrive = engine.defineKind("datastore.request.arrive", this);
    this.kindServe = engine.defineKind("datastore.request.serve", this);
  }

  /** Adds an observer: it sees every change as it is committed, costs nothing and is not counted. */
  observe(observer: StoreObserver): void {
    this.observers.push(observer);
  }

  private publish(event: WatchEvent): void {
    this.watchServer.publish(event);
    for (const observer of this.observers) observer.onCommit(event);
  }

  /** The store's revision: one counter for all kinds, as in etcd. */
  get revision(): number {
    return this.store.revision;
  }

  /** False during an outage. */
  get up(): boolean {
    return this.watchServer.up;
  }

  /** The object, or undefined. Costs nothing, as all direct access. */
  get<K extends KnownResource["kind"]>(
    kind: K,
    name: string,
    namespace?: string,
  ): ResourceOfKind<K> | undefined {
    return this.store.table(kind).row(name, namespace)?.resource as ResourceOfKind<K> | undefined;
  }

  /** All objects of a kind in key order: one frozen array until the kind changes. */
  list<K extends KnownResource["kind"]>(kind: K): readonly ResourceOfKind<K>[] {
    return this.store.table(kind).list() as readonly ResourceOfKind<K>[];
  }

  /** As {@link list}, at an earlier revision; undefined when the store no longer knows. */
  listAt(kind: StoredKind, revision: number): readonly Resource[] | undefined {
    return this.store.table(kind).listAt(revision);
  }

  /** Number of objects of a kind. */
  count(kind: ResourceKind): number {
    return this.store.table(kind).size;
  }

  /** Stores initial content, without events. */
  seed(resources: Iterable<Resource>): void {
    this.store.seed(resources);
  }

  /** An operator's edit, whatever the object's revision: commits now, notifies watches, returns the object as stored. */
  put<R extends Resource>(resource: R): R {
    const { row, event } = this.store.write(resource, this.engine.now);
    if (event !== undefined) this.publish(event);
    return row.resource as R;
  }

  /** Deletes now, notifies watches; false when there is no such object. */
  remove(kind: ResourceKind, name: string, namespace?: string): boolean {
    const row = this.store.table(kind).row(name, namespace);
    if (row === undefined) return false;
    this.publish(this.store.delete(row, this.engine.now));
    return true;
  }

  /** Edits now with an immer recipe, notifies watches; undefined when there is no such object. */
  edit<K extends KnownResource["kind"]>(
    kind: K,
    name: string,
    namespace: string | undefined,
    recipe: (draft: Draft<ResourceOfKind<K>>) => void,
  ): ResourceOfKind<K> | undefined {
    const held = this.get(kind, name, namespace);
    return held === undefined ? undefined : this.put(editResource<ResourceOfKind<K>>(held, recipe));
  }

  /**
   * Sends a request. When the answer is back, the handler of event kind `replyKind` gets `a` and the
   * request's id, which this returns; it must then {@link takeOutcome}.
   */
  request(request: DatastoreRequest, replyKind: number, a: number): number {
    const id = this.nextRequest++;
    const pair = this.meter.pair(request.client, request.kind);
    const served = new ServedRequest(request, this.store.table(request.kind), replyKind, a, pair);
    this.pending.set(id, served);
    const arrival = arrivalOver(this.path, served.node, this.engine.now, REQUEST_BYTES, true);
    if (arrival === Number.POSITIVE_INFINITY) this.refuse(id, served, this.requestTimeout);
    else this.engine.schedule(Math.ceil(arrival), this.kindArrive, id);
    return id;
  }

  /**
   * The answer to a request, once.
   *
   * @throws RangeError when it has none yet, or was taken.
   */
  takeOutcome(requestId: number): RequestOutcome {
    const outcome = this.pending.get(requestId)?.outcome;
    if (outcome === undefined) throw new RangeError(`request ${requestId} has no answer to take`);
    this.pending.delete(requestId);
    return outcome;
  }

  /** Requests sent and not yet taken. */
  get pendingRequests(): number {
    return this.pending.size;
  }

  /** Opens a watch that sees every change after `fromRevision`; returns its id at once. */
  watch(
    kind: StoredKind,
    client: ClientKind,
    node: number,
    fromRevision: number,
    receiver: WatchReceiver,
  ): number {
    return this.watchServer.request(kind, client, node, fromRevision, receiver);
  }

  /** The client ends a watch and hears no more of it. */
  closeWatch(watch: number): void {
    this.watchServer.close(watch);
  }

  /** Last revision this watch has been told of, by event or bookmark: where to resume. Also after it ended. */
  watchRevision(watch: number): number {
    return this.watchServer.watches.revisionOf(watch);
  }

  /** True when the server ever accepted this watch: tells a lost watch from a refused one. */
  watchAccepted(watch: number): boolean {
    return this.watchServer.watches.hasOpened(watch);
  }

  /** The server ends these watches, as when a connection breaks; receivers are told `closed`. */
  dropWatches(watches: ArrayLike<number>): void {
    this.watchServer.drop(watches);
  }

  /**
   * Outage and return of the whole server. An outage ends all watches, loses what is queued and
   * refuses requests at once. An apiserver comes back with an empty watch cache: a watch that resumes
   * from before is too old. Etcd comes back with its history.
   */
  setUp(up: boolean): void {
    if (up === this.up) return;
    this.outages++;
    if (up) this.watchServer.goUp();
    else this.watchServer.goDown();
  }

  /**
   * Requests that deleting an object of this kind takes: in KDD 3 for IPAM's kinds (PUT a mark, GET,
   * DELETE; node-behaviour §2.7), 2 for other custom resources (GET, DELETE;
   * control-plane-behaviour §2.2), 1 for core kinds; in etcd 1.
   */
  deleteCalls(kind: ResourceKind): number {
    return deleteCalls(this.flavour, kind);
  }

  /** How busy the server was so far. */
  load(): ServerLoad {
    const { busyMicros, cores, busyUntil, waitMaxMicros } = this.queue;
    const backlogMicros = Math.max(0, busyUntil - this.engine.now);
    return { busyMicros, cores, backlogMicros, waitMaxMicros };
  }

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number): void {
    const request = this.pending.get(a)!;
    if (kind === this.kindArrive) this.onArrive(a, request);
    else this.onServe(a, request);
  }

  private onArrive(id: number, request: ServedRequest): void {
    const { engine, queue } = this;
    if (!this.up) {
      this.refuse(id, request, this.delayBack(request.node));
      return;
    }
    request.outages = this.outages;
    this.meter.request(request.pair, METER_VERBS.indexOf(request.verb), engine.now);
    const work = requestWork(this.store, this.profile, request);
    const write = request.verb !== "get" && request.verb !== "list";
    const wait = write ? this.profile.commitLatencyMicros.value : 0;
    engine.schedule(Math.ceil(queue.admit(engine.now, work) + work + wait), this.kindServe, id);
  }

  private onServe(id: number, request: ServedRequest): void {
    const { engine } = this;
    if (request.outages !== this.outages) {
      this.refuse(id, request, this.delayBack(request.node));
      return;
    }
    const { outcome, event, bytes } = execute(this.store, request, engine.now);
    if (event !== undefined) this.publish(event);
    this.meter.reply(request.pair, request.verb === "list", bytes, engine.now);
    const delay = this.path.delay(request.node);
    if (delay === Number.POSITIVE_INFINITY) {
      this.refuse(id, request, this.requestTimeout);
      return;
    }
    request.outcome = outcome;
    const sent = delay + bytes / this.profile.bytesPerMicro.value;
    const back = Math.ceil(
      this.path.impaired === true
        ? Math.max(
            sent,
            arrivalOver(this.path, request.node, engine.now, bytes, false) - engine.now,
          )
        : sent,
    );
    engine.after(back, request.replyKind, request.a, id);
  }

  private refuse(id: number, request: ServedRequest, after: Micros): void {
    request.outcome = outcomeOf("unavailable", 0, this.engine.now);
    this.engine.after(after, request.replyKind, request.a, id);
  }

  private delayBack(node: number): Micros {
    const { now } = this.engine;
    const arrival = arrivalOver(this.path, node, now, 0, false);
    return arrival === Number.POSITIVE_INFINITY ? this.requestTimeout : Math.ceil(arrival - now);
  }
}

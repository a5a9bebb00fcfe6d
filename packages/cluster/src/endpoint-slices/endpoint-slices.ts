import {
  type Datastore,
  type DatastoreRequest,
  type EndpointSlice,
  type Engine,
  type EventHandler,
  keyOf,
  type Micros,
  type Pod,
  type RequestOutcome,
  type Resource,
  resourceKey,
  SECOND,
  type Service,
  type StoreObserver,
  type WatchEvent,
} from "@calico-sim/core";
import { ENDPOINT_SLICE_DEFAULTS, type EndpointSliceParameters } from "./parameters.js";
import { type SliceRow, type SliceWrite, sliceWrites } from "./reconcile.js";
import {
  addressesOf,
  type Endpoint,
  endpointOf,
  familiesOf,
  newSlice,
  selectsPod,
  serviceNameOf,
} from "./slice-objects.js";

/** A service with a selector. */
interface ServiceRow {
  readonly id: number;
  readonly key: string;
  /** Undefined once it is deleted: what is left of its slices goes. */
  service: Service | undefined;
  /** The last that was seen. */
  last: Service;
  /** Pods that it selects, by key. */
  readonly pods: Map<string, Pod>;
  slices: SliceRow[];
  /** Names given to slices so far. */
  named: number;
  /** Something changed since the last look. */
  dirty: boolean;
  state: "idle" | "due" | "writing" | "waiting";
  writes: SliceWrite[];
  failures: number;
}

/**
 * Kubernetes' endpoint slice controller: EndpointSlices of services with a selector follow the pods
 * (kubernetes: pkg/controller/endpointslice; control-plane-behaviour §2.7, row 8).
 *
 * It keeps slices of its own. Those that the resources hold stay as they are, and what is in them is in none of its own. A
 * service's first slice comes with its first pod, so that a cluster without such pods goes its way as without the controller.
 */
export class EndpointSlices implements StoreObserver, EventHandler {
  readonly parameters: EndpointSliceParameters;
  private readonly engine: Engine;
  private readonly store: Datastore;
  private readonly services: Map<string, ServiceRow> = new Map();
  private readonly rows: ServiceRow[] = [];
  /** Slices of others: their addresses, by the slice's key. */
  private readonly given: Map<
    string,
    { readonly service: string; readonly addresses: readonly string[] }
  > = new Map();
  /** Keys of slices that the controller made. */
  private readonly own: Map<string, ServiceRow> = new Map();
  /** Theoretical arrival time of the client's rate limit (a leaky bucket). */
  private allowed: Micros = 0;
  private readonly kindSync: number;
  private readonly kindSend: number;
  private readonly kindReply: number;
  private readonly kindRetry: number;

  constructor(engine: Engine, store: Datastore, parameters: Partial<EndpointSliceParameters> = {}) {
    this.engine = engine;
    this.store = store;
    this.parameters = Object.freeze({ ...ENDPOINT_SLICE_DEFAULTS, ...parameters });
    this.kindSync = engine.defineKind("endpoint-slices.sync", this);
    this.kindSend = engine.defineKind("endpoint-slices.send", this);
    this.kindReply = engine.defineKind("endpoint-slices.reply", this);
    this.kindRetry = engine.defineKind("endpoint-slices.retry", this, { background: true });
  }

  /** Takes the initial content of the datastore. */
  seed(resources: Iterable<Resource>): void {
    for (const resource of resources) {
      if (resource.kind === "EndpointSlice") this.sliceChanged(resource as EndpointSlice);
      else if (resource.kind === "Service") this.serviceChanged(resource as Service);
    }
  }

  /** See {@link StoreObserver}. */
  onCommit({ type, key, resource }: WatchEvent): void {
    const gone = type === "deleted";
    if (resource.kind === "Pod") {
      if (this.services.size > 0) this.podChanged(key, resource as Pod, gone);
    } else if (resource.kind === "Service") {
      if (gone) this.serviceGone(key);
      else this.serviceChanged(resource as Service);
    } else if (resource.kind === "EndpointSlice") {
      if (gone) this.sliceGone(key);
      else this.sliceChanged(resource as EndpointSlice);
    }
  }

  /** See {@link EventHandler}. */
  onEvent(kind: number, id: number, b: number): void {
    const row = this.rows[id]!;
    if (kind === this.kindReply) this.onReply(row, this.store.takeOutcome(b));
    else if (kind === this.kindSend) this.send(row);
    else this.sync(row);
  }

  private podChanged(key: string, pod: Pod, gone: boolean): void {
    for (const row of this.services.values()) {
      const held = row.pods.get(key);
      const now = !gone && selectsPod(row.last, pod) ? pod : undefined;
      if (held === now) continue;
      if (now === undefined) row.pods.delete(key);
      else row.pods.set(key, now);
      if (this.matters(row, held, now)) this.enqueue(row);
    }
  }

  /** Whether two states of a pod make different endpoints. */
  private matters({ last }: ServiceRow, before: Pod | undefined, after: Pod | undefined): boolean {
    return familiesOf(last).some((family) => {
      const [was, is] = [before, after].map((pod) => pod && endpointOf(pod, family, last));
      return JSON.stringify(was) !== JSON.stringify(is);
    });
  }

  private serviceChanged(service: Service): void {
    const key = keyOf(service);
    let row = this.services.get(key);
    if (row === undefined) {
      if (Object.keys(service.spec?.selector ?? {}).length === 0) return;
      row = {
        id: this.rows.length,
        key,
        service,
        last: service,
        pods: new Map(),
        slices: [],
        named: 0,
        dirty: false,
        state: "idle",
        writes: [],
        failures: 0,
      };
      this.rows.push(row);
      this.services.set(key, row);
    }
    row.service = row.last = service;
    row.pods.clear();
    for (const pod of this.store.list("Pod"))
      if (selectsPod(service, pod)) row.pods.set(keyOf(pod), pod);
    if (row.pods.size + row.slices.length > 0 || row.state !== "idle") this.enqueue(row);
  }

  private serviceGone(key: string): void {
    const row = this.services.get(key);
    if (row === undefined) return;
    row.service = undefined;
    row.pods.clear();
    this.services.delete(key);
    if (row.slices.length > 0 || row.state !== "idle") this.enqueue(row);
  }

  private sliceChanged(slice: EndpointSlice): void {
    const key = keyOf(slice);
    if (this.own.has(key)) return;
    const name = serviceNameOf(slice);
    if (name === undefined) return;
    const service = resourceKey("Service", name, slice.metadata.namespace);
    this.given.set(key, { service, addresses: addressesOf(slice) });
    this.givenChanged(service);
  }

  private sliceGone(key: string): void {
    const row = this.own.get(key);
    if (row === undefined) {
      const service = this.given.get(key)?.service;
      this.given.delete(key);
      if (service !== undefined) this.givenChanged(service);
      return;
    }
    this.own.delete(key);
    const slice = row.slices.find(({ name }) => this.keyOf(row, name) === key);
    const [write] = row.writes;
    if (slice === undefined || (write?.row === slice && write.endpoints === undefined)) return;
    // Somebody else deleted it: it is made anew.
    row.slices = row.slices.filter((each) => each !== slice);
    this.enqueue(row);
  }

  private givenChanged(service: string): void {
    const row = this.services.get(service);
    if (row !== undefined && row.pods.size > 0) this.enqueue(row);
  }

  private enqueue(row: ServiceRow): void {
    row.dirty = true;
    if (row.state !== "idle") return;
    row.state = "due";
    const { batchPeriod, reaction } = this.parameters;
    this.engine.after(batchPeriod + reaction, this.kindSync, row.id);
  }

  /** One look at a service: what has to be written. */
  private sync(row: ServiceRow): void {
    row.dirty = false;
    const { service } = row;
    row.writes =
      service === undefined
        ? row.slices.map((slice) => ({ row: slice, family: slice.family, endpoints: undefined }))
        : this.planned(row, service);
    this.next(row);
  }

  private planned(row: ServiceRow, service: Service): SliceWrite[] {
    const known = new Set<string>();
    for (const { service: of, addresses } of this.given.values())
      if (of === row.key) for (const address of addresses) known.add(address);
    const families = familiesOf(service);
    const stale = row.slices.filter(({ family }) => !families.includes(family));
    return [
      ...families.flatMap((family) => {
        const wanted = new Map<string, Endpoint>();
        for (const [key, pod] of row.pods) {
          const endpoint = endpointOf(pod, family, service);
          if (endpoint !== undefined && !known.has(endpoint.addresses?.[0] ?? ""))
            wanted.set(key, endpoint);
        }
        const slices = row.slices.filter((slice) => slice.family === family);
        return sliceWrites(slices, family, wanted, this.parameters.endpointsPerSlice);
      }),
      ...stale.map((slice) => ({ row: slice, family: slice.family, endpoints: undefined })),
    ];
  }

  /** The next write, when the client's rate limit lets it through. */
  private next(row: ServiceRow): void {
    if (row.writes.length === 0) {
      row.state = "idle";
      row.failures = 0;
      if (row.dirty) this.enqueue(row);
      return;
    }
    row.state = "writing";
    const { qps, burst } = this.parameters;
    const { now } = this.engine;
    const interval = SECOND / qps;
    const at = Math.max(now, Math.ceil(this.allowed - interval * (burst - 1)));
    this.allowed = Math.max(this.allowed, now) + interval;
    this.engine.schedule(at, this.kindSend, row.id);
  }

  private send(row: ServiceRow): void {
    const { row: slice, family, endpoints } = row.writes[0]!;
    const { namespace, name: service } = row.last.metadata;
    const name = slice?.name ?? `${service}-sim${String(row.named)}`;
    const request: DatastoreRequest = {
      verb: endpoints === undefined ? "delete" : slice === undefined ? "create" : "update",
      kind: "EndpointSlice",
      name,
      namespace,
      client: "kube-controllers",
      node: -1,
      resource: endpoints && newSlice(name, row.last, family, [...endpoints.values()]),
    };
    if (endpoints !== undefined) this.own.set(this.keyOf(row, name), row);
    this.store.request(request, this.kindReply, row.id);
  }

  private onReply(row: ServiceRow, { status }: RequestOutcome): void {
    const { row: slice, family, endpoints } = row.writes[0]!;
    if (status === "ok" || (status === "not-found" && endpoints === undefined)) {
      row.writes.shift();
      if (endpoints === undefined) row.slices = row.slices.filter((each) => each !== slice);
      else if (slice !== undefined) slice.endpoints = endpoints;
      else {
        const name = `${row.last.metadata.name}-sim${String(row.named++)}`;
        row.slices.push({ name, family, endpoints });
      }
      this.next(row);
      return;
    }
    // A name that is taken is not tried twice.
    if (slice === undefined)
      this.own.delete(this.keyOf(row, `${row.last.metadata.name}-sim${String(row.named)}`));
    if (slice === undefined && status !== "unavailable") row.named++;
    const { backOff, backOffMax } = this.parameters;
    row.writes = [];
    row.state = "waiting";
    this.engine.after(Math.min(backOffMax, backOff * 2 ** row.failures++), this.kindRetry, row.id);
  }

  private keyOf({ last }: ServiceRow, slice: string): string {
    return resourceKey("EndpointSlice", slice, last.metadata.namespace);
  }
}

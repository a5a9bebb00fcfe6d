import type {
  Datastore,
  DatastorePath,
  RequestOutcome,
  SyncerSink,
  SyncStatus,
  UpdateBatch,
  WatchEvent,
  WatchReceiver,
} from "../../src/datastore/index.js";
import type { Engine, EventHandler } from "../../src/engine/index.js";
import { keyOf, type Resource } from "../../src/resources/index.js";

/** A pod; with an address it has an endpoint. */
export function pod(
  name: string,
  ip?: string,
  more: { labels?: Record<string, string> } = {},
): Resource {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", ...more },
    spec: { nodeName: "node-0" },
    status: ip === undefined ? { phase: "Pending" } : { phase: "Running", podIP: ip },
  };
}

/** A pool. */
export function pool(name: string, cidr: string): Resource {
  return { apiVersion: "projectcalico.org/v3", kind: "IPPool", metadata: { name }, spec: { cidr } };
}

/** A block affinity. */
export function affinity(node: string, cidr: string): Resource {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "BlockAffinity",
    metadata: { name: `${node}-${cidr.replace(/[./]/g, "-")}` },
    spec: { cidr, node },
  };
}

/** A Kubernetes Node. */
export function node(
  name: string,
  annotations: Record<string, string> = {},
  ready = "True",
): Resource {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, annotations },
    status: { conditions: [{ type: "Ready", status: ready }] },
  };
}

/** Delays by node; infinity cuts. */
export class TestPath implements DatastorePath {
  readonly delays: number[];
  constructor(...delays: number[]) {
    this.delays = delays;
  }
  delay(id: number): number {
    return id < 0 ? 0 : (this.delays[id] ?? 0);
  }
}

/** Sends requests and keeps the answers. */
export class Requester implements EventHandler {
  readonly kind: number;
  readonly answers: { a: number; at: number; outcome: RequestOutcome }[] = [];
  private readonly engine: Engine;
  private readonly datastore: Datastore;
  constructor(engine: Engine, datastore: Datastore) {
    this.engine = engine;
    this.datastore = datastore;
    this.kind = engine.defineKind("test.reply", this);
  }
  onEvent(_kind: number, a: number, requestId: number): void {
    this.answers.push({ a, at: this.engine.now, outcome: this.datastore.takeOutcome(requestId) });
  }
}

/** Keeps every event by watch. */
export class Watcher implements WatchReceiver {
  readonly calls: { event: WatchEvent; watches: number[]; sentAt: number; perWatch: number }[] = [];
  readonly closed: { watches: number[]; reason: string }[] = [];
  onWatchEvent(event: WatchEvent, watches: Int32Array, sentAt: number, perWatch: number): void {
    this.calls.push({ event, watches: [...watches], sentAt, perWatch });
  }
  onWatchClosed(watches: Int32Array, reason: "too-old" | "closed"): void {
    this.closed.push({ watches: [...watches], reason });
  }
  revisions(watch: number): number[] {
    return this.calls.filter((c) => c.watches.includes(watch)).map((c) => c.event.revision);
  }
}

/** Holds what each client of a syncer was told. */
export class Mirror implements SyncerSink {
  readonly content: Map<string, Resource>[] = [];
  readonly statuses: SyncStatus[][] = [];
  readonly batches: { batch: UpdateBatch; clients: number[]; arrivals: number[] }[] = [];
  readonly problems: string[] = [];
  private readonly engine: Engine;
  private readonly keep: boolean;
  private readonly last: number[] = [];
  constructor(engine: Engine, clients: number, keep = true) {
    this.engine = engine;
    this.keep = keep;
    for (let c = 0; c < clients; c++) {
      this.content.push(new Map());
      this.statuses.push([]);
      this.last.push(0);
    }
  }
  onBatch(batch: UpdateBatch, clients: Int32Array, arrivals: Float64Array, count: number): void {
    if (this.keep) {
      this.batches.push({
        batch,
        clients: [...clients.subarray(0, count)],
        arrivals: [...arrivals.subarray(0, count)],
      });
    }
    for (let i = 0; i < count; i++) {
      const client = clients[i]!;
      const at = arrivals[i]!;
      if (!Number.isInteger(at) || at < this.engine.now) this.problems.push(`arrival ${at}`);
      if (at < this.last[client]!) this.problems.push(`client ${client} overtaken at ${at}`);
      this.last[client] = at;
      this.apply(batch, client);
    }
  }
  onStatus(client: number, status: SyncStatus): void {
    this.statuses[client]!.push(status);
  }
  /** Content of a client as revision by key. */
  view(client: number): Record<string, string> {
    return revisions(this.content[client]!.values());
  }
  private apply(batch: UpdateBatch, client: number): void {
    const held = this.content[client]!;
    if (batch.snapshot) held.clear();
    for (const update of batch.updates) {
      const before = held.get(update.key);
      if (!batch.snapshot && update.previous !== before) {
        const versions = [update.previous, before].map((r) => r?.metadata.resourceVersion ?? "-");
        this.problems.push(
          `client ${client} ${update.key}: previous ${versions.join(" but held ")}`,
        );
      }
      if (update.resource === undefined) held.delete(update.key);
      else held.set(update.key, update.resource);
    }
    const status = this.statuses[client]!;
    if (status.at(-1) !== batch.status) status.push(batch.status);
  }
}

/** Revision by key. */
export function revisions(resources: Iterable<Resource>): Record<string, string> {
  const entries = [...resources].map((r) => [keyOf(r), r.metadata.resourceVersion ?? ""] as const);
  return Object.fromEntries(entries.sort((x, y) => (x[0] < y[0] ? -1 : 1)));
}

import {
  Engine,
  type Micros,
  type Namespace,
  type Node,
  NodeDirectory,
  type Resource,
  type SyncerSink,
  type SyncerSource,
  type SyncerType,
  type SyncerUpdate,
  type SyncStatus,
  type UpdateBatch,
} from "@calico-sim/core";
import {
  TyphaFleet,
  type TyphaListener,
  type TyphaOptions,
  type TyphaSyncer,
} from "../src/index.js";

/** An object whose value is its label. */
export const thing = (name: string, value: string): Namespace =>
  Object.freeze({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: Object.freeze({ value }) },
  } as Namespace);

export const node = (name: string, annotations: Record<string, string> = {}): Node =>
  Object.freeze({ apiVersion: "v1", kind: "Node", metadata: { name, annotations } } as Node);

function key(resource: Resource): string {
  return `${resource.kind}/${resource.metadata.name}`;
}

function textOf(resource: Resource | undefined): string {
  return JSON.stringify(resource?.metadata);
}

export function change(
  resource: Resource | undefined,
  previous: Resource | undefined,
  kvs = 1,
): SyncerUpdate {
  const either = (resource ?? previous)!;
  return Object.freeze({
    kind: either.kind,
    key: key(either),
    resource,
    previous,
    revision: 1,
    kvs,
    bytes: 400,
  });
}

export function batchOf(updates: readonly SyncerUpdate[], snapshot = false): UpdateBatch {
  const kvs = updates.reduce((n, update) => n + update.kvs, 0);
  return { updates, snapshot, kvs, bytes: updates.length * 400, status: "in-sync" };
}

/** A datastore that all Typhas list and watch. */
export class Upstream implements SyncerSource {
  readonly content: Map<string, Resource> = new Map();
  private readonly engine: Engine;
  private readonly sink: SyncerSink;
  private readonly lastArrival: Map<number, Micros> = new Map();
  private readonly deaf: Set<number> = new Set();

  constructor(engine: Engine, sink: SyncerSink) {
    this.engine = engine;
    this.sink = sink;
  }

  connect(typha: number): void {
    this.lastArrival.set(typha, this.engine.now);
    this.list(typha);
  }

  /** The watch of a Typha broke: it hears nothing until it lists again. */
  lose(typha: number): void {
    if (this.lastArrival.has(typha)) this.deaf.add(typha);
  }

  /** A Typha whose watch broke lists again. */
  relist(typha: number): void {
    if (this.deaf.delete(typha)) this.list(typha);
  }

  private list(typha: number): void {
    const updates = [...this.content.values()].map((resource) => change(resource, undefined));
    this.sink.onBatch(
      batchOf(updates, true),
      Int32Array.of(typha),
      Float64Array.of(this.arrival(typha, 20_000)),
      1,
    );
  }

  disconnect(typha: number): void {
    this.lastArrival.delete(typha);
    this.deaf.delete(typha);
  }

  write(...resources: readonly Resource[]): void {
    this.send(resources.map((r) => change(r, this.content.get(key(r)))));
    for (const resource of resources) this.content.set(key(resource), resource);
  }

  erase(resource: Resource): void {
    const held = this.content.get(key(resource));
    if (held === undefined) return;
    this.send([change(undefined, held)]);
    this.content.delete(key(resource));
  }

  private send(updates: readonly SyncerUpdate[]): void {
    const typhas = [...this.lastArrival.keys()].filter((typha) => !this.deaf.has(typha));
    const arrivals = typhas.map((typha) => this.arrival(typha, 1_000));
    this.sink.onBatch(
      batchOf(updates),
      Int32Array.from(typhas),
      Float64Array.from(arrivals),
      typhas.length,
    );
  }

  private arrival(typha: number, delay: Micros): Micros {
    const at = Math.max(this.engine.now + delay, this.lastArrival.get(typha)!);
    this.lastArrival.set(typha, at);
    return at;
  }
}

/** What every client holds, and every breach of the protocol's promises it saw. */
export class Mirror implements SyncerSink {
  readonly views: Map<number, Map<string, Resource>> = new Map();
  readonly breaches: string[] = [];
  readonly calls: { at: Micros; batch: UpdateBatch; clients: number[]; arrivals: number[] }[] = [];
  private readonly engine: Engine;
  private readonly lastArrival: Map<number, Micros> = new Map();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  onBatch(batch: UpdateBatch, clients: Int32Array, arrivals: Float64Array, count: number): void {
    const to = Array.from(clients.subarray(0, count));
    const when = Array.from(arrivals.subarray(0, count));
    this.calls.push({ at: this.engine.now, batch, clients: to, arrivals: when });
    to.forEach((client, i) => {
      this.take(batch, client, when[i]!);
    });
  }

  onStatus(_client: number, _status: SyncStatus): void {}

  view(client: number): Record<string, string> {
    return contentOf(this.views.get(client) ?? new Map<string, Resource>());
  }

  private take(batch: UpdateBatch, client: number, arrival: Micros): void {
    if (!Number.isInteger(arrival) || arrival < this.engine.now) this.breaches.push("arrival");
    if (arrival < (this.lastArrival.get(client) ?? 0)) this.breaches.push("overtaken");
    this.lastArrival.set(client, arrival);
    if (batch.snapshot) this.views.set(client, new Map());
    const view = this.views.get(client);
    if (view === undefined) {
      this.breaches.push("delta before snapshot");
      return;
    }
    for (const { key: name, resource } of batch.updates) {
      if (resource === undefined) view.delete(name);
      else {
        if (textOf(view.get(name)) === textOf(resource)) this.breaches.push("sent twice");
        view.set(name, resource);
      }
    }
  }
}

/** Values by key, to compare. */
export function contentOf(content: ReadonlyMap<string, Resource>): Record<string, string> {
  return Object.fromEntries(
    [...content].map(([name, resource]) => [name, textOf(resource)] as const).sort(),
  );
}

/** Delays between nodes, and cuts. */
export class Wires {
  readonly cut: Set<number> = new Set();

  delay(from: number, to: number): Micros {
    if (from === to) return 0;
    return this.cut.has(from) || this.cut.has(to) ? Number.POSITIVE_INFINITY : 200 + from + to;
  }
}

/** Until when the CPU of each client is busy. */
export class Pace {
  readonly busyUntil: Float64Array = new Float64Array(64);
}

export class Diary implements TyphaListener {
  readonly ready: { typha: number; at: Micros }[] = [];
  readonly exits: { type: SyncerType; client: number; at: Micros }[] = [];

  onReady(typha: number, at: Micros): void {
    this.ready.push({ typha, at });
  }

  onClientExit(type: SyncerType, client: number, at: Micros): void {
    this.exits.push({ type, client, at });
  }
}

/** Typhas on the first nodes of a cluster, a datastore behind them, Felixes in front. */
export class World {
  readonly engine: Engine = new Engine({ seed: 11 });
  readonly wires: Wires = new Wires();
  readonly pace: Pace = new Pace();
  readonly diary: Diary = new Diary();
  readonly mirror: Mirror = new Mirror(this.engine);
  readonly typha: TyphaFleet;
  readonly felix: TyphaSyncer;
  readonly upstream: Upstream;
  readonly typhas: number;
  readonly clients: number;

  constructor(typhas: number, clients: number, options: Partial<TyphaOptions> = {}) {
    this.typhas = typhas;
    this.clients = clients;
    this.typha = new TyphaFleet({
      engine: this.engine,
      nodes: new NodeDirectory(Array.from({ length: clients }, (_, i) => `node-${i}`)),
      delay: this.wires,
      typhaNodes: Array.from({ length: typhas }, (_, i) => i),
      listener: this.diary,
      ...options,
    });
    this.felix = this.typha.syncer("felix");
    this.upstream = new Upstream(this.engine, this.felix);
    this.typha.bind("felix", {
      upstream: this.upstream,
      downstream: this.mirror,
      pace: this.pace,
    });
  }

  startTyphas(): void {
    for (let t = 0; t < this.typhas; t++) this.typha.start(t);
  }

  connectAll(): void {
    for (let client = 0; client < this.clients; client++) this.felix.connect(client);
  }

  run(micros: Micros): void {
    this.engine.run({ until: this.engine.now + micros });
  }

  /** Everything up and connected, and quiet. */
  static running(typhas: number, clients: number, options: Partial<TyphaOptions> = {}): World {
    const world = new World(typhas, clients, options);
    world.upstream.write(...["a", "b", "c"].map((name) => thing(name, "1")));
    world.startTyphas();
    world.run(12_000_000);
    world.connectAll();
    world.run(2_000_000);
    return world;
  }
}

import type {
  Engine,
  EventHandler,
  Micros,
  NodeDirectory,
  ProgramClusterRoutes,
  SyncerSink,
  SyncerSource,
  SyncStatus,
  UpdateBatch,
} from "@calico-sim/core";
import { BatchReader, type BatchWork } from "./calc/batch-work.js";
import { FlushThrottle } from "./calc/flush-throttle.js";
import { NodeViews, type ViewChange } from "./calc/node-views.js";
import { ENCAPSULATION } from "./calc/pool-sets.js";
import { FELIX_COSTS, type FelixCosts } from "./cost-profile.js";
import { Dataplane } from "./dataplane/dataplane.js";
import { RouteManagers, type RouteOwnership, routeOwnership } from "./dataplane/route-managers.js";
import { RouteTables } from "./dataplane/route-tables.js";
import type { FelixCounts, FelixListener, FelixOptions } from "./options.js";
import { type Base, newProcess, type Process, restartReason } from "./process.js";
import { TALLY, Tally } from "./tally.js";

const DOWN = 0;
const STARTING = 1;
const RUNNING = 2;
/** What makes it in sync has been handed over, if not yet worked through. */
const SYNCED = 3;

/** Sleep between the decision to restart and the exit (calico: felix/daemon/daemon.go:904-911). */
const RESTART_SLEEP: Micros = 2_000_000;

/**
 * All Felix daemons of a cluster as one object; client id = node id.
 *
 * A batch is read once for all receivers. For those to whom it means nothing it costs two additions:
 * decoding occupies the CPU, no event is made. What a node *knows* changes when the batch is handed
 * over, in the order of arrival; what follows from it, the flush and the apply, happens at its time.
 */
export class FelixFleet implements SyncerSink, EventHandler {
  /**
   * By node, when the calculation graph's goroutine will have worked off what it was given; Typha takes
   * a client that is far behind for slow.
   */
  busyUntil: Float64Array = new Float64Array(0);

  private readonly engine: Engine;
  private readonly nodes: NodeDirectory;
  private readonly costs: FelixCosts;
  private readonly listener: FelixListener | undefined;
  private readonly defaultRoutes: ProgramClusterRoutes;
  private source: SyncerSource | undefined;

  private readonly reader: BatchReader;
  private readonly views: NodeViews;
  private readonly throttle: FlushThrottle = new FlushThrottle();
  private readonly dataplane: Dataplane;
  private readonly tally: Tally = new Tally();
  private readonly processes: (Process | undefined)[] = [];
  private lives = 0;

  private state: Uint8Array = new Uint8Array(0);
  /** Number of the batch whose pods concern a node. */
  private concerned: Int32Array = new Int32Array(0);
  private batches = 0;

  private readonly kindConnect: number;
  private readonly kindCalc: number;
  private readonly kindExit: number;

  constructor(options: FelixOptions) {
    const { engine, nodes, prefixes, kernels } = options;
    const protocol = options.deviceRouteProtocol ?? 3;
    this.engine = engine;
    this.nodes = nodes;
    this.costs = options.costs ?? FELIX_COSTS;
    this.listener = options.listener;
    this.defaultRoutes = options.programClusterRoutes;
    this.reader = new BatchReader(nodes, prefixes, kernels, protocol);
    this.views = new NodeViews(this.reader, prefixes);
    const device = { parent: options.parentDevice ?? "eth0", protocol };
    this.dataplane = new Dataplane({
      engine,
      nodes,
      kernels,
      views: this.views,
      endpoints: this.reader.endpoints,
      managers: new RouteManagers(kernels, prefixes, this.reader, this.views, device),
      tables: new RouteTables(kernels, prefixes, protocol),
      tally: this.tally,
      costs: this.costs,
      listener: this.listener,
    });
    this.kindConnect = engine.defineKind("felix-connect", this);
    this.kindCalc = engine.defineKind("felix-calc", this);
    this.kindExit = engine.defineKind("felix-exit", this);
  }

  /** Where the stream comes from: Typha, or the datastore itself. Once, before the first start. */
  setSource(source: SyncerSource): void {
    this.source = source;
  }

  /** The process starts: configuration, connection, snapshot, in-sync, first apply. */
  start(node: number): void {
    this.makeRoom(node);
    if (this.state[node] !== DOWN) return;
    const { now } = this.engine;
    const life = ++this.lives;
    this.state[node] = STARTING;
    this.busyUntil[node] = now;
    this.views.reset(node);
    this.throttle.reset(node, now);
    this.dataplane.start(node, life);
    this.processes[node] = newProcess(life);
    this.tally.add(node, TALLY.starts);
    this.engine.after(this.costs.start.value, this.kindConnect, node, life);
  }

  /** The process dies; its kernel state stays. Nothing restarts it but {@link start}. */
  kill(node: number): void {
    const connected = this.state[node]! >= RUNNING;
    this.nodeDown(node);
    if (connected) this.source?.disconnect(node);
  }

  /** The node is gone without a word: no connection is closed. */
  nodeDown(node: number): void {
    this.makeRoom(node);
    this.state[node] = DOWN;
    this.processes[node] = undefined;
    this.dataplane.stop(node);
  }

  /**
   * The interface monitor reports a pod's interface (calico: felix/ifacemonitor). An endpoint that is programmed already is
   * handled once more, so that what somebody else routed over the new interface is found; assumed. One that is not yet
   * costs nothing here: it will be handled in any case.
   *
   * @param pod - its key, `Pod/<namespace>/<name>`.
   */
  interfaceUp(node: number, pod: string): void {
    this.dataplane.interfaceUp(node, pod);
  }

  onBatch(batch: UpdateBatch, clients: Int32Array, arrivals: Float64Array, count: number): void {
    const work = this.reader.work(batch);
    const { kvs } = batch;
    const cost = Math.ceil(kvs * this.costs.decodePerKv.value);
    const inSync = batch.status === "in-sync";
    const number = work.podKeys.length === 0 || work.full !== undefined ? -1 : this.mark(work);
    const { state, busyUntil, concerned } = this;
    const { block, quiet } = work;
    const contents = block < 0 ? undefined : this.views.contents(block);
    const content = work.blockContents[0];
    const batchesOf = this.tally.batches;
    const kvsOf = this.tally.kvs;
    for (let i = 0; i < count; i++) {
      const node = clients[i]!;
      const process = state[node]!;
      if (process < RUNNING) continue;
      const at = Math.max(arrivals[i]!, busyUntil[node]!) + cost;
      busyUntil[node] = at;
      batchesOf[node]! += 1;
      kvsOf[node]! += kvs;
      const syncs = inSync && process === RUNNING;
      // Pods of other nodes, and writes of one block that change no route, are nearly all there is.
      if (!syncs && quiet && (number < 0 || concerned[node] !== number)) {
        if (contents === undefined || contents[node] === content) continue;
      }
      const change =
        work.full === undefined
          ? this.views.take(node, work, concerned[node] === number)
          : this.views.takeFull(node, work.full);
      if (syncs || change !== undefined) this.input(node, at, change, syncs);
    }
  }

  onStatus(client: number, status: SyncStatus): void {
    if (status !== "in-sync" || this.state[client] !== RUNNING) return;
    this.input(client, Math.max(this.engine.now, this.busyUntil[client]!), undefined, true);
  }

  onEvent(kind: number, node: number, life: number): void {
    const process = this.processes[node];
    if (process?.life !== life) return;
    if (kind === this.kindConnect) {
      this.state[node] = RUNNING;
      if (this.source === undefined) throw new Error("FelixFleet has no source: call setSource");
      this.source.connect(node);
    } else if (kind === this.kindCalc) {
      process.waiting = false;
      this.calculate(node, process);
    } else {
      this.tally.add(node, TALLY.restarts);
      this.kill(node);
      this.start(node);
    }
  }

  /** Whether there is a process, however far it has come. */
  isRunning(node: number): boolean {
    return (this.state[node] ?? DOWN) !== DOWN;
  }

  /** Whether the process runs and its graph has been in sync. */
  inSync(node: number): boolean {
    return this.processes[node]?.inSync ?? false;
  }

  /** Counts of one node, or of all. */
  counts(node?: number): FelixCounts {
    const counts = this.tally.counts(node);
    const decode = Math.ceil(counts.kvs * this.costs.decodePerKv.value);
    return { ...counts, calcMicros: counts.calcMicros + decode };
  }

  /** Marks the nodes that a batch's pods concern; returns the mark. */
  private mark(work: BatchWork): number {
    const number = ++this.batches;
    const { concerned } = this;
    for (const node of work.podNodes) if (node >= 0) concerned[node] = number;
    for (const key of work.podKeys) {
      for (const node of this.views.holdersOf(key)) concerned[node] = number;
    }
    return number;
  }

  private input(node: number, at: Micros, change: ViewChange | undefined, inSync: boolean): void {
    if (inSync) this.state[node] = SYNCED;
    const process = this.processes[node]!;
    process.inputs.push({ at, change, inSync });
    this.wait(node, process, at);
  }

  private wait(node: number, process: Process, at: Micros): void {
    if (process.waiting) return;
    process.waiting = true;
    this.engine.schedule(Math.max(at, this.engine.now), this.kindCalc, node, process.life);
  }

  /** The graph's goroutine: takes in what is decoded, then flushes if it is dirty and has a token. */
  private calculate(node: number, process: Process): void {
    const { now } = this.engine;
    const { inputs } = process;
    let forced = false;
    let taken = 0;
    for (; taken < inputs.length && inputs[taken]!.at <= now; taken++) {
      const { change, inSync } = inputs[taken]!;
      if (change !== undefined) {
        if (change.prefixes === undefined) process.everything = true;
        else for (const prefix of change.prefixes) process.prefixes.push(prefix);
        for (const pod of change.pods) process.pods.push(pod);
        if (change.topology && process.base !== undefined) this.checkBase(node, process);
      }
      if (inSync) {
        forced = true;
        this.becomeInSync(node, process);
      }
    }
    if (taken === inputs.length) inputs.length = 0;
    else inputs.splice(0, taken);
    const dirty = process.everything || process.prefixes.length + process.pods.length > 0;
    let next = process.inputs[0]?.at ?? Number.POSITIVE_INFINITY;
    // Before in-sync nothing that is sent can be applied, so it is left to the first flush.
    if (forced || (dirty && process.inSync)) {
      if (forced || this.throttle.take(node, now)) this.flush(node, process);
      else next = this.throttle.next(node);
    }
    if (next !== Number.POSITIVE_INFINITY) this.wait(node, process, next);
  }

  private flush(node: number, process: Process): void {
    const { now } = this.engine;
    const routes = process.everything ? this.views.blocksKnown(node) : process.prefixes.length;
    const { flush, calcPerRoute } = this.costs;
    const cost = Math.ceil(flush.value + routes * calcPerRoute.value);
    this.busyUntil[node] = Math.max(now, this.busyUntil[node]!) + cost;
    this.tally.add(node, TALLY.flushes);
    this.tally.add(node, TALLY.calcMicros, cost);
    this.tally.add(node, TALLY.messages, routes + process.pods.length);
    const prefixes = process.everything ? undefined : process.prefixes;
    this.dataplane.receive(node, now + cost, prefixes, process.pods);
    process.everything = false;
    // Setting a length is a call out of V8's compiled code even when it changes nothing.
    if (process.prefixes.length > 0) process.prefixes.length = 0;
    if (process.pods.length > 0) process.pods.length = 0;
  }

  private becomeInSync(node: number, process: Process): void {
    process.inSync = true;
    process.base = this.baseOf(node);
    this.dataplane.onInSync(node, this.ownership(node));
    this.listener?.onInSync(node, this.engine.now);
  }

  private ownership(node: number): RouteOwnership {
    const { globalConfig, nodeConfig } = this.views;
    const { configurations } = this.reader;
    const [global, own] = [globalConfig[node]!, nodeConfig[node]!];
    return routeOwnership(
      configurations.programClusterRoutes(global, own, this.defaultRoutes),
      configurations.ipv6Support(global, own),
    );
  }

  private baseOf(node: number): Base {
    const { views, reader } = this;
    const encapsulation = reader.pools.encapsulation(views.poolSet[node]!);
    // NoEncapNeeded: such a pool exists and Felix owns its routes (node-behaviour §3.7).
    const seen = this.ownership(node).noEncap
      ? encapsulation
      : encapsulation & ~ENCAPSULATION.noEncap;
    return {
      tunnels: reader.infos.tunnels(views.infos[node]![node] ?? 0),
      encapsulation: seen,
      globalConfig: views.globalConfig[node]!,
      nodeConfig: views.nodeConfig[node]!,
    };
  }

  private checkBase(node: number, process: Process): void {
    if (process.leaving) return;
    const reason = restartReason(process.base!, this.baseOf(node));
    if (reason === undefined) return;
    process.leaving = true;
    this.listener?.onRestart(node, reason, this.engine.now);
    this.engine.after(RESTART_SLEEP, this.kindExit, node, process.life);
  }

  private makeRoom(node: number): void {
    if (node < this.state.length) return;
    const length = Math.max(this.nodes.size, Math.ceil((node + 1) * 1.25));
    const wider = <T extends Uint8Array | Int32Array | Float64Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.state = wider(new Uint8Array(length), this.state);
    this.busyUntil = wider(new Float64Array(length), this.busyUntil);
    this.concerned = wider(new Int32Array(length), this.concerned);
    this.tally.reserve(length);
  }
}

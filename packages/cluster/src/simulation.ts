import {
  BirdFleet,
  type BirdListener,
  ConfdFleet,
  type ConfdListener,
  KernelFilters,
} from "@calico-sim/bgp";
import {
  type Address,
  type BGPConfiguration,
  bgpSettings,
  blockAt,
  blockCount,
  blockName,
  type Cidr,
  Datastore,
  distribution,
  Engine,
  type Era,
  type EventHandler,
  eraOf,
  Fabric,
  type FelixConfiguration,
  felixSettings,
  fork,
  formatCidr,
  type IPAMBlock,
  type IPPool,
  IpamClient,
  Kernels,
  type KubernetesNode,
  type Micros,
  NodeDirectory,
  newAffinity,
  newBlock,
  nodeView,
  ofKind,
  PrefixTable,
  parseCidr,
  poolView,
  type Resource,
  type RunOutcome,
  SECOND,
  type SyncerSink,
  type SyncerSource,
  type SyncerType,
  WatcherSyncers,
} from "@calico-sim/core";
import { FelixFleet, type FelixListener, type RestartReason } from "@calico-sim/felix";
import { TyphaFleet, type TyphaListener } from "@calico-sim/typha";
import { buildResult } from "./build-result.js";
import { ClusterDatastorePath } from "./datastore-path.js";
import { NodeServices, type NodeServicesListener } from "./node-services/index.js";
import { Recorder } from "./recorder.js";
import type { Finding, Result } from "./result.js";
import {
  type Action,
  type DaemonName,
  describe,
  type JoiningNode,
  type Scenario,
  type Step,
} from "./scenario.js";
import type { SimulateOptions } from "./simulate.js";
import type { ClusterSpec } from "./spec.js";
import { Tracker } from "./tracker.js";
import { Churn, type WorkloadListener, Workloads } from "./workloads/index.js";

/** A step of a scenario names something that the cluster does not have; the message says what, and what there is. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
}

/** runit starts a service that ended after this (runit: runsv.8). */
const SUPERVISOR_PAUSE: Micros = SECOND;

/** A syncer whose clients are only connections: what they receive is of no consequence yet. */
class NullSink implements SyncerSink {
  onBatch(): void {}
  onStatus(): void {}
}

/** A syncer's clients are the nodes themselves. */
class SameNode {
  nodeOf(client: number): number {
    return client;
  }
}

const KINDS = { step: 0, startNode: 1, startBird: 2, restart: 3, second: 4 } as const;

/**
 * A cluster in motion: every part of it, joined at the datastore, the kernels and the fabric.
 *
 * Use {@link import("./simulate.js").simulate} for a whole run; use this class to look at any moment, or to
 * {@link fork} a warmed-up cluster into many what-ifs.
 */
export class Simulation
  implements
    EventHandler,
    BirdListener,
    ConfdListener,
    FelixListener,
    NodeServicesListener,
    TyphaListener,
    WorkloadListener
{
  readonly spec: ClusterSpec;
  readonly era: Era;
  readonly engine: Engine;
  readonly nodes: NodeDirectory;
  readonly prefixes: PrefixTable = new PrefixTable();
  readonly kernels: Kernels;
  readonly fabric: Fabric;
  readonly datastore: Datastore;
  readonly bird: BirdFleet;
  readonly confd: ConfdFleet;
  readonly felix: FelixFleet;
  readonly typha: TyphaFleet | undefined;
  readonly typhaNodes: readonly number[];
  readonly ipam: IpamClient;
  readonly workloads: Workloads;
  readonly nodeServices: NodeServices;
  readonly tracker: Tracker;
  readonly recorder: Recorder;
  /** How the last {@link run} ended. */
  outcome: RunOutcome = "quiet";

  private readonly path: ClusterDatastorePath;
  private readonly filters: KernelFilters;
  private readonly churn: Churn;
  private readonly auxiliary: SyncerSource[] = [];
  private readonly kinds: readonly number[];
  private steps: Step[] = [];
  /** By node: calico-node's container is meant to run. */
  private readonly wanted: boolean[] = [];
  private podsCreated = 0;
  private churns = 0;

  constructor(spec: ClusterSpec, options: SimulateOptions = {}) {
    this.spec = spec;
    this.era = eraOf(spec.calicoVersion);
    const engine = new Engine({
      seed: options.seed ?? 1,
      ...(options.eventsMax === undefined ? {} : { eventsMax: options.eventsMax }),
    });
    this.engine = engine;
    const nodes = ofKind(spec.resources, "Node");
    this.nodes = new NodeDirectory(nodes.map((node) => node.metadata.name));
    this.fabric = Fabric.build(spec.fabric);
    this.kernels = new Kernels(this.prefixes, this.nodes.size);
    const controlPlane = nodes.flatMap((node, id) =>
      Object.keys(node.metadata.labels ?? {}).some(
        (l) =>
          l === "node-role.kubernetes.io/control-plane" || l === "node-role.kubernetes.io/master",
      )
        ? [id]
        : [],
    );
    this.path = new ClusterDatastorePath(this.fabric, controlPlane);
    this.datastore = new Datastore(engine, {
      flavour: spec.datastore,
      path: this.path,
      replicas: Math.max(1, controlPlane.length),
    });
    this.datastore.seed(spec.resources);
    this.filters = new KernelFilters(this.kernels, this.prefixes);
    this.bird = new BirdFleet({
      engine,
      kernels: this.kernels,
      prefixes: this.prefixes,
      names: this.nodes,
      path: this.fabric,
      filter: this.filters,
      listener: this,
    });
    this.confd = new ConfdFleet({
      engine,
      nodes: this.nodes,
      prefixes: this.prefixes,
      bird: this.bird,
      filters: this.filters,
      era: this.era,
      listener: this,
    });
    this.felix = new FelixFleet({
      engine,
      nodes: this.nodes,
      prefixes: this.prefixes,
      kernels: this.kernels,
      programClusterRoutes: this.era.felix.programClusterRoutes,
      listener: this,
    });
    this.typhaNodes = placeTyphas(spec.typhas, this.nodes.size, controlPlane);
    this.typha =
      spec.typhas === 0
        ? undefined
        : new TyphaFleet({
            engine,
            nodes: this.nodes,
            delay: this.fabric,
            typhaNodes: this.typhaNodes,
            listener: this,
          });
    this.connectSyncers();
    this.ipam = new IpamClient(engine, this.datastore);
    this.workloads = new Workloads({
      engine,
      store: this.datastore,
      ipam: this.ipam,
      nodes: this.nodes,
    });
    this.workloads.listen(this);
    this.churn = new Churn(engine, this.workloads);
    this.nodeServices = new NodeServices({
      engine,
      store: this.datastore,
      ipam: this.ipam,
      nodes: this.nodes,
      parameters: { calicoVersion: `v${spec.calicoVersion}.0` },
    });
    this.nodeServices.listen(this);
    this.tracker = new Tracker({
      engine,
      kernels: this.kernels,
      prefixes: this.prefixes,
      nodes: this.nodes,
      fabric: this.fabric,
      era: this.era,
      backend: spec.backend,
    });
    this.tracker.seed(spec.resources);
    this.kernels.listen(this.tracker);
    this.datastore.observe(this.tracker);
    this.recorder = new Recorder();
    this.kinds = [
      engine.defineKind("scenario-step", this),
      engine.defineKind("node-start", this),
      engine.defineKind("bird-start", this),
      engine.defineKind("process-restart", this),
      engine.defineKind("sample", this, { background: true }),
    ];
    engine.schedule(0, this.kinds[KINDS.second]!);
  }

  /** Adds steps. @throws ScenarioError when a step names what is not there. */
  schedule(scenario: Scenario): void {
    const joining = new Set(
      scenario.flatMap(({ action }) => (action.type === "node-join" ? [action.node.name] : [])),
    );
    for (const step of scenario) this.check(step, joining);
    for (const step of scenario) {
      this.engine.schedule(step.at, this.kinds[KINDS.step]!, this.steps.length);
      this.steps.push(step);
    }
  }

  /** Runs until a time. */
  run(until: Micros, progress?: (share: number, seconds: number) => void): void {
    const begin = this.engine.now;
    // In slices, so that progress can be shown; the events are the same.
    const slice = progress === undefined ? until : SECOND;
    while (this.engine.now < until) {
      const to = Math.min(until, this.engine.now + Math.max(1, slice));
      this.outcome = this.engine.run({ until: to }).outcome;
      if (this.outcome === "event-limit") break;
      progress?.((this.engine.now - begin) / (until - begin), this.engine.now / SECOND);
    }
  }

  /** Runs until nothing is pending but background activity, and at most until a time. */
  settle(atMost: Micros): RunOutcome {
    this.outcome = this.engine.run({
      until: atMost,
      predicate: () => this.engine.pendingForeground === 0,
    }).outcome;
    return this.outcome;
  }

  /** A copy that goes its own way from here: same state, same draws to come. */
  fork(): Simulation {
    return fork<Simulation>(this);
  }

  /** Digest of the history so far. */
  digest(): string {
    return this.engine.digest();
  }

  /** What happened so far. */
  result(): Result {
    this.nodeServices.account();
    return buildResult(this, this.findings());
  }

  /** Blocks of a node, as CIDR text in the order of their names. */
  blocksOf(node: string): string[] {
    return this.datastore
      .list("IPAMBlock")
      .filter((block) => block.spec.affinity === `host:${node}`)
      .map((block) => block.spec.cidr);
  }

  /** Node on which a lookup from `node` for an address ends up sending, and the device; undefined without a route. */
  route(
    node: string,
    address: Address,
  ): { readonly device: string; readonly gateway: string; readonly prefix: string } | undefined {
    const found = this.kernels.lookup(this.nodeId(node), address);
    if (found === undefined) return undefined;
    const route = this.kernels.route(found.route);
    return {
      device: route.device,
      gateway: route.gateway < 0 ? "" : this.nodes.name(route.gateway),
      prefix: this.prefixes.text(found.prefix),
    };
  }

  // Events -------------------------------------------------------------------------------------

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number, b: number): void {
    switch (this.kinds.indexOf(kind)) {
      case KINDS.step: {
        const step = this.steps[a]!;
        this.recorder.beginStep(this, describe(step.action));
        this.carryOut(step.action);
        return;
      }
      case KINDS.startNode:
        this.startNode(a);
        return;
      case KINDS.startBird:
        if (this.wanted[a] === true) this.bird.start(a);
        return;
      case KINDS.restart:
        this.restart(a, b);
        return;
      default:
        this.recorder.sample(this);
        this.engine.after(SECOND, kind);
    }
  }

  onSession(): void {}
  onRecoveryDone(): void {}

  onFirstRender(node: number): void {
    // BIRD's run script fails without a configuration and is tried again each second (runit: runsv.8).
    const wait = this.engine.stream("runit", this.nodes.name(node), "bird").below(SUPERVISOR_PAUSE);
    this.engine.after(wait, this.kinds[KINDS.startBird]!, node);
  }

  onEndpointUp(_node: number, podKey: string, at: Micros): void {
    this.recorder.podProgrammed(podKey, at);
  }
  onInSync(): void {}
  onRestart(_node: number, _reason: RestartReason): void {}

  onStartupDone(node: number): void {
    if (this.wanted[node] !== true) return;
    this.felix.start(node);
    if (this.spec.backend === "bird") this.confd.start(node);
    for (const source of this.auxiliary) source.connect(node);
  }

  onStartupFailed(node: number, reason: string): void {
    this.recorder.failures.push(`${this.nodes.name(node)}: ${reason}`);
  }

  onReady(): void {}

  onClientExit(type: SyncerType, client: number): void {
    // The process ends and its supervisor starts it again (control-plane-behaviour §1.9).
    void type;
    void client;
  }

  onPodScheduled(key: string, _node: number, at: Micros): void {
    this.recorder.podScheduled(key, at);
  }
  onPodAddressed(key: string, _node: number, _address: string, at: Micros): void {
    this.recorder.podAddressed(key, at);
  }
  onPodGone(key: string): void {
    this.recorder.podGone(key);
  }
  onPodFailed(key: string, reason: string): void {
    this.recorder.podFailed(key, reason);
  }

  // Wiring -------------------------------------------------------------------------------------

  private connectSyncers(): void {
    const { engine, datastore, typha } = this;
    const none = new NullSink();
    if (typha === undefined) {
      const nodeOf = new SameNode();
      const direct = (
        type: SyncerType,
        client: "felix" | "confd" | "tunnel-ip" | "node-status",
        sink: SyncerSink,
      ): WatcherSyncers => new WatcherSyncers(engine, datastore, { type, client, nodeOf, sink });
      this.felix.setSource(direct("felix", "felix", this.felix));
      this.confd.setSource(direct("bgp", "confd", this.confd));
      this.auxiliary.push(direct("tunnel-ip-allocation", "tunnel-ip", none));
      this.auxiliary.push(direct("node-status", "node-status", none));
      return;
    }
    const nodeOf = Int32Array.from(this.typhaNodes);
    for (const type of ["felix", "bgp", "tunnel-ip-allocation", "node-status"] as const) {
      const syncer = typha.syncer(type);
      const upstream = new WatcherSyncers(engine, datastore, {
        type,
        client: "typha",
        nodeOf,
        sink: syncer,
      });
      const daemon = type === "felix" ? this.felix : type === "bgp" ? this.confd : undefined;
      typha.bind(
        type,
        daemon === undefined ? { upstream } : { upstream, downstream: daemon, pace: daemon },
      );
      if (type === "felix") this.felix.setSource(syncer);
      else if (type === "bgp") this.confd.setSource(syncer);
      else this.auxiliary.push(syncer);
    }
  }

  // Actions ------------------------------------------------------------------------------------

  private carryOut(action: Action): void {
    switch (action.type) {
      case "start":
        this.startAll(action.stagger);
        return;
      case "node-join":
        this.join(action.node);
        return;
      case "node-crash":
        this.crash(this.nodeId(action.node));
        return;
      case "node-reboot":
        this.reboot(this.nodeId(action.node));
        return;
      case "node-cut":
        this.fabric.cutNode(this.nodeId(action.node));
        this.pathsChanged();
        return;
      case "node-heal":
        this.fabric.restoreNode(this.nodeId(action.node));
        this.pathsChanged();
        return;
      case "node-delete":
        this.deleteNode(action.node);
        return;
      case "kill":
        this.killProcess(action.daemon, action.target, action.signal, action.restartAfter);
        return;
      case "block-add":
        for (let i = 0; i < action.count; i++) this.addBlock(action.node);
        return;
      case "block-remove":
        this.removeBlocks(action.node, action.count);
        return;
      case "pods-create":
        this.createPods(action.count, action.over, action.namespace);
        return;
      case "pods-churn":
        this.churn.start({
          name: `churn-${String(this.churns++)}`,
          rate: action.perSecond,
          lifetime: action.lifetime,
          until: this.engine.now + action.duration,
          nodes: this.liveNodes(),
          namespace: action.namespace,
        });
        return;
      case "link-cut":
        this.fabric.cutLink(this.fabric.linkBetween(...action.between));
        this.pathsChanged();
        return;
      case "link-restore":
        this.fabric.restoreLink(this.fabric.linkBetween(...action.between));
        this.pathsChanged();
        return;
      case "rack-cut":
        this.fabric.cutRack(action.rack);
        this.pathsChanged();
        return;
      case "rack-restore":
        this.fabric.restoreRack(action.rack);
        this.pathsChanged();
        return;
      case "apply":
        for (const resource of action.resources) this.datastore.put(resource);
        if (action.resources.some((r) => r.kind === "IPPool")) this.nodeServices.reconcileTunnels();
        return;
      case "delete":
        this.datastore.remove(action.kind, action.name, action.namespace);
        return;
      case "datastore-down":
        this.datastore.setUp(false);
        return;
      case "datastore-up":
        this.datastore.setUp(true);
        return;
    }
  }

  private startAll(stagger: Micros): void {
    const { typha } = this;
    if (typha !== undefined) for (let t = 0; t < this.typhaNodes.length; t++) typha.start(t);
    for (let node = 0; node < this.nodes.size; node++) {
      this.engine.after(node * stagger, this.kinds[KINDS.startNode]!, node);
    }
  }

  private startNode(node: number): void {
    if (this.wanted[node] === true) return;
    this.wanted[node] = true;
    this.tracker.setRunning(node, true);
    this.nodeServices.start(node);
  }

  private join(joining: JoiningNode): void {
    const cidr = parseCidr(joining.address);
    if (cidr === undefined)
      throw new ScenarioError(
        `node ${joining.name}: address "${joining.address}" is no address with a prefix length`,
      );
    const subnet = formatCidr(cidr);
    const rack = this.fabric.racks.includes(subnet) ? subnet : (this.fabric.racks[0] ?? "");
    this.fabric.addNode({ name: joining.name, rack, subnet });
    const node = this.nodes.add(joining.name);
    this.kernels.addNode();
    this.bird.addNode();
    this.datastore.put({
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: joining.name,
        labels: { "kubernetes.io/hostname": joining.name, ...joining.labels },
      },
      status: { addresses: [{ type: "InternalIP", address: joining.address.split("/")[0] ?? "" }] },
    } as Resource);
    this.nodeServices.setHostAddresses(node, { ipv4Address: joining.address });
    this.workloads.startNode(joining.name, { rebooted: false });
    this.startNode(node);
  }

  private stopDaemons(node: number): void {
    this.felix.nodeDown(node);
    this.confd.nodeDown(node);
    for (const source of this.auxiliary) source.disconnect(node);
    this.nodeServices.stop(node);
  }

  private crash(node: number): void {
    this.wanted[node] = false;
    this.path.setDown(node, true);
    this.fabric.cutNode(node);
    this.bird.crash(node);
    this.typha?.nodeDown(node);
    this.stopDaemons(node);
    this.workloads.stopNode(this.nodes.name(node));
    this.tracker.setRunning(node, false);
    this.pathsChanged();
  }

  private reboot(node: number): void {
    this.kernels.clear(node);
    this.path.setDown(node, false);
    this.fabric.restoreNode(node);
    this.bird.reboot(node);
    this.pathsChanged();
    this.workloads.startNode(this.nodes.name(node), { rebooted: true });
    this.typhaNodes.forEach((host, typha) => {
      if (host === node) this.typha?.start(typha);
    });
    this.startNode(node);
  }

  private deleteNode(name: string): void {
    // kube-controllers free what the node held (node-behaviour §2.8).
    for (const block of this.datastore
      .list("IPAMBlock")
      .filter((b) => b.spec.affinity === `host:${name}`)) {
      this.datastore.remove("IPAMBlock", block.metadata.name);
    }
    for (const affinity of this.datastore
      .list("BlockAffinity")
      .filter((a) => a.spec.node === name)) {
      this.datastore.remove("BlockAffinity", affinity.metadata.name);
    }
    for (const pod of this.datastore.list("Pod").filter((p) => p.spec?.nodeName === name)) {
      this.datastore.remove("Pod", pod.metadata.name, pod.metadata.namespace);
    }
    this.datastore.remove("Node", name);
  }

  private pathsChanged(): void {
    this.bird.pathsChanged();
    this.typha?.linksChanged();
    this.tracker.pathsChanged();
  }

  private killProcess(
    daemon: DaemonName,
    target: string,
    signal: "KILL" | "TERM",
    restartAfter: Micros,
  ): void {
    const id = daemon === "typha" ? Number(target) : this.nodeId(target);
    switch (daemon) {
      case "bird":
        if (signal === "TERM") this.bird.terminate(id);
        else this.bird.kill(id);
        break;
      case "felix":
        this.felix.kill(id);
        break;
      case "confd":
        this.confd.kill(id);
        break;
      case "typha":
        if (signal === "TERM") this.typha?.shutdown(id);
        else this.typha?.kill(id);
        break;
      case "calico-node":
        if (signal === "TERM") this.bird.terminate(id);
        else this.bird.kill(id);
        this.felix.kill(id);
        this.confd.kill(id);
        this.nodeServices.stop(id, { kubelet: false });
        this.wanted[id] = false;
        break;
    }
    if (restartAfter === Number.POSITIVE_INFINITY) return;
    this.engine.after(restartAfter, this.kinds[KINDS.restart]!, id, DAEMONS.indexOf(daemon));
  }

  private restart(id: number, daemon: number): void {
    switch (DAEMONS[daemon]) {
      case "bird":
        if (this.wanted[id] === true) this.bird.start(id);
        return;
      case "felix":
        if (this.wanted[id] === true) this.felix.start(id);
        return;
      case "confd":
        if (this.wanted[id] === true) this.confd.start(id);
        return;
      case "typha":
        this.typha?.start(id);
        return;
      default:
        if (this.wanted[id] === true) return;
        this.wanted[id] = true;
        this.nodeServices.start(id);
        // The rendered files are still there: BIRD does not wait for confd.
        if (this.spec.backend === "bird") this.bird.start(id);
    }
  }

  /** What IPAM leaves when a node claims a further block, without the requests. */
  private addBlock(node: string): void {
    const pool = this.datastore
      .list("IPPool")
      .find((p) => poolView(p as IPPool, this.era).disabled === false);
    if (pool === undefined) throw new ScenarioError("no enabled IPPool to take a block from");
    const view = poolView(pool as IPPool, this.era);
    const cidr = parseCidr(view.cidr) as Cidr;
    for (let i = 0; i < blockCount(cidr, view.blockSize); i++) {
      const text = formatCidr(blockAt(cidr, view.blockSize, i));
      if (this.datastore.get("IPAMBlock", blockName(text)) !== undefined) continue;
      this.datastore.put(newAffinity(node, text, "pending"));
      this.datastore.put(
        newBlock({ cidr: text, node, strictAffinity: false, at: this.engine.now }),
      );
      this.datastore.put(newAffinity(node, text, "confirmed"));
      return;
    }
    throw new ScenarioError(
      `IPPool ${view.name} (${view.cidr}) has no free block of /${String(view.blockSize)}`,
    );
  }

  private removeBlocks(node: string, count: number): void {
    const empty = this.datastore
      .list("IPAMBlock")
      .filter((block) => block.spec.affinity === `host:${node}` && isEmpty(block))
      .reverse()
      .slice(0, count);
    for (const block of empty) {
      this.datastore.remove("BlockAffinity", newAffinity(node, block.spec.cidr).metadata.name);
      this.datastore.remove("IPAMBlock", block.metadata.name);
    }
  }

  private createPods(count: number, over: Micros, namespace: string): void {
    const live = this.liveNodes();
    for (let i = 0; i < count; i++) {
      const node = live[i % live.length];
      if (node === undefined) return;
      const name = `pod-${String(this.podsCreated++)}`;
      const at = this.engine.now + Math.floor((over * i) / count);
      this.workloads.createPod({ namespace, name, node }, at);
    }
  }

  private liveNodes(): string[] {
    const live: string[] = [];
    for (let node = 0; node < this.nodes.size; node++) {
      if (this.wanted[node] === true) live.push(this.nodes.name(node));
    }
    return live;
  }

  // Checks -------------------------------------------------------------------------------------

  private nodeId(name: string): number {
    const id = this.nodes.id(name);
    if (id < 0) {
      throw new ScenarioError(
        `there is no node "${name}"; the cluster has ${String(this.nodes.size)}, from ${this.nodes.name(0)} to ${this.nodes.name(this.nodes.size - 1)}`,
      );
    }
    return id;
  }

  private check({ at, action }: Step, joining: ReadonlySet<string>): void {
    const where = `step "${describe(action)}" at ${String(at / SECOND)}s: `;
    const node = "node" in action && typeof action.node === "string" ? action.node : undefined;
    const target = action.type === "kill" && action.daemon !== "typha" ? action.target : node;
    try {
      if (target !== undefined && !joining.has(target)) this.nodeId(target);
      if (action.type === "rack-cut" || action.type === "rack-restore") this.checkRack(action.rack);
      if (action.type === "link-cut" || action.type === "link-restore")
        this.fabric.linkBetween(...action.between);
      if (action.type === "kill" && action.daemon === "typha") this.checkTypha(action.target);
    } catch (error) {
      throw new ScenarioError(where + (error instanceof Error ? error.message : String(error)));
    }
  }

  private checkRack(rack: string): void {
    if (this.fabric.racks.includes(rack)) return;
    throw new ScenarioError(
      `there is no rack "${rack}"; there are ${this.fabric.racks.join(", ")}`,
    );
  }

  private checkTypha(target: string): void {
    if (Number(target) in this.typhaNodes) return;
    throw new ScenarioError(
      `there is no Typha "${target}"; Typhas are numbered from 0, and there are ${String(this.typhaNodes.length)}`,
    );
  }

  private findings(): Finding[] {
    const findings: Finding[] = [];
    const peers = this.datastore.count("BGPPeer");
    if (peers > 0)
      findings.push({
        code: "not-modelled",
        text: `${String(peers)} BGPPeer resources are not rendered yet: their sessions are missing`,
      });
    const bgp = bgpSettings(
      ofKind(this.spec.resources, "BGPConfiguration") as BGPConfiguration[],
      this.era,
    );
    if (!bgp.nodeToNodeMeshEnabled && this.spec.backend === "bird") {
      findings.push({
        code: "setting",
        text: "the node-to-node mesh is off, so no BGP session is modelled",
      });
    }
    const felix = felixSettings(
      ofKind(this.spec.resources, "FelixConfiguration") as FelixConfiguration[],
      this.era,
    );
    void felix;
    if (this.outcome === "event-limit")
      findings.push({
        code: "event-limit",
        text: `the run stopped after ${String(this.engine.eventsMax)} events; something never settles`,
      });
    for (const failure of this.recorder.failures.slice(0, 5))
      findings.push({ code: "pods-failed", text: failure });
    return findings;
  }
}

const DAEMONS: readonly DaemonName[] = ["bird", "felix", "confd", "calico-node", "typha"];

function isEmpty(block: IPAMBlock): boolean {
  return block.spec.allocations.every((allocation) => allocation === null);
}

/** Typhas are spread over the workers, as the scheduler spreads a host-network Deployment. */
function placeTyphas(typhas: number, nodes: number, controlPlane: readonly number[]): number[] {
  const workers = Array.from({ length: nodes }, (_, i) => i).filter(
    (i) => !controlPlane.includes(i),
  );
  const hosts = workers.length >= typhas ? workers : Array.from({ length: nodes }, (_, i) => i);
  return Array.from(
    { length: typhas },
    (_, t) => hosts[Math.floor((t * hosts.length) / typhas)] ?? 0,
  );
}

import {
  BirdFleet,
  type BirdListener,
  type BirdOptions,
  ConfdFleet,
  type ConfdListener,
  KernelFilters,
} from "@calico-sim/bgp";
import {
  type Address,
  type AddressFamily,
  Datastore,
  Engine,
  type Era,
  type EventHandler,
  eraOf,
  Fabric,
  fork,
  formatMicros,
  IpamClient,
  Kernels,
  keyOf,
  type Micros,
  NodeDirectory,
  nextHopsOf,
  ofKind,
  PrefixTable,
  type Resource,
  type RunOutcome,
  SECOND,
  type Secret,
  type StoreObserver,
  type SyncerSource,
  showValue,
  type WatchEvent,
  withoutNullFields,
} from "@calico-sim/core";
import { FelixFleet, type FelixListener, type RestartReason } from "@calico-sim/felix";
import { TyphaFleet, type TyphaListener } from "@calico-sim/typha";
import { Actions } from "./actions.js";
import { buildResult, type ObservedCluster } from "./build-result.js";
import { ClusterDatastorePath } from "./datastore-path.js";
import { EndpointSlices } from "./endpoint-slices/index.js";
import { EtcdEndpoints } from "./etcd-endpoints.js";
import type { RouterListener } from "./external-routers.js";
import { findingsOf } from "./findings.js";
import { bringsIpv6 } from "./late-ipv6.js";
import { Lifecycle } from "./lifecycle.js";
import { needsEndpoints, selectsWorkloads, WorkloadEndpoints } from "./local-endpoints.js";
import { NodeServices, type NodeServicesListener } from "./node-services/index.js";
import { Recorder } from "./recorder.js";
import type { Finding, Result } from "./result.js";
import { type Action, describe, type Scenario, type Step } from "./scenario.js";
import { checkScenario, nodeId } from "./scenario-check.js";
import type { SimulateOptions } from "./simulate-options.js";
import { checkSimulateOptions } from "./simulate-options-check.js";
import { type ClusterSpec, usesIpv6 } from "./spec.js";
import { soundSpec } from "./spec-check.js";
import { connectSyncers } from "./syncers.js";
import { Tracker } from "./tracker.js";
import { placeTyphas } from "./typha-deployment.js";
import { ClusterViews, CONFD_KINDS } from "./views/cluster-views.js";
import { WorkloadRouters } from "./workload-routers.js";
import { RouteCopies, type WorkloadListener, Workloads } from "./workloads/index.js";

/**
 * A cluster in motion: every part of it, joined at the datastore, the kernels and the fabric.
 *
 * Use {@link import("./simulate.js").simulate} for a whole run; use this class to look at any moment, or to
 * {@link fork} a warmed-up cluster into many what-ifs.
 */
export class Simulation
  implements
    ObservedCluster,
    EventHandler,
    BirdListener,
    ConfdListener,
    FelixListener,
    NodeServicesListener,
    RouterListener,
    StoreObserver,
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
  /** See {@link import("./parts.js").ClusterParts}. */
  bird6: BirdFleet | undefined;
  readonly confd: ConfdFleet;
  readonly felix: FelixFleet;
  readonly typha: TyphaFleet | undefined;
  readonly ipam: IpamClient;
  readonly workloads: Workloads;
  readonly nodeServices: NodeServices;
  /** Kubernetes' controller of EndpointSlices. */
  readonly endpointSlices: EndpointSlices;
  readonly tracker: Tracker;
  /** BGP speakers outside the cluster. */
  readonly routers: WorkloadRouters;
  /** Felix's endpoint-status files. */
  readonly endpoints: WorkloadEndpoints;
  readonly recorder: Recorder;
  /** What BIRD's and Calico's own commands would print at this moment. */
  readonly views: ClusterViews;
  /** How the last {@link run} ended. */
  outcome: RunOutcome = "quiet";

  /** See {@link import("./parts.js").ClusterParts}. */
  readonly etcd: EtcdEndpoints;
  /** See {@link import("./parts.js").ClusterParts}. */
  readonly path: ClusterDatastorePath;
  /** See {@link import("./parts.js").ClusterParts}. */
  readonly auxiliary: readonly SyncerSource[];

  private readonly birds: Omit<BirdOptions, "filter">;
  private readonly lifecycle: Lifecycle;
  private readonly actions: Actions;
  private readonly steps: Step[] = [];
  /** Of each step, its place in the scenario that it came with. */
  private readonly places: number[] = [];
  private readonly kindStep: number;
  private readonly kindSample: number;

  /** @throws ClusterError when the cluster is none, or an option is wrong. */
  constructor(given: ClusterSpec, options: SimulateOptions = {}) {
    const spec = soundSpec(given);
    checkSimulateOptions(options);
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
    this.etcd = new EtcdEndpoints(spec.etcdEndpoints ?? []);
    this.path = new ClusterDatastorePath(this.fabric, controlPlane, engine.random.seed);
    // One that is given as undefined leaves the default in its place.
    const parameters = withoutNullFields(options.parameters ?? {});
    this.datastore = new Datastore(engine, {
      ...parameters.datastore,
      flavour: spec.datastore,
      path: this.path,
      replicas: Math.max(1, controlPlane.length),
    });
    this.datastore.seed(spec.resources);
    const filters = new KernelFilters(this.kernels, this.prefixes);
    const birds: Omit<BirdOptions, "filter"> = {
      ...parameters.bird,
      engine,
      kernels: this.kernels,
      prefixes: this.prefixes,
      names: this.nodes,
      path: this.fabric,
      listener: this,
    };
    this.birds = birds;
    this.bird = new BirdFleet({ ...birds, filter: filters });
    const filters6 = usesIpv6(spec) ? new KernelFilters(this.kernels, this.prefixes, 6) : undefined;
    this.bird6 = filters6 && new BirdFleet({ ...birds, filter: filters6, family: 6 });
    const { prefixes, kernels, fabric, bird, bird6 } = this;
    this.routers = new WorkloadRouters(
      {
        spec,
        engine,
        nodes: this.nodes,
        prefixes,
        kernels,
        fabric,
        bird,
        bird6,
        filters,
        filters6,
      },
      this.datastore,
    );
    this.confd = new ConfdFleet({
      engine,
      nodes: this.nodes,
      prefixes: this.prefixes,
      bird: this.bird,
      filters,
      ...(this.bird6 && filters6 ? { ipv6: { bird: this.bird6, filters: filters6 } } : {}),
      era: this.era,
      listener: this,
      externalPeers: this.routers,
      ...(spec.secretNamespace === undefined ? {} : { secretNamespace: spec.secretNamespace }),
      ...(spec.routerId === undefined ? {} : { routerId: spec.routerId }),
      ...(parameters.confd === undefined ? {} : { costs: parameters.confd }),
    });
    this.felix = new FelixFleet({
      ...(parameters.felix === undefined ? {} : { costs: parameters.felix }),
      engine,
      nodes: this.nodes,
      prefixes: this.prefixes,
      kernels: this.kernels,
      programClusterRoutes: this.era.felix.programClusterRoutes,
      listener: this,
    });
    this.typha =
      spec.typhas === 0
        ? undefined
        : new TyphaFleet({
            ...parameters.typha,
            config: { ...spec.typhaConfig, ...parameters.typha?.config },
            engine,
            nodes: this.nodes,
            delay: this.fabric,
            typhaNodes: placeTyphas(spec.typhas, this.nodes.size, controlPlane),
            listener: this,
          });
    this.auxiliary = connectSyncers(this);
    this.ipam = new IpamClient(engine, this.datastore);
    this.workloads = new Workloads({
      engine,
      store: this.datastore,
      ipam: this.ipam,
      nodes: this.nodes,
      ...(spec.podFamilies === undefined ? {} : { families: spec.podFamilies }),
      ...(spec.cniRouteCopies === true
        ? { routeCopies: new RouteCopies(this.kernels, this.prefixes, this.felix) }
        : {}),
      ...(parameters.workloads === undefined ? {} : { parameters: parameters.workloads }),
    });
    this.workloads.listen(this);
    this.nodeServices = new NodeServices({
      engine,
      store: this.datastore,
      ipam: this.ipam,
      nodes: this.nodes,
      parameters: {
        calicoVersion: `v${spec.calicoVersion}.0`,
        ...(spec.detectIpv6 === undefined ? {} : { detectIpv6: spec.detectIpv6 }),
        ...(spec.detectIpv4 === undefined ? {} : { detectIpv4: spec.detectIpv4 }),
        ...parameters.nodeServices,
      },
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
      ...(spec.externalRouters === undefined ? {} : { routers: spec.externalRouters }),
      ...(spec.workloadRouters === undefined ? {} : { workloads: spec.workloadRouters }),
      ...(spec.routerId === undefined ? {} : { routerId: spec.routerId }),
    });
    this.tracker.seed(spec.resources);
    this.kernels.listen(this.tracker);
    this.datastore.observe(this.tracker);
    this.datastore.observe(this);
    for (const secret of ofKind(spec.resources, "Secret"))
      this.confd.secretChanged(keyOf(secret), secret, 0);
    this.recorder = new Recorder();
    this.lifecycle = new Lifecycle(this);
    this.views = new ClusterViews(this, this.lifecycle);
    this.actions = new Actions(this, this.lifecycle, this.era, this.recorder);
    this.kindStep = engine.defineKind("scenario-step", this);
    this.kindSample = engine.defineKind("sample", this, { background: true });
    // Last, so that the kinds of all other events keep their numbers.
    this.endpointSlices = new EndpointSlices(engine, this.datastore, parameters.endpointSlices);
    this.endpointSlices.seed(spec.resources);
    this.datastore.observe(this.endpointSlices);
    this.endpoints = new WorkloadEndpoints(this, this.confd, this.routers);
    this.routers.setLocalEndpoints(this.endpoints);
    this.confd.setLocalEndpoints(this.endpoints);
    if (needsEndpoints(spec)) this.endpoints.begin();
    engine.schedule(0, this.kindSample);
    if (spec.backend === "bird") this.routers.begin(this);
  }

  /** Adds steps. @throws ScenarioError when a step cannot be, or names what is not there. */
  schedule(scenario: Scenario): void {
    const { spec, nodes, fabric, routers, steps: earlier } = this;
    const { now } = this.engine;
    const sound = checkScenario(scenario, { spec, nodes, fabric, routers, earlier, now });
    const late = this.bird6 === undefined && spec.backend === "bird";
    if (late && sound.some(({ action }) => bringsIpv6(action))) this.beginIpv6();
    for (const [index, step] of sound.entries()) {
      this.engine.schedule(step.at, this.kindStep, this.steps.length);
      this.steps.push(step);
      this.places.push(index);
    }
  }

  /** bird6 runs on nodes of a cluster without IPv6 too, and has nothing to do: it is there once it is known that it will have. */
  private beginIpv6(): void {
    const { datastore } = this;
    const filters = new KernelFilters(this.kernels, this.prefixes, 6);
    const bird = new BirdFleet({ ...this.birds, filter: filters, family: 6 });
    this.bird6 = bird;
    this.routers.beginIpv6(bird, filters);
    this.lifecycle.beginIpv6(bird);
    const content = CONFD_KINDS.flatMap((kind) => datastore.list(kind) as readonly Resource[]);
    this.confd.beginIpv6({ bird, filters }, content, datastore.revision);
  }

  /** Runs until a time. @throws RangeError when it is none: there is always something that beats, so that never is no end. */
  run(until: Micros, progress?: (share: number, seconds: number) => void): void {
    checkMoment(until);
    if (progress !== undefined && typeof progress !== "function")
      throw new RangeError(`${showValue(progress)} is no function that takes the progress`);
    if (until === Number.POSITIVE_INFINITY) throw new RangeError("a run without an end has none");
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
    checkMoment(atMost);
    this.outcome = this.engine.run({ until: atMost, predicate: () => this.isQuiet() }).outcome;
    return this.outcome;
  }

  /** Whether nothing that is pending will change anything: a hold time that its session outlived does not. */
  private isQuiet(): boolean {
    const pending = this.engine.pendingForeground;
    if (pending === 0) return true;
    const sum = (of: (bird: BirdFleet) => number): number =>
      of(this.bird) + (this.bird6 === undefined ? 0 : of(this.bird6));
    // The second takes a look at every connection.
    return (
      pending <= sum(({ holdLimits }) => holdLimits) &&
      pending === sum(({ outlivedLimits }) => outlivedLimits)
    );
  }

  /** A copy that goes its own way from here: same state, same draws to come. */
  fork(): Simulation {
    return fork<Simulation>(this);
  }

  /** Node of each Typha now. */
  get typhaNodes(): readonly number[] {
    return this.typha?.nodes ?? NOBODY;
  }

  /** Digest of the history so far. */
  digest(): string {
    return this.engine.digest();
  }

  /** What happened so far. */
  result(): Result {
    this.nodeServices.account();
    return buildResult(this, findingsOf(this));
  }

  /** What there is to say of steps that have not happened yet, or are missing, where nobody will run on. */
  stepsToCome(): readonly Finding[] {
    const { now } = this.engine;
    if (!this.steps.some(({ action }) => STARTING.includes(action.type))) {
      const text = "no step of the scenario starts the nodes, so nothing runs";
      return [{ code: "setting", text }];
    }
    const left = this.steps.filter(({ at }) => at > now);
    const [first] = left;
    if (first === undefined) return [];
    const what = left.length === 1 ? "a step" : `${String(left.length)} steps`;
    const text = `the run ended at ${formatMicros(now)}, before ${what} of the scenario: "${describe(first.action)}" at ${formatMicros(first.at)}`;
    return [{ code: "setting", text }];
  }

  /** Blocks of a node, as CIDR text in the order of their names. */
  blocksOf(node: string): string[] {
    return this.datastore
      .list("IPAMBlock")
      .filter((block) => block.spec.affinity === `host:${node}`)
      .map((block) => block.spec.cidr);
  }

  /** Node on which a lookup from `node` for an address ends up sending, and the device; undefined without a route. A flow takes one of several gateways. */
  route(
    node: string,
    address: Address,
  ):
    | {
        readonly device: string;
        readonly gateway: string;
        readonly gateways: readonly string[];
        readonly prefix: string;
      }
    | undefined {
    const found = this.kernels.lookup(nodeId(this.nodes, node), address);
    if (found === undefined) return undefined;
    const route = this.kernels.route(found.route);
    const gateways = nextHopsOf(route).map(({ gateway }) =>
      gateway < 0 ? "" : this.nodes.name(gateway),
    );
    return {
      device: route.device,
      gateway: gateways[0] ?? "",
      gateways,
      prefix: this.prefixes.text(found.prefix),
    };
  }

  // Events -------------------------------------------------------------------------------------

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number): void {
    if (kind === this.kindStep) {
      const step = this.steps[a]!;
      this.recorder.beginStep(this, describe(step.action));
      this.actions.carryOut(step, this.places[a]!);
      return;
    }
    this.recorder.sample(this);
    this.engine.after(SECOND, kind);
  }

  /** See {@link StoreObserver}. */
  onCommit({ type, key, resource, revision }: WatchEvent): void {
    if (resource.kind === "BGPConfiguration") this.routers.peeringChanged();
    if (selectsWorkloads(resource)) this.endpoints.begin();
    if (resource.kind !== "Secret") return;
    this.confd.secretChanged(key, type === "deleted" ? undefined : (resource as Secret), revision);
  }

  /** See {@link RouterListener}. */
  onRouterPower(id: number, on: boolean): void {
    this.tracker.setRunning(id, on);
  }

  onSession(): void {}
  onRecoveryDone(): void {}

  onFirstRender(node: number, _at: Micros, family: AddressFamily): void {
    this.lifecycle.onFirstRender(node, family);
  }

  onEndpointUp(_node: number, podKey: string, at: Micros): void {
    this.recorder.podProgrammed(podKey, at);
  }
  onInSync(): void {}
  onRestart(_node: number, _reason: RestartReason): void {}

  onStartupDone(node: number): void {
    this.lifecycle.onStartupDone(node);
  }

  onStartupFailed(node: number, reason: string): void {
    this.recorder.startFailed(this.nodes.name(node), reason);
    this.lifecycle.onStartupFailed(node);
  }

  onReady(): void {}

  onClientExit(): void {}

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
}

function checkMoment(at: unknown): void {
  if (at === Number.POSITIVE_INFINITY || Number.isSafeInteger(at)) return;
  throw new RangeError(`${showValue(at)} is no time in microseconds; micros("5m") is one`);
}

/** Actions after which some node runs. */
const STARTING: readonly Action["type"][] = ["start", "node-join", "node-reboot"];

const NOBODY: readonly number[] = Object.freeze([]);

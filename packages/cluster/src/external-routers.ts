import {
  ANY_AS,
  addressNumber,
  type BirdFleet,
  type BirdPeer,
  type ExternalPeers,
  type KernelFilters,
  type PeerConfig,
  type PeerFilter,
  type PeerOptions,
} from "@calico-sim/bgp";
import {
  type AddressFamily,
  address4,
  type Engine,
  type EventHandler,
  type Fabric,
  formatAddress,
  type Kernels,
  type Micros,
  type NodeDirectory,
  type PrefixTable,
  parseAddress,
  parseASNumber,
} from "@calico-sim/core";
import {
  addressIn,
  areNeighbours,
  type ExternalRouter,
  placeOf,
  prefixesIn,
} from "./external-router.js";
import type { ClusterSpec } from "./spec.js";

/** The parts that external routers live in. */
export interface Surroundings {
  readonly spec: ClusterSpec;
  readonly engine: Engine;
  readonly nodes: NodeDirectory;
  readonly prefixes: PrefixTable;
  readonly kernels: Kernels;
  readonly fabric: Fabric;
  readonly bird: BirdFleet;
  readonly bird6: BirdFleet | undefined;
  readonly filters: KernelFilters;
  readonly filters6: KernelFilters | undefined;
}

/** Told when a router has power or none. */
export interface RouterListener {
  onRouterPower(id: number, on: boolean): void;
}

/** An external router as it runs. */
export interface Running {
  readonly id: number;
  router: ExternalRouter;
  /** Set for a pod: its node, and its interface there. */
  pod?: PodPlace;
  /** Nothing describes it: it agrees to whatever the nodes ask for. */
  readonly described: boolean;
  down: boolean;
  cut: boolean;
  /** How often it lost power; what was to be started again before that is not. */
  outages: number;
  /** By node, what an undescribed router agreed to, as text. */
  readonly agreed: Map<number, string>;
}

/** Where a pod is. */
export interface PodPlace {
  readonly node: number;
  readonly device: string;
}

/** Tells a neighbour nothing. */
const TELL_NOTHING: PeerFilter = {
  internal: false,
  filter: {
    filter: "nothing",
    direction: "export",
    dependsOnPeerType: false,
    rules: [{ peerType: undefined, match: {}, operations: [], action: "reject" }],
  },
};

/**
 * BGP speakers outside the cluster: those that the cluster's description names, and whoever else stands at a `peerIP`.
 * They are daemons of the nodes' own fleet and hosts of the same underlay, and run from the beginning.
 */
export class ExternalRouters implements ExternalPeers, EventHandler {
  protected around: Surroundings;
  protected readonly running: Running[] = [];
  private readonly byId: Map<number, Running> = new Map();
  protected readonly byAddress: Map<string, Running> = new Map();
  protected readonly byName: Map<string, Running> = new Map();
  protected listener: RouterListener | undefined;
  private kindRestart = -1;

  constructor(around: Surroundings) {
    this.around = around;
  }

  /** Adds and starts every router that is described. */
  begin(listener: RouterListener): void {
    this.listener = listener;
    this.kindRestart = this.around.engine.defineKind("router-restart", this, { background: true });
    const all = (this.around.spec.externalRouters ?? []).map((router) => this.place(router, true));
    for (const one of all) this.turnOn(one);
  }

  /** The cluster has BIRDs of IPv6 from now on; so have the routers that have an IPv6 address. */
  beginIpv6(bird6: BirdFleet, filters6: KernelFilters): void {
    this.around = { ...this.around, bird6, filters6 };
    for (const one of this.running) {
      if (addressIn(one.router, 6) === undefined) continue;
      this.address(one);
      this.configure(one, bird6);
      // What it agreed to with others than bird6 is to be said to bird6 too.
      one.agreed.clear();
      if (!one.down) bird6.start(one.id, { recover: false });
      else if (one.pod === undefined) bird6.crash(one.id);
    }
  }

  /** Routers that nothing describes, by address, in order. */
  undescribed(): readonly ExternalRouter[] {
    return this.running
      .filter(({ described }) => !described)
      .map(({ router }) => router)
      .sort((a, b) => (a.ip < b.ip ? -1 : 1));
  }

  /** Ids of all that have power. */
  live(): readonly number[] {
    return this.running.filter(({ down }) => !down).map(({ id }) => id);
  }

  /** Whether a name is that of an external router. */
  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** See {@link ExternalPeers}. */
  idOf(node: number, peer: BirdPeer): number {
    const known =
      this.byAddress.get(peer.address) ?? this.turnOn(this.place(this.guess(peer), false));
    if (!known.described) this.agree(known, node, peer);
    return known.id;
  }

  /** See {@link ExternalPeers}. */
  addressOf(id: number, family: AddressFamily): string | undefined {
    const one = this.byId.get(id);
    return one && addressIn(one.router, family);
  }

  /** See {@link ExternalPeers.routerIdOf}. */
  routerIdOf(id: number): string | undefined {
    const one = this.byId.get(id);
    return one && (addressIn(one.router, 4) ?? formatAddress(address4(identifierWithout(id))));
  }

  /** A node is new: whoever has every node as neighbour has it too. */
  nodeJoined(node: number): void {
    for (const one of this.running) {
      if (!one.described || !this.hasNeighbour(one.router, node)) continue;
      for (const bird of this.birdsOf(one))
        bird.reconfigure(one.id, { add: [this.neighbour(one, node)] });
    }
  }

  /** A router loses power: nothing is sent to anyone. */
  crash(name: string): void {
    const one = this.get(name);
    if (one.down) return;
    one.down = true;
    one.outages++;
    this.around.fabric.cutNode(one.id);
    for (const bird of this.birdsOf(one)) bird.crash(one.id);
    this.listener?.onRouterPower(one.id, false);
  }

  /** A router boots, with an empty kernel. */
  boot(name: string): void {
    const one = this.get(name);
    this.crash(name);
    one.down = false;
    const { fabric, kernels } = this.around;
    kernels.clear(one.id);
    if (!one.cut) fabric.restoreNode(one.id);
    for (const bird of this.birdsOf(one)) {
      bird.reboot(one.id);
      bird.start(one.id, { recover: false });
    }
    this.listener?.onRouterPower(one.id, true);
  }

  /** A router's network is cut; its processes run on. */
  cut(name: string): void {
    const one = this.get(name);
    one.cut = true;
    this.around.fabric.cutNode(one.id);
  }

  /** A router's network works again, which helps nobody while it has no power. */
  heal(name: string): void {
    const one = this.get(name);
    one.cut = false;
    if (!one.down) this.around.fabric.restoreNode(one.id);
  }

  /** A router's routing daemon ends, and is started again after a time; infinity = never. */
  kill(name: string, signal: "KILL" | "TERM", restartAfter: Micros): void {
    const one = this.get(name);
    const { engine } = this.around;
    for (const bird of this.birdsOf(one)) {
      if (signal === "TERM") bird.terminate(one.id);
      else bird.kill(one.id);
    }
    if (restartAfter < Number.POSITIVE_INFINITY)
      engine.after(restartAfter, this.kindRestart, one.id, one.outages);
  }

  /** See {@link EventHandler}. */
  onEvent(_kind: number, id: number, outages: number): void {
    const one = this.byId.get(id);
    if (one === undefined || one.down || one.outages !== outages) return;
    for (const bird of this.birdsOf(one)) bird.start(id, { recover: false });
  }

  /** The routing daemons of a router: one for each family that it has an address of, and the cluster has. */
  protected birdsOf({ router }: Pick<Running, "router">): readonly BirdFleet[] {
    const { bird, bird6 } = this.around;
    return [bird, ...(bird6 === undefined ? [] : [bird6])].filter(
      ({ family }) => addressIn(router, family) !== undefined,
    );
  }

  private get(name: string): Running {
    const one = this.byName.get(name);
    if (one === undefined) throw new RangeError(`there is no external router "${name}"`);
    return one;
  }

  /** Puts a router on the underlay, or on the node that it runs on as a pod, without power. */
  protected place(router: ExternalRouter, described: boolean, pod?: PodPlace): Running {
    const { spec, nodes, kernels, fabric, bird, bird6 } = this.around;
    const { name } = router;
    const id =
      pod === undefined
        ? fabric.addNode({ name, ...placeOf(router, spec) })
        : fabric.placeGuest(name, pod.node);
    nodes.addOutside(router.name);
    kernels.addNode();
    bird.addNode();
    bird6?.addNode();
    const one: Running = {
      id,
      router,
      ...(pod === undefined ? {} : { pod }),
      described,
      down: false,
      cut: false,
      outages: 0,
      agreed: new Map(),
    };
    this.address(one);
    this.running.push(one);
    this.byId.set(id, one);
    this.byName.set(router.name, one);
    return one;
  }

  /** Tells everybody by which addresses a router is known. */
  protected address(one: Running): void {
    const { filters, filters6 } = this.around;
    const { id, router, pod } = one;
    const places = [
      [4, filters],
      [6, filters6],
    ] as const;
    for (const [family, of] of places) {
      const address = parseAddress(addressIn(router, family) ?? "");
      if (address === undefined) continue;
      if (pod === undefined) of?.placeRouter(id, address);
      else of?.placeGuest(id, address, pod.node, pod.device);
      this.byAddress.set(formatAddress(address), one);
    }
  }

  /** Configures and starts a router. */
  protected turnOn(one: Running): Running {
    const { spec } = this.around;
    const { id, described } = one;
    const birds = this.birdsOf(one);
    for (const bird of birds) this.configure(one, bird);
    if (!described && spec.undescribedPeers === "absent") {
      one.down = true;
      for (const bird of birds) bird.crash(id);
      return one;
    }
    for (const bird of birds) bird.start(id, { recover: false });
    this.listener?.onRouterPower(id, true);
    return one;
  }

  protected configure(one: Running, bird: BirdFleet): void {
    const { id, router, described } = one;
    const v4 = addressIn(router, 4);
    bird.configure(id, {
      speaker: {
        asNumber: parseASNumber(router.asNumber) ?? 0,
        address: addressNumber(addressIn(router, bird.family) ?? ""),
        routerId: v4 === undefined ? identifierWithout(id) : addressNumber(v4),
        router: true,
        mergePaths: router.ecmp ?? false,
        ...(router.listenPort === undefined ? {} : { listenPort: router.listenPort }),
      },
      blocks: prefixesIn(router, bird.family).map((cidr) => this.around.prefixes.intern(cidr)),
      add: described || one.pod !== undefined ? this.neighbours(one, bird.family) : [],
    });
  }

  protected neighbours(one: Running, family: AddressFamily): PeerConfig[] {
    const { nodes } = this.around;
    const ofNodes = Array.from({ length: nodes.size }, (_, node) => node)
      .filter((node) => nodes.isNode(node) && this.hasNeighbour(one.router, node))
      .map((node) => this.neighbour(one, node));
    const ofRouters = this.running
      .filter(
        (other) =>
          other.described &&
          other !== one &&
          addressIn(other.router, family) !== undefined &&
          areNeighbours(one.router, other.router),
      )
      .map((other) => this.routerNeighbour(one, other));
    return [...ofNodes, ...ofRouters];
  }

  /** What a router says of its sessions, whoever its neighbour is. */
  private sessionTerms(router: ExternalRouter): PeerOptions {
    const { holdSeconds, keepaliveSeconds, connectDelaySeconds, connectRetrySeconds } = router;
    const { gracefulRestartSeconds } = router;
    return {
      addPath: false,
      keepsForwarding: router.gracefulRestart ?? false,
      ...(holdSeconds === undefined ? {} : { hold: holdSeconds }),
      ...(keepaliveSeconds === undefined ? {} : { keepalive: keepaliveSeconds }),
      ...(connectDelaySeconds === undefined ? {} : { connectDelay: connectDelaySeconds }),
      ...(connectRetrySeconds === undefined ? {} : { connectRetry: connectRetrySeconds }),
      ...(gracefulRestartSeconds === undefined ? {} : { gracefulRestart: gracefulRestartSeconds }),
    };
  }

  /** Another router in a router's configuration. The one described later opens, so that they do not collide. */
  private routerNeighbour({ id, router }: Running, other: Running): PeerConfig {
    const near = this.around.fabric.sameSubnet(id, other.id);
    const options: PeerOptions = {
      ...this.sessionTerms(router),
      remoteAS: parseASNumber(other.router.asNumber) ?? 0,
      onLink: near && router.multihop !== true,
    };
    return { peer: other.id, passive: id < other.id, options };
  }

  /** Who may stand at the address of a peer. */
  private guess({ address, asNumber, port }: BirdPeer): ExternalRouter {
    let name = `peer-${address}`;
    while (this.around.nodes.id(name) >= 0) name += "-outside";
    const listens = port === undefined ? {} : { listenPort: port };
    return { name, ip: address, asNumber, ...listens };
  }

  private hasNeighbour({ peersWith }: ExternalRouter, node: number): boolean {
    return peersWith?.includes(this.around.nodes.name(node)) ?? true;
  }

  /** A node in a router's configuration. */
  protected neighbour({ id, router }: Running, node: number): PeerConfig {
    const { multihop, neighborASNumber, routeReflectorClusterID: cluster } = router;
    const options: PeerOptions = {
      ...this.sessionTerms(router),
      remoteAS: neighborASNumber === undefined ? ANY_AS : (parseASNumber(neighborASNumber) ?? 0),
      onLink: multihop === undefined ? this.around.fabric.sameSubnet(id, node) : !multihop,
      ...(router.password === undefined ? {} : { password: router.password }),
      ...(router.ttlSecurity === undefined ? {} : { ttlSecurity: router.ttlSecurity }),
      ...(cluster === undefined ? {} : { clusterId: addressNumber(cluster) }),
    };
    return { peer: node, passive: router.passive ?? true, options };
  }

  /** A router that nothing describes, or a pod, has a node as neighbour under the node's own terms. */
  protected agree(one: Running, node: number, { password, ttlSecurity }: BirdPeer): void {
    const neighbour = this.neighbour(one, node);
    const terms: PeerConfig = {
      ...neighbour,
      options: {
        ...neighbour.options,
        ...(one.described ? {} : { exportFilters: [TELL_NOTHING] }),
        ...(password === undefined ? {} : { password }),
        ...(ttlSecurity === undefined ? {} : { ttlSecurity }),
      },
    };
    const text = JSON.stringify(terms);
    if (one.agreed.get(node) === text) return;
    one.agreed.set(node, text);
    // It has an address of one family: that by which the node found it.
    for (const bird of this.birdsOf(one)) bird.reconfigure(one.id, { add: [terms] });
  }
}

/** BGP identifier of a router without an IPv4 address. Assumed: some number of its own, below all addresses of nodes. */
function identifierWithout(id: number): number {
  return id + 1;
}

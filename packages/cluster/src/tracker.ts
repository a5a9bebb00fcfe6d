import {
  type Engine,
  type Era,
  type Fabric,
  type IPAMBlock,
  type Kernels,
  type Micros,
  type Node,
  type NodeDirectory,
  type Pod,
  type PrefixTable,
  type Resource,
  type RouteListener,
  Rows,
  type StoreObserver,
  type WatchEvent,
} from "@calico-sim/core";
import { type BrokenInterval, BrokenPairs } from "./broken-pairs.js";
import {
  blockMatters,
  decides,
  keyOf,
  nodeMatters,
  sameLabels,
  sameNode,
  sameSpeaker,
} from "./deciding-changes.js";
import { type Arrival, DELIVERY, owed, PacketWalk, plainArrival, REASONS } from "./delivery.js";
import { Destinations } from "./destinations.js";
import { Detours } from "./detours.js";
import { type Expectation, Expectations, type Oracle } from "./expectations.js";
import type { ExternalRouter } from "./external-router.js";
import { beginWindow, type Front, move, newFront } from "./front.js";
import { expectedOutside, expectedRoute, reachesRouter, stateFor, whyOpen } from "./oracle.js";
import { isConnected } from "./oracle-outside.js";
import { type OracleState, oracleNode, oracleState } from "./oracle-state.js";
import type { Liveness, OracleBlock, OracleNode } from "./oracle-terms.js";
import { SpeakingPods } from "./speaking-pods.js";
import type { WorkloadRouter } from "./workload-router.js";

/** Set in a delivery code: it was delivered once; a part of the flows still is; the kernel differs from the oracle. */
const WAS_DELIVERED = 16;
const PARTIAL = 32;
const WRONG = 64;
/** The rest of it: a code of {@link DELIVERY}. */
const CODE = 15;

/** Where the tracker looks. */
export interface TrackerOptions {
  readonly engine: Engine;
  readonly kernels: Kernels;
  readonly prefixes: PrefixTable;
  readonly nodes: NodeDirectory;
  readonly fabric: Fabric;
  readonly era: Era;
  readonly backend: "bird" | "vxlan" | "none";
  /** BGP speakers outside the cluster: sources of packets to blocks, and destinations for what they originate. */
  readonly routers?: readonly ExternalRouter[];
  /** Pods that speak BGP: destinations for what they originate. */
  readonly workloads?: readonly WorkloadRouter[];
  /** `CALICO_ROUTER_ID`. @defaultValue none */
  readonly routerId?: string;
}

/**
 * Compares the kernels with the oracle, and follows packets from every node and external router to every destination, as
 * both change: who is converged, who is black-holed, since when and why.
 */
export class Tracker implements RouteListener, StoreObserver, Liveness, Oracle {
  /** Routes in the kernels of all nodes. */
  routes = 0;
  /** Pairs that worked before and do not now. */
  readonly broken: BrokenPairs;

  private readonly engine: Engine;
  private readonly kernels: Kernels;
  private readonly nodes: NodeDirectory;
  private readonly era: Era;
  private readonly backend: "bird" | "vxlan" | "none";
  private readonly routers: readonly ExternalRouter[];
  private readonly pods: SpeakingPods;
  private readonly routerId: string;
  private readonly resources: Map<string, Resource> = new Map();
  private state: OracleState;
  private readonly destinations: Destinations;
  private readonly expected: Expectations;
  private readonly running: boolean[] = [];
  private readonly walk: PacketWalk;
  private readonly detours: Detours = new Detours();
  /** By row and host: delivery code, with {@link WAS_DELIVERED}, {@link PARTIAL} and {@link WRONG}. */
  private readonly found: Rows;
  private readonly control: Front[] = [];
  private readonly data: Front[] = [];

  constructor(options: TrackerOptions) {
    this.engine = options.engine;
    this.kernels = options.kernels;
    this.nodes = options.nodes;
    this.era = options.era;
    this.backend = options.backend;
    this.routers = options.backend === "bird" ? (options.routers ?? []) : [];
    this.pods = new SpeakingPods(options.backend === "bird" ? (options.workloads ?? []) : []);
    this.routerId = options.routerId ?? "";
    this.state = oracleState([], this.era, this.backend);
    this.destinations = new Destinations(options.prefixes, options.nodes);
    this.found = new Rows(1, options.nodes.size);
    this.expected = new Expectations(this, options.nodes, options.kernels);
    this.broken = new BrokenPairs(this.destinations);
    this.walk = new PacketWalk(options.kernels, options.fabric, options.nodes, this.running);
  }

  /** Takes the initial content of the datastore. */
  seed(resources: Iterable<Resource>): void {
    for (const resource of resources) {
      if (decides(resource)) this.resources.set(keyOf(resource), resource);
    }
    for (const resource of resources)
      if (resource.kind === "Pod") this.pods.changed(resource as Pod, false);
    this.refreshState();
    const originators = [...this.routers, ...this.pods.originators];
    this.recheckRows(this.destinations.seed(resources, originators, this.state));
  }

  /** A node's calico-node, or an external router, runs from now on, or no longer. */
  setRunning(host: number, running: boolean): void {
    this.grow(host);
    if (this.running[host] === running) return;
    this.running[host] = running;
    this.forgetHeard();
    this.recheckHost(host);
    this.recheckDetours();
  }

  /** A host has lost power: it does not run, and nothing reaches it. */
  lost(host: number): void {
    this.grow(host);
    this.running[host] = false;
    this.pathsOf(host);
  }

  /** The underlay changed. */
  pathsChanged(): void {
    this.forgetHeard();
    this.recheckAll();
  }

  /** The same, of the way to and from one host alone: it was cut or healed, or lost power, or runs again. */
  pathsOf(host: number): void {
    this.forgetHeard();
    this.grow(host);
    const name = this.nodes.name(host);
    // Routers outside are told by a node what others told it, and tell it to other nodes.
    const tellsOutside = this.families().some(({ outside }) => outside.agreed.has(name));
    if (tellsOutside || this.concernsEverybody(host)) {
      this.recheckAll();
      return;
    }
    const now = this.engine.now;
    for (const [row, { owner, prefix, address, routers }] of this.destinations.targets.entries()) {
      const concerned = owner === host || address !== undefined || routers !== undefined;
      for (let other = 0; other < this.nodes.size; other++)
        if (concerned || other === host || this.leadsTo(other, prefix, host))
          this.recheck(other, row, now);
    }
    this.recheckDetours();
  }

  /** Whether the route of a node to a destination has a host for a gateway. */
  private leadsTo(node: number, prefix: number, host: number): boolean {
    const held = this.kernels.best(node, prefix);
    if (held === 0) return false;
    const route = this.kernels.route(held);
    return (
      route.gateway === host || route.further?.some(({ gateway }) => gateway === host) === true
    );
  }

  private forgetHeard(): void {
    for (const { speakers, outside } of this.families()) {
      outside.heard.clear();
      speakers?.spreads.clear();
    }
  }

  /** Pairs that worked before and do not now. */
  get darkPairs(): number {
    return this.broken.size;
  }

  /** Pairs that never worked, since the underlay knows no way to pods: how many, and one of them. */
  unroutable(): { readonly pairs: number; readonly example: string } | undefined {
    let pairs = 0;
    let example = "";
    for (let host = 0; host < this.control.length; host++) {
      for (let row = 0; row < this.destinations.count; row++) {
        const code = this.found.get(row, host);
        if ((code & (CODE | WAS_DELIVERED)) !== DELIVERY.underlayRoute) continue;
        if (pairs++ > 0) continue;
        example = `${this.nodes.name(host)} to ${this.destinations.blocks[row]!.text}`;
      }
    }
    return pairs === 0 ? undefined : { pairs, example };
  }

  /** Whether every running node's kernel equals the oracle, as far as destinations go. */
  get converged(): boolean {
    return this.control.every((front, node) => !this.running[node] || front.wrong === 0);
  }

  /** Begins a new window: what is wrong now counts from here. */
  beginWindow(): void {
    this.broken.darkened = 0;
    for (const front of [...this.control, ...this.data]) beginWindow(front, this.engine.now);
  }

  /**
   * Per running host that had something wrong in this window: the longest time from when it became wrong
   * until all was right again (infinity if it is not yet), and the destination that ended it.
   */
  settled(plane: "control" | "data"): {
    readonly node: number;
    readonly took: Micros;
    readonly prefix: string;
    readonly why: string;
  }[] {
    const fronts = plane === "control" ? this.control : this.data;
    const found: { node: number; took: Micros; prefix: string; why: string }[] = [];
    fronts.forEach((front, node) => {
      if (this.running[node] !== true || (front.wrong === 0 && front.longest < 0)) return;
      const row = front.wrong > 0 ? this.firstWrong(node, plane) : front.last;
      found.push({
        node,
        took: front.wrong > 0 ? Number.POSITIVE_INFINITY : front.longest,
        prefix: this.destinations.blocks[row]?.text ?? "",
        why: row < 0 ? "" : this.whyOf(node, row, plane),
      });
    });
    return found;
  }

  /** Intervals without delivery that ended and those still open at `now`, longest first. */
  blackholes(now: Micros): BrokenInterval[] {
    return this.broken.until(now);
  }

  /** See {@link Liveness}. */
  connected(a: string, b: string): boolean {
    const x = this.nodes.id(a);
    const y = this.nodes.id(b);
    return this.running[x] === true && this.running[y] === true && this.walk.joined(x, y);
  }

  /** See {@link RouteListener}. */
  onRouteChange(host: number, prefix: number, before: number, after: number, at?: Micros): void {
    if (this.nodes.isNode(host)) this.routes += Number(after !== 0) - Number(before !== 0);
    const row = this.destinations.rowOf(prefix);
    if (row === undefined) return;
    const when = at ?? this.engine.now;
    this.routeChanged(host, row, when);
    for (const lent of this.destinations.lentFrom(row)) this.routeChanged(host, lent, when);
  }

  /** See {@link RouteListener}: no packet falls between the two (bird: sysdep/linux/netlink.c sends them at once). */
  onRewrite(host: number, prefix: number, before: number, after: number, at?: Micros): void {
    if (before !== after) this.onRouteChange(host, prefix, before, after, at);
  }

  private routeChanged(host: number, row: number, at: Micros): void {
    this.grow(host);
    this.compare(host, row, at);
    // What becomes of packets that pass this host depends on its route, too.
    if (!this.detours.lead(host, row)) return;
    for (const other of this.detours.passing(host, row)) this.compare(other, row, at);
  }

  /** See {@link StoreObserver}. */
  onCommit(event: WatchEvent): void {
    const { resource } = event;
    if (resource.kind === "IPAMBlock") {
      const block = resource as IPAMBlock;
      if (event.type === "deleted")
        this.recheckRows(this.destinations.blockGone(block, this.state));
      else if (blockMatters(event))
        this.recheckRows(this.destinations.blockChanged(block, this.state));
      return;
    }
    if (resource.kind === "Pod") {
      if (this.pods.changed(resource as Pod, event.type === "deleted")) {
        this.refreshState();
        this.recheckAll();
      }
      this.recheckRows(this.destinations.podChanged(event, this.state));
      return;
    }
    if (!decides(resource)) return;
    const { key } = event;
    if (event.type === "deleted") this.resources.delete(key);
    else this.resources.set(key, resource);
    if (resource.kind === "Node") {
      if (nodeMatters(event)) this.nodeChanged(event);
      return;
    }
    this.refreshState();
    this.recheckAll();
  }

  /** The state as the oracle reads it now. */
  get oracle(): OracleState {
    return this.state;
  }

  /** Blocks as the oracle reads them now. */
  oracleBlocks(): OracleBlock[] {
    return this.destinations.ofCluster();
  }

  private nodeChanged(event: WatchEvent): void {
    const { name } = event.resource.metadata;
    const { bgp, outside, ipv6 } = this.state;
    const { asNumber = bgp.asNumber, labels } = this.state.nodes.get(name) ?? {};
    const states = this.families();
    const before = states.map(({ nodes }) => nodes.get(name));
    for (const state of states) swapNode(state, event);
    const isAs = (alike: typeof sameNode): boolean =>
      states.every(({ nodes }, i) => {
        const [was, is] = [before[i], nodes.get(name)];
        return was !== undefined && is !== undefined && alike(was, is);
      });
    const relabelled = !sameLabels(labels, this.state.nodes.get(name)?.labels);
    const of6 = ipv6 === undefined ? 0 : ipv6.bgp.peerings.size + ipv6.outside.routers.length;
    const peerings = bgp.peerings.size + outside.routers.length + of6;
    const otherAS = asNumber !== (this.state.nodes.get(name)?.asNumber ?? bgp.asNumber);
    const named = peerings > 0 || this.state.speakers !== undefined;
    if (otherAS || (named && (relabelled || !isAs(sameSpeaker)))) {
      // Selectors may make or end peerings of any node, and so may another AS change what others pass on.
      this.refreshState();
      this.recheckAll();
      return;
    }
    // Most writes of a Node (an IP-in-IP tunnel address, a label) mean nothing to routes.
    if (isAs(sameNode)) return;
    const node = this.nodes.id(name);
    if (node >= 0) this.recheckHost(node);
  }

  private refreshState(): void {
    const { era, backend, routers, routerId } = this;
    const pods = this.pods.placed();
    this.state = oracleState(this.resources.values(), era, backend, {}, routers, routerId, pods);
    this.destinations.refresh(this.state);
  }

  /** A node concerns its own table, and every table's route to its blocks. */
  private recheckHost(host: number): void {
    const now = this.engine.now;
    this.grow(host);
    if (this.concernsEverybody(host)) {
      this.recheckAll();
      return;
    }
    for (let row = 0; row < this.destinations.count; row++) {
      this.recheck(host, row, now);
      const ofAll = this.destinations.targets[row]!.owner === host;
      if (!ofAll && this.routers.length === 0) continue;
      for (let other = 0; other < this.control.length; other++)
        if (ofAll || !this.nodes.isNode(other)) this.recheck(other, row, now);
    }
  }

  /** What a reflector, or anybody between ASes, passes on concerns everybody, and so does what lies outside. */
  private concernsEverybody(host: number): boolean {
    const name = this.nodes.name(host);
    return !this.nodes.isNode(host) || this.families().some((state) => passesOn(state, name));
  }

  /** The states of all families. */
  private families(): readonly OracleState[] {
    return this.state.ipv6 === undefined ? [this.state] : [this.state, this.state.ipv6];
  }

  private recheckRows(rows: readonly number[]): void {
    this.grow(this.nodes.size - 1);
    for (const row of rows)
      for (let host = 0; host < this.nodes.size; host++) this.recheck(host, row, this.engine.now);
  }

  private recheckDetours(): void {
    for (const [host, row] of this.detours.all()) this.recheck(host, row, this.engine.now);
  }

  private recheckAll(): void {
    const now = this.engine.now;
    this.grow(this.nodes.size - 1);
    for (let row = 0; row < this.destinations.count; row++)
      for (let host = 0; host < this.nodes.size; host++) this.recheck(host, row, now);
  }

  /** Something that the oracle goes by has changed for a host and a destination. */
  private recheck(host: number, row: number, at: Micros): void {
    this.expected.forget(host, row);
    this.compare(host, row, at);
  }

  private compare(host: number, row: number, at: Micros): void {
    const asked = this.running[host] === true;
    const wrong = asked && this.nodes.isNode(host) && !this.asExpected(host, row) ? WRONG : 0;
    const before = this.found.get(row, host);
    if ((before & WRONG) !== wrong) move(this.control[host]!, wrong === WRONG ? 1 : -1, row, at);
    const arrived = asked ? this.deliver(host, row) : plainArrival(DELIVERY.notAsked);
    const never = (before & WAS_DELIVERED) === 0 && arrived.code === DELIVERY.noRoute;
    const arrival = never && this.isKept(host, row) ? plainArrival(DELIVERY.notAsked) : arrived;
    const { code, lost, through } = arrival;
    this.detours.note(host, row, through);
    const partial = lost > 0 && lost < 1;
    const everDelivered = (before & WAS_DELIVERED) !== 0 || code === DELIVERY.delivered || partial;
    const after = code | (everDelivered ? WAS_DELIVERED : 0) | (partial ? PARTIAL : 0) | wrong;
    if (after !== before) this.found.set(row, host, after);
    if ((before & CODE) === code && !partial && (before & PARTIAL) === 0) return;
    const wasOwed = owed(before & CODE);
    if (wasOwed !== owed(code)) move(this.data[host]!, wasOwed ? -1 : 1, row, at);
    const dark = everDelivered && code !== DELIVERY.delivered && code !== DELIVERY.notAsked;
    this.broken.note(host, row, dark ? arrival : undefined, at);
  }

  private asExpected(node: number, row: number): boolean {
    const { owner, prefix, address } = this.destinations.targets[row]!;
    const held = this.kernels.best(node, prefix);
    // One address that a pod has: its owner's route to it is the pod's own. One that is lent no more may be any node's.
    const atHome = owner === node || (owner < 0 && address !== undefined);
    if (atHome && held !== 0 && this.kernels.route(held).device.startsWith("cali")) return true;
    return this.expected.agrees(node, row, held);
  }

  /** See {@link Oracle}. */
  expect(node: number, row: number): Expectation {
    const block = this.destinations.blocks[row]!;
    const name = this.nodes.name(node);
    return this.destinations.targets[row]!.routers === undefined
      ? expectedRoute(this.state, this, name, block)
      : expectedOutside(this.state, this, name, block.cidr);
  }

  /** Whether BGPFilters keep the route to a block back from a node, so that nobody counts on it. */
  private isKept(node: number, row: number): boolean {
    const block = this.destinations.blocks[row]!;
    const { speakers } = stateFor(this.state, block.cidr);
    if (speakers === undefined || !this.nodes.isNode(node)) return false;
    const want = this.expected.of(node, row);
    return want === undefined || want === "unknown";
  }

  /** Destinations that some running node may have a route to or not, for all that the oracle knows, and why. */
  leftOpen(): readonly string[] {
    return this.destinations.blocks.flatMap((block, row) => {
      const of = this.destinations.targets[row]!.routers === undefined ? "block" : "outside";
      if (of === "block" && stateFor(this.state, block.cidr).speakers === undefined) return [];
      const why = whyOpen(this.state, this, block, of);
      return why === undefined ? [] : [`${block.text} (${why})`];
    });
  }

  /** What becomes of packets from a host to a destination. */
  private deliver(host: number, row: number): Arrival {
    const to = this.destinations.targets[row]!;
    const isNode = this.nodes.isNode(host);
    // What a pod sends goes to its node, whatever it hears by BGP.
    if (!isNode && this.pods.has(this.nodes.name(host))) return plainArrival(DELIVERY.notAsked);
    if (to.routers !== undefined)
      return isNode ? this.deliverOutside(host, row) : plainArrival(DELIVERY.notAsked);
    if (to.owner < 0) return plainArrival(DELIVERY.notAsked);
    if (to.owner === host) return plainArrival(DELIVERY.delivered);
    if (!isNode && this.running[to.owner] === true) {
      const block = this.destinations.blocks[row]!;
      if (!reachesRouter(this.state, this, this.nodes.name(host), block))
        return plainArrival(DELIVERY.notAsked);
    }
    return this.walk.follow(host, to);
  }

  /** What becomes of packets from a node to a prefix outside. */
  private deliverOutside(node: number, row: number): Arrival {
    const to = this.destinations.targets[row]!;
    const name = this.nodes.name(node);
    const { cidr } = this.destinations.blocks[row]!;
    const state = stateFor(this.state, cidr);
    // Its neighbours are on its link: no router is asked for them.
    if (isConnected(state, name, cidr)) return plainArrival(DELIVERY.notAsked);
    const want = this.expected.of(node, row);
    if (want === "unknown") return plainArrival(DELIVERY.notAsked);
    if (want !== undefined) return this.walk.follow(node, to);
    // Nobody tells it of a way: because none is there, or because it was never told to ask.
    if (!state.outside.asking.has(name)) return plainArrival(DELIVERY.notAsked);
    const alive = to.routers?.some((router) => this.running[this.nodes.id(router)] === true);
    return plainArrival(alive === true ? DELIVERY.pathCut : DELIVERY.ownerDown);
  }

  private firstWrong(node: number, plane: "control" | "data"): number {
    for (let row = 0; row < this.destinations.count; row++) {
      const found = this.found.get(row, node);
      if (plane === "control" ? (found & WRONG) !== 0 : owed(found & CODE)) return row;
    }
    return -1;
  }

  private whyOf(node: number, row: number, plane: "control" | "data"): string {
    const owner = this.destinations.ownerName(row);
    const outside = this.destinations.targets[row]!.routers !== undefined;
    const what = outside ? `from ${owner}` : `block of ${owner || "nobody"}`;
    const found = this.found.get(row, node);
    if (plane === "control")
      return (found & WRONG) !== 0 ? `kernel differs from the oracle, ${what}` : what;
    const code = found & CODE;
    return code === DELIVERY.delivered ? what : `${REASONS[code] ?? ""}, ${what}`;
  }

  private grow(host: number): void {
    for (let n = this.control.length; n <= host; n++) {
      this.control.push(newFront());
      this.data.push(newFront());
      this.running.push(false);
    }
  }
}

/** Whether a node tells other nodes, in one family, what it did not originate. */
function passesOn({ bgp, nodes, speakers }: OracleState, node: string): boolean {
  if (speakers !== undefined) return true;
  if (bgp.peerings.size === 0) return false;
  return nodes.get(node)?.clusterId !== "" || bgp.nextHops !== undefined;
}

/** Puts a Node as it is now in place of what it was. */
function swapNode(state: OracleState, event: WatchEvent): void {
  const nodes = state.nodes as Map<string, OracleNode>;
  const { name } = event.resource.metadata;
  if (event.type === "deleted") nodes.delete(name);
  else nodes.set(name, oracleNode(event.resource as Node, state.bgp, state.family));
}

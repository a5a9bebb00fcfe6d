import {
  blockOwner,
  type Engine,
  type Era,
  type Fabric,
  formatCidr,
  type IPAMBlock,
  type Kernels,
  type Micros,
  type Node,
  type NodeDirectory,
  PROTOCOL,
  type PrefixTable,
  parseCidr,
  type Resource,
  type Route,
  type RouteListener,
  type StoreObserver,
  type WatchEvent,
} from "@calico-sim/core";
import {
  BLACKHOLE_ROUTE,
  DELIVERED,
  NO_ROUTE,
  NOT_ASKED,
  OWNER_DOWN,
  PATH_CUT,
  REASONS,
  STALE_ROUTE,
  UNDERLAY_ROUTE,
} from "./delivery-codes.js";
import type { ExternalRouter } from "./external-router.js";
import {
  expectedOutside,
  expectedRoute,
  type Liveness,
  lends,
  type OracleBlock,
  type OracleNode,
  type OracleState,
  oracleBlock,
  oracleNode,
  oracleState,
  reachesRouter,
} from "./oracle.js";
import { type Ground, walkPacket } from "./packet-walk.js";

/** A pair that worked before and does not now. */
interface Broken {
  readonly since: Micros;
  readonly reason: number;
}

/** An interval without delivery. */
export interface BrokenInterval extends Broken {
  readonly node: number;
  readonly block: string;
  readonly owner: string;
  readonly until: Micros;
  readonly open: boolean;
}

/** One node's way to convergence within the present window. */
interface Front {
  /** Blocks whose state is wrong now. */
  wrong: number;
  /** Since when something is wrong without a break, at earliest the begin of the window. */
  since: Micros;
  /** Longest such time that ended in this window; −1 = nothing was wrong. */
  longest: Micros;
  /** Row of the block that ended it. */
  last: number;
}

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
}

/** Keeps at most this many closed intervals, the longest. */
const INTERVALS_MAX = 2_000;

/**
 * Compares the kernels with the oracle, and follows packets from every node to every block, as both
 * change: who is converged, who is black-holed, since when and why.
 */
export class Tracker implements RouteListener, StoreObserver, Liveness, Ground {
  /** Routes in all kernels. */
  routes = 0;
  /** Intervals that ended, and their pair-seconds in microseconds. */
  closedIntervals = 0;
  closedMicros = 0;
  /** Pairs that went dark in this window. */
  darkened = 0;

  private readonly engine: Engine;
  readonly kernels: Kernels;
  private readonly prefixes: PrefixTable;
  readonly nodes: NodeDirectory;
  readonly fabric: Fabric;
  private readonly era: Era;
  private readonly backend: "bird" | "vxlan" | "none";
  private readonly routers: readonly ExternalRouter[];
  /** Lowest id of a router; −1 before there is one. */
  private firstRouter = -1;
  /** Routes of all kernels that lead to an external router; index: row. */
  private readonly throughRouter: number[] = [];
  /** Who originates a prefix outside, by name; undefined for a block; index: row. */
  private readonly announcers: (readonly string[] | undefined)[] = [];
  private readonly resources: Map<string, Resource> = new Map();
  private state: OracleState;
  /** Blocks by row; a removed block leaves an empty row. */
  private readonly blocks: (OracleBlock | undefined)[] = [];
  private readonly prefixOf: number[] = [];
  private readonly ownerOf: number[] = [];
  private readonly rowOf: Map<number, number> = new Map();
  private readonly freeRows: number[] = [];
  private readonly running: boolean[] = [];
  /** By node: 1 where the kernel differs from the oracle; index: row. */
  private readonly wrong: Uint8Array[] = [];
  /** By node: delivery code, + 8 once it was delivered; index: row. */
  private readonly delivery: Uint8Array[] = [];
  private readonly control: Front[] = [];
  private readonly data: Front[] = [];
  private readonly broken: Map<number, Broken> = new Map();
  private intervals: BrokenInterval[] = [];

  constructor(options: TrackerOptions) {
    this.engine = options.engine;
    this.kernels = options.kernels;
    this.prefixes = options.prefixes;
    this.nodes = options.nodes;
    this.fabric = options.fabric;
    this.era = options.era;
    this.backend = options.backend;
    this.routers = options.backend === "bird" ? (options.routers ?? []) : [];
    this.state = oracleState([], this.era, this.backend);
  }

  /** Takes the initial content of the datastore. */
  seed(resources: Iterable<Resource>): void {
    for (const resource of resources) {
      if (decides(resource)) this.resources.set(keyOf(resource), resource);
    }
    this.refreshState();
    for (const resource of resources)
      if (resource.kind === "IPAMBlock") this.blockChanged(resource as IPAMBlock);
    for (const { prefixes = [], name } of this.routers)
      for (const text of prefixes) this.announced(text, name);
  }

  /** An external router originates a prefix. */
  private announced(text: string, router: string): void {
    const cidr = parseCidr(text);
    if (cidr === undefined) return;
    const prefix = this.prefixes.intern(cidr);
    const known = this.rowOf.get(prefix);
    if (known !== undefined) {
      this.announcers[known] = [...(this.announcers[known] ?? []), router];
      return;
    }
    const row = this.blocks.length;
    this.blocks[row] = {
      cidr,
      text: formatCidr(cidr),
      owner: undefined,
      pool: undefined,
      borrowed: [],
    };
    this.announcers[row] = [router];
    this.rowOf.set(prefix, row);
    this.prefixOf[row] = prefix;
    this.ownerOf[row] = -1;
  }

  /** A node's calico-node runs from now on, or no longer. */
  setRunning(node: number, running: boolean): void {
    this.grow(node);
    if (this.running[node] === running) return;
    this.running[node] = running;
    if (this.firstRouter < 0 && !this.nodes.isNode(node)) this.firstRouter = node;
    this.state.outside.heard.clear();
    this.recheckNode(node);
  }

  /** The underlay changed. */
  pathsChanged(): void {
    this.state.outside.heard.clear();
    this.recheckAll();
  }

  /** Pairs that worked before and do not now. */
  get darkPairs(): number {
    return this.broken.size;
  }

  /** Whether every running node's kernel equals the oracle, as far as blocks go. */
  get converged(): boolean {
    return this.control.every((front, node) => !this.running[node] || front.wrong === 0);
  }

  /** Begins a new window: what is wrong now counts from here. */
  beginWindow(): void {
    this.darkened = 0;
    for (const front of [...this.control, ...this.data]) {
      front.since = this.engine.now;
      front.longest = -1;
      front.last = -1;
    }
  }

  /**
   * Per running node that had something wrong in this window: the longest time from when it became wrong
   * until all was right again (infinity if it is not yet), and the block that ended it.
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
        prefix: this.blocks[row]?.text ?? "",
        why: row < 0 ? "" : this.whyOf(node, row, plane),
      });
    });
    return found;
  }

  /** Intervals that ended and those still open at `now`, longest first. */
  blackholes(now: Micros): BrokenInterval[] {
    const open: BrokenInterval[] = [];
    for (const [pair, { since, reason }] of this.broken) {
      open.push(this.interval(pair, since, reason, now, true));
    }
    return [...this.intervals, ...open].sort(
      (x, y) =>
        y.until - y.since - (x.until - x.since) ||
        x.since - y.since ||
        x.node - y.node ||
        (x.block < y.block ? -1 : 1),
    );
  }

  /** Pair-microseconds of darkness up to `now`. */
  darkMicros(now: Micros): Micros {
    let sum = this.closedMicros;
    for (const { since } of this.broken.values()) sum += now - since;
    return sum;
  }

  /** See {@link Liveness}. */
  connected(a: string, b: string): boolean {
    const x = this.nodes.id(a);
    const y = this.nodes.id(b);
    return this.running[x] === true && this.running[y] === true && this.joined(x, y);
  }

  /** See {@link RouteListener}. */
  onRouteChange(node: number, prefix: number, before: number, after: number, at?: Micros): void {
    const isNode = this.nodes.isNode(node);
    if (isNode && before === 0) this.routes++;
    else if (isNode && after === 0) this.routes--;
    const row = this.rowOf.get(prefix);
    if (row === undefined) return;
    this.grow(node);
    const when = at ?? this.engine.now;
    this.recheck(node, row, when);
    if (this.routers.length === 0) return;
    const leads = (route: number): number =>
      route !== 0 && !this.nodes.isNode(this.kernels.route(route).gateway) ? 1 : 0;
    this.throughRouter[row] = (this.throughRouter[row] ?? 0) + leads(after) - leads(before);
    this.recheckThrough(node, row, when);
  }

  /** A route of a host changed: packets that others send through it may end elsewhere. */
  private recheckThrough(host: number, row: number, at: Micros): void {
    // Those of nodes go through a router only where some route leads to one.
    const first = this.throughRouter[row] === 0 ? Math.max(0, this.firstRouter) : 0;
    for (let other = first; other < this.control.length; other++) {
      if (other === host || (first > 0 && this.nodes.isNode(other))) continue;
      const held = this.kernels.best(other, this.prefixOf[row]!);
      if (held === 0) continue;
      const { gateway } = this.kernels.route(held);
      if (gateway === host || (gateway >= 0 && !this.nodes.isNode(gateway)))
        this.recheck(other, row, at);
    }
  }

  /** See {@link StoreObserver}. */
  onCommit(event: WatchEvent): void {
    const { resource } = event;
    if (resource.kind === "IPAMBlock") {
      if (event.type === "deleted") this.blockGone(resource as IPAMBlock);
      else if (blockMatters(event)) this.blockChanged(resource as IPAMBlock);
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
    return this.blocks.filter((block) => block !== undefined);
  }

  private nodeChanged(event: WatchEvent): void {
    const { name } = event.resource.metadata;
    const nodes = this.state.nodes as Map<string, OracleNode>;
    const before = nodes.get(name);
    const after =
      event.type === "deleted"
        ? undefined
        : oracleNode(event.resource as Node, this.state.bgp.asNumber);
    if (after === undefined) nodes.delete(name);
    else nodes.set(name, after);
    // Most writes of a Node (an IP-in-IP tunnel address, a label) mean nothing to routes.
    const same = before !== undefined && after !== undefined && sameNode(before, after);
    const { bgp, outside } = this.state;
    if (bgp.peerings.size + outside.routers.length > 0 && !(same && sameLabels(before, after))) {
      // Selectors may make or end peerings of any node.
      this.refreshState();
      this.recheckAll();
      return;
    }
    if (same) return;
    const node = this.nodes.id(name);
    if (node >= 0) this.recheckNode(node);
  }

  /** A node concerns its own table, and every table's route to its blocks. */
  private recheckNode(node: number): void {
    const now = this.engine.now;
    this.grow(node);
    const { peerings } = this.state.bgp;
    if (
      !this.nodes.isNode(node) ||
      (peerings.size > 0 && this.state.nodes.get(this.nodes.name(node))?.clusterId !== "")
    ) {
      // What a reflector passes on concerns everybody, and so does what lies outside.
      this.recheckAll();
      return;
    }
    for (let row = 0; row < this.blocks.length; row++) {
      if (this.blocks[row] === undefined) continue;
      this.recheck(node, row, now);
      const ofAll = this.ownerOf[row] === node;
      if (!ofAll && this.routers.length === 0) continue;
      for (let other = 0; other < this.control.length; other++)
        if (ofAll || !this.nodes.isNode(other)) this.recheck(other, row, now);
    }
  }

  private refreshState(): void {
    this.state = oracleState(this.resources.values(), this.era, this.backend, {}, this.routers);
    this.blocks.forEach((block, row) => {
      if (block === undefined || this.announcers[row] !== undefined) return;
      const pool = this.state.pools.find((p) => p.name === block.pool?.name);
      this.blocks[row] = { ...block, pool };
    });
  }

  private blockChanged(resource: IPAMBlock): void {
    const block = oracleBlock(resource, this.state);
    const prefix = this.prefixes.intern(block.cidr);
    let row = this.rowOf.get(prefix);
    const before = row === undefined ? undefined : this.blocks[row];
    if (row === undefined) {
      row = this.freeRows.pop() ?? this.blocks.length;
      this.rowOf.set(prefix, row);
      this.prefixOf[row] = prefix;
    }
    this.blocks[row] = block;
    if (before?.owner === block.owner) return;
    this.ownerOf[row] = block.owner === undefined ? -1 : this.nodes.id(block.owner);
    for (let node = 0; node < this.nodes.size; node++) {
      this.grow(node);
      this.recheck(node, row, this.engine.now);
    }
  }

  private blockGone(resource: IPAMBlock): void {
    const prefix = this.prefixes.intern(oracleBlock(resource, this.state).cidr);
    const row = this.rowOf.get(prefix);
    if (row === undefined) return;
    // A leftover route is wrong until it is gone, so the row stays with a block that nobody owns.
    const block = this.blocks[row];
    if (block === undefined) return;
    this.blocks[row] = { ...block, owner: undefined, borrowed: [] };
    this.ownerOf[row] = -1;
    for (let node = 0; node < this.nodes.size; node++) this.recheck(node, row, this.engine.now);
  }

  private recheckAll(): void {
    const now = this.engine.now;
    for (let node = 0; node < this.nodes.size; node++) {
      this.grow(node);
      for (let row = 0; row < this.blocks.length; row++) {
        if (this.blocks[row] !== undefined) this.recheck(node, row, now);
      }
    }
  }

  private recheck(node: number, row: number, at: Micros): void {
    const asked = this.running[node] === true;
    const isNode = this.nodes.isNode(node);
    const wrong = asked && isNode && !this.asExpected(node, row) ? 1 : 0;
    const flags = this.wrong[node]!;
    if (flags[row] !== wrong) {
      flags[row] = wrong;
      move(this.control[node]!, wrong === 1 ? 1 : -1, row, at);
    }
    const codes = this.delivery[node]!;
    const before = codes[row]!;
    const code = !asked
      ? NOT_ASKED
      : isNode
        ? this.deliver(node, row)
        : this.deliverFromOutside(node, row);
    if ((before & 7) === code) return;
    const everDelivered = (before & 8) !== 0 || code === DELIVERED;
    codes[row] = code | (everDelivered ? 8 : 0);
    const wasOwed = owed(before & 7);
    if (wasOwed !== owed(code)) move(this.data[node]!, wasOwed ? -1 : 1, row, at);
    const pair = row * 0x100000 + node;
    const dark = everDelivered && code !== DELIVERED && code !== NOT_ASKED;
    const held = this.broken.get(pair);
    if (dark && held === undefined) {
      this.broken.set(pair, { since: at, reason: code });
      this.darkened++;
    } else if (!dark && held !== undefined) {
      this.broken.delete(pair);
      // BIRD deletes a route and adds its successor in one breath: no packet falls in between.
      if (held.since === at) this.darkened = Math.max(0, this.darkened - 1);
      else this.close(this.interval(pair, held.since, held.reason, at, false));
    }
  }

  private asExpected(node: number, row: number): boolean {
    const block = this.blocks[row]!;
    const name = this.nodes.name(node);
    const want =
      this.announcers[row] === undefined
        ? expectedRoute(this.state, this, name, block)
        : expectedOutside(this.state, this, name, block.cidr);
    if (want === "unknown") return true;
    const held = this.kernels.best(node, this.prefixOf[row]!);
    if (held === 0) return want === undefined;
    const route = this.kernels.route(held);
    // A block of one address that a pod has: its owner's route to it is the pod's own.
    if (this.ownerOf[row] === node && route.device.startsWith("cali")) return true;
    if (want === undefined) return false;
    if (route.type !== want.type) return false;
    if ((want.writer === "bird") !== (route.protocol === PROTOCOL.bird)) return false;
    if (want.type === "blackhole") return true;
    if (route.device !== want.device) return false;
    return this.isOnTunnelLink(route) || this.nodes.name(route.gateway) === want.gateway;
  }

  /** A block of one address that is a VXLAN device's own: on the link behind the tunnel, without a gateway (§4.4). */
  private isOnTunnelLink({ device, gateway }: Route): boolean {
    return device === "vxlan.calico" && gateway < 0;
  }

  /** Follows a packet from a node to a block, one hop: Calico's next hop is the owner itself. */
  private deliver(node: number, row: number): number {
    if (this.announcers[row] !== undefined) return this.deliverToOutside(node, row);
    const owner = this.ownerOf[row]!;
    if (owner < 0) return NOT_ASKED;
    if (owner === node) return DELIVERED;
    if (this.running[owner] !== true) return OWNER_DOWN;
    if (!this.joined(node, owner)) return PATH_CUT;
    const held = this.kernels.best(node, this.prefixOf[row]!);
    if (held === 0) return NO_ROUTE;
    const route = this.kernels.route(held);
    if (route.type === "blackhole") return BLACKHOLE_ROUTE;
    if (this.isOnTunnelLink(route)) return DELIVERED;
    if (route.gateway !== owner)
      return this.nodes.isNode(route.gateway) ? STALE_ROUTE : this.walk(node, row);
    if (route.device === "eth0" && !this.fabric.sameSubnet(node, owner)) return UNDERLAY_ROUTE;
    return DELIVERED;
  }

  /** Follows a packet from an external router to a block. */
  private deliverFromOutside(router: number, row: number): number {
    const owner = this.ownerOf[row]!;
    if (owner < 0) return NOT_ASKED;
    if (this.running[owner] !== true) return OWNER_DOWN;
    if (!reachesRouter(this.state, this, this.nodes.name(router), this.blocks[row]!))
      return NOT_ASKED;
    return this.walk(router, row);
  }

  /** Follows a packet from a node to a prefix outside. */
  private deliverToOutside(node: number, row: number): number {
    const name = this.nodes.name(node);
    const want = expectedOutside(this.state, this, name, this.blocks[row]!.cidr);
    if (want === "unknown") return NOT_ASKED;
    if (want !== undefined) return this.walk(node, row);
    // Nobody tells it of a way: because none is there, or because it was never told to ask.
    if (!this.state.outside.asked.has(name)) return NOT_ASKED;
    const ids = this.announcers[row]!.map((router) => this.nodes.id(router));
    return ids.some((id) => this.running[id] === true) ? PATH_CUT : OWNER_DOWN;
  }

  /** Follows a packet hop by hop, see {@link walkPacket}. */
  private walk(from: number, row: number): number {
    const announcers = this.announcers[row]?.map((name) => this.nodes.id(name));
    const ends = announcers ?? [this.ownerOf[row]!];
    return walkPacket(this, from, this.prefixOf[row]!, ends, announcers === undefined);
  }

  /** See {@link Ground}. */
  isRunning(host: number): boolean {
    return this.running[host] === true;
  }

  /** See {@link Ground}. */
  joined(a: number, b: number): boolean {
    return this.fabric.reachable(a, b) && this.fabric.reachable(b, a);
  }

  private firstWrong(node: number, plane: "control" | "data"): number {
    if (plane === "control") return this.wrong[node]!.indexOf(1);
    return this.delivery[node]!.findIndex((code) => owed(code & 7));
  }

  private whyOf(node: number, row: number, plane: "control" | "data"): string {
    const block = this.blocks[row];
    if (block === undefined) return "";
    const routers = this.announcers[row]?.join(", ");
    const what = routers === undefined ? `block of ${block.owner ?? "nobody"}` : `from ${routers}`;
    if (plane === "data") {
      const code = this.delivery[node]![row]! & 7;
      return code === DELIVERED ? what : `${REASONS[code] ?? ""}, ${what}`;
    }
    return this.wrong[node]![row] === 1 ? `kernel differs from the oracle, ${what}` : what;
  }

  private interval(
    pair: number,
    since: Micros,
    reason: number,
    until: Micros,
    open: boolean,
  ): BrokenInterval {
    const row = Math.floor(pair / 0x100000);
    const block = this.blocks[row];
    return {
      node: pair % 0x100000,
      block: block?.text ?? formatCidr(this.prefixes.cidr(this.prefixOf[row]!)),
      owner: block?.owner ?? this.announcers[row]?.join(", ") ?? "",
      since,
      until,
      open,
      reason,
    };
  }

  private close(interval: BrokenInterval): void {
    this.closedIntervals++;
    this.closedMicros += interval.until - interval.since;
    this.intervals.push(interval);
    if (this.intervals.length < 2 * INTERVALS_MAX) return;
    this.intervals.sort((x, y) => y.until - y.since - (x.until - x.since) || x.since - y.since);
    this.intervals.length = INTERVALS_MAX;
  }

  private grow(node: number): void {
    for (let n = this.control.length; n <= node; n++) {
      this.control.push({ wrong: 0, since: 0, longest: -1, last: -1 });
      this.data.push({ wrong: 0, since: 0, longest: -1, last: -1 });
      this.running.push(false);
      this.wrong.push(new Uint8Array(64));
      this.delivery.push(new Uint8Array(64).fill(NOT_ASKED));
    }
    const rows = this.blocks.length;
    if (rows <= this.wrong[node]!.length) return;
    const size = Math.ceil(rows * 1.5);
    const wrong = new Uint8Array(size);
    wrong.set(this.wrong[node]!);
    this.wrong[node] = wrong;
    const delivery = new Uint8Array(size).fill(NOT_ASKED);
    delivery.set(this.delivery[node]!);
    this.delivery[node] = delivery;
  }
}

function sameNode(a: OracleNode, b: OracleNode): boolean {
  return (
    a.address?.value === b.address?.value &&
    a.address?.family === b.address?.family &&
    a.subnet?.value === b.subnet?.value &&
    a.subnet?.length === b.subnet?.length &&
    a.vxlanAddress === b.vxlanAddress &&
    a.clusterId === b.clusterId &&
    a.asNumber === b.asNumber
  );
}

function sameLabels(a: OracleNode, b: OracleNode): boolean {
  return JSON.stringify(a.labels) === JSON.stringify(b.labels);
}

/** Whether delivery is owed: everything is alive and connected, only routes are missing. */
function owed(code: number): boolean {
  return (
    code === NO_ROUTE || code === BLACKHOLE_ROUTE || code === STALE_ROUTE || code === UNDERLAY_ROUTE
  );
}

function move(front: Front, by: number, row: number, at: Micros): void {
  if (by > 0 && front.wrong === 0) front.since = at;
  front.wrong += by;
  if (by > 0 || front.wrong > 0) return;
  const took = Math.max(0, at - front.since);
  if (took < front.longest) return;
  front.longest = took;
  front.last = row;
}

function decides(resource: Resource): boolean {
  return (
    resource.kind === "Node" ||
    resource.kind === "IPPool" ||
    resource.kind === "BGPConfiguration" ||
    resource.kind === "BGPPeer" ||
    resource.kind === "FelixConfiguration"
  );
}

function keyOf(resource: Resource): string {
  return `${resource.kind}/${resource.metadata.name}`;
}

/** Nearly every write of a block gives or frees an address on its owner's node, which decides no route. */
function blockMatters({ previous, resource }: WatchEvent): boolean {
  if (previous === undefined) return true;
  const before = previous as IPAMBlock;
  const after = resource as IPAMBlock;
  return blockOwner(before) !== blockOwner(after) || lends(before) || lends(after);
}

/** Heartbeats rewrite Nodes all the time; only annotations, with the addresses, and labels decide routes. */
function nodeMatters(event: WatchEvent): boolean {
  if (event.type !== "modified" || event.previous === undefined) return true;
  const { previous, resource } = event;
  return (
    JSON.stringify(previous.metadata.annotations) !==
      JSON.stringify(resource.metadata.annotations) ||
    JSON.stringify(previous.metadata.labels) !== JSON.stringify(resource.metadata.labels)
  );
}

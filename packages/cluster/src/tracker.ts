import {
  blockOwner,
  type Engine,
  type Era,
  type Fabric,
  formatCidr,
  hostCidr,
  type IPAMBlock,
  type Kernels,
  type Micros,
  type Node,
  type NodeDirectory,
  nextHopsOf,
  type Pod,
  PROTOCOL,
  type PrefixTable,
  parseAddress,
  parseCidr,
  type Resource,
  type Route,
  type RouteListener,
  type StoreObserver,
  type WatchEvent,
} from "@calico-sim/core";
import {
  type Arrival,
  DELIVERY,
  type Destination,
  isOnTunnelLink,
  owed,
  PacketWalk,
  plainArrival,
  REASONS,
} from "./delivery.js";
import { LentAddresses } from "./lent-addresses.js";
import {
  type ExpectedRoute,
  expectedRoute,
  type Liveness,
  lends,
  type OracleBlock,
  type OracleNode,
  type OracleState,
  oracleBlock,
  oracleNode,
  oracleState,
  writerOf,
} from "./oracle.js";

/** A pair that worked before and does not now. */
interface Broken {
  readonly since: Micros;
  readonly reason: number;
  /** Node that had the destination when it began. */
  readonly owner: number;
  /** Share of the flows that are lost now, and since when. */
  lost: number;
  at: Micros;
  /** The largest share so far that lasted. */
  worst: number;
  /** Time so far, each moment by the share that was lost. */
  micros: Micros;
}

/** Set in a delivery code: it was delivered once; a part of the flows still is. */
const WAS_DELIVERED = 8;
const PARTIAL = 16;

/** An interval without delivery. */
export interface BrokenInterval {
  readonly node: number;
  readonly since: Micros;
  readonly reason: number;
  /** Largest share of the flows that was lost, 0 to 1. */
  readonly share: number;
  /** Time without delivery, each moment by the share that was lost. */
  readonly micros: Micros;
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
}

/** Keeps at most this many closed intervals, the longest. */
const INTERVALS_MAX = 2_000;

/**
 * Compares the kernels with the oracle, and follows packets from every node to every block, as both
 * change: who is converged, who is black-holed, since when and why.
 */
export class Tracker implements RouteListener, StoreObserver, Liveness {
  /** Routes in all kernels. */
  routes = 0;
  /** Intervals that ended, and their pair-seconds in microseconds. */
  closedIntervals = 0;
  closedMicros = 0;
  /** Pairs that went dark in this window. */
  darkened = 0;

  private readonly engine: Engine;
  private readonly kernels: Kernels;
  private readonly prefixes: PrefixTable;
  private readonly nodes: NodeDirectory;
  private readonly fabric: Fabric;
  private readonly era: Era;
  private readonly backend: "bird" | "vxlan" | "none";
  private readonly resources: Map<string, Resource> = new Map();
  private state: OracleState;
  /** Blocks by row; a removed block leaves an empty row. */
  private readonly blocks: (OracleBlock | undefined)[] = [];
  private readonly prefixOf: number[] = [];
  private readonly destinations: Destination[] = [];
  private readonly rowOf: Map<number, number> = new Map();
  private readonly freeRows: number[] = [];
  private readonly running: boolean[] = [];
  /** By node: 1 where the kernel differs from the oracle; index: row. */
  private readonly wrong: Uint8Array[] = [];
  /** By node: delivery code, with {@link WAS_DELIVERED} and {@link PARTIAL}; index: row. */
  private readonly delivery: Uint8Array[] = [];
  private readonly walk: PacketWalk;
  /** By row: nodes whose packets pass others on the way. */
  private readonly detours: Map<number, Set<number>> = new Map();
  private readonly lent: LentAddresses = new LentAddresses();
  /** By row of a block: rows of addresses lent from it, which follow the block's route where they have none. */
  private readonly lentRows: Map<number, number[]> = new Map();
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
    this.state = oracleState([], this.era, this.backend);
    this.walk = new PacketWalk(this.kernels, this.fabric, this.running);
  }

  /** Takes the initial content of the datastore. */
  seed(resources: Iterable<Resource>): void {
    for (const resource of resources) {
      if (decides(resource)) this.resources.set(keyOf(resource), resource);
    }
    this.refreshState();
    for (const resource of resources)
      if (resource.kind === "IPAMBlock") this.blockChanged(resource as IPAMBlock);
    for (const resource of resources)
      if (resource.kind === "Pod") this.lent.seedPod(resource as Pod);
    for (const address of this.lent.addresses()) this.lendingChanged(address);
  }

  /** A node's calico-node runs from now on, or no longer. */
  setRunning(node: number, running: boolean): void {
    this.grow(node);
    if (this.running[node] === running) return;
    this.running[node] = running;
    this.recheckNode(node);
    this.recheckDetours();
  }

  /** The underlay changed. */
  pathsChanged(): void {
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
    for (const [pair, broken] of this.broken) open.push(this.interval(pair, broken, now, true));
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
    for (const broken of this.broken.values()) sum += darkness(broken, now);
    return sum;
  }

  /** See {@link Liveness}. */
  connected(a: string, b: string): boolean {
    const x = this.nodes.id(a);
    const y = this.nodes.id(b);
    return this.running[x] === true && this.running[y] === true && this.walk.joined(x, y);
  }

  /** See {@link RouteListener}. */
  onRouteChange(node: number, prefix: number, before: number, after: number, at?: Micros): void {
    if (before === 0) this.routes++;
    else if (after === 0) this.routes--;
    const row = this.rowOf.get(prefix);
    if (row === undefined) return;
    this.grow(node);
    this.routeChanged(node, row, at ?? this.engine.now);
    for (const lent of this.lentRows.get(row) ?? [])
      this.routeChanged(node, lent, at ?? this.engine.now);
  }

  private routeChanged(node: number, row: number, at: Micros): void {
    this.recheck(node, row, at);
    // Whose packets pass this node depends on its route too.
    for (const other of this.detours.get(row) ?? [])
      if (other !== node) this.recheck(other, row, at);
  }

  /** See {@link StoreObserver}. */
  onCommit(event: WatchEvent): void {
    const { resource } = event;
    if (resource.kind === "IPAMBlock") {
      if (event.type === "deleted") this.blockGone(resource as IPAMBlock);
      else if (blockMatters(event)) this.blockChanged(resource as IPAMBlock);
      return;
    }
    if (resource.kind === "Pod") {
      for (const address of this.lent.podChanged(event)) this.lendingChanged(address);
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
    return this.blocks
      .filter((block) => block !== undefined)
      .filter(({ lender }) => lender === undefined);
  }

  private nodeChanged(event: WatchEvent): void {
    const { name } = event.resource.metadata;
    const nodes = this.state.nodes as Map<string, OracleNode>;
    const before = nodes.get(name);
    const after = event.type === "deleted" ? undefined : oracleNode(event.resource as Node);
    if (after === undefined) nodes.delete(name);
    else nodes.set(name, after);
    // Most writes of a Node (an IP-in-IP tunnel address, a label) mean nothing to routes.
    const same = before !== undefined && after !== undefined && sameNode(before, after);
    if (this.state.bgp.peerings.size > 0 && !(same && sameLabels(before, after))) {
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
    const { peerings, nextHops } = this.state.bgp;
    const reflects = this.state.nodes.get(this.nodes.name(node))?.clusterId !== "";
    if (peerings.size > 0 && (reflects || nextHops !== undefined)) {
      // What a reflector, or anybody between ASes, passes on concerns everybody.
      this.recheckAll();
      return;
    }
    for (let row = 0; row < this.blocks.length; row++) {
      if (this.blocks[row] === undefined) continue;
      this.recheck(node, row, now);
      if (this.destinations[row]?.owner !== node) continue;
      for (let other = 0; other < this.control.length; other++) this.recheck(other, row, now);
    }
  }

  private refreshState(): void {
    this.state = oracleState(this.resources.values(), this.era, this.backend);
    this.blocks.forEach((block, row) => {
      if (block === undefined) return;
      const pool = this.state.pools.find((p) => p.name === block.pool?.name);
      this.blocks[row] = { ...block, pool };
    });
    for (const address of this.lent.addresses()) this.lendingChanged(address);
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
    if (before?.owner !== block.owner) {
      const owner = block.owner === undefined ? -1 : this.nodes.id(block.owner);
      this.destinations[row] = { owner, prefix };
      this.recheckRow(row);
    }
    for (const address of this.lent.blockChanged(block)) this.lendingChanged(address, row);
  }

  private recheckRow(row: number): void {
    for (let node = 0; node < this.nodes.size; node++) {
      this.grow(node);
      this.recheck(node, row, this.engine.now);
    }
  }

  /**
   * An address came to another node than its block's owner, or left it. BIRD tells of it when a pod has it; Felix knows
   * from the allocation (node-behaviour §2.5, §3.6).
   */
  private lendingChanged(text: string, blockRow = this.blockRowOf(text)): void {
    const address = parseAddress(text);
    const block = blockRow === undefined ? undefined : this.blocks[blockRow];
    if (address === undefined || block === undefined || blockRow === undefined) return;
    const writer = block.pool === undefined ? undefined : writerOf(this.state, block.pool);
    const holder = this.lent.holderOf(text, writer === "bird");
    const cidr = hostCidr(address);
    const prefix = this.prefixes.intern(cidr);
    let row = this.rowOf.get(prefix);
    if (row === undefined) {
      if (holder === undefined) return;
      row = this.blocks.length;
      this.rowOf.set(prefix, row);
      this.prefixOf[row] = prefix;
      this.lentRows.set(blockRow, [...(this.lentRows.get(blockRow) ?? []), row]);
    }
    const before = this.blocks[row];
    const { pool, owner: lender } = block;
    this.blocks[row] = { cidr, text: formatCidr(cidr), owner: holder, pool, lender, borrowed: [] };
    if (before?.owner === holder && before?.lender === lender && before?.pool === pool) return;
    const owner = holder === undefined ? -1 : this.nodes.id(holder);
    this.destinations[row] = { owner, prefix, address };
    this.recheckRow(row);
  }

  private blockRowOf(address: string): number | undefined {
    const cidr = parseCidr(this.lent.blockOf(address) ?? "");
    return cidr === undefined ? undefined : this.rowOf.get(this.prefixes.intern(cidr));
  }

  private blockGone(resource: IPAMBlock): void {
    const prefix = this.prefixes.intern(oracleBlock(resource, this.state).cidr);
    const row = this.rowOf.get(prefix);
    if (row === undefined) return;
    // A leftover route is wrong until it is gone, so the row stays with a block that nobody owns.
    const block = this.blocks[row];
    if (block === undefined) return;
    const gone = { ...block, owner: undefined, borrowed: [] };
    for (const address of this.lent.blockChanged(gone)) this.lendingChanged(address, row);
    this.blocks[row] = gone;
    this.destinations[row] = { owner: -1, prefix };
    this.recheckRow(row);
  }

  private recheckDetours(): void {
    for (const [row, nodes] of this.detours)
      for (const node of [...nodes]) this.recheck(node, row, this.engine.now);
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
    const wrong = asked && !this.asExpected(node, row) ? 1 : 0;
    const flags = this.wrong[node]!;
    if (flags[row] !== wrong) {
      flags[row] = wrong;
      move(this.control[node]!, wrong === 1 ? 1 : -1, row, at);
    }
    const codes = this.delivery[node]!;
    const before = codes[row]!;
    const { code, lost, through } = asked
      ? this.deliver(node, row)
      : plainArrival(DELIVERY.notAsked);
    this.noteDetour(node, row, through.length > 0);
    const partial = lost > 0 && lost < 1;
    if ((before & 7) === code && !partial && (before & PARTIAL) === 0) return;
    const everDelivered = (before & WAS_DELIVERED) !== 0 || code === DELIVERY.delivered || partial;
    codes[row] = code | (everDelivered ? WAS_DELIVERED : 0) | (partial ? PARTIAL : 0);
    const wasOwed = owed(before & 7);
    if (wasOwed !== owed(code)) move(this.data[node]!, wasOwed ? -1 : 1, row, at);
    const pair = row * 0x100000 + node;
    const dark = everDelivered && code !== DELIVERY.delivered && code !== DELIVERY.notAsked;
    const held = this.broken.get(pair);
    if (dark && held === undefined) {
      const { owner } = this.destinations[row]!;
      this.broken.set(pair, { since: at, reason: code, owner, lost, at, worst: 0, micros: 0 });
      this.darkened++;
    } else if (dark && held !== undefined) {
      held.micros = darkness(held, at);
      held.worst = worstUntil(held, at);
      held.at = at;
      held.lost = lost;
    } else if (!dark && held !== undefined) {
      this.broken.delete(pair);
      this.close(this.interval(pair, held, at, false));
    }
  }

  private noteDetour(node: number, row: number, passesOthers: boolean): void {
    const held = this.detours.get(row);
    if (!passesOthers) held?.delete(node);
    else if (held === undefined) this.detours.set(row, new Set([node]));
    else held.add(node);
  }

  private asExpected(node: number, row: number): boolean {
    const block = this.blocks[row]!;
    const want = expectedRoute(this.state, this, this.nodes.name(node), block);
    const held = this.kernels.best(node, this.prefixOf[row]!);
    if (held === 0) return want === undefined;
    const route = this.kernels.route(held);
    // One address that a pod has: its owner's route to it is the pod's own. One that is lent no more may be any node's.
    const { owner, address } = this.destinations[row]!;
    const atHome = owner === node || (owner < 0 && address !== undefined);
    if (atHome && route.device.startsWith("cali")) return true;
    if (want === undefined) return false;
    if (route.type !== want.type) return false;
    if ((want.writer === "bird") !== (route.protocol === PROTOCOL.bird)) return false;
    return want.type === "blackhole" || this.sameHops(route, want);
  }

  private sameHops(route: Route, want: ExpectedRoute): boolean {
    if (isOnTunnelLink(route)) return want.device === route.device;
    const hops = nextHopsOf(route);
    const { device = "", gateway = "", further = [] } = want;
    const wanted = [{ device, gateway }, ...further];
    return (
      hops.length === wanted.length &&
      hops.every((hop) =>
        wanted.some((w) => w.device === hop.device && w.gateway === this.nodes.name(hop.gateway)),
      )
    );
  }

  /** What becomes of packets from a node to a block. */
  private deliver(node: number, row: number): Arrival {
    const to = this.destinations[row]!;
    if (to.owner < 0) return plainArrival(DELIVERY.notAsked);
    if (to.owner === node) return plainArrival(DELIVERY.delivered);
    return this.walk.follow(node, to);
  }

  private firstWrong(node: number, plane: "control" | "data"): number {
    if (plane === "control") return this.wrong[node]!.indexOf(1);
    return this.delivery[node]!.findIndex((code) => owed(code & 7));
  }

  private whyOf(node: number, row: number, plane: "control" | "data"): string {
    const block = this.blocks[row];
    if (block === undefined) return "";
    const owner = block.owner ?? "nobody";
    if (plane === "data") {
      const code = this.delivery[node]![row]! & 7;
      return code === DELIVERY.delivered
        ? `block of ${owner}`
        : `${REASONS[code] ?? ""}, block of ${owner}`;
    }
    return this.wrong[node]![row] === 1
      ? `kernel differs from the oracle, block of ${owner}`
      : `block of ${owner}`;
  }

  private interval(pair: number, broken: Broken, until: Micros, open: boolean): BrokenInterval {
    const row = Math.floor(pair / 0x100000);
    const block = this.blocks[row];
    return {
      node: pair % 0x100000,
      block: block?.text ?? formatCidr(this.prefixes.cidr(this.prefixOf[row]!)),
      owner: block?.owner ?? this.nodes.name(broken.owner),
      since: broken.since,
      until,
      open,
      reason: broken.reason,
      share: worstUntil(broken, until) || broken.lost,
      micros: darkness(broken, until),
    };
  }

  private close(interval: BrokenInterval): void {
    this.closedIntervals++;
    this.closedMicros += interval.micros;
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
      this.delivery.push(new Uint8Array(64).fill(DELIVERY.notAsked));
    }
    const rows = this.blocks.length;
    if (rows <= this.wrong[node]!.length) return;
    const size = Math.ceil(rows * 1.5);
    const wrong = new Uint8Array(size);
    wrong.set(this.wrong[node]!);
    this.wrong[node] = wrong;
    const delivery = new Uint8Array(size).fill(DELIVERY.notAsked);
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
    a.clusterId === b.clusterId
  );
}

function sameLabels(a: OracleNode, b: OracleNode): boolean {
  return JSON.stringify(a.labels) === JSON.stringify(b.labels);
}

/** Time without delivery up to a moment, each moment by the share that was lost. */
function darkness({ micros, at, lost }: Broken, now: Micros): Micros {
  return micros + (now - at) * lost;
}

/** A route that is replaced is gone for no time at all (law 8 g), which does not count. */
function worstUntil({ worst, at, lost }: Broken, now: Micros): number {
  return now > at ? Math.max(worst, lost) : worst;
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

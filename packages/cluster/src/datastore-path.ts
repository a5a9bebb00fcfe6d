import {
  type DatastorePath,
  type Fabric,
  type FabricLink,
  HOST_LINK,
  hash32,
  hashText,
  type Micros,
  type PathQuality,
  qualityOf,
  SWITCH_LINK,
  tcpPassage,
} from "@calico-sim/core";

/** From a node to an apiserver that is not one of the nodes, one way; assumed. */
const MANAGED_DELAY: Micros = 250;

/** What of that the links of the default underlay take. */
const DEFAULT_LINKS: Micros = HOST_LINK.latencyUs + SWITCH_LINK.latencyUs;

/** The links from a node to the core of the underlay. */
interface WayOut {
  readonly latency: Micros;
  readonly up: PathQuality | undefined;
  readonly down: PathQuality | undefined;
}

/**
 * The way from the nodes to the datastore.
 *
 * With control-plane nodes the datastore runs on them, and the nearest that can be reached answers.
 * Without, it stands outside behind the underlay's core: a node whose own uplink is cut is cut off from
 * it, and so is a rack that has lost all of its own. What is slower than the default underlay adds to the delay.
 *
 * Requests and events are messages of TCP connections (`tcpPassage`), and share the links with Typha's.
 */
export class ClusterDatastorePath implements DatastorePath {
  private readonly fabric: Fabric;
  private readonly hosts: readonly number[];
  private readonly seed: string;
  private readonly down: Set<number> = new Set();
  private epoch = -1;
  /** Uplinks that work, by node, and the link that joins a switch to the core; undefined for the core itself. */
  private uplinks: Map<string, FabricLink> = new Map();
  private exits: Map<string, FabricLink | undefined> = new Map();
  private delays: Float64Array = new Float64Array(0);
  /** By node; filled when first asked for. */
  private ways: Omit<WayOut, "latency">[] = [];
  /** Control-plane node that answers a node; −1 = none. */
  private answering: Int32Array = new Int32Array(0);
  /** By node; filled when first asked for. */
  private readonly nameHashes: number[] = [];

  constructor(fabric: Fabric, controlPlane: readonly number[], seed: string) {
    this.fabric = fabric;
    this.hosts = controlPlane;
    this.seed = seed;
  }

  /** A host stops or starts answering. */
  setDown(node: number, down: boolean): void {
    if (down) this.down.add(node);
    else this.down.delete(node);
    this.epoch = -1;
  }

  /** See {@link DatastorePath}. */
  delay(node: number): Micros {
    if (node < 0) return 0;
    if (this.epoch !== this.fabric.epoch || node >= this.delays.length) {
      this.epoch = this.fabric.epoch;
      this.delays = new Float64Array(this.fabric.nodeCount).fill(-1);
      this.ways = [];
      this.answering = new Int32Array(this.fabric.nodeCount).fill(-1);
      if (this.hosts.length === 0) this.lookAround();
    }
    const known = this.delays[node]!;
    if (known >= 0) return known;
    const delay = this.hosts.length > 0 ? this.toControlPlane(node) : this.toCore(node);
    this.delays[node] = delay;
    return delay;
  }

  /** See {@link DatastorePath}. */
  get impaired(): boolean {
    return this.fabric.impaired;
  }

  /** See {@link DatastorePath}. */
  arrival(node: number, at: Micros, bytes: number, up: boolean): Micros {
    const delay = this.delay(node);
    if (node < 0) return at;
    const { up: toward, down: back } = this.qualities(node);
    const [there, other] = up ? [toward, back] : [back, toward];
    if (there === undefined && other === undefined) return at + delay;
    const begin = there === undefined ? at : this.fabric.occupy(there, at, bytes);
    const path = { latency: delay, latencyBack: delay, there, back: other };
    return tcpPassage(path, begin, bytes, this.draw(node, at, up)).arrival;
  }

  private qualities(node: number): Omit<WayOut, "latency"> {
    const { fabric } = this;
    if (this.hosts.length === 0) return (this.ways[node] ??= this.wayOut(node) ?? NO_WAY);
    const host = this.answering[node]!;
    return { up: fabric.quality(node, host), down: fabric.quality(host, node) };
  }

  private draw(node: number, at: Micros, up: boolean): number {
    const name = (this.nameHashes[node] ??= hashText(
      `${this.seed}/datastore/${this.fabric.nodeName(node)}`,
    ));
    const time = Math.round(at);
    return hash32(name, time % 2 ** 32, 2 * Math.floor(time / 2 ** 32) + Number(up));
  }

  private toControlPlane(node: number): Micros {
    let best = Number.POSITIVE_INFINITY;
    for (const host of this.hosts) {
      const delay = this.down.has(host) ? best : this.fabric.delay(node, host);
      if (delay >= best) continue;
      best = delay;
      this.answering[node] = host;
    }
    return best;
  }

  private toCore(node: number): Micros {
    const way = this.wayOut(node);
    if (way === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(MANAGED_DELAY, MANAGED_DELAY - DEFAULT_LINKS + way.latency);
  }

  /** The links from a node to the core; undefined while one is cut. */
  private wayOut(node: number): WayOut | undefined {
    const { fabric, uplinks, exits } = this;
    const rack = fabric.rackOf(node);
    const uplink = uplinks.get(fabric.nodeName(node));
    if (uplink === undefined || !exits.has(rack)) return undefined;
    const exit = exits.get(rack);
    const links = [
      { link: uplink, backwards: false },
      ...(exit === undefined ? [] : [{ link: exit, backwards: exit.from !== rack }]),
    ];
    const back = links.map(({ link, backwards }) => ({ link, backwards: !backwards })).reverse();
    const latency = links.reduce((sum, { link }) => sum + link.latencyUs, 0);
    return { latency, up: qualityOf(links), down: qualityOf(back) };
  }

  /** Reads the links once an epoch: asking for each node apart would cost the square of their number. */
  private lookAround(): void {
    const { fabric } = this;
    const racks = new Set(fabric.racks);
    const switches = new Set(fabric.switches);
    // Routers are the core; so is a switch that has nothing behind it.
    this.exits = new Map();
    for (const name of switches)
      if (!racks.has(name) || switches.size === 1) this.exits.set(name, undefined);
    this.uplinks = new Map();
    const works = fabric.links().filter(({ up }) => up);
    // A rack leaves by its first link to a router, else to another rack.
    for (const link of works) {
      if (!switches.has(link.from)) this.uplinks.set(link.from, link);
      else if (!racks.has(link.from)) this.leaves(link.to, link);
      else if (!racks.has(link.to)) this.leaves(link.from, link);
    }
    for (const link of works) {
      if (!racks.has(link.from) || !racks.has(link.to)) continue;
      this.leaves(link.from, link);
      this.leaves(link.to, link);
    }
  }

  private leaves(rack: string, link: FabricLink): void {
    if (!this.exits.has(rack)) this.exits.set(rack, link);
  }
}

/** Of a node that is cut off. */
const NO_WAY: Omit<WayOut, "latency"> = Object.freeze({ up: undefined, down: undefined });

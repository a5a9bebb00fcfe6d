import type { Forkable } from "../engine/fork.js";
import type { Micros } from "../engine/time.js";
import { FabricError } from "./fabric-error.js";
import { findLink, listLinks } from "./fabric-links.js";
import {
  type FabricLink,
  type FabricSpec,
  type HostSpec,
  type LinkAttributes,
  resolveLink,
} from "./fabric-spec.js";
import { canonicalSubnet, FabricTopology, linkName } from "./fabric-topology.js";
import { HOST_CUT, HostTable, UPLINK_CUT } from "./host-table.js";
import { LinkQueues } from "./link-queues.js";
import { PacketDrops } from "./packet-drops.js";
import { isImpaired, type LinkChange, type PathQuality, QualitySum } from "./path-quality.js";
import { PathTable } from "./path-table.js";
import { SwitchCuts } from "./switch-cuts.js";

/** The cable of a guest: a veth pair, which takes no time that shows. */
const VETH: LinkAttributes = Object.freeze({
  latencyUs: 10,
  jitterUs: 0,
  bandwidthMbps: Number.POSITIVE_INFINITY,
  loss: 0,
  up: true,
});

/** A node by dense id or by name. */
export type NodeRef = number | string;

/**
 * The underlay of a cluster: who reaches whom, after how long.
 *
 * Nodes have dense ids, 0 to N−1, in the order of the specification and of {@link Fabric.addNode}. Each hangs from one
 * switch by an uplink; latency between two nodes is that of their uplinks and of the shortest path between their
 * switches, which Dijkstra finds when it is first asked for after a change.
 *
 * Cuts of links, nodes, racks, switches and node pairs are independent flags: each is lifted by its own restore alone,
 * repeating one does nothing, and their order does not matter. Routing around a cut is immediate: the time in which an
 * underlay finds its new paths is not modelled.
 *
 * @throws FabricError from any method that is given a name or an id the fabric does not have.
 */
export class Fabric implements Forkable {
  private readonly topology: FabricTopology;
  private readonly hosts: HostTable;
  private readonly cuts: SwitchCuts;
  private readonly dropped: PacketDrops;
  private readonly queues: LinkQueues;
  private paths: PathTable;
  private changes: number;
  /** See {@link Fabric.impaired}. */
  private rough: boolean;

  private constructor(
    topology: FabricTopology,
    hosts: HostTable,
    cuts: SwitchCuts,
    dropped: PacketDrops,
    queues: LinkQueues,
    paths: PathTable,
    changes: number,
    rough: boolean,
  ) {
    this.topology = topology;
    this.hosts = hosts;
    this.cuts = cuts;
    this.dropped = dropped;
    this.queues = queues;
    this.paths = paths;
    this.changes = changes;
    this.rough = rough;
  }

  /** Builds the fabric of a specification. */
  static build(spec: FabricSpec): Fabric {
    const topology = new FabricTopology(spec);
    const switches = topology.switchNames.length;
    const fabric = new Fabric(
      topology,
      new HostTable(switches),
      new SwitchCuts(topology),
      new PacketDrops(),
      new LinkQueues(),
      new PathTable(switches),
      0,
      topology.links.some(({ attributes }) => isImpaired(attributes)),
    );
    for (const node of spec.nodes) fabric.addNode(node);
    return fabric;
  }

  /** Copies the fabric into a fork. The graph, and paths already found, are shared: they are never changed. */
  forkSelf(copy: <T>(value: T) => T): Fabric {
    // A used table holds for this state of the links for good and may be shared; an unused one may not.
    const paths = this.paths.used ? this.paths : new PathTable(this.paths.size);
    return new Fabric(
      this.topology,
      copy(this.hosts),
      copy(this.cuts),
      copy(this.dropped),
      copy(this.queues),
      paths,
      this.changes,
      this.rough,
    );
  }

  /** How many nodes there are; ids are 0 to this number minus 1. */
  get nodeCount(): number {
    return this.hosts.count;
  }

  /** The names of the racks, in the order of the specification. */
  get racks(): readonly string[] {
    return this.topology.racks;
  }

  /** The names of all switches by their dense id: the racks, then the routers. */
  get switches(): readonly string[] {
    return this.topology.switchNames;
  }

  /** Grows by one with each cut, degradation or restore that changed anything. What was cached at another epoch may be wrong. */
  get epoch(): number {
    return this.changes;
  }

  /**
   * One-way latency from one node to another now, in microseconds: what else the links do says {@link Fabric.quality}.
   * 0 to itself, Infinity without a path.
   */
  delay(from: number, to: number): number {
    const { latency, switchIds } = this.hosts;
    const { distance, size } = this.paths;
    const delay =
      latency[from]! + distance[switchIds[from]! * size + switchIds[to]!]! + latency[to]!;
    // NaN: a path that has not been sought yet, or an id that is no node's.
    if (from === to || Number.isNaN(delay)) return this.delayUncached(from, to);
    return this.dropped.everything(from, to) ? Infinity : delay;
  }

  /**
   * Whether any link has, or ever had, jitter, loss or a limited bandwidth. While it is false nobody needs to ask for
   * {@link Fabric.quality}.
   */
  get impaired(): boolean {
    return this.rough;
  }

  /**
   * What the links from one node to another do to packets besides delaying them; undefined where they do nothing, to the
   * node itself and without a path.
   */
  quality(from: number, to: number): PathQuality | undefined {
    if (!this.rough || from === to || this.delay(from, to) === Infinity) return undefined;
    const { hosts, paths } = this;
    const { guests } = hosts;
    if (guests.has(from) || guests.has(to))
      return this.quality(guests.get(from) ?? from, guests.get(to) ?? to);
    const pair = this.pair(from, to);
    const uplinks = this.topology.links.length;
    const sum = new QualitySum();
    sum.addLink(hosts.links[from]!, 2 * (uplinks + from));
    const { jitter, bandwidth, delivery, narrowest } = paths;
    sum.add(jitter[pair]!, bandwidth[pair]!, delivery[pair]!, narrowest[pair]!);
    sum.addLink(hosts.links[to]!, 2 * (uplinks + to) + 1);
    return sum.result();
  }

  /**
   * Sends octets through the narrowest link of a path, behind what others send through it: when it takes up their first
   * one. Whoever sends so is to ask in the order of time.
   */
  occupy(quality: PathQuality, at: Micros, bytes: number): Micros {
    return this.queues.occupy(quality, at, bytes);
  }

  /** Whether there is a path from one node to another now. */
  reachable(from: number, to: number): boolean {
    return this.delay(from, to) !== Infinity;
  }

  /** Whether two nodes are in the same subnet, wherever they hang and whatever is cut. */
  sameSubnet(a: NodeRef, b: NodeRef): boolean {
    const { subnetIds } = this.hosts;
    return subnetIds[this.hosts.resolve(a)] === subnetIds[this.hosts.resolve(b)];
  }

  /**
   * Routers that a packet from one node to another passes, each of which takes one from its TTL: none in a subnet,
   * `FabricSpec.routersBetweenSubnets` between two.
   */
  routersBetween(from: number, to: number): number {
    const { subnetIds } = this.hosts;
    return subnetIds[from] === subnetIds[to] ? 0 : this.topology.routersBetweenSubnets;
  }

  /** The id of a node; checks an id, too. */
  nodeId(node: NodeRef): number {
    return this.hosts.resolve(node);
  }

  /** The name of a node. */
  nodeName(node: number): string {
    return this.hosts.hosts[this.hosts.resolve(node)]!.name;
  }

  /** The name of the rack (or router) that a node hangs from. */
  rackOf(node: NodeRef): string {
    return this.topology.switchNames[this.rackIdOf(node)]!;
  }

  /** The dense id of the rack (or router) that a node hangs from: nodes with the same one see the same paths. */
  rackIdOf(node: NodeRef): number {
    return this.hosts.switchIds[this.hosts.resolve(node)]!;
  }

  /** The ids of the nodes that hang from a rack (or router), in the order of joining. */
  nodesInRack(rack: string): readonly number[] {
    return this.hosts.bySwitch[this.topology.switchId(rack)]!;
  }

  /** Adds a node while the simulation runs; returns its id. The fabric is unchanged when this throws. */
  addNode(node: HostSpec): number {
    const { name, rack } = node;
    if (this.hosts.has(name) || this.topology.switchIds.has(name)) {
      throw new FabricError({ code: "DUPLICATE_NAME", name });
    }
    const switchId = this.topology.switchId(rack);
    const { hostLink, laterUplinks } = this.topology;
    const link = resolveLink(linkName(name, rack), hostLink, laterUplinks.get(name), node.link);
    const subnet =
      node.subnet === undefined
        ? this.topology.switchSubnets[switchId]!
        : canonicalSubnet(name, node.subnet);
    if (isImpaired(link)) this.rough = true;
    return this.hosts.add(Object.freeze({ name, switchId, subnet, link }));
  }

  /**
   * Adds something with an address of its own that runs on a node, such as a pod, or moves it to another one; returns its id.
   * What happens to the node's uplink does not come between the two; everybody else is reached through the node.
   */
  placeGuest(name: string, on: NodeRef): number {
    const node = this.hosts.resolve(on);
    const { switchId, subnet } = this.hosts.hosts[node]!;
    if (this.topology.switchIds.has(name)) throw new FabricError({ code: "DUPLICATE_NAME", name });
    const id = this.hosts.has(name)
      ? this.hosts.resolve(name)
      : this.hosts.add(Object.freeze({ name, switchId, subnet, link: VETH }));
    this.hosts.setGuest(id, node);
    this.changes++;
    return id;
  }

  /** Cuts a link in both directions. */
  cutLink(link: number): void {
    this.setLink(link, true);
  }

  /** Lifts {@link Fabric.cutLink}, and brings up a link that was specified as down. */
  restoreLink(link: number): void {
    this.setLink(link, false);
  }

  /**
   * Changes what a link is like; what the change does not name is as specified. Paths stay where they are, since routing
   * protocols look at what was configured, but for a link that loses everything, which is as good as cut.
   */
  degradeLink(link: number, change: LinkChange): void {
    const { specified, name } = this.specifiedLink(link);
    const attributes = resolveLink(name, specified, change);
    const uplinkOf = link - this.topology.links.length;
    if (isImpaired(attributes)) this.rough = true;
    if (uplinkOf < 0) {
      this.cuts.attributes[link] = attributes;
      if (this.paths.used) this.paths = new PathTable(this.paths.size);
    } else this.hosts.setLink(uplinkOf, attributes);
    this.changes++;
  }

  /** Lifts {@link Fabric.degradeLink}: the link is as specified. */
  mendLink(link: number): void {
    this.degradeLink(link, {});
  }

  /** Cuts a node off from all others, as when its last cable is pulled. */
  cutNode(node: NodeRef): void {
    if (this.hosts.setCut(this.hosts.resolve(node), HOST_CUT, true)) this.changes++;
  }

  /** Lifts {@link Fabric.cutNode}. */
  restoreNode(node: NodeRef): void {
    if (this.hosts.setCut(this.hosts.resolve(node), HOST_CUT, false)) this.changes++;
  }

  /** Cuts all links between a rack and other switches. Its nodes still reach one another. */
  cutRack(rack: string): void {
    this.setCut(this.cuts.racks, this.topology.switchId(rack), true);
  }

  /** Lifts {@link Fabric.cutRack}. */
  restoreRack(rack: string): void {
    this.setCut(this.cuts.racks, this.topology.switchId(rack), false);
  }

  /** Kills the switch of a rack, or a router: nothing passes it, not even between nodes that hang from it. */
  cutSwitch(name: string): void {
    this.setCut(this.cuts.switches, this.topology.switchId(name), true);
  }

  /** Lifts {@link Fabric.cutSwitch}. */
  restoreSwitch(name: string): void {
    this.setCut(this.cuts.switches, this.topology.switchId(name), false);
  }

  /** Drops what one node sends to another, in this direction alone, as a misconfigured firewall does. */
  cutPath(from: NodeRef, to: NodeRef): void {
    const { hosts } = this;
    if (this.dropped.add(hosts.resolve(from), hosts.resolve(to))) this.changes++;
  }

  /** Lifts {@link Fabric.cutPath}. */
  restorePath(from: NodeRef, to: NodeRef): void {
    const { hosts } = this;
    if (this.dropped.remove(hosts.resolve(from), hosts.resolve(to))) this.changes++;
  }

  /** Drops what one node sends to a TCP port of another, in this direction alone; answers from that port pass. */
  dropPort(from: NodeRef, to: NodeRef, port: number): void {
    const { hosts } = this;
    if (this.dropped.add(hosts.resolve(from), hosts.resolve(to), port)) this.changes++;
  }

  /** Lifts {@link Fabric.dropPort}. */
  allowPort(from: NodeRef, to: NodeRef, port: number): void {
    const { hosts } = this;
    if (this.dropped.remove(hosts.resolve(from), hosts.resolve(to), port)) this.changes++;
  }

  /** Whether what one node sends to a TCP port of another is dropped. */
  drops(from: number, to: number, port: number): boolean {
    return this.dropped.toPort(from, to, port);
  }

  /** The id of the link between two neighbours, given by name: a node and its rack, or two switches. */
  linkBetween(a: string, b: string): number {
    return findLink(this.topology, this.hosts, a, b);
  }

  /** All links by id: first those between switches, then the uplink of each node. */
  links(): readonly FabricLink[] {
    return listLinks(this.topology, this.hosts, this.cuts);
  }

  private delayUncached(from: number, to: number): number {
    this.hosts.resolve(from);
    this.hosts.resolve(to);
    if (from === to) return 0;
    const { guests, switchIds } = this.hosts;
    if (guests.has(from) || guests.has(to)) return this.guestDelay(from, to);
    const lower = Math.min(switchIds[from]!, switchIds[to]!);
    this.paths.computeRow(this.topology, lower, this.cuts);
    return this.delay(from, to);
  }

  private guestDelay(from: number, to: number): number {
    const { cuts, guests } = this.hosts;
    if (this.dropped.everything(from, to)) return Infinity;
    let delay = this.delay(guests.get(from) ?? from, guests.get(to) ?? to);
    for (const end of [from, to]) {
      if (!guests.has(end)) continue;
      delay += cuts[end] === 0 ? VETH.latencyUs : Infinity;
    }
    return delay;
  }

  /** Where the path tables keep two nodes. */
  private pair(from: number, to: number): number {
    const { switchIds } = this.hosts;
    return switchIds[from]! * this.paths.size + switchIds[to]!;
  }

  /** What a link is like unless it was degraded. */
  private specifiedLink(link: number): {
    readonly specified: LinkAttributes;
    readonly name: string;
  } {
    const { topology, hosts } = this;
    const between = topology.links[link];
    if (between !== undefined) {
      const [a, b] = [between.from, between.to].map((id) => topology.switchNames[id]!);
      return { specified: between.attributes, name: linkName(a!, b!) };
    }
    const host = hosts.hosts[link - topology.links.length];
    if (host === undefined) throw new FabricError({ code: "UNKNOWN_LINK", link });
    return {
      specified: host.link,
      name: linkName(host.name, topology.switchNames[host.switchId]!),
    };
  }

  private setLink(link: number, cut: boolean): void {
    const uplinkOf = link - this.topology.links.length;
    if (this.topology.links[link] !== undefined) this.setCut(this.cuts.links, link, cut);
    else if (this.hosts.hosts[uplinkOf] === undefined) {
      throw new FabricError({ code: "UNKNOWN_LINK", link });
    } else if (this.hosts.setCut(uplinkOf, UPLINK_CUT, cut)) this.changes++;
  }

  /** Changes a flag that bears on the paths between switches. */
  private setCut(flags: Uint8Array, at: number, cut: boolean): void {
    const value = cut ? 1 : 0;
    if (flags[at] === value) return;
    flags[at] = value;
    this.changes++;
    if (this.paths.used) this.paths = new PathTable(this.paths.size);
  }
}

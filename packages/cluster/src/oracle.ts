import {
  type Address,
  allocationsOf,
  type BGPPeer,
  bgpSettings,
  blockOwner,
  type Cidr,
  cidrContains,
  type Era,
  felixSettings,
  formatCidr,
  type IPAMBlock,
  type IPPool,
  isHostCidr,
  type Node,
  nodeView,
  ofKind,
  parseAddress,
  parseCidr,
  poolView,
  type Resource,
  writtenAddress,
} from "@calico-sim/core";

import { type NextHopMode, nextHopsTo } from "./oracle-next-hops.js";
import { type OraclePeerings, oraclePeerings, reaches } from "./oracle-peerings.js";

/** A route as it must be in a node's kernel once all is quiet. */
export interface ExpectedRoute {
  readonly type: "unicast" | "blackhole";
  /** Absent for a blackhole. */
  readonly device?: "eth0" | "tunl0" | "vxlan.calico";
  /** Name of the node whose address is the gateway. */
  readonly gateway?: string;
  /** Gateways beside the first, of a route over several equally good paths; a packet takes any of them. */
  readonly further?: readonly { readonly device: string; readonly gateway: string }[];
  /** Who writes it. */
  readonly writer: "felix" | "bird";
}

/** What the oracle knows of a node. */
export interface OracleNode {
  readonly name: string;
  readonly address: Address | undefined;
  readonly subnet: Cidr | undefined;
  readonly vxlanAddress: string | undefined;
  readonly clusterId: string;
  /** Absent: the cluster's. */
  readonly asNumber: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** What the oracle knows of a pool. */
export interface OraclePool {
  readonly name: string;
  readonly cidr: Cidr;
  readonly encapsulation: "none" | "ipip" | "vxlan";
  readonly crossSubnet: boolean;
  /** Its blocks are told to BGP peers (not `disableBGPExport`). */
  readonly exported: boolean;
}

/** What the oracle knows of a block. */
export interface OracleBlock {
  readonly cidr: Cidr;
  readonly text: string;
  /** Node that it is affine to; undefined when none. */
  readonly owner: string | undefined;
  readonly pool: OraclePool | undefined;
  /** Set for an address that another node uses: the owner of the block that it lies in. */
  readonly lender?: string | undefined;
  /** Addresses used by other nodes than the owner. */
  readonly borrowed: readonly { readonly address: string; readonly node: string }[];
}

/** The part of a datastore's content that decides routes, read once. */
export interface OracleState {
  readonly nodes: ReadonlyMap<string, OracleNode>;
  readonly pools: readonly OraclePool[];
  readonly felix: { readonly ipip: boolean; readonly noEncap: boolean };
  readonly bgp: {
    readonly ipip: boolean;
    readonly noEncap: boolean;
    readonly mesh: boolean;
    /** What BGPPeer resources add. */
    readonly peerings: OraclePeerings;
    readonly asNumber: number;
    /** Peerings in which a BGPPeer says something of the next hop; undefined where all say nothing and all nodes are of one AS. */
    readonly nextHops: Readonly<Record<"self" | "keep", OraclePeerings>> | undefined;
  };
}

/** Which pairs of nodes can have a BGP session: both run, and the underlay joins them. */
export interface Liveness {
  /** Whether the first can tell the second something. */
  connected(from: string, to: string): boolean;
}

/**
 * Reads what decides routes from a datastore's content. Pure, and written from the documents alone: it
 * shares no code with the daemons (node-behaviour §1.9, §3.6, §4.4).
 */
export function oracleState(
  resources: Iterable<Resource>,
  era: Era,
  backend: "bird" | "vxlan" | "none",
  felixEnvironment: Readonly<Record<string, unknown>> = {},
): OracleState {
  const all = [...resources];
  const nodes = new Map<string, OracleNode>();
  for (const node of ofKind(all, "Node")) nodes.set(node.metadata.name, oracleNode(node));
  const pools = ofKind(all, "IPPool").map((pool) => oraclePool(pool, era));
  const felix = felixSettings(ofKind(all, "FelixConfiguration"), era, {
    environment: felixEnvironment,
  }).programClusterRoutes;
  const bgp = bgpSettings(ofKind(all, "BGPConfiguration"), era);
  const claims = (value: string): { ipip: boolean; noEncap: boolean } => ({
    ipip: value === "Enabled" || value === "EnabledIPIPOnly",
    noEncap: value === "Enabled" || value === "EnabledNoEncapOnly",
  });
  const bird =
    backend === "bird" ? claims(bgp.programClusterRoutes) : { ipip: false, noEncap: false };
  return {
    nodes,
    pools,
    felix: claims(felix),
    bgp: {
      ...bird,
      mesh: backend === "bird" && bgp.nodeToNodeMeshEnabled,
      peerings: oraclePeerings(nodes, ofKind(all, "BGPPeer")),
      asNumber: bgp.asNumber,
      nextHops: nextHopPeerings(nodes, ofKind(all, "BGPPeer"), bgp.asNumber),
    },
  };
}

/** Who says something of the next hop to whom; undefined where it stays with the origin for everybody. */
function nextHopPeerings(
  nodes: ReadonlyMap<string, OracleNode>,
  peers: readonly BGPPeer[],
  asNumber: number,
): OracleState["bgp"]["nextHops"] {
  const saying = (mode: string): BGPPeer[] => peers.filter((p) => p.spec.nextHopMode === mode);
  const [self, keep] = [saying("Self"), saying("Keep")];
  const oneAS = [...nodes.values()].every((node) => (node.asNumber ?? asNumber) === asNumber);
  if (self.length === 0 && keep.length === 0 && oneAS) return undefined;
  return { self: oraclePeerings(nodes, self), keep: oraclePeerings(nodes, keep) };
}

/** What a Node is to the oracle. */
export function oracleNode(node: Node): OracleNode {
  const view = nodeView(node);
  const subnet = view.ipv4Address === undefined ? undefined : parseCidr(view.ipv4Address);
  const internal = view.internalIP === undefined ? undefined : parseAddress(view.internalIP);
  return {
    name: view.name,
    address: subnet === undefined ? internal : writtenAddress(subnet),
    subnet,
    vxlanAddress: view.ipv4VXLANTunnelAddr,
    clusterId: view.routeReflectorClusterID ?? "",
    asNumber: view.asNumber,
    labels: view.labels,
  };
}

function oraclePool(pool: IPPool, era: Era): OraclePool {
  const view = poolView(pool, era);
  const cidr = parseCidr(view.cidr);
  if (cidr === undefined) throw new RangeError(`IPPool ${view.name} has the CIDR "${view.cidr}"`);
  const vxlan = view.vxlanMode !== "Never";
  const ipip = view.ipipMode !== "Never";
  return {
    name: view.name,
    cidr,
    encapsulation: vxlan ? "vxlan" : ipip ? "ipip" : "none",
    crossSubnet: view.vxlanMode === "CrossSubnet" || view.ipipMode === "CrossSubnet",
    exported: !view.disableBGPExport,
  };
}

/** What a block is to the oracle. */
export function oracleBlock(block: IPAMBlock, state: OracleState): OracleBlock {
  const cidr = parseCidr(block.spec.cidr);
  if (cidr === undefined)
    throw new RangeError(`IPAMBlock ${block.metadata.name} has the CIDR "${block.spec.cidr}"`);
  return {
    cidr,
    text: formatCidr(cidr),
    owner: blockOwner(block),
    pool: state.pools.find((pool) => cidrContains(pool.cidr, cidr)),
    borrowed: borrowedFrom(block),
  };
}

function borrowedFrom(block: IPAMBlock): OracleBlock["borrowed"] {
  if (!lends(block)) return NONE;
  return allocationsOf(block).flatMap(({ address, node, borrowed }) =>
    borrowed && node !== undefined ? [{ address, node }] : [],
  );
}

/** Whether some address of a block may be in use on another node than its owner. */
export function lends(block: IPAMBlock): boolean {
  const owner = blockOwner(block);
  for (const { secondary } of block.spec.attributes) {
    const node = secondary?.["node"];
    if (node !== undefined && node !== owner) return true;
  }
  return false;
}

const NONE: OracleBlock["borrowed"] = Object.freeze([]);

/**
 * The route to a block (or a borrowed address of it, when `holder` differs from the owner) that a node's
 * kernel must hold; undefined when it must hold none.
 */
export function expectedRoute(
  state: OracleState,
  live: Liveness,
  node: string,
  block: OracleBlock,
  holder: string | undefined = block.owner,
): ExpectedRoute | undefined {
  const { pool } = block;
  if (pool === undefined || holder === undefined) return undefined;
  const writer = writerOf(state, pool);
  if (writer === undefined) return undefined;
  if (holder === node) {
    // Not for /32 blocks: the blackhole would shadow the pod's own route (node-behaviour §4.4).
    if (isHostCidr(block.cidr) || holder !== block.owner) return undefined;
    return { type: "blackhole", writer };
  }
  const self = state.nodes.get(node);
  const other = state.nodes.get(holder);
  if (self === undefined || other?.address === undefined) return undefined;
  if (writer === "bird")
    return self.address === undefined
      ? undefined
      : birdRoute(state, lendersSilence(live, block, holder), node, pool, holder);
  const near = self.subnet !== undefined && cidrContains(self.subnet, other.address);
  const direct = pool.encapsulation === "none" || (pool.crossSubnet && near);
  if (direct) return { type: "unicast", device: "eth0", gateway: holder, writer };
  if (pool.encapsulation === "ipip")
    return { type: "unicast", device: "tunl0", gateway: holder, writer };
  // A VXLAN route waits for the peer's VTEP (node-behaviour §3.7).
  if (other.vxlanAddress === undefined) return undefined;
  return { type: "unicast", device: "vxlan.calico", gateway: holder, writer };
}

/**
 * The owner of a block tells nobody of an address inside it that another node uses: it says the block alone
 * (node-behaviour §1.6, rule 5).
 */
function lendersSilence(live: Liveness, block: OracleBlock, holder: string): Liveness {
  const lender = block.lender ?? block.owner;
  if (lender === undefined || lender === holder) return live;
  return { connected: (from, to) => from !== lender && live.connected(from, to) };
}

/** A route that comes by BGP: over one node, or over several equally good ones at once (`merge paths`, node-behaviour §1.5). */
function birdRoute(
  state: OracleState,
  live: Liveness,
  node: string,
  pool: OraclePool,
  holder: string,
): ExpectedRoute | undefined {
  // The first check of the export filter (node-behaviour §1.6, rule 1).
  if (!pool.exported) return undefined;
  const subnet = state.nodes.get(node)?.subnet;
  const hops = gatewaysOf(state, live, node, holder).map((gateway) => {
    const address = state.nodes.get(gateway)?.address;
    const near = subnet !== undefined && address !== undefined && cidrContains(subnet, address);
    const direct = pool.encapsulation === "none" || (pool.crossSubnet && near);
    return { device: direct ? ("eth0" as const) : ("tunl0" as const), gateway };
  });
  const [first, ...further] = hops;
  if (first === undefined) return undefined;
  return {
    type: "unicast",
    ...first,
    writer: "bird",
    ...(further.length === 0 ? {} : { further }),
  };
}

/** Nodes that a node sends to for what another originates; none where it does not hear of it by BGP. */
function gatewaysOf(
  state: OracleState,
  live: Liveness,
  node: string,
  holder: string,
): readonly string[] {
  const { mesh, peerings, nextHops, asNumber } = state.bgp;
  const { nodes } = state;
  const inMesh = (name: string): boolean => mesh && nodes.get(name)?.clusterId === "";
  const linked = (a: string, b: string): boolean => {
    const meshed = inMesh(a) && inMesh(b);
    const asked = peerings.get(a)?.has(b) === true && peerings.get(b)?.has(a) === true;
    return (meshed || asked) && live.connected(a, b);
  };
  if (peerings.size === 0) return linked(holder, node) ? [holder] : [];
  if (nextHops === undefined)
    return reaches({ nodes, peerings, linked }, holder, node) ? [holder] : [];
  const says = (a: string, b: string): NextHopMode =>
    nextHops.self.get(a)?.has(b) === true
      ? "self"
      : nextHops.keep.get(a)?.has(b) === true
        ? "keep"
        : "auto";
  const ways = {
    nodes,
    linked,
    treats: (a: string, b: string): boolean => peerings.get(a)?.get(b) === true,
    asNumber: (name: string): number => nodes.get(name)?.asNumber ?? asNumber,
    nextHopMode: says,
  };
  return nextHopsTo(ways, holder, node);
}

/** Who programs the routes of a pool, if anybody (node-behaviour §1.9). */
export function writerOf(state: OracleState, pool: OraclePool): "felix" | "bird" | undefined {
  if (pool.encapsulation === "vxlan") return "felix";
  const key = pool.encapsulation === "ipip" ? "ipip" : "noEncap";
  return state.felix[key] ? "felix" : state.bgp[key] ? "bird" : undefined;
}

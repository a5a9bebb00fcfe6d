import {
  allocationsOf,
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

import type { ExternalRouter } from "./external-router.js";
import {
  gatewayTo,
  heardThrough,
  NOTHING_OUTSIDE,
  oracleOutside,
  routerHears,
} from "./oracle-outside.js";
import { type OraclePeerings, oraclePeerings, reaches } from "./oracle-peerings.js";
import type { Liveness, OracleNode, OracleOutside, OraclePool } from "./oracle-terms.js";

export type { Liveness, OracleNode, OraclePool } from "./oracle-terms.js";

/** A route as it must be in a node's kernel once all is quiet. */
export interface ExpectedRoute {
  readonly type: "unicast" | "blackhole";
  /** Absent for a blackhole. */
  readonly device?: "eth0" | "tunl0" | "vxlan.calico";
  /** Name of the node or external router whose address is the gateway. */
  readonly gateway?: string;
  /** Who writes it. */
  readonly writer: "felix" | "bird";
}

/** What the oracle knows of a block. */
export interface OracleBlock {
  readonly cidr: Cidr;
  readonly text: string;
  /** Node that it is affine to; undefined when none. */
  readonly owner: string | undefined;
  readonly pool: OraclePool | undefined;
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
    /** AS of nodes that have none of their own. */
    readonly asNumber: number;
  };
  /** BGP speakers outside the cluster. */
  readonly outside: OracleOutside;
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
  routers: readonly ExternalRouter[] = [],
): OracleState {
  const all = [...resources];
  const { asNumber } = bgpSettings(ofKind(all, "BGPConfiguration"), era);
  const nodes = new Map<string, OracleNode>();
  for (const node of ofKind(all, "Node")) nodes.set(node.metadata.name, oracleNode(node, asNumber));
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
      asNumber,
    },
    outside:
      backend === "bird" && routers.length > 0
        ? oracleOutside(nodes, ofKind(all, "BGPPeer"), routers)
        : NOTHING_OUTSIDE,
  };
}

/**
 * What a Node is to the oracle.
 *
 * @param asNumber - the AS of nodes that have none of their own.
 */
export function oracleNode(node: Node, asNumber: number): OracleNode {
  const view = nodeView(node);
  const subnet = view.ipv4Address === undefined ? undefined : parseCidr(view.ipv4Address);
  const internal = view.internalIP === undefined ? undefined : parseAddress(view.internalIP);
  return {
    name: view.name,
    address: subnet === undefined ? internal : writtenAddress(subnet),
    subnet,
    vxlanAddress: view.ipv4VXLANTunnelAddr,
    clusterId: view.routeReflectorClusterID ?? "",
    labels: view.labels,
    asNumber: view.asNumber ?? asNumber,
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
  const near = self.subnet !== undefined && cidrContains(self.subnet, other.address);
  const gateway = writer === "bird" ? toldGateway(state, live, node, holder) : holder;
  if (gateway === undefined || (writer === "bird" && self.address === undefined)) return undefined;
  const direct = pool.encapsulation === "none" || (pool.crossSubnet && near);
  if (direct) return { type: "unicast", device: "eth0", gateway, writer };
  if (pool.encapsulation === "ipip") return { type: "unicast", device: "tunl0", gateway, writer };
  // A VXLAN route waits for the peer's VTEP (node-behaviour §3.7).
  if (other.vxlanAddress === undefined) return undefined;
  return { type: "unicast", device: "vxlan.calico", gateway: holder, writer };
}

/** Where a node sends for what another originates, as far as BGP tells it of it. */
function toldGateway(
  state: OracleState,
  live: Liveness,
  node: string,
  holder: string,
): string | undefined {
  if (told(state, live, node, holder)) return holder;
  if (state.outside.routers.length === 0) return undefined;
  return heardThrough(state, live, node, holder, (other) => told(state, live, other, holder));
}

/** The route to a prefix outside that a node's kernel must hold, undefined for none; `unknown` where the oracle does not say. */
export function expectedOutside(
  state: OracleState,
  live: Liveness,
  node: string,
  prefix: Cidr,
): ExpectedRoute | "unknown" | undefined {
  const way = gatewayTo(state, live, node, prefix);
  if (way === "unknown") return way;
  const { gateway } = way;
  if (gateway === undefined) return undefined;
  return { type: "unicast", device: "eth0", gateway, writer: "bird" };
}

/** Whether an external router must have a route to a block. */
export function reachesRouter(
  state: OracleState,
  live: Liveness,
  router: string,
  { pool, owner }: OracleBlock,
): boolean {
  if (owner === undefined) return false;
  const has = (node: string): boolean => told(state, live, node, owner);
  return routerHears(state, live, router, pool, owner, has);
}

/** Whether a node hears by BGP of what another originates, without anybody outside. */
function told(state: OracleState, live: Liveness, node: string, holder: string): boolean {
  const { mesh, peerings } = state.bgp;
  const inMesh = (name: string): boolean => mesh && state.nodes.get(name)?.clusterId === "";
  const linked = (a: string, b: string): boolean => {
    const meshed = inMesh(a) && inMesh(b);
    const asked = peerings.get(a)?.has(b) === true && peerings.get(b)?.has(a) === true;
    return (meshed || asked) && live.connected(a, b);
  };
  if (peerings.size === 0) return linked(node, holder);
  return reaches({ nodes: state.nodes, peerings, linked }, holder, node);
}

function writerOf(state: OracleState, pool: OraclePool): "felix" | "bird" | undefined {
  if (pool.encapsulation === "vxlan") return "felix";
  const key = pool.encapsulation === "ipip" ? "ipip" : "noEncap";
  return state.felix[key] ? "felix" : state.bgp[key] ? "bird" : undefined;
}

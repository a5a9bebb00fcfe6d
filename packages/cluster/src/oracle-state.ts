import {
  type Address,
  type AddressFamily,
  allocationsOf,
  type BGPPeer,
  bgpSettings,
  blockOwner,
  cidrContains,
  type Era,
  felixSettings,
  formatCidr,
  type IPAMBlock,
  type IPPool,
  type Node,
  nodeView,
  ofKind,
  parseAddress,
  parseCidr,
  poolView,
  type Resource,
  sha256,
  writtenAddress,
} from "@calico-sim/core";
import type { ExternalRouter } from "./external-router.js";
import { NOTHING_OUTSIDE, oracleOutside } from "./oracle-outside.js";
import { type OraclePeerings, oraclePeerings } from "./oracle-peerings.js";
import { type OracleSpeakers, oracleSpeakers } from "./oracle-speakers.js";
import type { OracleBlock, OracleNode, OracleOutside, OraclePool } from "./oracle-terms.js";
import type { PlacedWorkload } from "./workload-router.js";

/** The part of a datastore's content that decides routes, read once: of one family, since the other has daemons of its own. */
export interface OracleState {
  readonly family: AddressFamily;
  /** The same for IPv6, in the state of IPv4; undefined where no pool is of IPv6. */
  readonly ipv6?: OracleState;
  readonly nodes: ReadonlyMap<string, OracleNode>;
  readonly pools: readonly OraclePool[];
  readonly felix: {
    readonly ipip: boolean;
    readonly noEncap: boolean;
    /** `ipv6Support`: without it Felix writes no IPv6 route of any kind. */
    readonly ipv6: boolean;
  };
  readonly bgp: {
    readonly ipip: boolean;
    readonly noEncap: boolean;
    readonly mesh: boolean;
    /** What BGPPeer resources add. */
    readonly peerings: OraclePeerings;
    /** Nodes that are route reflectors. */
    readonly reflectors: readonly OracleNode[];
    /** AS of nodes that have none of their own. */
    readonly asNumber: number;
    /** `CALICO_ROUTER_ID`; blank for none. */
    readonly routerId: string;
    /** Peerings in which a BGPPeer says something of the next hop; undefined where all say nothing and all nodes are of one AS. */
    readonly nextHops: Readonly<Record<"self" | "keep", OraclePeerings>> | undefined;
  };
  /** BGP speakers outside the cluster. */
  readonly outside: OracleOutside;
  /** Where BGPFilters have a say, or the mesh is of several ASes; undefined where the rest above is all that counts. */
  readonly speakers: OracleSpeakers | undefined;
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
  routerId = "",
  pods: readonly PlacedWorkload[] = [],
): OracleState {
  const all = [...resources];
  const bgp = bgpSettings(ofKind(all, "BGPConfiguration"), era);
  const { asNumber } = bgp;
  const nodesOf = (family: AddressFamily): Map<string, OracleNode> =>
    new Map(
      ofKind(all, "Node").map((node) => [
        node.metadata.name,
        oracleNode(node, { asNumber, routerId }, family),
      ]),
    );
  const nodes = nodesOf(4);
  const pools = ofKind(all, "IPPool").map((pool) => oraclePool(pool, era));
  const felix = felixSettings(ofKind(all, "FelixConfiguration"), era, {
    environment: felixEnvironment,
  });
  const claims = (value: string): { ipip: boolean; noEncap: boolean } => ({
    ipip: value === "Enabled" || value === "EnabledIPIPOnly",
    noEncap: value === "Enabled" || value === "EnabledNoEncapOnly",
  });
  const bird =
    backend === "bird" ? claims(bgp.programClusterRoutes) : { ipip: false, noEncap: false };
  const peers = ofKind(all, "BGPPeer");
  const filters = ofKind(all, "BGPFilter");
  const configurations = ofKind(all, "BGPConfiguration");
  const mesh = backend === "bird" && bgp.nodeToNodeMeshEnabled;
  const stateOf = (
    family: AddressFamily,
    own: ReadonlyMap<string, OracleNode>,
    outside: OracleOutside,
    peering = inBgp(own),
  ): OracleState => ({
    family,
    nodes: own,
    pools,
    felix: { ...claims(felix.programClusterRoutes), ipv6: felix.ipv6Support },
    bgp: {
      ...bird,
      mesh,
      peerings: oraclePeerings(peering, peers),
      reflectors: [...peering.values()].filter(({ clusterId }) => clusterId !== ""),
      asNumber,
      routerId,
      nextHops: nextHopPeerings(peering, peers, asNumber),
    },
    outside,
    speakers:
      backend === "bird"
        ? oracleSpeakers({
            family,
            nodes: peering,
            routers: outside.routers,
            peers,
            filters,
            configurations,
            mesh,
            asNumber,
          })
        : undefined,
  });
  const outsideOf = (family: AddressFamily, own: ReadonlyMap<string, OracleNode>): OracleOutside =>
    backend === "bird" && routers.length + pods.length > 0
      ? oracleOutside(inBgp(own), peers, routers, family, known(family) ? pods : [])
      : NOTHING_OUTSIDE;
  // A pod has nobody to connect to but the address that BGPConfiguration names.
  const { spec } = configurations.find(({ metadata }) => metadata.name === "default") ?? {};
  const known = (family: AddressFamily): boolean =>
    Boolean(family === 4 ? spec?.localWorkloadPeeringIPV4 : spec?.localWorkloadPeeringIPV6);
  const v4 = stateOf(4, nodes, outsideOf(4, nodes));
  const addressed = routers.some(({ ip, ipv6 }) => ipv6 !== undefined || ip.includes(":"));
  if (!addressed && pools.every(({ cidr }) => cidr.family === 4)) return v4;
  const nodes6 = nodesOf(6);
  return { ...v4, ipv6: stateOf(6, nodes6, outsideOf(6, nodes6)) };
}

/** Nodes without those whose BIRD does not start, or does not use the address that they have. */
function inBgp(nodes: ReadonlyMap<string, OracleNode>): ReadonlyMap<string, OracleNode> {
  const silent = [...nodes.values()].filter(
    ({ address, speaks }) => address !== undefined && !speaks,
  );
  if (silent.length === 0) return nodes;
  return new Map([...nodes].filter(([, node]) => !silent.includes(node)));
}

/** Who says something of the next hop to whom; undefined where it stays with the origin for everybody. */
function nextHopPeerings(
  nodes: ReadonlyMap<string, OracleNode>,
  peers: readonly BGPPeer[],
  asNumber: number,
): OracleState["bgp"]["nextHops"] {
  const saying = (mode: string): BGPPeer[] => peers.filter((p) => p.spec.nextHopMode === mode);
  const [self, keep] = [saying("Self"), saying("Keep")];
  const oneAS = [...nodes.values()].every((node) => node.asNumber === asNumber);
  if (self.length === 0 && keep.length === 0 && oneAS) return undefined;
  return { self: oraclePeerings(nodes, self), keep: oraclePeerings(nodes, keep) };
}

/**
 * What a Node is to the oracle, in one family.
 *
 * @param settings - the AS of nodes that have none of their own, and where identifiers come from.
 */
export function oracleNode(
  node: Node,
  settings: Pick<OracleState["bgp"], "asNumber" | "routerId">,
  family: AddressFamily,
): OracleNode {
  const { asNumber, routerId } = settings;
  const view = nodeView(node);
  const written = family === 4 ? view.ipv4Address : view.ipv6Address;
  const subnet = written === undefined ? undefined : parseCidr(written);
  const reported = view.internalIP === undefined ? undefined : parseAddress(view.internalIP);
  const internal = reported?.family === family ? reported : undefined;
  const v4 = parseAddress(view.ipv4Address?.split("/")[0] ?? "");
  const address = subnet === undefined ? internal : writtenAddress(subnet);
  // A BIRD of IPv4 without a router id takes an address of its host.
  const hasBird = routerId !== "" || v4 !== undefined || (family === 4 && address !== undefined);
  return {
    name: view.name,
    address,
    subnet,
    vxlanAddress: family === 4 ? view.ipv4VXLANTunnelAddr : view.ipv6VXLANTunnelAddr,
    clusterId: view.routeReflectorClusterID ?? "",
    labels: view.labels,
    asNumber: view.asNumber ?? asNumber,
    identifier: identifierOf(view.name, routerId, v4),
    hasBird,
    speaks: hasBird && (family === 4 ? address : subnet) !== undefined,
  };
}

/** A hash, which never begins beyond 223, an address that all share, or the node's own (node-behaviour §1.5). */
function identifierOf(name: string, routerId: string, own: Address | undefined): number {
  if (routerId === "hash") {
    const [a, ...rest] = [...sha256(name).slice(0, 4)];
    const bytes = [a! >= 224 ? a! - 32 : a!, ...rest];
    return bytes.reduce((value, byte) => value * 256 + byte, 0);
  }
  const address = routerId === "" ? own : parseAddress(routerId);
  return address?.family === 4 ? address.value : 0;
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

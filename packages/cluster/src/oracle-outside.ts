import {
  type Address,
  addressEquals,
  type BGPPeer,
  type Cidr,
  cidrContains,
  compareAddresses,
  formatCidr,
  parseAddress,
  parseASNumber,
  parseCidr,
  SelectorError,
  selects,
} from "@calico-sim/core";
import type { ExternalRouter } from "./external-router.js";
import type { Liveness, OracleNode, OraclePool } from "./oracle.js";

/** What the oracle knows of an external router. */
export interface OracleRouter {
  readonly name: string;
  readonly address: Address;
  readonly asNumber: number;
  /** Blank when it is no route reflector. */
  readonly clusterId: string;
  /** Undefined: every node. */
  readonly peersWith: ReadonlySet<string> | undefined;
  /** In canonical form. */
  readonly prefixes: ReadonlySet<string>;
  /** Its neighbours may be behind routers; undefined: those that are not on its link. */
  readonly multihop: boolean | undefined;
}

/** A peering that BGPPeers ask of a node. */
interface Asked {
  /** BGPFilters have a say in what is told: the oracle does not know. */
  readonly filtered: boolean;
  /** Paths with the node's own AS in them are taken. */
  readonly allowsOwnAS: boolean;
}

/** What lies outside the cluster, and which node is told to peer with whom there. */
export interface OracleOutside {
  /** By address. */
  readonly routers: readonly OracleRouter[];
  /** By node and router. */
  readonly asked: ReadonlyMap<string, ReadonlyMap<string, Asked>>;
}

/** Nobody outside. */
export const NOTHING_OUTSIDE: OracleOutside = Object.freeze({ routers: [], asked: new Map() });

/** Reads who peers with whom outside, from the resources and the description of the routers alone (node-behaviour §1.4). */
export function oracleOutside(
  nodes: ReadonlyMap<string, OracleNode>,
  peers: readonly BGPPeer[],
  routers: readonly ExternalRouter[],
): OracleOutside {
  const known = routers.flatMap(oracleRouter).sort((a, b) => compareAddresses(a.address, b.address));
  const asked = new Map<string, Map<string, Asked>>();
  for (const { spec } of peers) {
    if (spec.peerSelector || spec.localWorkloadSelector) continue;
    const address = parseAddress((spec.peerIP ?? "").replace(/^([\d.]+):\d+$/, "$1"));
    const router = known.find((one) => address !== undefined && addressEquals(one.address, address));
    if (router === undefined) continue;
    for (const node of nodes.values()) {
      if (!isLocal(node, spec)) continue;
      const own = asked.get(node.name) ?? new Map<string, Asked>();
      asked.set(node.name, own);
      if (own.has(router.name)) continue;
      own.set(router.name, {
        filtered: (spec.filters ?? []).length > 0,
        allowsOwnAS: (spec.numAllowedLocalASNumbers ?? 0) > 0,
      });
    }
  }
  return { routers: known, asked };
}

function oracleRouter(router: ExternalRouter): readonly OracleRouter[] {
  const address = parseAddress(router.ip);
  if (address === undefined) return [];
  const { name, peersWith, prefixes = [], routeReflectorClusterID: clusterId = "" } = router;
  return [
    {
      name,
      address,
      asNumber: parseASNumber(router.asNumber) ?? 0,
      clusterId,
      peersWith: peersWith && new Set(peersWith),
      prefixes: new Set(prefixes.flatMap((text) => canonical(text))),
      multihop: router.multihop,
    },
  ];
}

function canonical(text: string): readonly string[] {
  const cidr = parseCidr(text);
  return cidr === undefined ? [] : [formatCidr(cidr)];
}

function isLocal(node: OracleNode, { node: name, nodeSelector }: BGPPeer["spec"]): boolean {
  if (!nodeSelector) return !name || name === node.name;
  try {
    return selects(nodeSelector, node.labels);
  } catch (error) {
    if (error instanceof SelectorError) return false;
    throw error;
  }
}

/** What decides the routes to and through what lies outside. */
interface State {
  readonly nodes: ReadonlyMap<string, OracleNode>;
  readonly pools: readonly OraclePool[];
  readonly outside: OracleOutside;
}

/** What a node and a router are to each other; undefined without a session between them. */
function session(
  { outside }: State,
  live: Liveness,
  node: string,
  router: OracleRouter,
): Asked | undefined {
  const asked = outside.asked.get(node)?.get(router.name);
  if (asked === undefined || !(router.peersWith?.has(node) ?? true)) return undefined;
  return live.connected(node, router.name) ? asked : undefined;
}

/**
 * The router that a node sends to for a prefix outside: of those that it has a session with and that originate it, one
 * of its own AS, whose path is the shorter, before one of another, then the lowest identifier (RFC 4271 §9.1.2.2).
 * `unknown` where BGPFilters or an IPPool have a say.
 */
export function gatewayTo(
  state: State,
  live: Liveness,
  node: string,
  prefix: Cidr,
): string | "unknown" | undefined {
  if (state.pools.some(({ cidr }) => cidrContains(cidr, prefix))) return "unknown";
  const text = formatCidr(prefix);
  const own = state.nodes.get(node)?.asNumber;
  const found: OracleRouter[] = [];
  for (const router of state.outside.routers) {
    if (!router.prefixes.has(text)) continue;
    const asked = session(state, live, node, router);
    if (asked?.filtered === true) return "unknown";
    if (asked !== undefined) found.push(router);
  }
  return (found.find(({ asNumber }) => asNumber === own) ?? found[0])?.name;
}

/**
 * Through which router a node hears of what another originates, and where that makes it send: a reflector leaves the
 * next hop as it is (RFC 4456 §10); any other router of another AS does so on one link (RFC 4271 §5.1.3), and else
 * names itself. Only one router on the way is considered.
 */
export function heardThrough(
  state: State,
  live: Liveness,
  node: string,
  holder: string,
): string | undefined {
  const self = state.nodes.get(node);
  const other = state.nodes.get(holder);
  if (self === undefined || other === undefined) return undefined;
  for (const router of state.outside.routers) {
    const towards = session(state, live, node, router);
    if (towards === undefined || session(state, live, holder, router) === undefined) continue;
    const internal = router.asNumber === self.asNumber && router.asNumber === other.asNumber;
    if (internal) {
      if (router.clusterId !== "") return holder;
      continue;
    }
    if (self.asNumber === other.asNumber && !towards.allowsOwnAS) continue;
    const onLink =
      router.multihop !== true &&
      self.subnet !== undefined &&
      cidrContains(self.subnet, router.address);
    return onLink ? holder : router.name;
  }
  return undefined;
}

/**
 * Whether a router must have a route to a block: its owner, or another node that has a route to it by BGP, tells it. Nodes
 * pass on to routers outside what lies in a pool (node-behaviour §1.6, rule 8).
 *
 * @param has - whether a node hears of the block's owner.
 */
export function routerHears(
  state: State,
  live: Liveness,
  name: string,
  pool: OraclePool | undefined,
  owner: string,
  has: (node: string) => boolean,
): boolean {
  const router = state.outside.routers.find((one) => one.name === name);
  if (router === undefined || pool?.exported !== true) return false;
  const tells = (node: string): boolean => {
    const asked = session(state, live, node, router);
    return asked !== undefined && !asked.filtered;
  };
  if (tells(owner)) return true;
  for (const [node] of state.outside.asked) {
    // What came from another internal peer is not passed on inside the AS.
    if (state.nodes.get(node)?.asNumber === router.asNumber) continue;
    if (node !== owner && tells(node) && has(node)) return true;
  }
  return false;
}

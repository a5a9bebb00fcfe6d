import { type Cidr, cidrContains, formatCidr, isHostCidr } from "@calico-sim/core";
import { type NextHopMode, nextHopsTo } from "./oracle-next-hops.js";
import { gatewaysOut, heardThrough, isConnected, routerHears } from "./oracle-outside.js";
import { addressOf } from "./oracle-paths.js";
import { reaches } from "./oracle-peerings.js";
import type { OracleSpeakers } from "./oracle-speakers.js";
import { gatewaysIn, spreadOf } from "./oracle-spread.js";
import type { OracleState } from "./oracle-state.js";
import type {
  ExpectedHop,
  ExpectedRoute,
  Liveness,
  OracleBlock,
  OracleOrigin,
  OraclePool,
  Spread,
} from "./oracle-terms.js";

/**
 * The route to a block, or to a borrowed address (which is a block of one address with a lender), that a node's kernel
 * must hold; undefined when it must hold none, `unknown` where BGPFilters leave it to chance or to what is not known here.
 */
export function expectedRoute(
  both: OracleState,
  live: Liveness,
  node: string,
  block: OracleBlock,
): ExpectedRoute | "unknown" | undefined {
  const { pool, owner: holder } = block;
  const state = stateFor(both, block.cidr);
  if (pool === undefined || holder === undefined) return undefined;
  const writer = writerOf(state, pool);
  if (writer === undefined) return undefined;
  if (writer === "bird" && isConnected(state, node, block.cidr)) return undefined;
  if (writer === "felix" && state.family === 6 && !state.felix.ipv6) return undefined;
  if (holder === node) {
    // Not for /32 blocks: the blackhole would shadow the pod's own route (node-behaviour §4.4).
    if (isHostCidr(block.cidr)) return undefined;
    if (writer === "bird" && state.nodes.get(node)?.hasBird === false) return undefined;
    return { type: "blackhole", writer };
  }
  const self = state.nodes.get(node);
  const other = state.nodes.get(holder);
  if (self === undefined || other?.address === undefined) return undefined;
  if (writer === "bird")
    return self.speaks ? birdRoute(state, live, node, block, holder) : undefined;
  const near = self.subnet !== undefined && cidrContains(self.subnet, other.address);
  const direct = pool.encapsulation === "none" || (pool.crossSubnet && near);
  if (direct) return { type: "unicast", device: "eth0", gateway: holder, writer };
  if (pool.encapsulation === "ipip")
    return { type: "unicast", device: "tunl0", gateway: holder, writer };
  // A VXLAN route waits for the peer's VTEP (node-behaviour §3.7).
  if (other.vxlanAddress === undefined) return undefined;
  return { type: "unicast", device: vxlanDevice(state), gateway: holder, writer };
}

/** The family that a prefix is of. */
export function stateFor(state: OracleState, { family }: Cidr): OracleState {
  return family === 6 ? (state.ipv6 ?? state) : state;
}

/** The VXLAN device of a family (node-behaviour §7.1). */
export function vxlanDevice({ family }: OracleState): "vxlan.calico" | "vxlan-v6.calico" {
  return family === 4 ? "vxlan.calico" : "vxlan-v6.calico";
}

/** The route to a prefix outside that a node's kernel must hold, undefined for none; `unknown` where the oracle does not say. */
export function expectedOutside(
  state: OracleState,
  live: Liveness,
  node: string,
  prefix: Cidr,
): ExpectedRoute | "unknown" | undefined {
  const gateways = waysOut(stateFor(state, prefix), live, node, prefix);
  if (gateways === "unknown") return gateways;
  const own = stateFor(state, prefix).outside.routers.filter(({ pod }) => pod !== undefined);
  const podOf = (gateway: string): string | undefined =>
    own.find(({ name }) => name === gateway)?.pod?.node;
  // A pod's address is known elsewhere by a route of BGP alone, over which no other resolves.
  if (gateways.some((gateway) => ![undefined, node].includes(podOf(gateway)))) return "unknown";
  return overAll(
    gateways.map((gateway) => ({
      device: podOf(gateway) === undefined ? "eth0" : "cali*",
      gateway,
    })),
  );
}

function waysOut(
  state: OracleState,
  live: Liveness,
  node: string,
  prefix: Cidr,
): readonly string[] | "unknown" {
  if (state.speakers === undefined) return gatewaysOut(state, live, node, prefix);
  if (isConnected(state, node, prefix)) return [];
  const spread = outsideSpread(state, state.speakers, live, prefix);
  return typeof spread === "string" || spread.unknown !== undefined
    ? "unknown"
    : gatewaysIn(spread, node);
}

/** How a prefix outside spreads where BGPFilters have a say; why that cannot be said. */
function outsideSpread(
  state: OracleState,
  speakers: OracleSpeakers,
  live: Liveness,
  prefix: Cidr,
): Spread | string {
  const { nodes, outside, pools } = state;
  if (pools.some(({ cidr }) => cidrContains(cidr, prefix))) return IN_POOL;
  if ([...nodes.keys()].some((node) => isConnected(state, node, prefix)))
    return "it is a subnet of nodes, whose own routes to it filters may let out";
  const text = formatCidr(prefix);
  const origins = outside.routers.filter(({ prefixes }) => prefixes.has(text));
  return spreadOf(state, speakers, live, {
    prefix,
    origins: origins.map(({ name }) => name),
    lender: undefined,
  });
}

const IN_POOL = "it lies in an IP pool";

/** Why the routes to a destination are left open, `unknown` in the functions above; undefined where they are not. */
export function whyOpen(
  both: OracleState,
  live: Liveness,
  block: OracleBlock,
  of: "block" | "outside",
): string | undefined {
  const state = stateFor(both, block.cidr);
  const { pools, speakers } = state;
  if (speakers === undefined)
    return of === "outside" && pools.some(({ cidr }) => cidrContains(cidr, block.cidr))
      ? IN_POOL
      : undefined;
  if (of === "block" && (block.pool === undefined || writerOf(state, block.pool) !== "bird"))
    return undefined;
  const spread =
    of === "block"
      ? blockSpread(state, speakers, live, block)
      : outsideSpread(state, speakers, live, block.cidr);
  return typeof spread === "string" ? spread : spread.unknown;
}

/** Whether an external router must have a route to a block, or to a borrowed address. */
export function reachesRouter(
  both: OracleState,
  live: Liveness,
  router: string,
  block: OracleBlock,
): boolean {
  const { owner, pool } = block;
  const state = stateFor(both, block.cidr);
  if (state.speakers !== undefined) {
    const spread = blockSpread(state, state.speakers, live, block);
    return spread.unknown === undefined && (spread.paths.get(router) ?? []).length > 0;
  }
  if (owner === undefined || pool?.exported !== true) return false;
  const sessions = lendersSilence(live, block, owner);
  const has = (node: string): boolean => toldGateways(state, sessions, node, owner).length > 0;
  return routerHears(state, sessions, router, originOf(block, owner), has);
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

/** Who tells of a block, or of a borrowed address, and whose silence about it has to be reckoned with. */
function originOf({ lender, owner }: OracleBlock, holder: string): OracleOrigin {
  const silent = lender ?? owner;
  return { holder, silent: silent === holder ? undefined : silent };
}

/** A route that comes by BGP: over one node, or over several equally good ones at once (`merge paths`, node-behaviour §1.5). */
function birdRoute(
  state: OracleState,
  live: Liveness,
  node: string,
  block: OracleBlock,
  holder: string,
): ExpectedRoute | "unknown" | undefined {
  const { pool } = block;
  const over = (gateways: readonly string[]): ExpectedRoute | undefined =>
    overAll(
      gateways.map((gateway) => ({ device: deviceTo(state, pool!, node, gateway), gateway })),
    );
  if (state.speakers !== undefined) {
    const spread = blockSpread(state, state.speakers, live, block);
    return spread.unknown === undefined ? over(gatewaysIn(spread, node)) : "unknown";
  }
  // The first check of the export filter (node-behaviour §1.6, rule 1).
  if (pool?.exported !== true) return undefined;
  const sessions = lendersSilence(live, block, holder);
  return over(gatewaysOf(state, sessions, node, originOf(block, holder)));
}

/** How the route of a block or a borrowed address spreads where BGPFilters have a say. */
function blockSpread(
  state: OracleState,
  speakers: OracleSpeakers,
  live: Liveness,
  { cidr, owner, lender }: OracleBlock,
): Spread {
  return spreadOf(state, speakers, live, {
    prefix: cidr,
    origins: owner === undefined ? [] : [owner],
    lender,
  });
}

function deviceTo(
  state: OracleState,
  pool: OraclePool,
  node: string,
  gateway: string,
): "eth0" | "tunl0" {
  const subnet = state.nodes.get(node)?.subnet;
  const address = addressOf(state, gateway);
  const near = subnet !== undefined && address !== undefined && cidrContains(subnet, address);
  return pool.encapsulation === "none" || (pool.crossSubnet && near) ? "eth0" : "tunl0";
}

function overAll(hops: readonly ExpectedHop[]): ExpectedRoute | undefined {
  const [first, ...further] = hops;
  if (first === undefined) return undefined;
  const route = { type: "unicast", ...first, writer: "bird" } as const;
  return further.length === 0 ? route : { ...route, further };
}

/** Nodes and routers that a node sends to for what another originates; none where BGP does not tell it of it. */
function gatewaysOf(
  state: OracleState,
  live: Liveness,
  node: string,
  origin: OracleOrigin,
): readonly string[] {
  const told = toldGateways(state, live, node, origin.holder);
  if (told.length > 0 || state.outside.routers.length === 0) return told;
  return heardThrough(
    state,
    live,
    node,
    origin,
    (other) => toldGateways(state, live, other, origin.holder).length > 0,
  );
}

/** The same without anybody outside. */
function toldGateways(
  state: OracleState,
  live: Liveness,
  node: string,
  holder: string,
): readonly string[] {
  const { peerings, nextHops, reflectors } = state.bgp;
  const { nodes } = state;
  if (peerings.size === 0) {
    const meshed = inMesh(state, holder) && inMesh(state, node);
    return meshed && live.connected(holder, node) ? [holder] : [];
  }
  const linked = (a: string, b: string): boolean => {
    const meshed = inMesh(state, a) && inMesh(state, b);
    const asked = peerings.get(a)?.has(b) === true && peerings.get(b)?.has(a) === true;
    return (meshed || asked) && live.connected(a, b);
  };
  if (nextHops === undefined)
    return reaches({ reflectors, peerings, linked }, holder, node) ? [holder] : [];
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
    asNumber: (name: string): number => nodes.get(name)?.asNumber ?? state.bgp.asNumber,
    nextHopMode: says,
  };
  return nextHopsTo(ways, holder, node);
}

/** Whether a node takes part in the mesh, which one without an address of the family does not. */
function inMesh({ bgp, nodes }: OracleState, name: string): boolean {
  const found = nodes.get(name);
  return bgp.mesh && found?.clusterId === "" && found.speaks;
}

/** Who programs the routes of a pool, if anybody (node-behaviour §1.9). */
export function writerOf(state: OracleState, pool: OraclePool): "felix" | "bird" | undefined {
  if (pool.encapsulation === "vxlan") return "felix";
  const key = pool.encapsulation === "ipip" ? "ipip" : "noEncap";
  return state.felix[key] ? "felix" : state.bgp[key] ? "bird" : undefined;
}

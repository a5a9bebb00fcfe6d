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
import type { Liveness, OracleNode, OraclePool } from "./oracle-terms.js";

/** What the oracle knows of an external router. */
export interface OracleRouter {
  readonly name: string;
  readonly address: Address;
  readonly asNumber: number;
  /** Blank when it is no route reflector. */
  readonly clusterId: string;
  /** Names of nodes and routers; undefined: every node. */
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
  /** Times that the node's own AS may be in a path that it takes. */
  readonly ownAS: number;
}

/** What lies outside the cluster, and which node is told to peer with whom there. */
export interface OracleOutside {
  /** By address. */
  readonly routers: readonly OracleRouter[];
  /** By node and router. */
  readonly asked: ReadonlyMap<string, ReadonlyMap<string, Asked>>;
  /** What the routers hear, by destination; emptied when somebody lives, dies or is cut off. */
  readonly heard: Map<string, ReadonlyMap<string, Path>>;
}

/** The best path of a router to a destination. */
interface Path {
  readonly asPath: readonly number[];
  /** Name of the node or router that it leads to. */
  readonly nextHop: string;
  /** Who told it; the router itself for what it originates. */
  readonly from: string;
  readonly fromAddress: Address;
  /** Told by somebody of the router's own AS. */
  readonly internal: boolean;
  readonly preference: number;
}

/** Preferences, from what a router originates itself to what it hears of another AS (BIRD's static 200; LOCAL_PREF of Calico, and 100). */
const OWN = 3;
const CALICO = 2;
const PLAIN = 1;

/** Nobody outside. */
export const NOTHING_OUTSIDE: OracleOutside = Object.freeze({
  routers: [],
  asked: new Map(),
  heard: new Map(),
});

/** Reads who peers with whom outside, from the resources and the description of the routers alone (node-behaviour §1.4). */
export function oracleOutside(
  nodes: ReadonlyMap<string, OracleNode>,
  peers: readonly BGPPeer[],
  routers: readonly ExternalRouter[],
): OracleOutside {
  const known = routers
    .flatMap(oracleRouter)
    .sort((a, b) => compareAddresses(a.address, b.address));
  const asked = new Map<string, Map<string, Asked>>();
  for (const { spec } of peers) {
    if (spec.peerSelector || spec.localWorkloadSelector) continue;
    const address = parseAddress((spec.peerIP ?? "").replace(/^([\d.]+):\d+$/, "$1"));
    const router = known.find(
      (one) => address !== undefined && addressEquals(one.address, address),
    );
    if (router === undefined) continue;
    for (const node of nodes.values()) {
      if (!isLocal(node, spec)) continue;
      const own = asked.get(node.name) ?? new Map<string, Asked>();
      asked.set(node.name, own);
      if (own.has(router.name)) continue;
      own.set(router.name, {
        filtered: (spec.filters ?? []).length > 0,
        ownAS: spec.numAllowedLocalASNumbers ?? 0,
      });
    }
  }
  return { routers: known, asked, heard: new Map() };
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
 * Where a node sends for a prefix outside, no gateway when it hears of no way. `unknown` where BGPFilters or an IPPool
 * have a say.
 */
export function gatewayTo(
  state: State,
  live: Liveness,
  node: string,
  prefix: Cidr,
): { readonly gateway: string | undefined } | "unknown" {
  if (state.pools.some(({ cidr }) => cidrContains(cidr, prefix))) return "unknown";
  for (const { filtered } of state.outside.asked.get(node)?.values() ?? [])
    if (filtered) return "unknown";
  const text = formatCidr(prefix);
  const heard = remembered(state, text, () =>
    solve(state, live, (router) => (router.prefixes.has(text) ? [originated(router)] : [])),
  );
  return { gateway: nodeGateway(state, live, node, heard) };
}

/**
 * Where a node sends for a block whose owner it only hears of through routers outside: a reflector leaves the next hop
 * as it is (RFC 4456 §10), and so does another router where the next hop is on the link (RFC 4271 §5.1.3); else it names
 * itself. That nodes pass on to one router what another told them is left out: it only matters where there is no
 * shorter way.
 */
export function heardThrough(
  state: State,
  live: Liveness,
  node: string,
  holder: string,
  has: (node: string) => boolean,
): string | undefined {
  return nodeGateway(state, live, node, blockHeard(state, live, holder, has));
}

/**
 * Whether a router must have a route to a block: its owner tells it, or another node that has a route to it by BGP, or
 * another router. Nodes pass on to routers outside what lies in a pool (node-behaviour §1.6, rule 8).
 *
 * @param has - whether a node hears of the block's owner, without anybody outside.
 */
export function routerHears(
  state: State,
  live: Liveness,
  router: string,
  pool: OraclePool | undefined,
  owner: string,
  has: (node: string) => boolean,
): boolean {
  return pool?.exported === true && blockHeard(state, live, owner, has).has(router);
}

/** What the routers hear of a node's blocks. */
function blockHeard(
  state: State,
  live: Liveness,
  owner: string,
  has: (node: string) => boolean,
): ReadonlyMap<string, Path> {
  return remembered(state, `block of ${owner}`, () =>
    solve(state, live, (router) =>
      [...state.outside.asked.keys()].flatMap((node) => {
        const self = state.nodes.get(node);
        const asked = session(state, live, node, router);
        if (self?.address === undefined || asked === undefined || asked.filtered) return [];
        const internal = self.asNumber === router.asNumber;
        // What came from another internal peer is not passed on inside the AS.
        if (node !== owner && (internal || !has(node))) return [];
        return [
          {
            asPath: internal ? [] : [self.asNumber],
            nextHop: node,
            from: node,
            fromAddress: self.address,
            internal,
            preference: internal ? CALICO : PLAIN,
          },
        ];
      }),
    ),
  );
}

function originated(router: OracleRouter): Path {
  return {
    asPath: [],
    nextHop: router.name,
    from: router.name,
    fromAddress: router.address,
    internal: false,
    preference: OWN,
  };
}

function remembered(
  { outside }: State,
  key: string,
  solved: () => ReadonlyMap<string, Path>,
): ReadonlyMap<string, Path> {
  let heard = outside.heard.get(key);
  if (heard === undefined) outside.heard.set(key, (heard = solved()));
  return heard;
}

/** The best path of every router once all have told each other (RFC 4271 §9.1), from what each has of nodes or itself. */
function solve(
  state: State,
  live: Liveness,
  source: (router: OracleRouter) => readonly Path[],
): ReadonlyMap<string, Path> {
  const { routers } = state.outside;
  const given = routers.map(source);
  let best = new Map<string, Path>();
  for (let round = 0; round <= routers.length; round++) {
    const next = new Map<string, Path>();
    routers.forEach((router, i) => {
      const told = routers.flatMap((other) => {
        const path = best.get(other.name);
        const linked = areAdjacent(other, router) && live.connected(other.name, router.name);
        return path === undefined || !linked ? [] : passedOn(state, other, router, path, 0);
      });
      const [first] = [...(given[i] ?? []), ...told].sort(byPreference);
      if (first !== undefined) next.set(router.name, first);
    });
    if (JSON.stringify([...next.values()]) === JSON.stringify([...best.values()])) break;
    best = next;
  }
  return best;
}

function areAdjacent(a: OracleRouter, b: OracleRouter): boolean {
  return a.peersWith?.has(b.name) === true || b.peersWith?.has(a.name) === true;
}

/** RFC 4271 §9.1.2.2, as far as these paths differ. */
function byPreference(a: Path, b: Path): number {
  return (
    b.preference - a.preference ||
    a.asPath.length - b.asPath.length ||
    Number(a.internal) - Number(b.internal) ||
    compareAddresses(a.fromAddress, b.fromAddress)
  );
}

/** Somebody who is told something. */
type Listener = Pick<OracleRouter, "name" | "address" | "asNumber">;

/** What a path becomes when a router tells somebody of it; nothing where it may not, or is refused for a loop. */
function passedOn(
  state: State,
  router: OracleRouter,
  to: Listener,
  path: Path,
  ownAS: number,
): readonly Path[] {
  if (path.from === to.name) return [];
  const internal = router.asNumber === to.asNumber;
  const from = { from: router.name, fromAddress: router.address, internal };
  if (internal) {
    const reflects = router.clusterId !== "" || !path.internal;
    const preference = path.preference === OWN ? PLAIN : path.preference;
    return reflects ? [{ ...path, ...from, preference }] : [];
  }
  const asPath = [router.asNumber, ...path.asPath];
  if (asPath.filter((as) => as === to.asNumber).length > ownAS) return [];
  const onLink = router.multihop !== true && near(state, router.name, to.name);
  const nextHop = onLink && near(state, router.name, path.nextHop) ? path.nextHop : router.name;
  return [{ asPath, nextHop, preference: PLAIN, ...from }];
}

/** Whether two hosts are in a subnet of the nodes. */
function near(state: State, a: string, b: string): boolean {
  const addressOf = (name: string): Address | undefined =>
    state.nodes.get(name)?.address ??
    state.outside.routers.find((router) => router.name === name)?.address;
  const [x, y] = [addressOf(a), addressOf(b)];
  if (x === undefined || y === undefined) return false;
  for (const { subnet } of state.nodes.values())
    if (subnet !== undefined && cidrContains(subnet, x)) return cidrContains(subnet, y);
  return false;
}

/** Where the best of what routers tell a node leads. */
function nodeGateway(
  state: State,
  live: Liveness,
  node: string,
  heard: ReadonlyMap<string, Path>,
): string | undefined {
  const self = state.nodes.get(node);
  if (self?.address === undefined) return undefined;
  const listener = { name: node, address: self.address, asNumber: self.asNumber };
  const [best] = state.outside.routers
    .flatMap((router) => {
      const path = heard.get(router.name);
      const asked = path && session(state, live, node, router);
      if (path === undefined || asked === undefined || asked.filtered) return [];
      return passedOn(state, router, listener, path, asked.ownAS);
    })
    .sort(byPreference);
  return best?.nextHop;
}

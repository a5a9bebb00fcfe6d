import {
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
import { byPreference, CALICO, OWN, PLAIN, passedOn, solve } from "./oracle-paths.js";
import type {
  Asked,
  Liveness,
  OracleNode,
  OracleOutside,
  OraclePool,
  OracleRouter,
  OutsideState,
  Path,
} from "./oracle-terms.js";

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

/** What a node and a router are to each other; undefined without a session between them. */
function session(
  { outside }: OutsideState,
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
  state: OutsideState,
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
  state: OutsideState,
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
  state: OutsideState,
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
  state: OutsideState,
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
  { outside }: OutsideState,
  key: string,
  solved: () => ReadonlyMap<string, Path>,
): ReadonlyMap<string, Path> {
  let heard = outside.heard.get(key);
  if (heard === undefined) outside.heard.set(key, (heard = solved()));
  return heard;
}

/** Where the best of what routers tell a node leads. */
function nodeGateway(
  state: OutsideState,
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

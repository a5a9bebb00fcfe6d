import {
  type AddressFamily,
  addressEquals,
  type BGPPeer,
  type Cidr,
  cidrContains,
  cidrEquals,
  compareAddresses,
  formatCidr,
  parseAddress,
  parseASNumber,
  parseCidr,
} from "@calico-sim/core";
import type { ExternalRouter } from "./external-router.js";
import { byMerit, byPreference, CALICO, OWN, PLAIN, passedOn, solve } from "./oracle-paths.js";
import { isLocal, matches, peerAddress } from "./oracle-selection.js";
import type {
  Asked,
  Heard,
  Liveness,
  OracleNode,
  OracleOrigin,
  OracleOutside,
  OracleRouter,
  OutsideState,
  Path,
} from "./oracle-terms.js";
import { asRouter, type PlacedWorkload } from "./workload-router.js";

/** Nobody outside. */
export const NOTHING_OUTSIDE: OracleOutside = Object.freeze<OracleOutside>({
  routers: [],
  agreed: new Map(),
  asking: new Set(),
  subnets: [],
  heard: new Map(),
});

/** Reads who peers with whom outside, from the resources and the description of the routers alone (node-behaviour §1.4). */
export function oracleOutside(
  nodes: ReadonlyMap<string, OracleNode>,
  peers: readonly BGPPeer[],
  routers: readonly ExternalRouter[],
  family: AddressFamily,
  pods: readonly PlacedWorkload[] = [],
): OracleOutside {
  const speaking = pods.map((pod) => ({ ...asRouter(pod), pod }));
  const known = [...routers.map((router) => ({ ...router, pod: undefined })), ...speaking]
    .flatMap((router, i) => oracleRouter(router, family, i))
    .sort((a, b) => compareAddresses(a.address, b.address));
  const agreed = new Map<string, Map<string, Asked>>();
  const asking = new Set<string>();
  const podTerms = podPeers(nodes, peers, known);
  for (const { node, router, spec } of podTerms) {
    asking.add(node.name);
    const own = agreed.get(node.name) ?? new Map<string, Asked>();
    agreed.set(node.name, own);
    own.set(router.name, askedOf(node, router, spec));
  }
  for (const { spec } of peers) {
    if (spec.peerSelector || spec.localWorkloadSelector) continue;
    const address = peerAddress(spec);
    const router = known.find(
      (one) => address !== undefined && addressEquals(one.address, address),
    );
    if (router === undefined) continue;
    for (const node of nodes.values()) {
      if (!isLocal(node, spec)) continue;
      asking.add(node.name);
      const own = agreed.get(node.name) ?? new Map<string, Asked>();
      agreed.set(node.name, own);
      if (own.has(router.name) || router.peersWith?.has(node.name) === false) continue;
      own.set(router.name, askedOf(node, router, spec));
    }
  }
  return { routers: known, agreed, asking, subnets: subnetsOf(nodes.values()), heard: new Map() };
}

function askedOf(node: OracleNode, router: OracleRouter, spec: BGPPeer["spec"]): Asked {
  return {
    router,
    asNumber: parseASNumber(spec.localASNumber) || node.asNumber,
    ownAS: spec.numAllowedLocalASNumbers ?? 0,
  };
}

/** A node, a pod on it that is its peer, and the BGPPeer that says so. */
export interface PodPeer extends Pick<BGPPeer, "spec"> {
  readonly node: OracleNode;
  readonly router: OracleRouter;
}

/** Which pods are peers of their node: of several BGPPeers that select one the first by name counts, which is assumed. */
export function podPeers(
  nodes: ReadonlyMap<string, OracleNode>,
  peers: readonly BGPPeer[],
  routers: readonly OracleRouter[],
): readonly PodPeer[] {
  const selecting = peers
    .filter(({ spec }) => spec.localWorkloadSelector)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return routers.flatMap((router) => {
    const { pod, name } = router;
    const node = pod === undefined ? undefined : nodes.get(pod.node);
    if (pod === undefined || node?.address === undefined) return [];
    const found = selecting.find(
      ({ spec }) =>
        isLocal(node, spec) &&
        matches({ name, labels: pod.labels }, spec.localWorkloadSelector ?? ""),
    );
    const agrees = found && parseASNumber(found.spec.asNumber) === router.asNumber;
    return agrees === true ? [{ node, router, spec: found.spec }] : [];
  });
}

function subnetsOf(nodes: Iterable<OracleNode>): readonly Cidr[] {
  const subnets = new Map<string, Cidr>();
  for (const { subnet } of nodes) if (subnet !== undefined) subnets.set(formatCidr(subnet), subnet);
  return [...subnets.values()];
}

function oracleRouter(
  router: ExternalRouter & { readonly pod: PlacedWorkload | undefined },
  family: AddressFamily,
  place: number,
): readonly OracleRouter[] {
  const { ip, ipv6 = "", name, peersWith, prefixes = [] } = router;
  const { routeReflectorClusterID: clusterId = "" } = router;
  const addresses = [parseAddress(ip), parseAddress(ipv6)];
  const address = addresses.find((one) => one?.family === family);
  if (address === undefined) return [];
  const v4 = addresses.find((one) => one?.family === 4);
  return [
    {
      name,
      address,
      asNumber: parseASNumber(router.asNumber) ?? 0,
      identifier: v4?.family === 4 ? v4.value : place,
      clusterId,
      peersWith: peersWith && new Set(peersWith),
      prefixes: new Set(prefixes.flatMap((text) => canonical(text, family))),
      multihop: router.multihop,
      pod: router.pod && { node: router.pod.node, labels: router.pod.labels },
    },
  ];
}

function canonical(text: string, family: AddressFamily): readonly string[] {
  const cidr = parseCidr(text);
  return cidr?.family === family ? [formatCidr(cidr)] : [];
}

/** Whether a prefix is a node's own subnet, which its kernel has a connected route to whatever BGP says. */
export function isConnected({ nodes }: OutsideState, node: string, prefix: Cidr): boolean {
  const subnet = nodes.get(node)?.subnet;
  return subnet !== undefined && cidrEquals(subnet, prefix);
}

/**
 * Nodes and routers that a node sends to for a prefix outside; none when it hears of no way, or needs none. `unknown` where
 * an IPPool has a say.
 */
export function gatewaysOut(
  state: OutsideState,
  live: Liveness,
  node: string,
  prefix: Cidr,
): readonly string[] | "unknown" {
  if (isConnected(state, node, prefix)) return [];
  if (state.pools.some(({ cidr }) => cidrContains(cidr, prefix))) return "unknown";
  const text = formatCidr(prefix);
  const heard = remembered(state, text, () =>
    solve(state, live, (router) => (router.prefixes.has(text) ? [originated(router)] : [])),
  );
  return gatewaysFrom(state, live, node, heard);
}

/**
 * Where a node sends for what it only hears of through routers outside: a reflector leaves the next hop
 * as it is (RFC 4456 §10), and so does another router where the next hop is on the link (RFC 4271 §5.1.3); else it names
 * itself. That nodes pass on to one router what another told them is left out: it only matters where there is no
 * shorter way.
 */
export function heardThrough(
  state: OutsideState,
  live: Liveness,
  node: string,
  origin: OracleOrigin,
  has: (node: string) => boolean,
): readonly string[] {
  return gatewaysFrom(state, live, node, heardOf(state, live, origin, has));
}

/**
 * Whether a router must have a route to what a node originates: that node tells it, or another one that has a route to it
 * by BGP, or another router. Nodes pass on to routers outside what lies in a pool (node-behaviour §1.6, rule 8).
 *
 * @param has - whether a node hears of it, without anybody outside.
 */
export function routerHears(
  state: OutsideState,
  live: Liveness,
  router: string,
  origin: OracleOrigin,
  has: (node: string) => boolean,
): boolean {
  return heardOf(state, live, origin, has).best.has(router);
}

/** What the routers hear of a node's blocks, or of what it borrows. */
function heardOf(
  state: OutsideState,
  live: Liveness,
  { holder, silent }: OracleOrigin,
  has: (node: string) => boolean,
): Heard {
  const lent = silent === undefined ? "" : ` but ${silent}`;
  return remembered(state, `from ${holder}${lent}`, () =>
    solve(state, live, (router) =>
      [...state.outside.agreed].flatMap(([node, agreed]) => {
        const asked = agreed.get(router.name);
        if (asked === undefined || (node !== holder && !has(node))) return [];
        const self = state.nodes.get(node);
        if (self?.address === undefined || !live.connected(node, router.name)) return [];
        const internal = self.asNumber === router.asNumber;
        // What came from another internal peer is not passed on inside the AS.
        if (node !== holder && internal) return [];
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
): Heard {
  let heard = outside.heard.get(key);
  if (heard === undefined)
    outside.heard.set(key, (heard = { best: solved(), gateways: new Map() }));
  return heard;
}

/**
 * Where the best of what routers tell a node leads: to all that are equally good but for the last tie-breaks, in the order
 * of names (`merge paths`, node-behaviour §1.5).
 */
function gatewaysFrom(
  state: OutsideState,
  live: Liveness,
  node: string,
  heard: Heard,
): readonly string[] {
  let gateways = heard.gateways.get(node);
  if (gateways === undefined)
    heard.gateways.set(node, (gateways = bestWays(state, live, node, heard.best)));
  return gateways;
}

function bestWays(
  state: OutsideState,
  live: Liveness,
  node: string,
  heard: ReadonlyMap<string, Path>,
): readonly string[] {
  const self = state.nodes.get(node);
  if (self?.address === undefined) return [];
  const listener = { name: node, address: self.address };
  const paths: Path[] = [];
  for (const { router, asNumber, ownAS } of state.outside.agreed.get(node)?.values() ?? []) {
    const path = heard.get(router.name);
    if (path === undefined || !live.connected(router.name, node)) continue;
    paths.push(...passedOn(state, router, { ...listener, asNumber }, path, ownAS));
  }
  const [best] = paths.sort(byPreference);
  if (best === undefined) return [];
  const gateways = new Set<string>();
  for (const path of paths) if (byMerit(path, best) === 0) gateways.add(path.nextHop);
  return [...gateways].sort();
}

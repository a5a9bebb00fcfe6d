import { type Cidr, cidrContains, compareAddresses, formatCidr } from "@calico-sim/core";
import {
  POD_DEVICE,
  PRIORITY_BASE,
  type RuledRoute,
  ruled,
  withCommunity,
} from "./oracle-filter-rules.js";
import type { OracleSpeakers } from "./oracle-speakers.js";
import { addressOf, areAdjacent, near } from "./oracle-paths.js";
import { plainTerms, type SessionTerms } from "./oracle-session-terms.js";
import type { Liveness, OracleRouter, OutsideState } from "./oracle-terms.js";

/** `local_pref` of ordinary routes: 2147483647 − 1024 (node-behaviour §1.6). */
const ORDINARY = PRIORITY_BASE - 1024;
/** `default bgp_local_pref`, of what comes without one (bird: proto/bgp/config.Y). */
const UNSAID = 100;
/** Preferences (bird: nest/route.h, DEF_PREF_STATIC, DEF_PREF_BGP, DEF_PREF_INHERITED; node-behaviour §1.6). */
const PREFERENCE = { static: 200, elevated: 200, bgp: 100, kernel: 10 } as const;
/** Rounds of telling after which nothing can be expected to settle, beside one for each speaker. */
const ROUNDS = 50;

/** A path as one speaker holds it. */
export interface SpreadPath extends RuledRoute {
  /** Name of the node or router that it leads to. */
  readonly nextHop: string;
  /** Who told it; the speaker itself for its own. */
  readonly from: string;
  /** Told by a peer of the same AS. */
  readonly internal: boolean;
  /** Told by a client (RFC 4456). */
  readonly ofClient: boolean;
  /** ORIGINATOR_ID and CLUSTER_LIST (RFC 4456 §8), by names and ids. */
  readonly originator: string | undefined;
  readonly clusters: readonly string[];
  /** BIRD's preference, which comes before everything else. */
  readonly preference: number;
}

/** Where a route comes from. */
export interface SpreadOrigin {
  readonly prefix: Cidr;
  /** Nodes or routers that originate it. */
  readonly origins: readonly string[];
  /** Of a node's: the route is a pod's, over its interface, and not that of a block. */
  readonly ofPod: boolean;
  /** The node that has the block which the address lies in. */
  readonly lender: string | undefined;
}

/** The paths of a destination that every speaker ends up with, or why that is not known. */
export interface Spread {
  readonly paths: ReadonlyMap<string, readonly SpreadPath[]>;
  readonly unknown: "left to chance" | "asks for a pod's interface" | undefined;
}

/** What is known while a route spreads. */
interface Spreading extends SpreadOrigin {
  readonly state: OutsideState;
  readonly speakers: OracleSpeakers;
  readonly routers: ReadonlyMap<string, OracleRouter>;
  readonly live: Liveness;
  /** By speaker and teller; what a speaker originates is told by itself. */
  readonly held: Map<string, Map<string, readonly SpreadPath[]>>;
  /** Nodes that told mesh peers something once. */
  readonly spokeToMesh: Set<string>;
  asksForPods: boolean;
}

const NOBODY: ReadonlySet<string> = new Set();

/** The spread of a route, worked out once until something changes. */
export function spreadOf(
  state: OutsideState,
  speakers: OracleSpeakers,
  live: Liveness,
  origin: SpreadOrigin,
): Spread {
  const { prefix, origins, ofPod, lender } = origin;
  const key = [formatCidr(prefix), ...origins, String(ofPod), lender].join(" ");
  let spread = speakers.spreads.get(key);
  if (spread === undefined)
    speakers.spreads.set(key, (spread = spreading(state, speakers, live, origin)));
  return spread;
}

/**
 * Lets a route spread from its origin until nobody has anything new to say: nodes tell one another every path (add-path),
 * everybody else the best (RFC 4271 §9.1, RFC 4456; node-behaviour §1.5, §1.6).
 *
 * Priorities that filters set can let chance decide who is heard first and so what all end up with, or make speakers change
 * their minds for ever (RFC 4264). So where there are any, the route spreads in several orders, which have to agree.
 */
function spreading(
  state: OutsideState,
  speakers: OracleSpeakers,
  live: Liveness,
  origin: SpreadOrigin,
): Spread {
  const ordered = (order: Order): Spread => {
    const x = begun(state, speakers, live, origin);
    const settled = spreadIn(order, x);
    const paths = new Map([...x.held].map(([name, told]) => [name, [...told.values()].flat()]));
    const unknown = x.asksForPods ? "asks for a pod's interface" : settled ? undefined : CHANCE;
    return { paths, unknown };
  };
  const spread = ordered("together");
  // Where every path is told, no choice of one speaker reaches another.
  if (!speakers.setsPriorities || state.outside.routers.length === 0) return spread;
  const others = (["deep", "deep backwards"] as const).map(ordered);
  const agreed = others.every((other) => other.unknown !== CHANCE && textOf(other) === textOf(spread));
  return agreed ? spread : { ...spread, unknown: spread.unknown ?? CHANCE };
}

const CHANCE = "left to chance";

/** All speak at once; or whoever heard something last speaks first, of several the last or the first by name. */
type Order = "together" | "deep" | "deep backwards";

function begun(
  state: OutsideState,
  speakers: OracleSpeakers,
  live: Liveness,
  origin: SpreadOrigin,
): Spreading {
  const x: Spreading = {
    ...origin,
    state,
    speakers,
    routers: new Map(state.outside.routers.map((router) => [router.name, router])),
    live,
    held: new Map(),
    spokeToMesh: new Set(),
    asksForPods: false,
  };
  for (const name of origin.origins) x.held.set(name, new Map([[name, [originated(x, name)]]]));
  return x;
}

/** Whether everybody fell silent in the end. */
function spreadIn(order: Order, x: Spreading): boolean {
  let talking: readonly string[] = x.origins;
  const all = x.state.nodes.size + x.routers.size;
  let steps = order === "together" ? all + ROUNDS : all * ROUNDS;
  while (talking.length > 0 && steps-- > 0) {
    if (order === "together") {
      talking = [...round(x, talking)];
      continue;
    }
    const hearing = [...round(x, talking.slice(-1))].sort();
    if (order === "deep backwards") hearing.reverse();
    talking = [...talking.slice(0, -1).filter((name) => !hearing.includes(name)), ...hearing];
  }
  return talking.length === 0;
}

/** Equal for equal paths, in whichever order they came. */
function textOf({ paths }: Spread): string {
  const texts = [...paths].map(([name, held]) => [name, ...held.map(pathText).sort()].join("\n"));
  return texts.sort().join("\n");
}

function pathText(path: SpreadPath): string {
  return JSON.stringify(path, (key, value: unknown) => (key === "prefix" ? undefined : value));
}

function originated({ prefix, ofPod, state }: Spreading, name: string): SpreadPath {
  const device = ofPod ? POD_DEVICE : "";
  return {
    prefix,
    learnt: false,
    device,
    communities: [],
    asPath: [],
    localPref: state.nodes.has(name) ? ORDINARY : UNSAID,
    nextHop: name,
    from: name,
    internal: false,
    ofClient: false,
    originator: undefined,
    clusters: [],
    preference: ofPod ? PREFERENCE.kernel : PREFERENCE.static,
  };
}

/** Lets everybody whose paths changed speak; returns those who hear something new. */
function round(x: Spreading, talking: Iterable<string>): ReadonlySet<string> {
  const news: [to: string, from: string, paths: readonly SpreadPath[]][] = [];
  for (const from of talking) {
    const own = [...(x.held.get(from)?.values() ?? [])].flat();
    const best = own.reduce<SpreadPath | undefined>(
      (a, b) => (a === undefined || order(x, b, a) < 0 ? b : a),
      undefined,
    );
    for (const to of neighbours(x, from, own)) {
      const before = x.held.get(to)?.get(from) ?? [];
      const all = x.state.nodes.has(from) && x.state.nodes.has(to);
      const offered = all || best === undefined ? own : [best];
      const told = x.live.connected(from, to)
        ? offered.flatMap((path) => tell(x, from, to, path))
        : [];
      if (!same(told, before)) news.push([to, from, told]);
    }
  }
  const hearing = new Set<string>();
  for (const [to, from, paths] of news) {
    const held = x.held.get(to) ?? new Map<string, readonly SpreadPath[]>();
    x.held.set(to, held.set(from, paths));
    hearing.add(to);
  }
  return hearing;
}

function same(a: readonly SpreadPath[], b: readonly SpreadPath[]): boolean {
  if (a.length === 0 || b.length === 0) return a.length === b.length;
  return a.map(pathText).join() === b.map(pathText).join();
}

/** Whom a speaker has something to say to, or had. */
function neighbours(x: Spreading, name: string, paths: readonly SpreadPath[]): readonly string[] {
  const { mesh, meshOfOneAS, named } = x.speakers;
  const others = named.get(name) ?? NOBODY;
  // What a peer of the same AS told is for nobody else in the mesh.
  const silent = meshOfOneAS && paths.every(({ internal }) => internal);
  if (!mesh.has(name) || (silent && !x.spokeToMesh.has(name))) return [...others];
  x.spokeToMesh.add(name);
  const members = [...mesh.keys()].filter((other) => other !== name && !others.has(other));
  return [...others, ...members];
}

/** How an end treats another; undefined where it has no such peer. */
function termsOf(
  { state, speakers, routers }: Spreading,
  end: string,
  other: string,
): SessionTerms | undefined {
  const said = speakers.terms.get(end)?.get(other);
  const router = routers.get(end);
  if (router === undefined) {
    if (routers.has(other)) return said;
    // Assumed: of two protocols for one neighbour the first by name has the session, `Global_` before `Mesh_` before `Node_`.
    const meshed = speakers.mesh.has(other) ? speakers.mesh.get(end) : undefined;
    return meshed !== undefined && said?.global !== true ? meshed : said;
  }
  const neighbour = routers.get(other);
  if (neighbour !== undefined)
    return areAdjacent(router, neighbour) ? plainTerms(router.asNumber) : undefined;
  if (!state.nodes.has(other) || router.peersWith?.has(other) === false) return undefined;
  const shown = speakers.terms.get(other)?.get(end)?.asNumber;
  return plainTerms(router.asNumber, router.clusterId !== "" && shown === router.asNumber);
}

/** What somebody holds after it was told a path; nothing where the path is not told, or refused. */
function tell(x: Spreading, from: string, to: string, path: SpreadPath): readonly SpreadPath[] {
  const [mine, theirs] = [termsOf(x, from, to), termsOf(x, to, from)];
  if (mine === undefined || theirs === undefined || (path.learnt && path.from === to)) return [];
  const internal = mine.asNumber === theirs.asNumber;
  const passed = passedOn(x, from, to, path, mine, internal);
  const told = passed && exported(x, from, passed, path, mine, internal);
  const taken = told && imported(x, from, to, told, theirs, internal);
  return taken === undefined ? [] : [taken];
}

/** What a path becomes on its way out, before any filter (RFC 4271 §5.1, RFC 4456 §8). */
function passedOn(
  x: Spreading,
  from: string,
  to: string,
  path: SpreadPath,
  { asNumber, client, nextHop: mode }: SessionTerms,
  internal: boolean,
): SpreadPath | undefined {
  const own = clusterOf(x, from);
  if (client && path.clusters.includes(own)) return undefined;
  const asPath = internal ? path.asPath : [asNumber, ...path.asPath];
  const keeps = mode === "keep" || (mode === "auto" && (internal || isOnLink(x, from, to, path)));
  const nextHop = keeps ? path.nextHop : from;
  if (!internal || !path.internal) return { ...path, asPath, nextHop };
  // Among peers of one AS only a reflector passes on, from or to a client (RFC 4456 §6).
  if (!client && !path.ofClient) return undefined;
  const originator = path.originator ?? path.from;
  return { ...path, asPath, nextHop, originator, clusters: [own, ...path.clusters] };
}

/** A router leaves a next hop that is on the link which it shares with an external peer (RFC 4271 §5.1.3). */
function isOnLink({ state, routers }: Spreading, from: string, to: string, path: SpreadPath): boolean {
  const router = routers.get(from);
  if (router === undefined || router.multihop === true) return false;
  return near(state, from, to) && near(state, from, path.nextHop);
}

function clusterOf({ state, routers }: Spreading, name: string): string {
  return state.nodes.get(name)?.clusterId ?? routers.get(name)?.clusterId ?? "";
}

/** What is left of a path after the export filter (node-behaviour §1.6), with what another AS is told. */
function exported(
  x: Spreading,
  from: string,
  path: SpreadPath,
  before: SpreadPath,
  terms: SessionTerms,
  internal: boolean,
): SpreadPath | undefined {
  let told: SpreadPath | undefined = path;
  if (x.state.nodes.has(from)) {
    const { verdict, route } = ruled(terms.export, path, internal);
    if (verdict === "unknown") x.asksForPods = true;
    if (verdict === "reject" || verdict === "unknown") return undefined;
    told = verdict === "accept" ? route : commonExport(x, from, path, before);
  }
  if (told === undefined || internal) return told;
  return { ...told, localPref: UNSAID, originator: undefined, clusters: [] };
}

/** `calico_export_to_bgp_peers` (node-behaviour §1.6). */
function commonExport(
  { state, speakers, prefix, lender }: Spreading,
  from: string,
  path: SpreadPath,
  before: SpreadPath,
): SpreadPath | undefined {
  const pools = state.pools.filter(({ cidr }) => cidrContains(cidr, prefix));
  if (pools.some(({ exported: told }) => !told)) return undefined;
  const added = (speakers.communities.get(from) ?? speakers.communities.get("") ?? [])
    .filter(({ cidr }) => cidrContains(cidr, prefix))
    .flatMap(({ communities }) => communities);
  const told = { ...path, communities: added.reduce(withCommunity, path.communities) };
  // Inside an own block only what is preferred to ordinary routes is told.
  if (from === lender) return before.localPref > ORDINARY ? told : undefined;
  return pools.length > 0 ? told : undefined;
}

/** A path as its receiver takes it in; undefined for a loop, or where a filter refuses it (node-behaviour §1.6). */
function imported(
  x: Spreading,
  from: string,
  to: string,
  path: SpreadPath,
  { asNumber, client, ownAS, ...terms }: SessionTerms,
  internal: boolean,
): SpreadPath | undefined {
  if (path.originator === to) return undefined;
  if (path.asPath.filter((as) => as === asNumber).length > ownAS) return undefined;
  if (client && path.clusters.includes(clusterOf(x, to))) return undefined;
  const taken = { ...path, learnt: true, device: "eth0", from, internal, ofClient: client };
  if (!x.state.nodes.has(to)) return { ...taken, preference: PREFERENCE.bgp };
  const { verdict, route } = ruled(terms.import, taken, internal);
  if (verdict === "reject") return undefined;
  // A rule that accepts ends the whole filter, so its routes stay as preferred as any.
  const elevated = verdict === "open" && route.localPref > ORDINARY;
  return { ...route, preference: elevated ? PREFERENCE.elevated : PREFERENCE.bgp };
}

/** RFC 4271 §9.1.2.2 with RFC 4456 §9, as BIRD has them; negative where the first is preferred. */
function order(x: Spreading, a: SpreadPath, b: SpreadPath): number {
  const told = ({ from, originator }: SpreadPath): number => identifierOf(x, originator ?? from);
  return (
    byMerit(a, b) ||
    told(a) - told(b) ||
    a.clusters.length - b.clusters.length ||
    compareAddresses(addressOf(x.state, a.from)!, addressOf(x.state, b.from)!)
  );
}

/** The same but for the last tie-breaks: paths that are equal to it share a kernel route (`merge paths`, node-behaviour §1.5). */
function byMerit(a: SpreadPath, b: SpreadPath): number {
  if (a.preference !== b.preference) return b.preference - a.preference;
  if (a.learnt !== b.learnt) return a.learnt ? 1 : -1;
  return (
    b.localPref - a.localPref ||
    a.asPath.length - b.asPath.length ||
    Number(a.internal) - Number(b.internal)
  );
}

/** BGP identifier: the IPv4 address. */
function identifierOf({ state, routers }: Spreading, name: string): number {
  return state.nodes.get(name)?.identifier ?? routers.get(name)?.identifier ?? 0;
}

/** Nodes and routers that a node sends to, all equally good, in the order of names; none where it hears of no way. */
export function gatewaysIn({ paths }: Spread, node: string): readonly string[] {
  const learnt = (paths.get(node) ?? []).filter((path) => path.learnt);
  const [best] = [...learnt].sort(byMerit);
  if (best === undefined) return [];
  const equal = learnt.filter((path) => byMerit(path, best) === 0);
  return [...new Set(equal.map(({ nextHop }) => nextHop))].sort();
}

import { cidrContains, compareAddresses, isHostCidr } from "@calico-sim/core";
import { POD_DEVICE, PRIORITY_BASE, ruled, withCommunity } from "./oracle-filter-rules.js";
import { addressOf, areAdjacent, near } from "./oracle-paths.js";
import { plainTerms, type SessionTerms } from "./oracle-session-terms.js";
import type { OracleSpeakers } from "./oracle-speakers.js";
import type {
  Liveness,
  OracleRouter,
  OutsideState,
  SpreadOrigin,
  SpreadPath,
} from "./oracle-terms.js";

/** `local_pref` of ordinary routes: 2147483647 − 1024 (node-behaviour §1.6). */
const ORDINARY = PRIORITY_BASE - 1024;
/** `default bgp_local_pref`, of what comes without one (bird: proto/bgp/config.Y). */
const UNSAID = 100;
/** Preferences (bird: nest/route.h, DEF_PREF_STATIC, DEF_PREF_BGP, DEF_PREF_INHERITED; node-behaviour §1.6). */
const PREFERENCE = { static: 200, elevated: 200, bgp: 100, kernel: 10 } as const;
/** What is known while a route spreads. */
export interface Spreading extends SpreadOrigin {
  readonly state: OutsideState;
  readonly speakers: OracleSpeakers;
  readonly routers: ReadonlyMap<string, OracleRouter>;
  readonly live: Liveness;
  /** By speaker and teller; what a speaker originates is told by itself. */
  readonly held: Map<string, Map<string, readonly SpreadPath[]>>;
  /** Nodes that told mesh peers something once. */
  readonly spokeToMesh: Set<string>;
  /** The best path of those that spoke, when they did. */
  readonly spoken: Map<string, SpreadPath | undefined>;
  asksForPods: boolean;
}

/** A path as its origin has it. */
export function originated({ prefix, state }: Spreading, name: string): SpreadPath {
  // A node tells of one address because a pod has it (node-behaviour §1.7, §2.5).
  const ofPod = isHostCidr(prefix) && state.nodes.has(name);
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
    // Of two protocols for one neighbour the first by name has the session, `Global_` before `Mesh_` before `Node_`
    // (measured on BIRD 1.6.8).
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
export function tell(
  x: Spreading,
  from: string,
  to: string,
  path: SpreadPath,
): readonly SpreadPath[] {
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
  const linkLocal = !internal && areOnLink(x, from, to);
  // Of IPv6 a next hop on the link is told with its link-local address, or not at all (measured on BIRD 1.6.8).
  const tellable = x.prefix.family === 4 || path.linkLocal === true;
  const stays = linkLocal && tellable && near(x.state, from, path.nextHop);
  const keeps = mode === "keep" || (mode === "auto" && (internal || stays));
  const nextHop = keeps ? path.nextHop : from;
  if (!internal || !path.internal) return { ...path, asPath, nextHop, linkLocal };
  // Among peers of one AS only a reflector passes on, from or to a client (RFC 4456 §6).
  if (!client && !path.ofClient) return undefined;
  const originator = path.originator ?? path.from;
  return { ...path, asPath, nextHop, linkLocal, originator, clusters: [own, ...path.clusters] };
}

/** Whether a router is on one link with its peer: it leaves a next hop there to an external one (RFC 4271 §5.1.3). */
function areOnLink({ state, routers }: Spreading, from: string, to: string): boolean {
  const router = routers.get(from);
  return router !== undefined && router.multihop !== true && near(state, from, to);
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
export function order(x: Spreading, a: SpreadPath, b: SpreadPath): number {
  const told = ({ from, originator }: SpreadPath): number => identifierOf(x, originator ?? from);
  return (
    byMerit(a, b) ||
    told(a) - told(b) ||
    a.clusters.length - b.clusters.length ||
    compareAddresses(addressOf(x.state, a.from)!, addressOf(x.state, b.from)!)
  );
}

/** The same but for the last tie-breaks: paths that are equal to it share a kernel route (`merge paths`, node-behaviour §1.5). */
export function byMerit(a: SpreadPath, b: SpreadPath): number {
  if (a.preference !== b.preference) return b.preference - a.preference;
  if (a.learnt !== b.learnt) return a.learnt ? 1 : -1;
  return (
    b.localPref - a.localPref ||
    a.asPath.length - b.asPath.length ||
    Number(a.internal) - Number(b.internal)
  );
}

/** BGP identifier, in both families. */
function identifierOf({ state, routers }: Spreading, name: string): number {
  return state.nodes.get(name)?.identifier ?? routers.get(name)?.identifier ?? 0;
}

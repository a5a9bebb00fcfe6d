import { formatCidr } from "@calico-sim/core";
import type { OracleSpeakers } from "./oracle-speakers.js";
import { byMerit, order, originated, type Spreading, tell } from "./oracle-telling.js";
import type { Liveness, OutsideState, Spread, SpreadOrigin, SpreadPath } from "./oracle-terms.js";

/** Rounds of telling after which nothing can be expected to settle, beside one for each speaker. */
const ROUNDS = 50;

/** Speakers up to which a route spreads in several orders: with n of them that takes n² messages. Beyond, chance is not looked for. */
const ORDERED_MAX = 50;

const NOBODY: ReadonlySet<string> = new Set();

/** The spread of a route, worked out once until something changes. */
export function spreadOf(
  state: OutsideState,
  speakers: OracleSpeakers,
  live: Liveness,
  origin: SpreadOrigin,
): Spread {
  const { prefix, origins, lender } = origin;
  const key = [formatCidr(prefix), ...origins, lender].join(" ");
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
    const unknown = x.asksForPods ? OF_POD : settled ? undefined : CHANCE;
    return { paths, unknown };
  };
  const spread = ordered("together");
  const routers = state.outside.routers.length;
  // Where every path is told, no choice of one speaker reaches another.
  if (!speakers.setsPriorities || routers === 0) return spread;
  if (state.nodes.size + routers > ORDERED_MAX) return spread;
  const others = (["deep", "deep backwards"] as const).map(ordered);
  const agreed = others.every(
    (other) => other.unknown !== CHANCE && textOf(other) === textOf(spread),
  );
  return agreed ? spread : { ...spread, unknown: spread.unknown ?? CHANCE };
}

const CHANCE = "by the priorities that BGPFilters set, chance decides";
const OF_POD = "a BGPFilter asks for the name of a pod's interface";

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
    spoken: new Map(),
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
    const hearing = round(x, talking.slice(-1));
    const next = [...hearing].sort();
    if (order === "deep backwards") next.reverse();
    talking = [...talking.slice(0, -1).filter((name) => !hearing.has(name)), ...next];
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

/** Lets everybody whose paths changed speak; returns those who hear something new. */
function round(x: Spreading, talking: Iterable<string>): ReadonlySet<string> {
  const news: [to: string, from: string, paths: readonly SpreadPath[]][] = [];
  for (const from of talking) {
    const own = [...(x.held.get(from)?.values() ?? [])].flat();
    const best = own.reduce<SpreadPath | undefined>(
      (a, b) => (a === undefined || order(x, b, a) < 0 ? b : a),
      undefined,
    );
    const isNode = x.state.nodes.has(from);
    const toMesh = sharedWithMesh(x, from, own);
    // A router tells nobody anything but its best.
    if (!isNode && x.spoken.has(from) && x.spoken.get(from) === best) continue;
    x.spoken.set(from, best);
    for (const to of neighbours(x, from, own)) {
      const before = x.held.get(to)?.get(from) ?? [];
      const all = isNode && x.state.nodes.has(to);
      const offered = all || best === undefined ? own : [best];
      const told = !x.live.connected(from, to)
        ? NOTHING
        : (toMesh(to) ?? offered.flatMap((path) => tell(x, from, to, path)));
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

const NOTHING: readonly SpreadPath[] = [];

/**
 * What a node tells members of the mesh, worked out once for all of them that nobody treats specially: in a mesh of one AS
 * they differ only in what came from themselves. Undefined for everybody else.
 */
function sharedWithMesh(
  x: Spreading,
  from: string,
  own: readonly SpreadPath[],
): (to: string) => readonly SpreadPath[] | undefined {
  const { mesh, meshOfOneAS, named } = x.speakers;
  if (!meshOfOneAS || !mesh.has(from)) return () => undefined;
  const others = named.get(from) ?? NOBODY;
  const sources = new Set(own.flatMap((path) => [path.from, path.originator ?? path.from]));
  let told: readonly SpreadPath[] | undefined;
  return (to) => {
    if (!mesh.has(to) || others.has(to) || sources.has(to)) return undefined;
    return (told ??= own.flatMap((path) => tell(x, from, to, path)));
  };
}

function same(a: readonly SpreadPath[], b: readonly SpreadPath[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((path, i) => samePath(path, b[i]!));
}

function samePath(a: SpreadPath, b: SpreadPath): boolean {
  return (
    a.learnt === b.learnt &&
    a.device === b.device &&
    a.localPref === b.localPref &&
    a.nextHop === b.nextHop &&
    a.from === b.from &&
    a.internal === b.internal &&
    a.ofClient === b.ofClient &&
    a.originator === b.originator &&
    a.preference === b.preference &&
    sameItems(a.asPath, b.asPath) &&
    sameItems(a.clusters, b.clusters) &&
    sameItems(a.communities, b.communities)
  );
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a === b || (a.length === b.length && a.every((item, i) => item === b[i]));
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

/** Nodes and routers that a node sends to, all equally good, in the order of names; none where it hears of no way. */
export function gatewaysIn({ paths }: Spread, node: string): readonly string[] {
  const learnt = (paths.get(node) ?? []).filter((path) => path.learnt);
  const best = learnt.reduce<SpreadPath | undefined>(
    (a, b) => (a === undefined || byMerit(b, a) < 0 ? b : a),
    undefined,
  );
  if (best === undefined) return [];
  const equal = learnt.filter((path) => byMerit(path, best) === 0);
  return [...new Set(equal.map(({ nextHop }) => nextHop))].sort();
}

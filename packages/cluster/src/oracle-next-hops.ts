import type { PeeringNode } from "./oracle-peerings.js";

/** What decides over which nodes a route comes: sessions, and what each end makes of a route. */
export interface RouteWays {
  readonly nodes: ReadonlyMap<string, PeeringNode>;
  /** Whether two nodes have a session, by whatever rule. */
  readonly linked: (a: string, b: string) => boolean;
  /** Whether a node treats a peer as a client of its own (RFC 4456). */
  readonly treats: (node: string, peer: string) => boolean;
  readonly asNumber: (node: string) => number;
  /** What a node tells a peer of the next hop; `auto` where nothing is said. */
  readonly nextHopMode: (node: string, peer: string) => NextHopMode;
}

/** BGPPeer `nextHopMode` (node-behaviour §1.4). */
export type NextHopMode = "auto" | "self" | "keep";

/** A path as one node holds it. */
interface Path {
  readonly at: string;
  /** Node that told it. */
  readonly from: string;
  readonly nextHop: string;
  /** 1 once it crossed between ASes, which takes the local preference that Calico gave it (node-behaviour §1.6). */
  readonly crossed: 0 | 1;
  readonly asPath: readonly number[];
  /** Told by a peer of the same AS. */
  readonly internal: boolean;
  /** CLUSTER_LIST (RFC 4456 §8). */
  readonly clusters: readonly string[];
}

/**
 * Nodes that a node sends to for what another originates, all equally good (RFC 4271 §9.1.2.2 up to the comparison of
 * interior cost, as `merge paths` has it; node-behaviour §1.5); none where the route does not come. In the order of names.
 *
 * Every path is told, not only the best (add-path), so paths spread from the origin in the order of preference until
 * nothing as good as the target's best is left.
 */
export function nextHopsTo(ways: RouteWays, origin: string, target: string): readonly string[] {
  const open: Path[] = [];
  const seen = new Set<string>();
  let best: Path | undefined;
  const found = new Set<string>();
  const take = (path: Path | undefined): void => {
    if (path === undefined || (best !== undefined && compare(best, path) < 0)) return;
    if (path.at === target) {
      if (best === undefined || prefers(path, best)) {
        best = path;
        found.clear();
      }
      if (!prefers(best, path)) found.add(path.nextHop);
      return;
    }
    const key = JSON.stringify(path);
    if (seen.has(key)) return;
    seen.add(key);
    open.push(path);
  };
  for (const peer of ways.nodes.keys()) take(told(ways, origin, peer, undefined));
  while (open.length > 0) {
    const path = open.splice(least(open), 1)[0]!;
    for (const peer of ways.nodes.keys()) {
      if (peer !== origin && peer !== path.from) take(told(ways, path.at, peer, path));
    }
  }
  return [...found].sort();
}

/** What a peer holds after a node told it a path, or its own route; undefined where it is not told, or drops it. */
function told(ways: RouteWays, at: string, peer: string, path: Path | undefined): Path | undefined {
  if (peer === at || !ways.linked(at, peer)) return undefined;
  const internal = ways.asNumber(at) === ways.asNumber(peer);
  const client = internal && ways.treats(at, peer);
  const cluster = ways.nodes.get(at)?.clusterId ?? "";
  let clusters = path?.clusters ?? [];
  if (path !== undefined && client && clusters.includes(cluster)) return undefined;
  if (path?.internal === true && internal) {
    // Among peers of one AS only a reflector passes on, from or to a client (RFC 4456 §6).
    if (!client && !ways.treats(at, path.from)) return undefined;
    clusters = [...clusters, cluster];
  }
  const own = ways.nodes.get(peer)?.clusterId ?? "";
  if (internal && ways.treats(peer, at) && clusters.includes(own)) return undefined;
  const asPath = internal ? (path?.asPath ?? []) : [ways.asNumber(at), ...(path?.asPath ?? [])];
  if (asPath.includes(ways.asNumber(peer))) return undefined;
  const mode = ways.nextHopMode(at, peer);
  // Every peer counts as several hops away, so towards another AS a node puts itself (RFC 4271 §5.1.3 (3)).
  const keeps = mode === "keep" || (mode === "auto" && internal);
  return {
    at: peer,
    from: at,
    nextHop: keeps ? (path?.nextHop ?? at) : at,
    crossed: internal ? (path?.crossed ?? 0) : 1,
    asPath,
    internal,
    clusters: internal ? clusters : [],
  };
}

/** Local preference, then the length of the AS path. */
function compare(a: Path, b: Path): number {
  return a.crossed - b.crossed || a.asPath.length - b.asPath.length;
}

/** As {@link compare}, and of equal ones those of other ASes are preferred. */
function prefers(path: Path, to: Path): boolean {
  const order = compare(path, to);
  return order < 0 || (order === 0 && !path.internal && to.internal);
}

function least(paths: readonly Path[]): number {
  let at = 0;
  for (let i = 1; i < paths.length; i++) if (compare(paths[i]!, paths[at]!) < 0) at = i;
  return at;
}

import { BirdOutputError, scanAnswer, words } from "./scan.js";

/** A row of `show route`. */
export interface BirdRoute {
  readonly dest: string;
  /** `N/A` where there is none. */
  readonly gateway: string;
  /** Device, or the kind of a route without one, e.g. `blackhole`. */
  readonly iface: string;
  /** Name of the protocol that has the route. */
  readonly learnedFrom: string;
  /** The one of its destination that is used: the starred one. */
  readonly primary: boolean;
}

const NO_GATEWAY = "N/A";

/** A line of its own for each next hop of a `multipath` route. */
const NEXT_HOP = /^\s+via \S+ on \S+ weight \d+\s*$/;

/**
 * The routes in the answer to `show route` (calico: node/pkg/status/populators/route.go). A row without a
 * destination is one more route to that of the row before. The next hops below a `multipath` route of the
 * kernel are no routes (bird: nest/rt-table.c, rt_show_rte); assumed: the tool passes over them.
 *
 * @throws BirdOutputError for a text that is no such answer.
 */
export function scanRoutes(text: string): BirdRoute[] {
  const routes: BirdRoute[] = [];
  for (const { text: line } of scanAnswer(text, { rows: ["1007"] })) {
    if (!NEXT_HOP.test(line)) routes.push(readRoute(line, routes.at(-1)?.dest));
  }
  return routes;
}

function readRoute(line: string, before: string | undefined): BirdRoute {
  // A further path of a destination is indented.
  const all = words(line);
  const indented = line.startsWith(" ");
  const dest = indented ? before : all[0];
  const columns = indented ? all : all.slice(1);
  if (dest === undefined)
    throw new BirdOutputError(`BIRD route without a destination: "${line.trim()}"`);
  const from = columns.findIndex((word) => word.startsWith("["));
  if (from < 0) throw new BirdOutputError(`BIRD route without a protocol: "${line.trim()}"`);
  const way = columns.slice(0, from);
  const after = columns.slice(columns.findIndex((word) => word.endsWith("]")) + 1);
  return {
    dest,
    ...wayOf(way),
    learnedFrom: columns[from]?.slice(1).replace(/\]$/, "") ?? "",
    primary: after[0] === "*",
  };
}

/** `via A on D`, `dev D`, or a kind of route that goes nowhere. */
function wayOf(way: readonly string[]): Pick<BirdRoute, "gateway" | "iface"> {
  const [kind, first, , third] = way;
  if (kind === "via") return { gateway: first ?? NO_GATEWAY, iface: third ?? "" };
  if (kind === "dev") return { gateway: NO_GATEWAY, iface: first ?? "" };
  return { gateway: NO_GATEWAY, iface: kind ?? "" };
}

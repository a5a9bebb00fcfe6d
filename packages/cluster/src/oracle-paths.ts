import { type Address, cidrContains, compareAddresses, formatAddress } from "@calico-sim/core";
import type { Liveness, OracleRouter, OutsideState, Path } from "./oracle-terms.js";

/** Preference of what a router originates itself (bird: nest/route.h, DEF_PREF_STATIC). */
export const OWN = 3;
/** Of what nodes tell a router of their own AS: Calico's LOCAL_PREF. */
export const CALICO = 2;
/** Of everything else: BIRD's LOCAL_PREF of 100. */
export const PLAIN = 1;

/** The best path of every router once all have told each other (RFC 4271 §9.1), from what each has of nodes or itself. */
export function solve(
  state: OutsideState,
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
    if (text(next) === text(best)) break;
    best = next;
  }
  return best;
}

/** The paths of all routers as text: equal for equal ones. */
function text(paths: ReadonlyMap<string, Path>): string {
  const plain = ({ fromAddress, ...path }: Path): unknown => [path, formatAddress(fromAddress)];
  return JSON.stringify([...paths.values()].map(plain));
}

/** Whether two routers are neighbours. */
export function areAdjacent(a: OracleRouter, b: OracleRouter): boolean {
  return a.peersWith?.has(b.name) === true || b.peersWith?.has(a.name) === true;
}

/** RFC 4271 §9.1.2.2, as far as these paths differ. */
export function byPreference(a: Path, b: Path): number {
  return byMerit(a, b) || compareAddresses(a.fromAddress, b.fromAddress);
}

/** The same but for the last tie-breaks. */
export function byMerit(a: Path, b: Path): number {
  return (
    b.preference - a.preference ||
    a.asPath.length - b.asPath.length ||
    Number(a.internal) - Number(b.internal)
  );
}

/** Somebody who is told something. */
type Listener = Pick<OracleRouter, "name" | "address" | "asNumber">;

/** What a path becomes when a router tells somebody of it; nothing where it may not, or is refused for a loop. */
export function passedOn(
  state: OutsideState,
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
    return reflects ? [{ ...path, ...from, preference, linkLocal: false }] : [];
  }
  const asPath = [router.asNumber, ...path.asPath];
  if (asPath.filter((as) => as === to.asNumber).length > ownAS) return [];
  const onLink = router.multihop !== true && near(state, router.name, to.name);
  // Of IPv6 a next hop on the link is told with its link-local address, or not at all (measured on BIRD 1.6.8).
  const tellable = router.address.family === 4 || path.linkLocal === true;
  const keeps = onLink && tellable && near(state, router.name, path.nextHop);
  const nextHop = keeps ? path.nextHop : router.name;
  return [{ asPath, nextHop, preference: PLAIN, ...from, linkLocal: onLink }];
}

/** Whether two hosts are in a subnet of the nodes. */
export function near(state: OutsideState, a: string, b: string): boolean {
  const [x, y] = [addressOf(state, a), addressOf(state, b)];
  if (x === undefined || y === undefined) return false;
  for (const subnet of state.outside.subnets)
    if (cidrContains(subnet, x)) return cidrContains(subnet, y);
  return false;
}

/** The address of a node or a router. */
export function addressOf({ nodes, outside }: OutsideState, name: string): Address | undefined {
  return (
    nodes.get(name)?.address ?? outside.routers.find((router) => router.name === name)?.address
  );
}

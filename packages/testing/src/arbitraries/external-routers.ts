import type { ExternalRouter } from "@calico-sim/cluster";
import fc from "fast-check";

/** Prefixes that lie in no pool of {@link import("./pools.js").arbitraryPools}. */
const OUTSIDE = ["10.100.0.0/16", "0.0.0.0/0", "192.168.7.0/24"] as const;

/** The subnet of the nodes of the first rack, which have a connected route to it. */
const CONNECTED = "10.0.0.0/24";

/** What stands for these prefixes in a cluster without IPv4. */
const IN_IPV6: Readonly<Record<string, string>> = {
  "10.100.0.0/16": "fd64::/32",
  "0.0.0.0/0": "::/0",
  "192.168.7.0/24": "2001:db8:7::/48",
  [CONNECTED]: "fd10::/64",
};

/** AS numbers: that of a cluster by default, and others. */
const AS_NUMBERS = [65_001, 65_002, 64_512] as const;

/**
 * Routers in the first racks of a `cluster`, that agree with the nodes: what one of them needs is in its BGPPeer.
 * Shrinks to none.
 *
 * @param nodes - how many nodes, called `node-0`, `node-1`, …, a router may be told to peer with alone.
 * @param racks - how many racks there are at least.
 * @param ecmp - whether some keep several routes at once (`ecmp`).
 */
export function arbitraryExternalRouters(
  max: number,
  nodes: number,
  racks: number,
  ecmp = false,
): fc.Arbitrary<readonly ExternalRouter[]> {
  if (max === 0) return fc.constant([]);
  const router = fc.record({
    rack: fc.nat({ max: racks - 1 }),
    asNumber: fc.constantFrom(...AS_NUMBERS),
    prefixes: fc.subarray([...OUTSIDE, CONNECTED]),
    passive: fc.boolean(),
    gracefulRestart: fc.boolean(),
    multihop: fc.boolean(),
    password: fc.constantFrom(undefined, "s3cret"),
    holdSeconds: fc.constantFrom(undefined, 9, 30),
    some: fc.option(fc.nat({ max: nodes - 1 }), { freq: 3, nil: undefined }),
    several: ecmp ? fc.boolean() : fc.constant(false),
  });
  return fc.array(router, { maxLength: max }).map((all) =>
    all.map(({ rack, some, multihop, password, holdSeconds, several, ...rest }, i) => ({
      name: `tor-${String(i)}`,
      ip: `10.0.${String(rack)}.${String(251 + i)}`,
      ...rest,
      ...(several ? { ecmp: true } : {}),
      ...(multihop ? { multihop } : {}),
      ...(holdSeconds === undefined ? {} : { holdSeconds }),
      ...(password === undefined ? {} : { password }),
      ...(some === undefined ? {} : { peersWith: [`node-${String(some)}`] }),
    })),
  );
}

/** The same router in a cluster without IPv4. */
export function inIpv6({ ip, prefixes = [], ...router }: ExternalRouter): ExternalRouter {
  const [, , rack = "0", host = "251"] = ip.split(".");
  return {
    ...router,
    ip: `fd10:0:0:${Number(rack).toString(16)}::${host}`,
    prefixes: prefixes.flatMap((text) => IN_IPV6[text] ?? []),
  };
}

import type { NodeDelay, PeerPolicy } from "../types.js";
import type { Connections } from "./connections.js";
import type { Peerings } from "./peerings.js";
import type { PolicyTable } from "./policies.js";

/** TTL of a `multihop` peer's packets when no number is given (bird: proto/bgp/config.Y). */
const MULTIHOP_TTL = 64;
/** Highest TTL, which TTL security sends and counts from (RFC 5082 §3). */
const TTL_MAX = 255;

/** What decides how far a packet gets. */
interface Way {
  readonly conns: Connections;
  readonly ends: Peerings;
  readonly policies: PolicyTable;
  readonly path: NodeDelay;
}

/**
 * Whether what a side sends comes with too low a TTL for the other. Assumed: the other looks at the TTL from the
 * first message on; BIRD sets the limit a moment after the handshake, so that a quick OPEN may still slip through
 * (`ttlLimitAfterOpen`).
 */
export function ttlTooLow(x: Way, side: number): boolean {
  const from = x.conns.node(side);
  const to = x.conns.node(side ^ 1);
  const receiver = x.ends.find(to, from);
  const sender = x.ends.find(from, to);
  if (receiver < 0 || sender < 0) return false;
  const { ttlSecurity } = policyOf(x, receiver);
  if (ttlSecurity === 0) return false;
  return ttlOf(policyOf(x, sender)) - routersBetween(x, from, to) < TTL_MAX + 1 - ttlSecurity;
}

function ttlOf({ ttlSecurity, onLink }: PeerPolicy): number {
  if (ttlSecurity > 0) return TTL_MAX;
  return onLink ? 1 : MULTIHOP_TTL;
}

/** Routers on the way from one host to another. */
export function routersBetween({ path }: Pick<Way, "path">, from: number, to: number): number {
  return path.routersBetween?.(from, to) ?? 0;
}

function policyOf({ ends, policies }: Way, e: number): PeerPolicy {
  return policies.get(ends.policy[e]!);
}

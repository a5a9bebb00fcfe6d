import type { FleetContext } from "../fleet/context.js";
import { ANY_AS } from "../types.js";

/** Subcode with which an OPEN of another AS (2) or with a bad identifier (3) is refused, 0 = none (RFC 4271 §6.2). */
export function refusal(x: FleetContext, e: number, side: number): number {
  const peer = x.ends.peer[e]!;
  const shown = x.policies.uniform ? x.asNumber[peer]! : x.localAS(x.conns.end(side ^ 1));
  const { remoteAS } = x.policy(e);
  if (remoteAS !== ANY_AS && shown !== (remoteAS || x.localAS(e))) return 2;
  const same = x.routerId[x.ends.node[e]!] === x.routerId[peer];
  return same && shown === x.localAS(e) ? 3 : 0;
}

/** Whether the newer of two connections stays: the one that the end with the higher identifier opened does (RFC 4271 §6.8, RFC 6286 §2.3). */
export function keepsNew(x: FleetContext, e: number, side: number): boolean {
  const { ends, routerId } = x;
  const own = routerId[ends.node[e]!]!;
  const peer = routerId[ends.peer[e]!]!;
  const { remoteAS } = x.policy(e);
  const peerDominates = own < peer || (own === peer && x.localAS(e) < remoteAS);
  return peerDominates === ((side & 1) === 1);
}

/** Whether the routes of a side's session outlive it: both ends restart gracefully, and the other said that it keeps forwarding. */
export function isKept(x: FleetContext, side: number): boolean {
  const other = x.conns.end(side ^ 1);
  return x.gracefulRestart && (other < 0 || x.policy(other).keepsForwarding);
}

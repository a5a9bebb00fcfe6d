import type { FleetContext } from "../fleet/context.js";

// Times of single ends, in whole seconds: those of the fleet, but where a policy has its own.

/**
 * Hold time of a session that an end is of, 0 = none: the smaller of what both offer (RFC 4271 §4.2; bird:
 * proto/bgp/packets.c, bgp_rx_open).
 */
export function holdTime(x: FleetContext, e: number): number {
  if (!x.policies.offersHold || e < 0) return x.timing.hold;
  const other = x.ends.find(x.ends.peer[e]!, x.ends.node[e]!);
  return Math.min(offered(x, e), other < 0 ? x.timing.hold : offered(x, other));
}

function offered(x: FleetContext, e: number): number {
  const { hold } = x.policy(e);
  return hold < 0 ? x.timing.hold : hold;
}

/**
 * Keepalive time of an end, 0 = it sends none: its own as configured, whatever was agreed, else a third of the hold time
 * (bird: proto/bgp/packets.c, bgp_rx_open; measured on BIRD 1.6.8).
 */
export function keepaliveTime(x: FleetContext, e: number): number {
  const own = e < 0 ? 0 : x.policy(e).keepalive;
  if (own > 0) return own;
  const hold = holdTime(x, e);
  return hold === x.timing.hold ? x.timing.keepalive : Math.floor(hold / 3);
}

/** Connect retry time of an end. */
export function connectRetry(x: FleetContext, e: number): number {
  return x.policy(e).connectRetry || x.timing.connectRetry;
}

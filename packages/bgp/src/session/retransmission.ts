import type { Micros } from "@calico-sim/core";
import { RETRANSMIT_MAX, RETRANSMIT_MIN } from "./constants.js";

/** When a segment that was lost at `lost` is sent again, not before `from` (RFC 6298 §5.5: the time-out doubles). */
export function retransmission(lost: Micros, from: Micros): Micros {
  let at = lost + RETRANSMIT_MIN;
  for (let wait = RETRANSMIT_MIN * 2; at < from; wait = Math.min(2 * wait, RETRANSMIT_MAX))
    at += wait;
  return at;
}

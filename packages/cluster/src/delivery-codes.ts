import type { BlackholeReason } from "./result.js";

/** Names of the delivery codes; 0 = delivered. */
export const REASONS: readonly (BlackholeReason | "delivered")[] = Object.freeze([
  "delivered",
  "no route",
  "blackhole route",
  "stale route",
  "destination node down",
  "underlay path cut",
  "underlay has no route to pods",
]);

/** The packet arrives. */
export const DELIVERED = 0;
/** Some kernel on the way has no route. */
export const NO_ROUTE = 1;
/** A blackhole route takes it. */
export const BLACKHOLE_ROUTE = 2;
/** A route leads to somebody who is not there, or is not the owner. */
export const STALE_ROUTE = 3;
/** Whoever has the destination does not run. */
export const OWNER_DOWN = 4;
/** The underlay does not join two hosts on the way. */
export const PATH_CUT = 5;
/** What lies between two hosts knows nothing of pods. */
export const UNDERLAY_ROUTE = 6;
/** The source does not run, or the block is gone: nobody to complain. */
export const NOT_ASKED = 7;

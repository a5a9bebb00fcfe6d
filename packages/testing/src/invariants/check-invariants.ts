import type { Simulation } from "@calico-sim/cluster";
import { everyPodReachable } from "./every-pod-reachable.js";
import { everyTyphaClientServed } from "./every-typha-client-served.js";
import { kernelsMatchOracle } from "./kernels-match-oracle.js";
import { noAddressTwice } from "./no-address-twice.js";
import { ribsWithinSessions } from "./ribs-within-sessions.js";
import type { Invariant, Violation } from "./violation.js";

/** Every law of a cluster that has come to rest. */
export const QUIET_INVARIANTS: readonly Invariant[] = Object.freeze([
  noAddressTwice,
  kernelsMatchOracle,
  everyPodReachable,
  ribsWithinSessions,
  everyTyphaClientServed,
]);

/**
 * Asks all laws, or those given; returns what is violated.
 *
 * @example
 * simulation.run(quietAfter(scenario));
 * expect(checkInvariants(simulation)).toEqual([]);
 */
export function checkInvariants(
  simulation: Simulation,
  invariants: readonly Invariant[] = QUIET_INVARIANTS,
): Violation[] {
  return invariants.flatMap((invariant) => [...invariant(simulation)]);
}

import { ERAS } from "@calico-sim/core";
import fc from "fast-check";

/** Every release whose defaults are known, newest first. */
const VERSIONS: readonly string[] = [...ERAS].reverse().map((era) => era.calicoVersion);

/**
 * A Calico release by its version, for `calicoVersion`. Shrinks to the newest.
 *
 * @example
 * fc.property(arbitraryEra(), (calicoVersion) => simulate(cluster({ nodes: 3, calicoVersion }), plan).converged)
 */
export function arbitraryEra(): fc.Arbitrary<string> {
  return fc.constantFrom(...VERSIONS);
}

/**
 * Properties of Calico clusters: fast-check arbitraries for clusters and scenarios, invariants of a
 * running simulation, and temporal laws over a run.
 *
 * @module
 */
export {
  arbitraryBgpFilter,
  type BgpFilterConstraints,
  type BgpFilterSpec,
  bgpFilter,
} from "./arbitraries/bgp-filters.js";
export {
  arbitraryCluster,
  type ClusterConstraints,
  FAMILIES,
  type Families,
} from "./arbitraries/cluster.js";
export { arbitraryEra } from "./arbitraries/era.js";
export { INCIDENT_KINDS, type IncidentKind } from "./arbitraries/incident.js";
export {
  arbitraryPools,
  ENCAPSULATIONS,
  type Encapsulation,
  type PoolConstraints,
} from "./arbitraries/pools.js";
export {
  arbitraryScenario,
  quietAfter,
  type ScenarioConstraints,
} from "./arbitraries/scenario.js";
export {
  arbitraryTopology,
  type Topology,
  type TopologyConstraints,
} from "./arbitraries/topology.js";
export { checkInvariants, QUIET_INVARIANTS } from "./invariants/check-invariants.js";
export { everyPodReachable, type WalkEnd, walk } from "./invariants/every-pod-reachable.js";
export { everyTyphaClientServed } from "./invariants/every-typha-client-served.js";
export { kernelsMatchOracle } from "./invariants/kernels-match-oracle.js";
export { noAddressTwice } from "./invariants/no-address-twice.js";
export { ribsWithinSessions } from "./invariants/ribs-within-sessions.js";
export type { Invariant, Violation } from "./invariants/violation.js";
export { Watched, type WatchOptions, watch } from "./temporal/watch.js";

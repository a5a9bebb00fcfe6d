/**
 * A Calico cluster from its parts: specification, scenario, simulation, result.
 *
 * @module
 */

export { ClusterError } from "./cluster-error.js";
export type { ExternalRouter, UndescribedPeers } from "./external-router.js";
export { NODE_SERVICE_DEFAULTS, type NodeServiceParameters } from "./node-services/index.js";
export { expectedRoute } from "./oracle.js";
export { type OracleState, oracleBlock, oracleState } from "./oracle-state.js";
export {
  expectedTable,
  type OracleContent,
  oracleContent,
  type TableRoute,
} from "./oracle-table.js";
export type { ExpectedHop, ExpectedRoute, Liveness, OracleBlock } from "./oracle-terms.js";
export type {
  BgpResult,
  Blackhole,
  BlackholeReason,
  ChangeResult,
  Convergence,
  Finding,
  Result,
  SecondSample,
  Utilisation,
} from "./result.js";
export type {
  Action,
  ChurnOptions,
  CreateOptions,
  DaemonName,
  FilterOptions,
  JoiningNode,
  KillOptions,
  Scenario,
  Step,
} from "./scenario.js";
export {
  apply,
  at,
  blocks,
  config,
  describe,
  fail,
  firewall,
  heal,
  nodes,
  pods,
  start,
} from "./scenario.js";
export { ScenarioError } from "./scenario-check.js";
export { simulate } from "./simulate.js";
export type { Parameters, SimulateOptions } from "./simulate-options.js";
export { Simulation } from "./simulation.js";
export type { ClusterOptions, ClusterSpec, PoolOptions } from "./spec.js";
export { cluster, clusterFromResources, usesIpv6 } from "./spec.js";
export type { UnderlayOptions } from "./underlay.js";
export type { CalicoctlGetOptions, IpamShowView } from "./views/cluster-views.js";
export { ClusterViews } from "./views/cluster-views.js";
export type { BirdReason, PathOrigin, RouteReason } from "./views/route-reason.js";
export {
  type AdoptedPod,
  layOutPods,
  type PodPhase,
  type PodSpec,
  type PodView,
  type WarmPods,
  WORKLOAD_DEFAULTS,
  type WorkloadParameters,
} from "./workloads/index.js";

/**
 * A Calico cluster from its parts: specification, scenario, simulation, result.
 *
 * @module
 */

export { fieldIssues, withoutNulls } from "./check-fields.js";
export { ClusterError } from "./cluster-error.js";
export type {
  ClusterOptions,
  PoolOptions,
  ResourceClusterOptions,
  RouteReflectorOptions,
} from "./cluster-options.js";
export { ENDPOINT_SLICE_DEFAULTS, type EndpointSliceParameters } from "./endpoint-slices/index.js";
export type { ExternalRouter, UndescribedPeers } from "./external-router.js";
export { routerFieldIssues } from "./external-router-check.js";
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
export { namesIn, scenarioFaults } from "./scenario-check.js";
export { ScenarioError, type ScenarioFault } from "./scenario-error.js";
export { simulate } from "./simulate.js";
export type { Parameters, SimulateOptions } from "./simulate-options.js";
export { Simulation } from "./simulation.js";
export type { ClusterSpec } from "./spec.js";
export { cluster, clusterFromResources, clusterFromValid, usesIpv6 } from "./spec.js";
export { checkSpec } from "./spec-check.js";
export { soundUnderlay, type UnderlayOptions } from "./underlay.js";
export { underlayFieldIssues } from "./underlay-check.js";
export type { CalicoctlGetOptions, IpamShowView } from "./views/cluster-views.js";
export { ClusterViews } from "./views/cluster-views.js";
export type { BirdReason, PathOrigin, RouteReason } from "./views/route-reason.js";
export { type WorkloadRouter, workloadIssues } from "./workload-router.js";
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

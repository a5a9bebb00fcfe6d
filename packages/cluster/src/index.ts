/**
 * A Calico cluster from its parts: specification, scenario, simulation, result.
 *
 * @module
 */
export type {
  Blackhole,
  BlackholeReason,
  ChangeResult,
  Convergence,
  Finding,
  Result,
  SecondSample,
  Utilisation,
} from "./result.js";
export type { Action, DaemonName, JoiningNode, Scenario, Step } from "./scenario.js";
export { apply, at, blocks, describe, fail, heal, nodes, pods, start } from "./scenario.js";
export { simulate, type SimulateOptions } from "./simulate.js";
export { Simulation } from "./simulation.js";
export type { ClusterOptions, ClusterSpec, PoolOptions } from "./spec.js";
export { cluster, ClusterError, clusterFromResources } from "./spec.js";

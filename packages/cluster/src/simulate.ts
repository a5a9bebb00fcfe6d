import { micros } from "@calico-sim/core";
import type { Result } from "./result.js";
import type { Scenario } from "./scenario.js";
import type { SimulateOptions } from "./simulate-options.js";
import { Simulation } from "./simulation.js";
import type { ClusterSpec } from "./spec.js";

/**
 * Runs a scenario on a cluster and tells what happened.
 *
 * @throws ClusterError when an option is wrong.
 * @throws ScenarioError when a step cannot be, or names a node, rack or link that the cluster does not have.
 * @example
 * const result = simulate(cluster({ nodes: 10 }), [at("0s", start()), at("5m", fail.node("node-3"))], { until: "10m" });
 */
export function simulate(
  spec: ClusterSpec,
  scenario: Scenario,
  options: SimulateOptions = {},
): Result {
  const simulation = new Simulation(spec, options);
  simulation.schedule(scenario);
  const last = scenario.reduce((latest, step) => Math.max(latest, step.at), 0);
  const until = options.until === undefined ? last + micros("5m") : micros(options.until);
  simulation.run(until, options.progress);
  const result = simulation.result();
  return { ...result, findings: [...result.findings, ...simulation.stepsToCome()] };
}

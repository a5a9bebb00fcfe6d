import { type DurationInput, micros } from "@calico-sim/core";
import type { Result } from "./result.js";
import type { Scenario } from "./scenario.js";
import { Simulation } from "./simulation.js";
import type { ClusterSpec } from "./spec.js";

/** Options of {@link simulate}. */
export interface SimulateOptions {
  /** Seed of every random draw. @defaultValue 1 */
  readonly seed?: number | string;
  /** End of the run. @defaultValue the last step plus five minutes */
  readonly until?: DurationInput;
  /** Events after which the run stops with the finding `event-limit`. */
  readonly eventsMax?: number;
  /** Called about each simulated second, with the share of the run done (0..1) and the simulated seconds. */
  readonly progress?: (share: number, seconds: number) => void;
}

/**
 * Runs a scenario on a cluster and tells what happened.
 *
 * @throws ScenarioError when a step names a node, rack or link that the cluster does not have.
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
  return simulation.result();
}

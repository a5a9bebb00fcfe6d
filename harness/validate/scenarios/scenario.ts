import type { Lab } from "../lab/lab.js";
import type { RunMetrics } from "../metrics/run-metrics.js";

/** What happens in the lab, and what is read from it: one plug-in per value of the parameter `scenario`. */
export interface Scenario {
  /** Parameters that it reads. */
  readonly parameters: readonly string[];
  /** Carries out one run. */
  run(lab: Lab): RunMetrics;
}

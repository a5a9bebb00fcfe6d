import { type RunMetrics, seconds } from "../metrics/run-metrics.js";
import { converge } from "./converge.js";
import type { Scenario } from "./scenario.js";

/** Seconds watched when the file does not say. Assumed. */
const WATCH = 60;

/** Converged and idle. */
export const KEEPALIVE: Scenario = {
  parameters: ["watch"],
  run(lab): RunMetrics {
    const everyone = lab.nodesBut();
    converge(lab, everyone);
    const from = lab.engine.now;
    lab.rest(lab.parameters.watch ?? WATCH);
    const gaps: number[] = [];
    for (const node of everyone) {
      for (const { peer } of lab.peersOf(node)) {
        const times = lab.bird.keepaliveTimes(node, peer, from);
        for (let k = 1; k < times.length; k++) gaps.push(seconds(times[k] ?? 0, times[k - 1] ?? 0));
      }
    }
    return { keepalive_gap_s: gaps };
  },
};

import type { Micros } from "@calico-sim/core";
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
    const last = new Map<string, Micros>();
    const gaps: number[] = [];
    for (const { from: sender, to, what, at } of lab.logbook.segments) {
      if (what !== "keepalive" || at < from) continue;
      const direction = `${String(sender)}-${String(to)}`;
      const before = last.get(direction);
      if (before !== undefined) gaps.push(seconds(at, before));
      last.set(direction, at);
    }
    return { keepalive_gap_s: gaps };
  },
};

import type { Micros } from "@calico-sim/core";
import type { SessionEntry } from "../lab/logbook.js";
import { maximum, median, minimum, type RunMetrics, seconds } from "./run-metrics.js";

/** When each session was first up at both ends, in seconds from `zero`, of the ends that came up after it. */
export function establishedTimes(entries: readonly SessionEntry[], zero: Micros): number[] {
  const first = new Map<string, Micros>();
  for (const { node, peer, up, at } of entries) {
    const end = `${String(node)}-${String(peer)}`;
    if (up && at >= zero && !first.has(end)) first.set(end, at);
  }
  const times: number[] = [];
  for (const [end, at] of first) {
    const [node, peer] = end.split("-");
    const other = first.get(`${String(peer)}-${String(node)}`);
    if (other !== undefined && Number(node) < Number(peer))
      times.push(seconds(Math.max(at, other), zero));
  }
  return times;
}

/** The summary of session times. */
export function sessionMetrics(times: readonly number[]): RunMetrics {
  return {
    session_established_median_s: median(times),
    session_established_last_s: maximum(times),
    session_established_first_s: minimum(times),
  };
}

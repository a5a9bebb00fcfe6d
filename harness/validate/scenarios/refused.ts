import type { Micros } from "@calico-sim/core";
import type { SegmentEntry } from "../lab/logbook.js";
import { median, type RunMetrics, seconds } from "../metrics/run-metrics.js";
import type { Scenario } from "./scenario.js";

/** Seconds watched when the file does not say (ground-truth/bird README, Parameters). */
const WATCH = 60;

/** The daemons' logs are read until they are stopped, which is about this long after the capture ends. Assumed. */
const LOG_AFTER = 1;

/** Nodes that never run, but that the others have as peers. */
export const REFUSED: Scenario = {
  parameters: ["missing", "watch", "mode"],
  run(lab): RunMetrics {
    const { missing = [0], mode, watch = WATCH } = lab.parameters;
    const present = lab.nodesBut(missing);
    for (const node of missing) {
      if (mode === "unreachable") lab.bridge.detach(node);
      if (mode === "drop") lab.bridge.drop(node);
    }
    lab.nodes.forEach((_, i) => {
      lab.configure(i);
    });
    lab.startAll(present);
    lab.rest(watch);
    const captured = lab.engine.now;
    lab.rest(LOG_AFTER);
    const gone = new Set(missing);
    const attempts = byPair(
      lab.logbook.attempts
        .filter(({ peer }) => gone.has(peer))
        .map(({ node, peer, at }) => ({ from: node, to: peer, at })),
    );
    const segments = lab.logbook.segments.filter(({ to, at }) => gone.has(to) && at <= captured);
    const first = byPair(segments.filter(({ what }) => what === "syn"));
    const syns = byPair(segments);
    const perMinute = (times: readonly Micros[]): number => (60 * times.length) / watch;
    return {
      connect_attempts_per_min_per_active_peer: median(first.map(perMinute)),
      syn_segments_per_min_per_active_peer: median(syns.map(perMinute)),
      daemon_connect_attempts_per_min: median(attempts.map(perMinute)),
      gap_between_attempts_s: first.flatMap(gaps),
      daemon_gap_between_attempts_s: attempts.flatMap(gaps),
      gap_between_syns_of_one_attempt_s: repeats(segments),
    };
  },
};

/** Times by sender and receiver. */
function byPair(
  entries: readonly { readonly from: number; readonly to: number; readonly at: Micros }[],
): Micros[][] {
  const pairs = new Map<string, Micros[]>();
  for (const { from, to, at } of entries) {
    const pair = `${String(from)}-${String(to)}`;
    const times = pairs.get(pair);
    if (times === undefined) pairs.set(pair, [at]);
    else times.push(at);
  }
  return [...pairs.values()];
}

function gaps(times: readonly Micros[]): number[] {
  return times.slice(1).map((at, k) => seconds(at, times[k]));
}

/** From each SYN to its next repetition. */
function repeats(segments: readonly SegmentEntry[]): number[] {
  const last = new Map<string, Micros>();
  const gapsSeen: number[] = [];
  for (const { from, to, what, at } of segments) {
    const pair = `${String(from)}-${String(to)}`;
    if (what === "syn-again") gapsSeen.push(seconds(at, last.get(pair)));
    last.set(pair, at);
  }
  return gapsSeen;
}

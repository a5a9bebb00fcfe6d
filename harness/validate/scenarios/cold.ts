import { SECOND } from "@calico-sim/core";
import { birdCounters } from "../metrics/bird-counters.js";
import { maximum, median, type RunMetrics, seconds } from "../metrics/run-metrics.js";
import { establishedTimes, sessionMetrics } from "../metrics/sessions.js";
import { wireMetrics } from "../metrics/wire.js";
import type { Scenario } from "./scenario.js";

/** Seconds after which a run is given up when the file sets no `timeout`. */
const TIMEOUT = 90;

/** Seconds that the capture goes on after the last awaited event; and up to so many more until that is noticed. Assumed. */
const CAPTURE_AFTER = 2;
const CAPTURE_LATE = 0.01;

/** All daemons start; measured until all sessions are up and all blocks in all kernels. */
export const COLD: Scenario = {
  parameters: ["missing"],
  run(lab): RunMetrics {
    const present = lab.nodesBut(lab.parameters.missing);
    const complete = lab.completeness(present);
    const ends = lab.endsAmong(present);
    lab.nodes.forEach((_, i) => {
      lab.configure(i);
    });
    lab.startAll(present);
    lab.runUntil(
      () => lab.bird.establishedEnds === ends && complete.all,
      lab.parameters.timeout ?? TIMEOUT,
    );
    lab.rest(CAPTURE_AFTER + CAPTURE_LATE * lab.engine.stream("lab", "rest").next());
    const { logbook } = lab;
    const fib = [...complete.since.values()].map((at) => seconds(at));
    return {
      ...sessionMetrics(establishedTimes(logbook.sessions, 0)),
      fib_complete_median_s: median(fib),
      fib_complete_last_s: maximum(fib),
      recovery_done_last_s: maximum(logbook.recoveries.map(({ at }) => seconds(at))),
      ...wireMetrics(undefined, lab.bird.wire()),
      ...birdCounters(lab),
      cpu_seconds_all_daemons: lab.bird.cpu.reduce((x, y) => x + y, 0) / SECOND,
    };
  },
};

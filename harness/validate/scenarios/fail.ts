import type { Lab } from "../lab/lab.js";
import { afterFailure } from "../metrics/failure.js";
import { type RunMetrics, seconds } from "../metrics/run-metrics.js";
import { converge } from "./converge.js";
import type { Scenario } from "./scenario.js";

/** Seconds until a victim starts again when the file does not say (ground-truth/bird README, Parameters). */
const RESTART_AFTER = 3;

/** Seconds watched at most when the file does not say. Assumed. */
const WATCH = 60;

/**
 * Without a restart the watch ends early: every so many seconds the lab looks whether the survivors have
 * dropped every route of the victims, and then waits a little (from `observed_s` of the runs).
 */
const LOOK_EVERY = 0.5;
const LOOK_AFTER = 1;

/** What becomes of a victim, and what of it later. */
interface Mode {
  strike(lab: Lab, victim: number): void;
  /** `restart_after` seconds later. */
  readonly end?: (lab: Lab, victim: number) => void;
  /** When the measured run was ready for it: `restart_at_s`, else at the same time. */
  readonly recover?: (lab: Lab, victim: number) => void;
}

const KILL: Mode = {
  strike(lab, victim) {
    lab.bird.kill(victim);
  },
};

const TERM: Mode = {
  strike(lab, victim) {
    lab.bird.terminate(victim);
  },
};

const CUT: Mode = {
  strike(lab, victim) {
    lab.bridge.detach(victim);
    lab.bird.pathsChanged();
  },
};

function start(lab: Lab, victim: number): void {
  lab.start(victim);
}

function heal(lab: Lab, victim: number): void {
  lab.bridge.attach(victim);
  lab.bird.pathsChanged();
}

/** Modes by the value of the parameter `mode`. */
const MODES: ReadonlyMap<string, Mode> = new Map<string, Mode>([
  ["kill", KILL],
  ["kill-restart", { ...KILL, recover: start }],
  ["term", TERM],
  ["term-restart", { ...TERM, recover: start }],
  ["cut", CUT],
  ["cut-heal", { ...CUT, recover: heal }],
  [
    "cut-restart",
    {
      ...CUT,
      end(lab, victim) {
        lab.bird.kill(victim);
      },
      recover(lab, victim) {
        heal(lab, victim);
        lab.start(victim);
      },
    },
  ],
]);

/** Nodes of a cluster at rest fail, and perhaps come back. */
export const FAIL: Scenario = {
  // `snap_every` only adds snapshots to the measurement.
  parameters: [
    "mode",
    "victims",
    "watch",
    "full_watch",
    "restart_after",
    "dwell",
    "dwell_jitter",
    "snap_every",
  ],
  run(lab): RunMetrics {
    const { victims = [0], watch = WATCH } = lab.parameters;
    const { dwell = 0, dwell_jitter = 0 } = lab.parameters;
    const mode = MODES.get(lab.parameters.mode ?? "kill");
    if (mode === undefined)
      throw new RangeError(`mode "${String(lab.parameters.mode)}" is unknown`);
    converge(lab, lab.nodesBut());
    lab.rest(dwell + dwell_jitter * lab.engine.stream("lab", "dwell").next());

    const zero = lab.engine.now;
    for (const victim of victims) mode.strike(lab, victim);
    const { recover } = mode;
    if (recover === undefined && lab.parameters.full_watch === true) lab.rest(watch);
    else if (recover === undefined) watchDecay(lab, victims, watch);
    else {
      const { restart_after = RESTART_AFTER } = lab.parameters;
      lab.rest(restart_after);
      for (const victim of victims) mode.end?.(lab, victim);
      lab.rest(Math.max(0, (lab.measured.restart_at_s?.[0] ?? restart_after) - restart_after));
      for (const victim of victims) recover(lab, victim);
      lab.rest(restart_after + watch - seconds(lab.engine.now, zero));
    }
    return afterFailure(lab, victims, zero);
  },
};

/** Until every survivor has dropped the victims' routes, looked at as the lab did; at most `watch` seconds. */
function watchDecay(lab: Lab, victims: readonly number[], watch: number): void {
  const survivors = lab.nodesBut(victims);
  const prefixes = victims.flatMap((victim) => lab.prefixes[victim] ?? []);
  for (let watched = 0; watched < watch; watched += LOOK_EVERY) {
    lab.rest(LOOK_EVERY);
    if (survivors.every((node) => prefixes.every((p) => lab.kernels.best(node, p) === 0))) break;
  }
  lab.rest(LOOK_AFTER);
}

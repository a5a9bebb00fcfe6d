import type { Lab } from "../lab/lab.js";
import { maximum, type RunMetrics, seconds } from "../metrics/run-metrics.js";
import { establishedTimes, sessionMetrics } from "../metrics/sessions.js";
import { wireMetrics } from "../metrics/wire.js";
import { converge } from "./converge.js";
import type { Scenario } from "./scenario.js";

/** Seconds after which a run is given up when the file sets no `timeout`. */
const TIMEOUT = 60;

/** Time between the rewrite and the joiner's process when a file does not say (ground-truth/bird README: "some ms each"). */
const SPAWN_SECONDS = 0.005;

/** Seconds that the capture goes on after the last awaited event. Assumed; s2-join-n6-one-down-wait20 leaves 1 to 1.98 s. */
const CAPTURE_AFTER = 1.5;

/** Seconds from the death of the `down` nodes to the change (ground-truth/bird README). */
const DOWN_BEFORE = 1;

/** Nodes join a cluster at rest, whose other nodes are reconfigured by SIGHUP. */
export const ADD_NODE: Scenario = {
  parameters: ["joiners", "join_delay", "join_first", "join_lead", "down"],
  run(lab): RunMetrics {
    const { down = [], timeout = TIMEOUT } = lab.parameters;
    const joiners = lab.parameters.joiners ?? [lab.nodes.length - 1];
    const old = lab.nodesBut(joiners);
    converge(lab, old);
    for (const node of down) lab.bird.kill(node);
    if (down.length > 0) lab.rest(DOWN_BEFORE);

    const zero = lab.engine.now;
    const before = lab.bird.wire();
    const others = lab.nodesBut(joiners, down);
    const newPrefixes = joiners.flatMap((j) => lab.prefixes[j] ?? []);
    const oldPrefixes = others.flatMap((i) => lab.prefixes[i] ?? []);
    const haveNew = lab.completenessOf(others, newPrefixes);
    const haveOld = lab.completenessOf(joiners, oldPrefixes);
    change(lab, others, joiners);
    const running = [...others, ...joiners];
    const ends = lab.endsAmong(running);
    lab.runUntil(() => lab.bird.establishedEnds === ends && haveNew.all && haveOld.all, timeout);
    lab.rest(CAPTURE_AFTER);
    const { logbook } = lab;
    const since = (times: ReadonlyMap<number, number>): number[] =>
      [...times.values()].map((at) => seconds(at, zero));
    return {
      ...sessionMetrics(establishedTimes(logbook.sessions, zero)),
      recovery_done_last_s: maximum(
        logbook.recoveries.filter(({ at }) => at >= zero).map(({ at }) => seconds(at, zero)),
      ),
      others_have_new_block_s: since(haveNew.since),
      joiner_fib_complete_s: since(haveOld.since),
      ...wireMetrics(before, lab.bird.wire()),
    };
  },
};

/** The SIGHUPs and the joiners' starts; time zero is now. */
function change(lab: Lab, others: readonly number[], joiners: readonly number[]): void {
  const { join_first = false, join_lead = 0, join_delay = 0 } = lab.parameters;
  const joining = new Set(joiners);
  for (const joiner of joiners) lab.configure(joiner);
  const reconfigure = (): void => {
    for (const node of others)
      lab.bird.reconfigure(node, {
        add: lab.peersOf(node).filter(({ peer }) => joining.has(peer)),
      });
  };
  const start = (): void => {
    for (const joiner of joiners) lab.start(joiner);
  };
  const spawn = lab.measured.joiner_spawn_s?.[0];
  if (join_first) {
    lab.after(spawn ?? SPAWN_SECONDS, start);
    lab.after(join_lead, reconfigure);
  } else {
    reconfigure();
    lab.after(spawn ?? join_delay + SPAWN_SECONDS, start);
  }
}

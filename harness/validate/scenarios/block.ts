import type { Micros } from "@calico-sim/core";
import type { Lab } from "../lab/lab.js";
import { maximum, type RunMetrics, seconds } from "../metrics/run-metrics.js";
import { block } from "../topologies/blocks.js";
import { converge } from "./converge.js";
import type { Scenario } from "./scenario.js";

/** Options that a file may leave out (ground-truth/bird README, Parameters). */
const OPERATIONS = 10;
const BATCH = 1;
const GAP = 0.5;
const WATCH = 2;

/** What one change did: seconds from the signal. */
interface Change {
  /** Until the node's own kernel had it; undefined if it never did. */
  readonly local: number | undefined;
  /** Until the last other kernel had it. */
  readonly remote: number | undefined;
  readonly messages: number;
}

/** In a cluster at rest a random node gains blocks and loses them again, by SIGHUP. */
export const BLOCK: Scenario = {
  // `via` birdc takes the same way inside the daemon as SIGHUP (law 6).
  parameters: ["operations", "gap", "batch", "watch", "via"],
  run(lab): RunMetrics {
    const { operations = OPERATIONS, batch = BATCH, gap = GAP } = lab.parameters;
    const random = lab.engine.stream("lab", "operations");
    const everyone = lab.nodesBut();
    converge(lab, everyone);
    const fresh = firstFreeBlocks(lab, batch);
    const added: Change[] = [];
    const withdrawn: Change[] = [];
    let owner = 0;
    for (let operation = 0; operation < operations; operation++) {
      lab.rest(gap + random.next());
      const gains = operation % 2 === 0;
      if (gains) owner = lab.operable[random.below(lab.operable.length)] ?? 0;
      const own = lab.prefixes[owner] ?? [];
      const change = carryOut(lab, owner, gains ? [...own, ...fresh] : own, fresh);
      (gains ? added : withdrawn).push(change);
    }
    return { ...changes(added, "add"), ...changes(withdrawn, "withdraw") };
  },
};

function changes(of: readonly Change[], what: string): RunMetrics {
  const values = (pick: (change: Change) => number | undefined): number[] =>
    of.map(pick).filter((value) => value !== undefined);
  return {
    [`slowest_remote_kernel_${what}_s`]: values(({ remote }) => remote),
    [`local_kernel_${what}_s`]: values(({ local }) => local),
    [`messages_${what}`]: values(({ messages }) => messages),
  };
}

/** Blocks that nobody owns yet. */
function firstFreeBlocks(lab: Lab, count: number): number[] {
  const taken = lab.prefixes.reduce((sum, own) => sum + own.length, 0);
  return Array.from({ length: count }, (_, k) => lab.intern(block(taken + k)));
}

function carryOut(
  lab: Lab,
  owner: number,
  blocks: readonly number[],
  changed: readonly number[],
): Change {
  const zero = lab.engine.now;
  const entries = lab.logbook.routes.length;
  const before = lab.bird.wire();
  lab.bird.reconfigure(owner, { blocks });
  lab.rest(lab.parameters.watch ?? WATCH);
  const subject = new Set(changed);
  const lastAt = new Map<number, Micros>();
  for (const { node, prefix, at } of lab.logbook.routes.slice(entries))
    if (subject.has(prefix)) lastAt.set(node, at);
  const local = lastAt.get(owner);
  lastAt.delete(owner);
  const remote = maximum([...lastAt.values()]);
  const keepalives = lab.bird.wire().messages.keepalive - before.messages.keepalive;
  return {
    local: local === undefined ? undefined : seconds(local, zero),
    remote: remote === undefined ? undefined : seconds(remote, zero),
    // The operations' own messages: a keepalive that happens to pass is none.
    messages: lab.bird.wire().messages.total - before.messages.total - keepalives,
  };
}

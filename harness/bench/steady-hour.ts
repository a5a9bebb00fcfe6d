import { SECOND } from "@calico-sim/core";
import { BirdLab } from "./bird-lab.js";
import { RIB_LOOP, ribLoop } from "./rib-loop.js";
import { type Bench, grouped, type Sample, timed } from "./scenario.js";

const HOUR = 3_600;

/** One hour of a converged mesh with one block change a second. */
function steadyHour(nodes: number): Sample {
  const lab = new BirdLab(nodes);
  lab.startMesh();
  lab.converge(nodes * (nodes - 1));
  const before = lab.engine.dispatched;
  const messagesBefore = lab.bird.wire().messages.total;
  const from = lab.engine.now;
  const wallMs = timed(() => {
    for (let second = 0; second < HOUR; second++) {
      lab.engine.run({ until: from + second * SECOND });
      changeBlocks(lab, second);
    }
    lab.engine.run({ until: from + HOUR * SECOND });
  });
  const messages = lab.bird.wire().messages.total - messagesBefore;
  return {
    size: `${grouped(nodes)} nodes`,
    wallMs,
    yardstick: RIB_LOOP,
    ratio: wallMs / ribLoop(nodes, nodes),
    detail: `${grouped(HOUR)} block changes, ${grouped(lab.engine.dispatched - before)} events, ${grouped(messages)} messages`,
    ...(nodes === 1_000 ? { target: { figure: "wallMs", atMost: 10_000 } as const } : {}),
  };
}

/** Even seconds: a node gains a block; odd ones: it loses it. Nodes take turns. */
function changeBlocks(lab: BirdLab, second: number): void {
  const turn = second >> 1;
  const node = turn % lab.nodes;
  const own = lab.block(node);
  const further = lab.block(lab.nodes + (turn % lab.nodes));
  lab.bird.reconfigure(node, { blocks: second % 2 === 0 ? [own, further] : [own] });
}

/** An hour of a converged mesh with one block change a second: idle sessions, keepalives, re-feeds. */
export const steadyHourBench: Bench = {
  name: "steady-hour",
  sizes: ["100", "1000"],
  small: ["100"],
  fresh: true,
  run: (size) => [steadyHour(Number(size))],
};

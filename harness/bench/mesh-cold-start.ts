import { BirdLab } from "./bird-lab.js";
import { RIB_LOOP, ribLoop } from "./rib-loop.js";
import { type Bench, grouped, type Sample, timed } from "./scenario.js";

function coldStart(nodes: number): Sample {
  let lab: BirdLab | undefined;
  const wallMs = timed(() => {
    lab = new BirdLab(nodes);
    lab.startMesh();
    lab.converge(nodes * (nodes - 1));
  });
  return {
    size: `${grouped(nodes)} nodes`,
    wallMs,
    yardstick: RIB_LOOP,
    ratio: wallMs / ribLoop(nodes, nodes),
    detail: lab!.detail,
    ...(nodes === 1_000
      ? { target: { figure: "wallMs", atMost: 2_000, rssMbAtMost: 500 } as const }
      : {}),
  };
}

/** A full mesh of BIRDs alone: all sessions and timers, one block each, until every route is in every kernel. */
export const meshColdStartBench: Bench = {
  name: "mesh-cold-start",
  sizes: ["100", "500", "1000"],
  small: ["100"],
  fresh: true,
  run: (size) => [coldStart(Number(size))],
};

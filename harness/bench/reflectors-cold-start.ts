import { SECOND } from "@calico-sim/core";
import { BirdLab } from "./bird-lab.js";
import { RIB_LOOP, ribLoop } from "./rib-loop.js";
import { type Bench, grouped, type Sample, timed } from "./scenario.js";

/** All nodes start within this time. */
const WITHIN = 30 * SECOND;

function coldStart(nodes: number, reflectors: number): Sample {
  let lab: BirdLab | undefined;
  const sessions = reflectors * (nodes - reflectors) + (reflectors * (reflectors - 1)) / 2;
  const wallMs = timed(() => {
    lab = new BirdLab(nodes);
    lab.startReflectors(reflectors, WITHIN);
    lab.converge(2 * sessions);
  });
  return {
    size: `${grouped(nodes)} nodes, ${grouped(reflectors)} reflectors`,
    wallMs,
    yardstick: RIB_LOOP,
    ratio: wallMs / ribLoop(nodes, nodes),
    detail: lab!.detail,
    ...(nodes === 5_000 ? { target: { figure: "wallMs", atMost: 5_000 } as const } : {}),
  };
}

/** Clients of route reflectors, one block each, until every route is in every kernel. */
export const reflectorsColdStartBench: Bench = {
  name: "reflectors-cold-start",
  sizes: ["100/2", "200/4"],
  small: ["50/2"],
  fresh: true,
  run(size): Sample[] {
    const [nodes = 0, reflectors = 0] = size.split("/").map(Number);
    return [coldStart(nodes, reflectors)];
  },
};

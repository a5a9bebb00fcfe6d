import { SECOND } from "@calico-sim/core";
import { BirdLab } from "./bird-lab.js";
import { RIB_LOOP, ribLoop } from "./rib-loop.js";
import { type Bench, grouped, type Sample, timed } from "./scenario.js";

/** All nodes start within this time. */
const WITHIN = 30 * SECOND;

function coldStart(nodes: number, reflectors: number, clusterIds: "one" | "each"): Sample {
  let lab: BirdLab | undefined;
  const sessions = reflectors * (nodes - reflectors) + (reflectors * (reflectors - 1)) / 2;
  // Paths that a node holds of each block: from each reflector its own, or that of each.
  const paths = clusterIds === "one" ? reflectors : reflectors ** 2;
  const wallMs = timed(() => {
    lab = new BirdLab(nodes);
    lab.startReflectors(reflectors, clusterIds, WITHIN);
    lab.converge(2 * sessions);
  });
  return {
    size: `${grouped(nodes)} nodes, ${grouped(reflectors)} reflectors${clusterIds === "each" ? ", a cluster id each" : ""}`,
    wallMs,
    yardstick: RIB_LOOP,
    ratio: wallMs / (paths * ribLoop(nodes, nodes)),
    detail: lab!.detail,
    ...(nodes === 5_000
      ? { target: { figure: "wallMs", atMost: 5_000, rssMbAtMost: 4_096 } as const }
      : {}),
  };
}

/**
 * Clients of route reflectors, one block each, until every route is in every kernel. `NODES/REFLECTORS`: all reflectors have
 * one cluster id, as in Calico's documentation and in ground-truth/bird; with `/each` each has its own, and every node gets
 * a path of each from each.
 *
 * 5,000 nodes with 4 reflectors are asked for by name (`--only reflectors-cold-start --size 5000/4 --runs 1`): 100
 * million UPDATEs with one route each, in 75 million turns of main loops. They take some 80 s, of which the target of 5 s
 * would leave 50 ns for an UPDATE and the turn that reads it (docs/adr/0011).
 */
export const reflectorsColdStartBench: Bench = {
  name: "reflectors-cold-start",
  sizes: ["100/2", "200/4", "1000/4", "1000/4/each"],
  small: ["50/2"],
  fresh: true,
  run(size): Sample[] {
    const [nodes, reflectors, clusterIds] = size.split("/");
    return [coldStart(Number(nodes), Number(reflectors), clusterIds === "each" ? "each" : "one")];
  },
};

import { at, cluster, pods, Simulation, start } from "@calico-sim/cluster";
import { SECOND } from "@calico-sim/core";
import { RIB_LOOP, ribLoop } from "./rib-loop.js";
import { type Bench, grouped, type Sample, timed } from "./scenario.js";

/** Pods appear within this time; the scheduler binds 50 a second (kubernetes: kube-scheduler qps). */
const PODS_OVER = 60 * SECOND;
/** When the first is created: nodes that do not run yet get none. */
const PODS_FROM = SECOND;
const BINDS_PER_SECOND = 50;
const AFTERWARDS = 60 * SECOND;

function run(nodes: number, count: number, typhas: number): Sample {
  let simulation: Simulation | undefined;
  const wallMs = timed(() => {
    const spec = cluster({
      nodes,
      racks: Math.max(1, Math.ceil(nodes / 100)),
      typhas,
      pools: [{ cidr: "10.128.0.0/12", ipipMode: "CrossSubnet" }],
    });
    simulation = new Simulation(spec, { seed: 1 });
    simulation.schedule([at(0, start()), at(PODS_FROM, pods.create(count, { over: PODS_OVER }))]);
    const bound = Math.max(PODS_OVER, (count / BINDS_PER_SECOND) * SECOND);
    simulation.run(PODS_FROM + bound + AFTERWARDS);
  });
  const { recorder, tracker, engine, datastore, bird } = simulation!;
  if (recorder.podsWithAddress !== count || !tracker.converged) {
    throw new Error(
      `${String(recorder.podsWithAddress)} of ${String(count)} pods have an address; converged: ${String(tracker.converged)}`,
    );
  }
  const blocks = datastore.count("IPAMBlock");
  const requests = datastore.meter.snapshot().requestsTotal;
  return {
    size: `${grouped(nodes)} nodes, ${grouped(count)} pods, ${grouped(typhas)} Typhas`,
    wallMs,
    yardstick: RIB_LOOP,
    ratio: wallMs / ribLoop(nodes, blocks),
    detail: `${grouped(engine.dispatched)} events, ${grouped(requests)} requests, ${grouped(blocks)} blocks, ${grouped(bird.establishedEnds)} session ends`,
    ...(count === 15_000 ? { target: { figure: "wallMs", atMost: 10_000 } as const } : {}),
  };
}

/** A whole cluster from nothing: all daemons start at once, and pods come until all of them run. */
export const clusterWithPodsBench: Bench = {
  name: "cluster-with-pods",
  sizes: ["20/200/2", "100/3000/3", "500/15000/5"],
  small: ["20/200/2"],
  fresh: true,
  run(size): Sample[] {
    const [nodes = 0, count = 0, typhas = 0] = size.split("/").map(Number);
    return [run(nodes, count, typhas)];
  },
};

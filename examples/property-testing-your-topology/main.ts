// Is there a topology in which pods cannot reach one another? fast-check looks for one, for each way
// to encapsulate, and shrinks what it finds to the smallest.
import { everyPodReachable } from "@calico-sim/testing";
import { at, cluster, pods, Simulation, start } from "calico-sim";
import fc from "fast-check";

const topologies = fc.record({
  nodes: fc.integer({ min: 1, max: 12 }),
  racks: fc.integer({ min: 1, max: 4 }),
});

const RUNS = 15;

for (const ipipMode of ["Never", "CrossSubnet", "Always"] as const) {
  let why = "";
  const everywhere = fc.property(topologies, ({ nodes, racks }) => {
    const spec = cluster({ nodes, racks, pools: [{ cidr: "10.244.0.0/16", ipipMode }] });
    const simulation = new Simulation(spec, { seed: 1 });
    simulation.schedule([at("0s", start()), at("1m", pods.create(2 * nodes, { over: "5s" }))]);
    simulation.run(150_000_000);
    const [violation] = everyPodReachable(simulation);
    if (violation !== undefined) why = violation.text;
    return violation === undefined;
  });
  const { failed, counterexample } = fc.check(everywhere, { seed: 42, numRuns: RUNS });
  const smallest = counterexample?.[0];
  console.log(
    failed && smallest !== null && smallest !== undefined
      ? `${ipipMode.padEnd(12)} fails with ${smallest.nodes} nodes in ${smallest.racks} racks: ${why}`
      : `${ipipMode.padEnd(12)} holds in ${RUNS} topologies of up to 12 nodes in 4 racks`,
  );
}

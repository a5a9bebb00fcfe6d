import { micros } from "@calico-sim/core";
import { expect, test } from "vitest";
import { at, cluster, fail, nodes, Simulation, start } from "../src/index.js";

// Found by a property: confd runs nowhere with the vxlan backend, but hears that nodes go down.
test("a fork of a cluster without confd tells its result as the original does", () => {
  const simulation = new Simulation(cluster({ nodes: 3, backend: "vxlan" }), { seed: 1 });
  simulation.schedule([
    at(0, start()),
    at("10s", fail.node("node-1")),
    at("20s", nodes.remove("node-1")),
  ]);
  simulation.run(micros("15s"));
  const copy = simulation.fork();
  for (const each of [simulation, copy]) each.run(micros("60s"));
  expect(copy.result()).toEqual(simulation.result());
  expect(copy.confd.counts()).toEqual({ renders: 0, reloads: 0 });
});

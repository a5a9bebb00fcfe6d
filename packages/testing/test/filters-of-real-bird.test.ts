import { readFileSync } from "node:fs";
import { at, blocks, type Simulation } from "@calico-sim/cluster";
import { nextHopsOf, PROTOCOL } from "@calico-sim/core";
import { kernelsMatchOracle } from "@calico-sim/testing";
import { describe, expect, test } from "vitest";
import { type Plan, POOL, simulated } from "./peering-plan.js";

/** A cluster with BGPFilters, and the routes that BIRD 1.6.8 wrote to the kernels of its nodes: by node and prefix the next hops. */
interface Measured {
  readonly plan: Plan;
  readonly kernels: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

const MEASURED = JSON.parse(
  readFileSync(new URL("__golden__/bird-bgp-filters.json", import.meta.url), "utf8"),
) as readonly Measured[];

/** BIRD's routes in the kernels of all nodes. */
function kernelsOf({ kernels, nodes, prefixes }: Simulation, names: readonly string[]): object {
  const routesOf = (name: string): object =>
    Object.fromEntries(
      [...kernels.table(nodes.id(name))].flatMap(({ prefix, route: id }) => {
        const route = kernels.route(id);
        if (route.protocol !== PROTOCOL.bird) return [];
        const hops = nextHopsOf(route).map(({ gateway }) => nodes.name(gateway));
        return [[prefixes.text(prefix), route.type === "blackhole" ? ["blackhole"] : hops.sort()]];
      }),
    );
  return Object.fromEntries(names.map((name) => [name, routesOf(name)]));
}

/**
 * Drawn from `filteredPlan`, with those that filters change nothing in left out, and run by real daemons: BIRD 1.6.8 (Debian)
 * for each node with the files of `Simulation.views.birdFiles`, and a plain one for each router, in network namespaces on
 * one bridge; `ip route` after 70 to 90 s. The last five have a mesh and a BGPPeer between the same two nodes: there `Mesh_…`
 * had the session, and `Node_…` stayed Idle.
 */
describe("the routes of real BIRD in clusters with BGPFilters", () => {
  test.each(MEASURED.map((each, i) => [i, each] as const))(
    "cluster %i: the kernels are the same, and as the oracle has them",
    (_, { plan, kernels }) => {
      const steps = plan.nodes.map((__, i) => at("2m", blocks.add(`node-${String(i)}`)));
      const simulation = simulated(plan, POOL, steps, 300);
      expect(kernelsOf(simulation, Object.keys(kernels))).toEqual(kernels);
      expect(kernelsMatchOracle(simulation)).toEqual([]);
    },
  );
});

import {
  type BGPConfiguration,
  type KubernetesNode,
  parseCidr,
  type Resource,
} from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  apply,
  at,
  blocks,
  cluster,
  pods,
  type Simulation,
  type Step,
  start,
} from "../src/index.js";
import { blockRoutes, run } from "./support.js";

const POOL = { cidr: "10.200.0.0/20", ipipMode: "Never" } as const;
const SERVICES = "10.96.0.0/12";
const NODES = ["node-0", "node-1", "node-2"];

function advertising(spec: NonNullable<BGPConfiguration["spec"]>): BGPConfiguration {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPConfiguration",
    metadata: { name: "default" },
    spec,
  };
}

const ON = advertising({ serviceClusterIPs: [{ cidr: SERVICES }] });

/** A node that is not to attract traffic of services. */
function excluded(name: string): KubernetesNode {
  const { resources } = cluster({ nodes: 3, pools: [POOL] });
  const node = resources.find(({ metadata }) => metadata.name === name) as KubernetesNode;
  const label = "node.kubernetes.io/exclude-from-external-load-balancers";
  const labels = { ...node.metadata.labels, [label]: "true" };
  return { ...node, metadata: { ...node.metadata, labels } };
}

function simulated(resources: readonly Resource[], ...more: Step[]): Simulation {
  const options = { nodes: 3, pools: [POOL], calicoVersion: "3.33", resources } as const;
  const steps = [at("0s", start()), ...NODES.map((name) => at("1m", blocks.add(name)))];
  return run(options, [...steps, ...more], "3m");
}

/** Who tells a node of the services' range: `itself`, or a peer. */
function tellers({ bird, nodes, prefixes }: Simulation, node: string): string[] {
  const id = nodes.id(node);
  const prefix = prefixes.intern(parseCidr(SERVICES)!);
  return bird
    .paths(id, prefix)
    .map(({ from }) => (from === id ? "itself" : nodes.name(from)))
    .sort();
}

describe("ranges of services (node-behaviour §1.10)", () => {
  test("every node advertises them and no kernel gets them", () => {
    const simulation = simulated([ON]);
    expect(tellers(simulation, "node-0")).toEqual(["itself", "node-1", "node-2"]);
    expect(simulation.views.showRoute("node-0")).toContain(`${SERVICES}       blackhole [static1`);
    expect(blockRoutes(simulation, "node-0")).not.toHaveProperty(SERVICES);
    // Blocks are told and programmed as before.
    expect(Object.keys(blockRoutes(simulation, "node-0"))).toHaveLength(3);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("one address is none, for it takes a service to decide who has it", () => {
    const simulation = simulated([advertising({ serviceClusterIPs: [{ cidr: "10.96.0.10/32" }] })]);
    expect(simulation.bird.routes(0)).toHaveLength(3);
  });

  test("a node with the label advertises none, and hears of the others'", () => {
    const simulation = simulated([ON, excluded("node-1")]);
    expect(tellers(simulation, "node-0")).toEqual(["itself", "node-2"]);
    expect(tellers(simulation, "node-1")).toEqual(["node-0", "node-2"]);
    expect(blockRoutes(simulation, "node-1")).not.toHaveProperty(SERVICES);
  });

  test("they come and go with the setting and the label, while sessions stay", () => {
    const simulation = simulated([], at("100s", apply(ON)), at("130s", apply(excluded("node-2"))));
    expect(tellers(simulation, "node-0")).toEqual(["itself", "node-1"]);
    simulation.schedule([at("190s", apply(advertising({})))]);
    simulation.run(220e6);
    expect(tellers(simulation, "node-0")).toEqual([]);
    expect(simulation.bird.lostEnds).toBe(0);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("pods of own blocks stay covered by their blocks: nobody hears of one", () => {
    const simulation = simulated([ON], at("100s", pods.create(6, { over: "5s" })));
    const { bird, workloads, prefixes } = simulation;
    expect(workloads.keys()).toHaveLength(6);
    for (const node of [0, 1, 2])
      expect(bird.routes(node).filter((prefix) => prefixes.isHost(prefix))).toEqual([]);
  });
});

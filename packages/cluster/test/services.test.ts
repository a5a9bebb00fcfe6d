import {
  type BGPConfiguration,
  type EndpointSlice,
  type KubernetesNode,
  parseCidr,
  type Resource,
  type Service,
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

/** A service of one address, and where its ready endpoints are. */
function service(
  policy: "Cluster" | "Local",
  ready: readonly string[],
  unready: readonly string[] = [],
): readonly [Service, EndpointSlice] {
  const endpoint = (nodeName: string, isReady: boolean, i: number): object => ({
    addresses: [`10.200.9.${String(i)}`],
    nodeName,
    conditions: { ready: isReady },
  });
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace: "default" },
      spec: {
        type: "LoadBalancer",
        clusterIP: "10.96.0.10",
        clusterIPs: ["10.96.0.10"],
        externalIPs: ["203.0.113.7"],
        externalTrafficPolicy: policy,
      },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: "web-abc",
        namespace: "default",
        labels: { "kubernetes.io/service-name": "web" },
      },
      endpoints: [
        ...ready.map((node, i) => endpoint(node, true, i)),
        ...unready.map((node, i) => endpoint(node, false, 100 + i)),
      ],
    },
  ];
}

/** Nodes that tell of an address. */
function advertisers({ bird, nodes, prefixes }: Simulation, cidr: string): string[] {
  const prefix = prefixes.intern(parseCidr(cidr)!);
  return NODES.filter((name) => bird.bestPath(nodes.id(name), prefix) === nodes.id(name));
}

const EXTERNAL = advertising({
  serviceClusterIPs: [{ cidr: SERVICES }],
  serviceExternalIPs: [{ cidr: "203.0.113.0/24" }],
});

describe("addresses of services (node-behaviour §1.10)", () => {
  test("with the policy Local they come from the nodes with a ready endpoint alone, beside the ranges", () => {
    const simulation = simulated([EXTERNAL, ...service("Local", ["node-1"], ["node-2"])]);
    for (const address of ["10.96.0.10/32", "203.0.113.7/32"])
      expect(advertisers(simulation, address)).toEqual(["node-1"]);
    for (const range of [SERVICES, "203.0.113.0/24"])
      expect(advertisers(simulation, range)).toEqual(NODES);
    // Told to everybody, and in no kernel.
    const prefix = simulation.prefixes.intern(parseCidr("10.96.0.10/32")!);
    expect(simulation.bird.bestPath(0, prefix)).toBe(1);
    expect([0, 1, 2].map((node) => simulation.kernels.best(node, prefix))).toEqual([0, 0, 0]);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("with the policy Cluster the range is enough", () => {
    const simulation = simulated([EXTERNAL, ...service("Cluster", ["node-1"])]);
    expect(advertisers(simulation, "10.96.0.10/32")).toEqual([]);
    expect(advertisers(simulation, SERVICES)).toEqual(NODES);
  });

  test("they follow the endpoints within a second, and no session is lost", () => {
    const simulation = simulated(
      [EXTERNAL, ...service("Local", ["node-1"])],
      at("150s", apply(...service("Local", ["node-0", "node-2"]))),
    );
    expect(advertisers(simulation, "203.0.113.7/32")).toEqual(["node-0", "node-2"]);
    expect(simulation.bird.lostEnds).toBe(0);
    simulation.schedule([at("190s", apply(...service("Local", ["node-1"])))]);
    simulation.run(191e6);
    expect(advertisers(simulation, "203.0.113.7/32")).toEqual(["node-1"]);
  });

  test("only those whose routes change write their files anew", () => {
    const simulation = simulated([EXTERNAL, ...service("Local", ["node-1"])]);
    const rendersOf = (ready: readonly string[]): number => {
      const { renders } = simulation.confd.counts();
      const now = simulation.engine.now;
      simulation.schedule([at(now, apply(...service("Local", ready)))]);
      simulation.run(now + 5e6);
      return simulation.confd.counts().renders - renders;
    };
    // A second pod where one is already; then one elsewhere; then the first node loses its own.
    expect(rendersOf(["node-1", "node-1"])).toBe(0);
    expect(rendersOf(["node-1", "node-2"])).toBe(1);
    expect(rendersOf(["node-2"])).toBe(1);
    expect(advertisers(simulation, "203.0.113.7/32")).toEqual(["node-2"]);
  });

  test.each([
    ["a mesh", {}],
    ["a cluster whose nodes are rendered in full", { listenPort: 1179 }],
  ])("one that came with the setting leaves with its endpoint: %s", (_, more) => {
    const ranges = (...cidrs: string[]): BGPConfiguration =>
      advertising({ ...more, serviceExternalIPs: cidrs.map((cidr) => ({ cidr })) });
    const simulation = simulated(
      [ranges("198.51.100.0/24"), ...service("Local", ["node-0"])],
      at("150s", apply(ranges("198.51.100.0/24", "203.0.113.7/32"))),
    );
    expect(advertisers(simulation, "203.0.113.7/32")).toEqual(["node-0"]);
    simulation.schedule([at("190s", apply(...service("Local", [], ["node-0"])))]);
    simulation.run(200e6);
    expect(advertisers(simulation, "203.0.113.7/32")).toEqual([]);
  });

  test("a node that gets the label stops telling of them, and tells again without it", () => {
    const plain = { ...excluded("node-1") };
    const { labels: _, ...metadata } = plain.metadata;
    const simulation = simulated(
      [EXTERNAL, ...service("Local", ["node-1"])],
      at("150s", apply(excluded("node-1"))),
    );
    expect(advertisers(simulation, "203.0.113.7/32")).toEqual([]);
    simulation.schedule([at("190s", apply({ ...plain, metadata }))]);
    simulation.run(200e6);
    expect(advertisers(simulation, "203.0.113.7/32")).toEqual(["node-1"]);
    simulation.schedule([at("210s", apply(...service("Local", [], ["node-1"])))]);
    simulation.run(220e6);
    expect(advertisers(simulation, "203.0.113.7/32")).toEqual([]);
  });

  test("services that come with the setting are known before the next file is written", () => {
    const simulation = simulated(service("Local", ["node-2"]), at("150s", apply(EXTERNAL)));
    expect(advertisers(simulation, "203.0.113.7/32")).toEqual(["node-2"]);
    expect(advertisers(simulation, SERVICES)).toEqual(NODES);
  });

  test("with Typha confd watches them itself: two watches for each node, none where nothing is advertised", () => {
    const watches = (resources: readonly Resource[]): number => {
      const options = { nodes: 3, typhas: 1, pools: [POOL], calicoVersion: "3.33", resources };
      const made = run(options, [at("0s", start())], "2m");
      return made.result().datastore.watchesNow;
    };
    expect(watches([EXTERNAL]) - watches([])).toBe(2 * 3);
  });
});

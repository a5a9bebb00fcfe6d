import type { BGPConfiguration, BGPPeer, KubernetesNode, Resource } from "@calico-sim/core";
import { nextHopsOf, parseAddress, parseCidr } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { at, blocks, cluster, fail, type Simulation, type Step, start } from "../src/index.js";
import { run } from "./support.js";

const POOL = { cidr: "10.200.0.0/20", ipipMode: "Never" } as const;

/** Node i of a cluster of this many, with annotations of Calico and a label `role`. */
function node(nodes: number, i: number, annotations: object, role: string): KubernetesNode {
  const made = cluster({ nodes, pools: [POOL] }).resources[i] as KubernetesNode;
  const { metadata } = made;
  return {
    ...made,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, role },
      annotations: { ...metadata.annotations, ...annotations },
    },
  };
}

const NO_MESH: BGPConfiguration = {
  apiVersion: "projectcalico.org/v3",
  kind: "BGPConfiguration",
  metadata: { name: "default" },
  spec: { nodeToNodeMeshEnabled: false },
};

function peer(name: string, spec: BGPPeer["spec"]): BGPPeer {
  return { apiVersion: "projectcalico.org/v3", kind: "BGPPeer", metadata: { name }, spec };
}

/** Everything starts, and every node gets a block. */
function begin(nodes: number): Step[] {
  const names = Array.from({ length: nodes }, (_, i) => `node-${String(i)}`);
  return [at("0s", start()), ...names.map((name) => at("2m", blocks.add(name)))];
}

function simulated(
  nodes: number,
  resources: readonly Resource[],
  until: string,
  ...more: Step[]
): Simulation {
  const options = { nodes, pools: [POOL], calicoVersion: "3.33", resources } as const;
  return run(options, [...begin(nodes), ...more], until);
}

/** Names of the next hops of a node's route to another's block. */
function hops(simulation: Simulation, from: string, to: string): string[] {
  const { kernels, nodes, prefixes } = simulation;
  const prefix = prefixes.intern(parseCidr(simulation.blocksOf(to)[0]!)!);
  const route = kernels.best(nodes.id(from), prefix);
  if (route === 0) return [];
  return nextHopsOf(kernels.route(route)).map(({ gateway }) => nodes.name(gateway));
}

/** Two reflectors that put themselves in as next hop, and clients that peer with both. */
const REFLECTORS = [
  ...[0, 1].map((i) =>
    node(5, i, { "projectcalico.org/RouteReflectorClusterID": "244.0.0.1" }, "reflector"),
  ),
  NO_MESH,
  peer("reflectors", {
    nodeSelector: "role != 'reflector'",
    peerSelector: "role == 'reflector'",
    nextHopMode: "Self",
  }),
];

// The routes of the first and the last test are those of `ip route` with BIRD 1.6.8 under Calico's configuration, for two
// reflectors with `next hop self` and two clients, and for four nodes of four ASes in a ring.
describe("equally good paths to different next hops (node-behaviour §1.5, merge paths)", () => {
  test("two reflectors that are next hops themselves: one route over both, as the oracle has it", () => {
    const simulation = simulated(5, REFLECTORS, "4m");
    expect(simulation.tracker.converged).toBe(true);
    expect(hops(simulation, "node-2", "node-3")).toEqual(["node-0", "node-1"]);
    expect(hops(simulation, "node-2", "node-0")).toEqual(["node-0"]);
    const block = simulation.blocksOf("node-3")[0]!.split("/")[0]!;
    expect(simulation.views.whyRoute("node-2", block)?.nextHops).toEqual(["node-0", "node-1"]);
    expect(simulation.route("node-2", parseAddress(block)!)?.gateways).toEqual([
      "node-0",
      "node-1",
    ]);
    // Packets arrive over either.
    expect(simulation.result().blackholes.pairSeconds).toBe(0);
  });

  test("one of two next hops dead: half of the flows are lost until its hold time is over, and half of the time counts", () => {
    const simulation = simulated(5, REFLECTORS, "10m", at("4m", fail.node("node-0")));
    expect(simulation.tracker.converged).toBe(true);
    expect(hops(simulation, "node-2", "node-3")).toEqual(["node-1"]);
    // Apart from those of a route that is replaced, which take no time (law 8 g).
    const intervals = simulation
      .result()
      .blackholes.intervals.filter(({ beginSeconds, endSeconds }) => endSeconds > beginSeconds);
    const partial = intervals.filter(({ owner }) => owner !== "node-0");
    // Each of the three clients to each other.
    expect(partial.map(({ from, owner }) => `${from} ${owner}`).sort()).toEqual([
      "node-2 node-3",
      "node-2 node-4",
      "node-3 node-2",
      "node-3 node-4",
      "node-4 node-2",
      "node-4 node-3",
    ]);
    for (const { share, beginSeconds, endSeconds, reason, open } of partial) {
      expect(share).toBe(0.5);
      expect(reason).toBe("stale route");
      expect(open).toBe(false);
      expect(beginSeconds).toBeCloseTo(240, 0);
      // Found by the hold timer alone (law 8 c).
      expect(endSeconds - beginSeconds).toBeGreaterThan(100);
      expect(endSeconds - beginSeconds).toBeLessThan(243);
    }
    const whole = intervals.filter(({ owner }) => owner === "node-0");
    const lost = (holes: typeof intervals): number =>
      holes.reduce((sum, hole) => sum + (hole.endSeconds - hole.beginSeconds) * hole.share, 0);
    expect(simulation.result().blackholes.pairSeconds).toBeCloseTo(lost(whole) + lost(partial), 3);
  });

  test("a rack of its own AS behind two others: the kernel has both ways, and the oracle knows", () => {
    const as = (number: number): object => ({ "projectcalico.org/ASNumber": String(number) });
    const nodes = [
      node(4, 0, as(64_600), "a"),
      node(4, 1, as(64_601), "spine"),
      node(4, 2, as(64_602), "spine"),
      node(4, 3, as(64_603), "b"),
    ];
    const spines = peer("spines", {
      nodeSelector: "role in {'a', 'b'}",
      peerSelector: "role == 'spine'",
    });
    const simulation = simulated(4, [...nodes, NO_MESH, spines], "4m");
    expect(hops(simulation, "node-0", "node-3")).toEqual(["node-1", "node-2"]);
    expect(hops(simulation, "node-1", "node-2")).toEqual(["node-0", "node-3"]);
    expect(simulation.tracker.converged).toBe(true);
    expect(simulation.result().blackholes.pairSeconds).toBe(0);
  });
});

describe("a router outside that has several routes at once (`ecmp`)", () => {
  const tor = { name: "tor", ip: "10.0.0.254", asNumber: 65_001, ecmp: true };
  // With the mesh on, every node passes on to the router what the others told it (node-behaviour §1.6, rule 8).
  const options = { nodes: 4, pools: [POOL], externalRouters: [tor] } as const;
  const steps = [at("0s", start()), at("1m", blocks.add("node-3"))];

  test("sends over every node that tells of a block, where one without sends over the lowest address", () => {
    const all = run(options, steps, "3m");
    expect(hops(all, "tor", "node-3")).toEqual(["node-0", "node-1", "node-2", "node-3"]);
    const one = run({ ...options, externalRouters: [{ ...tor, ecmp: false }] }, steps, "3m");
    expect(hops(one, "tor", "node-3")).toEqual(["node-0"]);
    expect(all.tracker.darkPairs).toBe(0);
  });

  test("loses a part of its flows while one of its next hops is dead, until the hold time is over", () => {
    const crash = at("3m", fail.node("node-1"));
    const dark = run(options, [...steps, crash], "8m")
      .result()
      .blackholes.intervals.filter(
        ({ from, owner, endSeconds, beginSeconds }) =>
          from === "tor" && owner === "node-3" && endSeconds > beginSeconds,
      );
    expect(dark.map(({ share, open }) => [share, open])).toEqual([[0.25, false]]);
    const { beginSeconds, endSeconds } = dark[0]!;
    expect(beginSeconds).toBeCloseTo(180, 0);
    expect(endSeconds - beginSeconds).toBeGreaterThan(100);
    expect(endSeconds - beginSeconds).toBeLessThan(243);
  });
});

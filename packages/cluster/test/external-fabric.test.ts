import type { KubernetesNode, Resource } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { at, type ClusterOptions, cluster, type ExternalRouter, fail, heal } from "../src/index.js";
import { begin, bgp, codes, inAS, OUT, POOL, peer, TOR_A, withRouters } from "./outside.js";
import { blockRoutes, RouteWatch, run } from "./support.js";

describe("routes that go through a router", () => {
  function numbered(count: number): Resource[] {
    return cluster({ nodes: count, pools: [POOL] })
      .resources.slice(0, count)
      .map((resource, i) => inAS(resource as KubernetesNode, 64_600 + i));
  }

  test("nodes of an AS each have every block by it, with its owner as next hop on one link", () => {
    const resources = [...numbered(4), bgp({ nodeToNodeMeshEnabled: false })];
    const simulation = run(withRouters(4, [TOR_A], { resources }), begin(4), "3m");
    expect(simulation.bird.establishedEnds).toBe(8);
    const own = simulation.blocksOf("node-3")[0]!;
    expect(blockRoutes(simulation, "node-0")[own]).toBe("node-3 eth0");
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a router that takes its neighbours to be far away names itself, and packets go through it", () => {
    const resources = [...numbered(3), bgp({ nodeToNodeMeshEnabled: false })];
    const options = withRouters(3, [{ ...TOR_A, multihop: true }], { resources });
    const simulation = run(options, [...begin(3), at("5m", fail.router("tor-a"))], "4m");
    const own = simulation.blocksOf("node-2")[0]!;
    expect(blockRoutes(simulation, "node-0")[own]).toBe("tor-a eth0");
    expect(simulation.tracker.converged).toBe(true);
    expect(simulation.tracker.darkPairs).toBe(0);
    const watch = new RouteWatch(simulation, "node-0", own);
    simulation.run(310e6);
    // Each node to both others, and to the outside.
    expect(simulation.tracker.darkPairs).toBe(9);
    simulation.run(600e6);
    expect(watch.removed).toBeDefined();
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a router tells neighbours of its own AS as such, and others as others", () => {
    const [first, second] = cluster({ nodes: 2, pools: [POOL] }).resources as KubernetesNode[];
    const resources = [inAS(first!, 64_600), inAS(second!, TOR_A.asNumber)];
    const simulation = run(withRouters(2, [TOR_A], { resources }), begin(2), "3m");
    const path = (node: string): string =>
      simulation.views.showRoute(node, { all: true }).split(OUT)[1]!.split("BGP.next_hop")[0]!;
    expect(path("node-0")).toContain("BGP.as_path: 65001\n");
    expect(path("node-1")).toContain("BGP.as_path: \n");
    expect(simulation.tracker.converged).toBe(true);
  });

  test("but not with IP-in-IP, which a router does not unwrap", () => {
    const pool = { ...POOL, ipipMode: "Always" } as const;
    const resources = [...numbered(3), bgp({ nodeToNodeMeshEnabled: false })];
    const options = withRouters(3, [{ ...TOR_A, multihop: true }], { resources, pools: [pool] });
    const version = { ...options, calicoVersion: "3.32" } as const;
    const simulation = run(version, begin(3), "4m");
    const own = simulation.blocksOf("node-2")[0]!;
    expect(blockRoutes(simulation, "node-0")[own]).toBe("tor-a tunl0");
    expect(simulation.tracker.converged).toBe(true);
    const late = simulation.tracker.settled("data").filter(({ took }) => !Number.isFinite(took));
    expect(late.map(({ node }) => simulation.nodes.name(node))).toEqual([
      "node-0",
      "node-1",
      "node-2",
    ]);
    expect(late[0]!.why).toContain("stale route");
  });

  test("nodes of one AS refuse what it brings back, unless their BGPPeer allows it", () => {
    const off = bgp({ nodeToNodeMeshEnabled: false });
    const alone = run(withRouters(3, [TOR_A], { resources: [off] }), begin(3), "3m");
    expect(Object.keys(blockRoutes(alone, "node-0"))).toHaveLength(2);
    expect(alone.tracker.converged).toBe(true);
    const allowed = peer("tor-a", {
      peerIP: TOR_A.ip,
      asNumber: 65_001,
      numAllowedLocalASNumbers: 1,
    });
    const open = run(withRouters(3, [TOR_A], { resources: [off, allowed] }), begin(3), "3m");
    expect(Object.keys(blockRoutes(open, "node-0"))).toHaveLength(4);
    expect(open.tracker.converged).toBe(true);
  });

  test("a reflector outside gives nodes without a mesh every block", () => {
    const reflector: ExternalRouter = {
      name: "rr",
      ip: "10.0.0.253",
      asNumber: 64_512,
      routeReflectorClusterID: "1.0.0.1",
    };
    const options = withRouters(4, [reflector], {
      resources: [bgp({ nodeToNodeMeshEnabled: false })],
    });
    const simulation = run(options, begin(4), "3m");
    const own = simulation.blocksOf("node-3")[0]!;
    expect(blockRoutes(simulation, "node-0")[own]).toBe("node-3 eth0");
    expect(Object.keys(blockRoutes(simulation, "node-0"))).toHaveLength(4);
    expect(simulation.tracker.converged).toBe(true);
  });
});

describe("a fabric of top-of-rack switches and a spine, without mesh and encapsulation", () => {
  /** Node i is in rack i mod 2, whose nodes and switches have an AS of their own each. */
  const inRacks = cluster({ nodes: 4, racks: 2, pools: [POOL] })
    .resources.slice(0, 4)
    .map((resource, i) => inAS(resource as KubernetesNode, 64_600 + (i % 2)));
  const resources = [...inRacks, bgp({ nodeToNodeMeshEnabled: false })];
  const tor = (rack: number, letter: string): ExternalRouter => ({
    name: `tor-${String(rack)}${letter}`,
    ip: `10.0.${String(rack)}.${letter === "a" ? "251" : "252"}`,
    asNumber: 65_001 + rack,
    peersWith: [`node-${String(rack)}`, `node-${String(rack + 2)}`],
  });
  const tors = [tor(0, "a"), tor(0, "b"), tor(1, "a"), tor(1, "b")];
  const spine: ExternalRouter = {
    name: "spine",
    ip: "192.168.0.1",
    asNumber: 65_000,
    prefixes: ["0.0.0.0/0"],
    peersWith: tors.map(({ name }) => name),
  };
  // What nodes of one AS announce goes round through their switches, whose AS is another.
  const allowed = tors.map(({ name, ip, asNumber, peersWith = [] }) =>
    peer(name, {
      peerIP: ip,
      asNumber,
      nodeSelector: `kubernetes.io/hostname in { ${peersWith.map((node) => `'${node}'`).join(", ")} }`,
      numAllowedLocalASNumbers: 1,
    }),
  );
  const options: ClusterOptions = {
    nodes: 4,
    racks: 2,
    pools: [POOL],
    resources: [...resources, ...allowed],
    externalRouters: [...tors, spine],
  };

  test("carries pods' packets from rack to rack, and out", () => {
    const simulation = run(options, begin(4), "3m");
    expect(codes(simulation)).toEqual([]);
    expect(simulation.tracker.converged).toBe(true);
    // Two sessions of each node with its pair, and four of the spine, both ends.
    expect(simulation.bird.establishedEnds).toBe(2 * (4 * 2 + 4));
    const [own = "", beside = "", across = ""] = ["node-0", "node-2", "node-1"].map(
      (node) => simulation.blocksOf(node)[0],
    );
    const routes = blockRoutes(simulation, "node-0");
    expect(routes[own]).toBe("blackhole");
    expect(routes[beside]).toBe("node-2 eth0");
    expect(routes[across]).toBe("tor-0a eth0");
    expect(routes["0.0.0.0/0"]).toBe("tor-0a eth0");
    // A node merges what its pair of switches tells it; a switch takes one path, as BIRD does by default.
    expect(simulation.views.whyRoute("node-0", across.split("/")[0]!)?.nextHops).toEqual([
      "tor-0a",
      "tor-0b",
    ]);
    expect(blockRoutes(simulation, "tor-0a")[across]).toBe("spine eth0");
    expect(simulation.tracker.darkPairs).toBe(0);
    expect(simulation.tracker.settled("data").every(({ took }) => Number.isFinite(took))).toBe(
      true,
    );
  });

  test("moves over to the other switch of a rack when one dies, after its hold time", () => {
    const simulation = run(options, [...begin(4), at("5m", fail.router("tor-0a"))], "301s");
    // Its two nodes lose the other rack's two blocks and the way out; and back come those of two nodes and the spine.
    expect(simulation.tracker.darkPairs).toBeGreaterThanOrEqual(6);
    simulation.run(600e6);
    expect(simulation.tracker.darkPairs).toBe(0);
    expect(simulation.tracker.converged).toBe(true);
    expect(blockRoutes(simulation, "node-0")["0.0.0.0/0"]).toBe("tor-0b eth0");
    simulation.schedule([at("11m", heal.router("tor-0a"))]);
    simulation.run(720e6);
    expect(simulation.tracker.converged).toBe(true);
    expect(blockRoutes(simulation, "node-0")["0.0.0.0/0"]).toBe("tor-0a eth0");
  });

  test("is cut in two when its spine dies", () => {
    const simulation = run(options, [...begin(4), at("5m", fail.router("spine"))], "10m");
    expect(simulation.tracker.converged).toBe(true);
    expect(Object.keys(blockRoutes(simulation, "node-0"))).toHaveLength(2);
  });
});

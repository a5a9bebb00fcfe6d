import {
  type BGPConfiguration,
  type BGPPeer,
  editResource,
  formatCidr,
  type KubernetesNode,
  micros,
  ofKind,
  parseAddress,
  parseCidr,
} from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  at,
  type ClusterOptions,
  cluster,
  clusterFromResources,
  fail,
  heal,
  nodes,
  pods,
  ScenarioError,
  Simulation,
  type Step,
  simulate,
  start,
} from "../src/index.js";
import { blockRoutes, RouteWatch, run } from "./support.js";

const V4 = { cidr: "10.200.0.0/20", ipipMode: "Always" } as const;
const V6 = { cidr: "fd00:10:200::/112" } as const;
const DUAL: ClusterOptions = { nodes: 4, pools: [V4, V6] };

/** Started, with two pods on each of four nodes. */
const WARM: readonly Step[] = [at("0s", start()), at("20s", pods.create(8))];

/** Kernel routes to IPv6 blocks, the blocks by owner: who is behind them. */
function routes6(simulation: Simulation, node: string): Record<string, string> {
  const owner = new Map<string, string>();
  for (let id = 0; id < simulation.nodes.size; id++) {
    const name = simulation.nodes.name(id);
    for (const block of simulation.blocksOf(name)) owner.set(formatCidr(parseCidr(block)!), name);
  }
  return Object.fromEntries(
    Object.entries(blockRoutes(simulation, node))
      .filter(([prefix]) => prefix.includes(":"))
      .map(([prefix, route]): [string, string] => [owner.get(prefix) ?? prefix, route]),
  );
}

/** Who wrote a node's routes to IPv6 blocks (protocol numbers), and with which metrics. */
function writers6({ kernels, nodes: all, prefixes }: Simulation, node: string): string[] {
  const rows = kernels
    .table(all.id(node))
    .filter(({ prefix }) => !prefixes.isHost(prefix) && prefixes.cidr(prefix).family === 6)
    .map(({ route }) => kernels.route(route));
  return [...new Set(rows.map(({ protocol, metric }) => `${String(protocol)} ${String(metric)}`))];
}

function block6(simulation: Simulation, node: string): string {
  return simulation.blocksOf(node).find((block) => block.includes(":"))!;
}

function converged(simulation: Simulation, remarks: readonly string[] = []): void {
  const { converged: done, findings } = simulation.result();
  expect({ done, findings: findings.map(({ text }) => text) }).toEqual({
    done: true,
    findings: remarks,
  });
}

describe("an IPv6 pool makes a cluster dual-stack", () => {
  test("nodes have an IPv6 address beside the other, a subnet for each rack", () => {
    const { resources } = cluster({ ...DUAL, racks: 2 });
    const addresses = ofKind(resources, "Node").map(
      ({ metadata }) => metadata.annotations?.["projectcalico.org/IPv6Address"],
    );
    expect(addresses).toEqual(["fd10::1/64", "fd10:0:0:1::1/64", "fd10::2/64", "fd10:0:0:1::2/64"]);
    expect(ofKind(resources, "IPPool").map(({ metadata }) => metadata.name)).toEqual([
      "default-ipv4-ippool",
      "default-ipv6-ippool",
    ]);
  });

  test("a pod has an address of each family, and a route to its interface", () => {
    const simulation = run(DUAL, WARM, "1m");
    for (const key of simulation.workloads.keys()) {
      const { addresses, spec } = simulation.workloads.pod(key)!;
      expect(addresses.map((text) => parseAddress(text)?.family)).toEqual([4, 6]);
      for (const text of addresses) {
        const route = simulation.route(spec.node, parseAddress(text)!);
        expect(route?.device).toMatch(/^cali/);
      }
    }
  });

  test("of an IPv6 pool alone pods have that address alone", () => {
    const simulation = run({ nodes: 2, pools: [V6] }, WARM, "1m");
    const [key] = simulation.workloads.keys();
    expect(simulation.workloads.pod(key!)?.addresses).toEqual([expect.stringMatching(/^fd00:/)]);
    converged(simulation);
  });

  test("IP-in-IP does not carry IPv6", () => {
    expect(() => cluster({ nodes: 1, pools: [{ ...V6, ipipMode: "Always" }] })).toThrow(
      "pools[0].ipipMode: IP-in-IP carries IPv4 only",
    );
  });
});

describe("who programs IPv6 blocks (node-behaviour §1.9)", () => {
  const others = (device: string): Record<string, string> => ({
    "node-0": "blackhole",
    "node-1": `node-1 ${device}`,
    "node-2": `node-2 ${device}`,
    "node-3": `node-3 ${device}`,
  });

  test.each(["3.33", "3.32"])("without encapsulation BIRD, with the kernel's metric (%s)", (v) => {
    const simulation = run({ ...DUAL, calicoVersion: v }, WARM, "1m");
    expect(routes6(simulation, "node-0")).toEqual(others("eth0"));
    expect(writers6(simulation, "node-0")).toEqual(["12 1024"]);
    converged(simulation);
  });

  test("or Felix, where it is told to", () => {
    const told = (kind: "FelixConfiguration" | "BGPConfiguration", value: string) => ({
      apiVersion: "projectcalico.org/v3",
      kind,
      metadata: { name: "default" },
      spec: { programClusterRoutes: value },
    });
    const resources = [
      told("FelixConfiguration", "Enabled"),
      told("BGPConfiguration", "Disabled"),
    ] as ClusterOptions["resources"];
    const simulation = run({ ...DUAL, resources: resources! }, WARM, "1m");
    expect(routes6(simulation, "node-0")).toEqual(others("eth0"));
    expect(writers6(simulation, "node-0")).toEqual(["80 1024"]);
    converged(simulation);
  });

  test("with VXLAN Felix, over a device and tunnel addresses of IPv6's own", () => {
    const pools = [V4, { ...V6, vxlanMode: "Always" } as const];
    const simulation = run({ ...DUAL, pools }, WARM, "1m");
    expect(routes6(simulation, "node-0")).toEqual(others("vxlan-v6.calico"));
    const node = simulation.datastore.get("Node", "node-1") as KubernetesNode;
    expect(node.metadata.annotations?.["projectcalico.org/IPv6VXLANTunnelAddr"]).toMatch(/^fd00:/);
    converged(simulation);
  });

  test("VXLAN between subnets alone goes by the IPv6 subnets", () => {
    const pools = [V4, { ...V6, vxlanMode: "CrossSubnet" } as const];
    const simulation = run({ ...DUAL, racks: 2, pools }, WARM, "1m");
    expect(routes6(simulation, "node-0")).toEqual({
      ...others("vxlan-v6.calico"),
      "node-2": "node-2 eth0",
    });
    converged(simulation);
  });

  test("without ipv6Support Felix writes no IPv6 route, and BIRD still does", () => {
    const felix = {
      apiVersion: "projectcalico.org/v3",
      kind: "FelixConfiguration",
      metadata: { name: "default" },
      spec: { ipv6Support: false },
    } as const;
    const simulation = run({ ...DUAL, resources: [felix] }, WARM, "1m");
    const { kernels, prefixes } = simulation;
    expect(kernels.hostPrefixes(0).map((prefix) => prefixes.cidr(prefix).family)).toEqual([4, 4]);
    expect(routes6(simulation, "node-0")).toEqual(others("eth0"));
    converged(simulation);
  });
});

describe("bird and bird6 side by side", () => {
  test("each end of the IPv6 mesh is passive by the text of IPv6 addresses", () => {
    // The eleventh host has the address fd10::b, which is behind fd10::2 as text, and 10.0.0.11 before 10.0.0.2.
    const simulation = run({ nodes: 11, pools: [V4, V6] }, [at("0s", start())], "30s");
    const [two, eleven] = ["node-1", "node-10"];
    expect(simulation.views.peers(two, 6).map(({ peerIP }) => peerIP)).toContain("fd10::b");
    const passive = (family: 4 | 6, node: string, peer: string): boolean =>
      simulation.views
        .birdFiles(node, family)
        .some(({ text }) => new RegExp(`${peer}[^}]*passive on`).test(text));
    expect([passive(4, two, "10.0.0.11"), passive(4, eleven, "10.0.0.2")]).toEqual([false, true]);
    expect([passive(6, two, "fd10::b"), passive(6, eleven, "fd10::2")]).toEqual([true, false]);
    const { bgp } = simulation.result();
    expect(bgp.sessionEndsEstablished).toBe(2 * 11 * 10);
    expect(bgp.ipv6?.sessionEndsEstablished).toBe(11 * 10);
    // Neither end opens twice, so the passive rule is the simulated one.
    expect(bgp.ipv6?.messages.open).toBe(11 * 10);
  });

  test("each dies and comes back by its own name, and the other does not notice", () => {
    const simulation = run(DUAL, WARM, "1m");
    const blocks = { v4: simulation.blocksOf("node-1")[0]!, v6: block6(simulation, "node-1") };
    const kill = fail.process("bird6", "node-1", { signal: "TERM", restartAfter: "10s" });
    simulation.schedule([at("61s", kill)]);
    const gone = new RouteWatch(simulation, "node-0", blocks.v6);
    simulation.run(micros("65s"));
    // Cease withdraws at once (law 8 b).
    expect(gone.removed).toBeDefined();
    expect(simulation.views.peers("node-0", 6).map(({ state }) => state)).toContain("start");
    expect(simulation.views.peers("node-0").every(({ state }) => state === "up")).toBe(true);
    expect(simulation.views.calicoctlNodeStatus("node-1")).toContain("bird6");
    expect(simulation.views.showProtocols("node-1", 6)).toContain("/var/run/calico/bird6.ctl");
    simulation.run(micros("2m"));
    expect(gone.removed).toBeUndefined();
    converged(simulation);
  });

  test("a crash makes black holes to blocks of both families", () => {
    const scenario = [...WARM, at("1m", fail.node("node-3")), at("6m", heal.node("node-3"))];
    const { blackholes, converged: done } = simulate(cluster(DUAL), scenario, { until: "10m" });
    expect(done).toBe(true);
    const families = new Set(blackholes.intervals.map(({ to }) => to.includes(":")));
    expect(families).toEqual(new Set([true, false]));
  });

  test("looks as calicoctl and birdcl show it", () => {
    const { views } = run({ ...DUAL, nodes: 2 }, WARM, "1m");
    expect(views.calicoctlNodeStatus("node-0")).toContain(
      [
        "IPv6 BGP status",
        "+--------------+-------------------+-------+----------+-------------+",
        "| PEER ADDRESS | PEER TYPE         | STATE | SINCE    | INFO        |",
        "+--------------+-------------------+-------+----------+-------------+",
        "| fd10::2      | node-to-node mesh | up    |",
      ].join("\n"),
    );
    const all = views.showProtocol("node-0", "Mesh_fd10__2", 6);
    expect(all).toContain("Neighbor address: fd10::2\n");
    // The router id is the IPv4 address in both families.
    expect(all).toContain("Neighbor ID:      10.0.0.2\n");
    expect(views.showStatus("node-0", 6)).toContain("Router ID is 10.0.0.1\n");
    const routes = views.showRoute("node-0", { family: 6 });
    expect(routes).toContain("fd10::/64          dev eth0 [direct1 ");
    expect(routes).toMatch(/^fd00:10:200::\S+\/122 via fd10::2 on eth0 \[Mesh_fd10__2 /m);
    expect(routes).not.toContain("10.200.");
    expect(views.showRoute("node-0")).not.toContain("fd00:");
  });

  test("nodes that join with an IPv6 address are in both meshes, those without in one", () => {
    const simulation = run(
      DUAL,
      [
        ...WARM,
        at("1m", nodes.join({ name: "both", address: "10.0.0.77/24", ipv6Address: "fd10::77/64" })),
        at("1m", nodes.join({ name: "one", address: "10.0.0.78/24" })),
      ],
      "3m",
    );
    expect(simulation.views.peers("node-0", 6).map(({ peerIP }) => peerIP)).toEqual([
      "fd10::2",
      "fd10::3",
      "fd10::4",
      "fd10::77",
    ]);
    expect(simulation.views.peers("one")).toHaveLength(5);
    // Its bird6 runs all the same, and has nobody to talk to.
    expect(simulation.views.peers("one", 6)).toEqual([]);
    expect(simulation.views.showStatus("one", 6)).toContain("Router ID is 10.0.0.78\n");
    converged(simulation, [
      "bird6 has no peers on 1 of the nodes, which have no IPv6 address: one; IPv6 pods there are not reached from elsewhere",
    ]);
  });
});

describe("BGPPeers of IPv6", () => {
  const noMesh: BGPConfiguration = {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPConfiguration",
    metadata: { name: "default" },
    spec: { nodeToNodeMeshEnabled: false },
  };
  const peer = (name: string, spec: BGPPeer["spec"]): BGPPeer => ({
    apiVersion: "projectcalico.org/v3",
    kind: "BGPPeer",
    metadata: { name },
    spec,
  });
  /** The first node is a reflector. */
  const reflecting = cluster(DUAL).resources.flatMap((resource) =>
    resource.metadata.name === "node-0"
      ? [
          editResource<KubernetesNode>(resource as KubernetesNode, ({ metadata }) => {
            metadata.annotations!["projectcalico.org/RouteReflectorClusterID"] = "244.0.0.1";
            metadata.labels!["rr"] = "yes";
          }),
        ]
      : [],
  );

  test("a peerSelector makes sessions of both families, and reflectors pass on both", () => {
    const resources = [...reflecting, noMesh, peer("rr", { peerSelector: "rr == 'yes'" })];
    const simulation = run({ ...DUAL, resources }, WARM, "5m");
    expect(simulation.views.peers("node-1", 6).map(({ peerIP }) => peerIP)).toEqual(["fd10::1"]);
    expect(routes6(simulation, "node-1")["node-2"]).toBe("node-2 eth0");
    converged(simulation);
  });

  test("a peerIP of IPv6 makes one of IPv6 alone", () => {
    const resources = [...reflecting, noMesh, peer("rr6", { peerIP: "fd10::1" })];
    const simulation = run({ ...DUAL, resources }, WARM, "5m");
    expect(simulation.views.peers("node-1", 6)).toHaveLength(1);
    expect(simulation.views.peers("node-1")).toEqual([]);
    expect(routes6(simulation, "node-1")["node-2"]).toBe("node-2 eth0");
    converged(simulation);
  });

  test("a node without an IPv4 address has no bird6 to kill, though others have", () => {
    const simulation = new Simulation(cluster(DUAL), { seed: 1 });
    const bare = at("1m", nodes.join({ name: "bare", address: "fd10::99/64" }));
    const kill = (at_: string, target: string): Step => at(at_, fail.process("bird6", target));
    expect(() => simulation.schedule([bare, kill("2m", "bare")])).toThrow(
      /^scenario\[1\]\.action\.target at 2m0s \(SIGKILL bird6 on bare\): no bird6 runs on bare, which has no IPv4 address to be its router id, nor another by routerId \(expected node-0, /,
    );
    expect(() => simulation.schedule([bare, kill("2m", "node-0")])).not.toThrow();
  });

  test("the bird6 of a node without an IPv6 address writes that node's own blocks to the kernel, and no more", () => {
    const bare = nodes.join({ name: "bare", address: "10.0.0.99/24" });
    const scenario = [...WARM, at("1m", bare), at("2m", pods.create(10, { over: "10s" }))];
    const simulation = run(DUAL, scenario, "4m");
    expect(routes6(simulation, "bare")).toEqual({ bare: "blackhole" });
    expect(routes6(simulation, "node-0")["bare"]).toBeUndefined();
    expect(simulation.result().converged).toBe(true);
    const kill = fail.process("bird6", "bare", { signal: "TERM", restartAfter: "never" });
    simulation.schedule([at("5m", kill)]);
    simulation.run(micros("6m"));
    expect(simulation.views.calicoctlNodeStatus("bare")).toContain(
      "INFO: BIRDv6 process: 'bird6' is not running.",
    );
  });
});

describe("a cluster without IPv6", () => {
  test("has no bird6, which cannot be killed either", () => {
    const simulation = run({ nodes: 2 }, [at("0s", start())], "10s");
    expect(simulation.bird6).toBeUndefined();
    expect(simulation.result().bgp.ipv6).toBeUndefined();
    const kill = at("20s", fail.process("bird6", "node-0"));
    expect(() => simulation.schedule([kill])).toThrow(ScenarioError);
  });

  test("goes the same way whether or not it says that pods have IPv4 addresses", () => {
    const spec = cluster({ nodes: 3 });
    const said = clusterFromResources({ ...spec, podFamilies: [4] });
    const digest = (one: typeof spec): string => simulate(one, WARM, { until: "1m" }).digest;
    expect(digest(said)).toBe(digest(spec));
  });
});

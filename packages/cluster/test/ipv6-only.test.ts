import {
  editResource,
  eraOf,
  type KubernetesNode,
  micros,
  NODE_ANNOTATIONS,
  ofKind,
  parseIPv4,
} from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  at,
  type ClusterOptions,
  type ClusterSpec,
  cluster,
  clusterFromResources,
  fail,
  heal,
  nodes,
  oracleState,
  pods,
  Simulation,
  type Step,
  simulate,
  start,
} from "../src/index.js";
import { blockRoutes, run } from "./support.js";

const V6 = { cidr: "fd00:10:200::/112" } as const;
const BARE: ClusterOptions = { nodes: 4, nodeFamilies: [6], pools: [V6] };
const WARM: readonly Step[] = [at("0s", start()), at("20s", pods.create(8))];

function remarks(simulation: Simulation): readonly string[] {
  return simulation.result().findings.map(({ text }) => text);
}

type Edit = Parameters<typeof editResource<KubernetesNode>>[1];

/** A cluster from resources that were edited Node by Node. */
function edited(options: ClusterOptions, more: Partial<ClusterSpec>, edit: Edit): Simulation {
  const spec = cluster(options);
  const resources = spec.resources.map((resource) =>
    resource.kind === "Node"
      ? editResource<KubernetesNode>(resource as KubernetesNode, edit)
      : resource,
  );
  const simulation = new Simulation(clusterFromResources({ ...spec, resources, ...more }));
  simulation.schedule(WARM);
  simulation.run(micros("2m"));
  return simulation;
}

/** Takes the IPv4 address from a Node, and leaves what its kubelet reports. */
const withoutAnnotation: Edit = ({ metadata }) => {
  const { [NODE_ANNOTATIONS.ipv4Address]: _, ...annotations } = metadata.annotations ?? {};
  metadata.annotations = annotations;
};

describe("nodes without an IPv4 address", () => {
  test("stand on the underlay by their IPv6 subnets", () => {
    const { resources, fabric, routerId, detectIpv4 } = cluster({ ...BARE, racks: 2 });
    const own = ofKind(resources, "Node").map((node) => {
      const { status } = node as KubernetesNode;
      return [node.metadata.annotations, status?.addresses?.map(({ address }) => address)];
    });
    expect(own.slice(0, 2)).toEqual([
      [{ "projectcalico.org/IPv6Address": "fd10::1/64" }, ["fd10::1"]],
      [{ "projectcalico.org/IPv6Address": "fd10:0:0:1::1/64" }, ["fd10:0:0:1::1"]],
    ]);
    expect(fabric.racks.map(({ name }) => name)).toEqual(["fd10::/64", "fd10:0:0:1::/64"]);
    expect([routerId, detectIpv4]).toEqual(["hash", false]);
  });

  test("have bird6 with a mesh, and bird without peers, each by a hash of the name for a router id", () => {
    const simulation = run(BARE, WARM, "2m");
    const { views } = simulation;
    expect(remarks(simulation)).toEqual([]);
    const { bgp, converged } = simulation.result();
    expect(converged).toBe(true);
    expect([bgp.sessionEndsEstablished, bgp.ipv6?.sessionEndsEstablished]).toEqual([12, 12]);
    expect(views.calicoctlNodeStatus("node-0")).toContain(
      "IPv4 BGP status\nNo IPv4 peers found.\n\nIPv6 BGP status\n+-",
    );
    // sha256("node-0") begins with 7c 6c c4 1e.
    for (const family of [4, 6] as const)
      expect(views.showStatus("node-0", family)).toContain("Router ID is 124.108.196.30\n");
    expect(views.showProtocol("node-1", "Mesh_fd10__1", 6)).toContain(
      "Neighbor ID:      124.108.196.30\n",
    );
    expect(views.showProtocols("node-0")).not.toContain("Mesh_");
    expect(views.calicoctlGet("Node", { wide: true })).toMatch(
      /^NAME +ASN +IPV4 +IPV6 +\nnode-0 +\(64512\) +fd10::1\/64 +\n/,
    );
    for (const key of simulation.workloads.keys())
      expect(simulation.workloads.pod(key)?.addresses).toEqual([expect.stringMatching(/^fd00:/)]);
  });

  test.each([
    ["Always", "vxlan-v6.calico", "vxlan-v6.calico"],
    ["CrossSubnet", "eth0", "vxlan-v6.calico"],
  ] as const)("VXLAN %s goes by their IPv6 addresses and subnets", (vxlanMode, near, far) => {
    const simulation = run({ ...BARE, racks: 2, pools: [{ ...V6, vxlanMode }] }, WARM, "2m");
    const routes = Object.values(blockRoutes(simulation, "node-0"));
    expect(routes.sort()).toEqual(
      ["blackhole", `node-1 ${far}`, `node-2 ${near}`, `node-3 ${far}`].sort(),
    );
    expect(simulation.result().converged).toBe(true);
  });

  test("that join have their one address in `address`, and come back after a crash", () => {
    const join = nodes.join({ name: "new", address: "fd10::99/64" });
    const failure = [at("2m", fail.node("new")), at("8m", heal.node("new"))];
    const simulation = run(BARE, [...WARM, at("1m", join), ...failure], "14m");
    expect(simulation.views.peers("new", 6)).toHaveLength(4);
    expect(
      simulation.views.peers("node-0", 6).map(({ peerIP, state }) => [peerIP, state]),
    ).toContainEqual(["fd10::99", "up"]);
    expect(simulation.fabric.sameSubnet(0, simulation.nodes.id("new"))).toBe(true);
    expect(simulation.result().converged).toBe(true);
  });

  test("stand on the link of nodes that have an address in their subnet and one of IPv4, from the beginning or later", () => {
    const spec = cluster({ nodes: 4, racks: 2, pools: [V6], routerId: "hash" });
    const resources = spec.resources.map((resource) => {
      if (resource.metadata.name !== "node-3") return resource;
      return editResource<KubernetesNode>(resource as KubernetesNode, (draft) => {
        withoutAnnotation(draft);
        draft.status!.addresses!.shift();
      });
    });
    const simulation = new Simulation(clusterFromResources({ ...spec, resources }));
    const join = nodes.join({ name: "new", address: "fd10:0:0:1::99/64" });
    simulation.schedule([...WARM, at("1m", join)]);
    simulation.run(micros("2m"));
    const { fabric, nodes: all } = simulation;
    const ids = ["node-3", "new"].map((name) => all.id(name));
    expect(ids.map((id) => [fabric.sameSubnet(1, id), fabric.sameSubnet(0, id)])).toEqual([
      [true, false],
      [true, false],
    ]);
  });

  test("peer with routers that have no IPv4 address either", () => {
    const tor = { name: "tor", ip: "fd10::254", asNumber: 65_000, prefixes: ["::/0"] };
    const simulation = run({ ...BARE, externalRouters: [tor] }, WARM, "2m");
    expect(
      simulation.views.peers("node-0", 6).map(({ peerIP, state }) => [peerIP, state]),
    ).toContainEqual(["fd10::254", "up"]);
    expect(simulation.route("node-0", { family: 6, value: 1n })?.gateway).toBe("tor");
    expect(simulation.result().converged).toBe(true);
    expect(remarks(simulation)).toEqual([]);
  });

  test("have no peer at an IPv4 address, which is said", () => {
    const tor = { name: "tor", ip: "10.0.0.254", ipv6: "fd10::254", asNumber: 65_000 };
    const simulation = run({ ...BARE, externalRouters: [tor] }, WARM, "2m");
    expect(simulation.views.peers("node-0", 6)).toHaveLength(4);
    expect(remarks(simulation)).toEqual([
      "no node has an IPv4 address, so nobody peers with tor (10.0.0.254)",
    ]);
  });

  test("reach no IPv4 pods of each other, which is said", () => {
    const pools = [{ cidr: "10.200.0.0/20" }, V6];
    const simulation = run({ ...BARE, pools }, WARM, "2m");
    expect(simulation.result().converged).toBe(true);
    expect(remarks(simulation)).toContain(
      "bird has no peers on 4 of the nodes, which have no IPv4 address: node-0, node-1, node-2, node-3; IPv4 pods there are not reached from elsewhere",
    );
  });
});

describe("a router id", () => {
  test("is the same to the oracle as to BIRD, whatever byte the hash begins with", () => {
    const names = Array.from({ length: 40 }, (_, i) => `host-${String(i)}`);
    const spec = cluster({ ...BARE, nodes: names });
    const simulation = new Simulation(spec);
    const state = oracleState(spec.resources, eraOf("3.33"), "bird", {}, [], spec.routerId);
    const firsts = names.map((name) => {
      const text = simulation.views
        .birdFiles(name, 6)
        .map((file) => file.text)
        .join("");
      const id = /router id (\S+);/.exec(text)?.[1] ?? "";
      expect(state.ipv6?.nodes.get(name)?.identifier).toBe(parseIPv4(id));
      return Number(id.split(".")[0]);
    });
    expect(Math.max(...firsts)).toBeLessThan(224);
  });

  test("by hash takes the place of the IPv4 address where there is one, too", () => {
    const simulation = run({ nodes: 2, pools: [V6], routerId: "hash" }, WARM, "1m");
    for (const family of [4, 6] as const)
      expect(simulation.views.showStatus("node-0", family)).toContain("124.108.196.30\n");
    expect(simulation.result().converged).toBe(true);
  });

  test("that all nodes share makes each refuse the others (RFC 6286 §2.2)", () => {
    const simulation = run({ ...BARE, routerId: "192.0.2.1" }, [at("0s", start())], "1m");
    expect(simulation.result().bgp.sessionEndsEstablished).toBe(0);
    expect(simulation.views.showProtocols("node-0", 6)).toContain("Bad BGP identifier");
    expect(remarks(simulation)).toEqual([
      'all nodes have the router id 192.0.2.1, so that each refuses the others\' sessions; CALICO_ROUTER_ID "hash" (routerId) gives each its own',
    ]);
  });

  test("is needed: without one neither bird nor bird6 starts (BIRD 1.6.8, see docs/model/fidelity.md)", () => {
    const simulation = run({ ...BARE, routerId: "" }, WARM, "2m");
    expect(simulation.views.calicoctlNodeStatus("node-0")).toBe(
      "Calico process is running.\n\nThe BGP backend process (BIRD) is not running.\n\n",
    );
    expect(blockRoutes(simulation, "node-0")).toEqual({});
    expect(remarks(simulation)).toEqual([
      'neither bird nor bird6 runs on 4 of the nodes, which have no IPv4 address to be their router id: node-0, node-1, node-2, node-3; CALICO_ROUTER_ID "hash" (routerId) gives them one',
    ]);
  });

  test("of IPv4 alone is found on a host that has an IPv4 address which calico-node does not take", () => {
    const simulation = edited({ nodes: 3, pools: [V6] }, { detectIpv4: false }, withoutAnnotation);
    expect(simulation.views.calicoctlNodeStatus("node-0")).toBe(
      "Calico process is running.\n\nIPv4 BGP status\nNo IPv4 peers found.\n\nINFO: BIRDv6 process: 'bird6' is not running.\n\n",
    );
    expect(simulation.views.showStatus("node-0")).toContain("Router ID is 10.0.0.1\n");
    expect(remarks(simulation)).toEqual([
      'no bird6 runs on 3 of the nodes, which have no IPv4 address to be their router id: node-0, node-1, node-2; CALICO_ROUTER_ID "hash" (routerId) gives them one',
    ]);
    expect(simulation.result().converged).toBe(true);
  });
});

describe("calico-node's IP", () => {
  test("is asked for in vain where a host has no IPv4 address", () => {
    const spec = clusterFromResources({ ...cluster(BARE), detectIpv4: true });
    const { findings } = simulate(spec, WARM, { until: "1m" });
    expect(findings.map(({ code }) => code)).toContain("start-failed");
  });

  test("unless it is said, an address is taken where a kubelet reports one", () => {
    const simulation = edited({ nodes: 3, pools: [V6] }, {}, withoutAnnotation);
    expect(simulation.views.peers("node-0")).toHaveLength(2);
    expect(remarks(simulation)).toEqual([]);
  });
});

describe("what is said of families and router ids", () => {
  const refused = (options: Partial<ClusterOptions>): string => {
    try {
      cluster({ ...BARE, ...options });
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("nothing was refused");
  };

  test("is checked", () => {
    expect(refused({ nodeFamilies: [] })).toContain(
      "nodeFamilies: a node has an address of some family (expected [4], [6] or [4, 6])",
    );
    expect(refused({ nodeFamilies: [5 as 4] })).toContain("5 is no family of addresses");
    expect(refused({ routerId: "name" })).toContain(
      'routerId: "name" is no router id (expected hash, or an IPv4 address)',
    );
    expect(refused({ routerId: "0.0.0.0" })).toContain("is no router id");
    expect(() => cluster({ ...BARE, routerId: "192.0.2.1" })).not.toThrow();
  });
});

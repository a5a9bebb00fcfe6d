import type { BGPConfiguration, BGPFilter, BGPPeer } from "@calico-sim/core";
import { micros, nextHopsOf, parseCidr } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  apply,
  at,
  type ClusterOptions,
  cluster,
  fail,
  heal,
  type SimulateOptions,
  Simulation,
  type Step,
  start,
} from "../src/index.js";
import { codes, POOL, peer } from "./outside.js";

const PREFIX = "10.77.0.0/24";
const BIRD = { pod: "default/bird", asNumber: 65_010, prefixes: [PREFIX] };
const SELECTS: BGPPeer = peer("virtual-routers", {
  localWorkloadSelector: "app == 'bird'",
  asNumber: 65_010,
});

function bgp(spec: BGPConfiguration["spec"]): BGPConfiguration {
  const metadata = { name: "default" };
  const all = { nodeToNodeMeshEnabled: true, ...spec };
  return { apiVersion: "projectcalico.org/v3", kind: "BGPConfiguration", metadata, spec: all };
}

const PEERING = bgp({ localWorkloadPeeringIPV4: "169.254.0.179" });

function options(more: Partial<ClusterOptions> = {}): ClusterOptions {
  return {
    nodes: 3,
    pools: [POOL],
    workloadRouters: [BIRD],
    resources: [SELECTS, PEERING],
    ...more,
  };
}

/** A cluster that has run for a minute when the pod is created on node-1. */
function begun(
  described: ClusterOptions,
  more: readonly Step[] = [],
  settings: SimulateOptions = {},
): Simulation {
  const simulation = new Simulation(cluster(described), { seed: 11, ...settings });
  simulation.schedule([at("0s", start()), ...more]);
  simulation.run(60e6);
  create(simulation, "node-1");
  return simulation;
}

function create({ workloads }: Simulation, node: string): void {
  workloads.createPod({ namespace: "default", name: "bird", node, labels: { app: "bird" } });
}

/** The same some time later. */
function run(described: ClusterOptions, until: string, more: readonly Step[] = []): Simulation {
  const simulation = begun(described, more);
  simulation.run(micros(until));
  return simulation;
}

/** Where a host sends for a prefix: names of the next hops, and the device of the first. */
function best({ kernels, nodes, prefixes }: Simulation, host: string, prefix: string): number {
  return kernels.best(nodes.id(host), prefixes.intern(parseCidr(prefix)!));
}

function way(simulation: Simulation, host: string, prefix = PREFIX): readonly string[] {
  const { kernels, nodes } = simulation;
  const route = best(simulation, host, prefix);
  if (route === 0) return [];
  const hops = nextHopsOf(kernels.route(route));
  return hops.map(({ device, gateway }) =>
    gateway < 0 ? kernels.route(route).type : `${nodes.name(gateway)} ${device.slice(0, 4)}`,
  );
}

function texts(simulation: Simulation): string {
  return simulation
    .result()
    .findings.map(({ text }) => text)
    .join("\n");
}

function session(simulation: Simulation, node = "node-1"): string {
  const { bird, nodes } = simulation;
  return bird.viewSession(nodes.id(node), nodes.id("default/bird"))?.bgpState ?? "none";
}

// What a node has in its table and kernel of a pod's prefixes, and what others make of it, was seen with BIRD 1.6.8 in network
// namespaces: two nodes under the files that `birdFiles` writes, a pod and a router.
describe("pods that speak BGP with their node (BGPPeer localWorkloadSelector)", () => {
  test("the node peers with the pod that is selected, and its kernel sends over the pod's interface", () => {
    const simulation = run(options(), "3m");
    expect(session(simulation)).toBe("Established");
    expect(way(simulation, "node-1")).toEqual(["default/bird cali"]);
    expect(simulation.tracker.converged).toBe(true);
    const { kernels, nodes, prefixes } = simulation;
    const held = kernels.best(nodes.id("node-1"), prefixes.intern(parseCidr(PREFIX)!));
    expect(kernels.route(held).metric).toBe(2_147_483_547);
    expect(simulation.tracker.darkPairs).toBe(0);
    expect(codes(simulation)).toEqual([]);
    // Outside every pool it stays there (node-behaviour §1.6, rule 9).
    expect(way(simulation, "node-0")).toEqual([]);
    // calicoctl reads the protocols of three kinds alone (node-behaviour §1.11).
    const peers = simulation.views.peers("node-1").map(({ session: name }) => name);
    expect(simulation.views.birdFiles("node-1")[0]?.text).toContain(
      "protocol bgp Local_Workload_10_",
    );
    expect(peers).toHaveLength(2);
    const blockOfNode = simulation.blocksOf("node-1")[0]!;
    expect(way(simulation, "default/bird", blockOfNode)).toEqual(["node-1 eth0"]);
  });

  test("confd sees a pod with its next look at Felix's files", () => {
    const up = (localPeerPoll: number): number => {
      const simulation = begun(options(), [], { parameters: { confd: { localPeerPoll } } });
      for (let s = 61; s < 120; s++) {
        simulation.run(s * 1e6);
        if (session(simulation) === "Established") return s - 60;
      }
      return Number.POSITIVE_INFINITY;
    };
    expect(up(1e6)).toBeLessThan(12);
    // Counted from the start of confd, in the third second: at 103 s, and no more than a retry of the pod's later.
    const seldom = up(100e6);
    expect(seldom).toBeGreaterThan(40);
    expect(seldom).toBeLessThan(51);
  });

  test("a pod that is deleted takes its prefixes with it at once, and is a peer where it comes back", () => {
    const simulation = run(options(), "3m");
    const [pod = ""] = simulation.workloads.keys("node-1");
    simulation.workloads.deletePod(pod);
    while (session(simulation) === "Established") simulation.run(simulation.engine.now + 1e6);
    // Measured, with the pod's daemon killed and its interface deleted behind it.
    const { bird, nodes } = simulation;
    const left = bird.viewSession(nodes.id("node-1"), nodes.id("default/bird"));
    expect([left?.bgpState, left?.lastError]).toEqual(["Passive", "Socket: Connection closed"]);
    expect(way(simulation, "node-1")).toEqual([]);
    simulation.run(micros("4m"));
    expect(way(simulation, "node-1")).toEqual([]);
    expect(simulation.tracker.converged).toBe(true);
    create(simulation, "node-2");
    simulation.run(micros("6m"));
    expect(way(simulation, "node-1")).toEqual([]);
    expect(way(simulation, "node-2")).toEqual(["default/bird cali"]);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a node that is cut off keeps its pod; one that loses power loses it", () => {
    const cut = [at("3m", fail.cut("node-1")), at("8m", heal.cut("node-1"))];
    const simulation = run(options(), "7m", cut);
    expect(session(simulation)).toBe("Established");
    expect(way(simulation, "node-1")).toEqual(["default/bird cali"]);
    const crash = [at("3m", fail.node("node-1")), at("4m", heal.node("node-1"))];
    const back = run(options(), "8m", crash);
    expect(session(back)).toBe("Established");
    expect(way(back, "node-1")).toEqual(["default/bird cali"]);
    expect(back.tracker.converged).toBe(true);
  });

  test("a pod has nobody to connect to without an address of the node, until there is one", () => {
    const without = options({ resources: [SELECTS] });
    const simulation = run(without, "150s", [at("3m", apply(PEERING))]);
    expect(session(simulation)).toBe("Passive");
    expect(texts(simulation)).toContain("has no localWorkloadPeeringIPV4");
    expect(simulation.tracker.converged).toBe(true);
    simulation.run(240e6);
    expect(session(simulation)).toBe("Established");
    expect(way(simulation, "node-1")).toEqual(["default/bird cali"]);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("another AS than the BGPPeer's is refused", () => {
    const other = options({ workloadRouters: [{ ...BIRD, asNumber: 65_011 }] });
    const simulation = run(other, "3m");
    expect(session(simulation)).not.toBe("Established");
    expect(texts(simulation)).toContain("node-1 – default/bird");
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a selector that does not match, or a BGPPeer of other nodes, makes nobody a peer", () => {
    for (const spec of [
      { localWorkloadSelector: "app == 'other'", asNumber: 65_010 },
      { localWorkloadSelector: "app == 'bird'", asNumber: 65_010, node: "node-2" },
    ]) {
      const simulation = run(options({ resources: [peer("p", spec), PEERING] }), "3m");
      expect(session(simulation)).toBe("none");
      expect(texts(simulation)).toContain("makes a node peer with the pods default/bird");
      expect(simulation.tracker.converged).toBe(true);
    }
  });

  test("a BGPPeer that is deleted ends the session, one that is new begins it", () => {
    const simulation = run(options(), "3m", [at("5m", apply(SELECTS))]);
    simulation.datastore.remove("BGPPeer", SELECTS.metadata.name);
    simulation.run(micros("4m"));
    expect(session(simulation)).toBe("none");
    expect(way(simulation, "node-1")).toEqual([]);
    simulation.run(360e6);
    expect(session(simulation)).toBe("Established");
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a pod that is selected and that nothing describes is a peer that announces nothing", () => {
    const { workloadRouters: _, ...bare } = options();
    const simulation = run(bare, "3m");
    expect(session(simulation)).toBe("Established");
    expect(codes(simulation)).toEqual(["peer-undescribed"]);
    expect(way(simulation, "node-1")).toEqual([]);
  });

  test("a BIRD that starts again waits for its pods: a moment, or 240 s where nobody is there", () => {
    const killed = [at("3m", fail.process("bird", "node-1"))];
    const recovers = (described: ClusterOptions, until: string): boolean => {
      const { bird, nodes } = run(described, until, killed);
      return bird.view(nodes.id("node-1"))?.recovery !== undefined;
    };
    expect(recovers(options(), "200s")).toBe(false);
    const { workloadRouters: _, ...bare } = options({ undescribedPeers: "absent" });
    expect(recovers(bare, "400s")).toBe(true);
    expect(recovers(bare, "440s")).toBe(false);
  });

  test("a router outside hears of what lies in a pool through the pod's node; other nodes have it unreachable", () => {
    const inPool = "10.244.77.0/24";
    const tor = { name: "tor", ip: "10.0.0.251", asNumber: 65_001 };
    const simulation = run(
      options({ workloadRouters: [{ ...BIRD, prefixes: [inPool] }], externalRouters: [tor] }),
      "3m",
    );
    expect(way(simulation, "node-1", inPool)).toEqual(["default/bird cali"]);
    expect(way(simulation, "node-0", inPool)).toEqual(["unreachable"]);
    // With the metric of the path, as `ip route` showed it.
    expect(simulation.kernels.route(best(simulation, "node-0", inPool)).metric).toBe(2147483547);
    const [pod = ""] = simulation.workloads.keys("node-1");
    const [address = ""] = simulation.workloads.pod(pod)?.addresses ?? [];
    const shown = (node: string): string | undefined =>
      simulation.views
        .showRoute(node)
        .split("\n")
        .find((line) => line.startsWith(inPool))
        ?.replaceAll(address, "POD")
        .replace(`Workload_${address.replaceAll(".", "_")}`, "Workload_POD")
        .replace(/cali[0-9a-f]+/, "cali1")
        .replace(/\d\d:\d\d:\d\d/, "07:29:44");
    expect(shown("node-1")).toBe(
      "10.244.77.0/24     via POD on cali1 [Local_Workload_POD 07:29:44] * (100/0) [AS65010i]",
    );
    expect(shown("node-0")).toBe(
      "10.244.77.0/24     unreachable [Mesh_10_0_0_2 07:29:44 from 10.0.0.2] * (100/-) [AS65010i]",
    );
    const { bird, nodes, prefixes } = simulation;
    const prefix = prefixes.intern(parseCidr(inPool)!);
    const told = bird.paths(nodes.id("tor"), prefix);
    expect(told.map(({ from }) => nodes.name(from)).sort()).toEqual(["node-0", "node-1", "node-2"]);
    expect(told[0]?.attributes.asPath).toEqual([64_512, 65_010]);
    expect(codes(simulation)).toEqual(["not-modelled"]);
  });

  test("a dual-stack pod has a session of each family with its node", () => {
    const more = bgp({
      localWorkloadPeeringIPV4: "169.254.0.179",
      localWorkloadPeeringIPV6: "fe80::179",
    });
    const simulation = run(
      options({
        pools: [POOL, { cidr: "fd00:10:244::/48" }],
        workloadRouters: [{ ...BIRD, prefixes: [PREFIX, "fd77::/64"] }],
        resources: [SELECTS, more],
      }),
      "3m",
    );
    expect(way(simulation, "node-1")).toEqual(["default/bird cali"]);
    expect(way(simulation, "node-1", "fd77::/64")).toEqual(["default/bird cali"]);
    expect(simulation.tracker.converged).toBe(true);
    expect(codes(simulation)).toEqual([]);
  });

  test("import rules hold back what they reject, and the oracle knows", () => {
    const filter: BGPFilter = {
      apiVersion: "projectcalico.org/v3",
      kind: "BGPFilter",
      metadata: { name: "some" },
      spec: {
        importV4: [
          { action: "Accept", matchOperator: "In", cidr: "10.78.0.0/16" },
          { action: "Reject" },
        ],
      },
    };
    const filtered = {
      ...SELECTS,
      spec: { ...SELECTS.spec, filters: ["some"], localASNumber: 65_002 },
    };
    const two = { ...BIRD, prefixes: [PREFIX, "10.78.1.0/24"] };
    const simulation = run(
      options({ workloadRouters: [two], resources: [filtered, filter, PEERING] }),
      "3m",
    );
    expect(session(simulation)).toBe("Established");
    expect(way(simulation, "node-1")).toEqual([]);
    expect(way(simulation, "node-1", "10.78.1.0/24")).toEqual(["default/bird cali"]);
    expect(simulation.tracker.converged).toBe(true);
  });

  test.each([
    [{ ...BIRD, pod: "bird" }, "namespace/name"],
    [{ ...BIRD, asNumber: 0 }, "no router has AS 0"],
    [{ ...BIRD, prefixes: ["10.77.0.1/24"] }, "10.77.0.0/24"],
    [{ ...BIRD, holdSeconds: 2 }, "a hold time of 1 or 2 seconds"],
    [{ ...BIRD, passive: true }, 'no field "passive"'],
  ])("%j is refused at its field", (wrong, text) => {
    expect(() => cluster(options({ workloadRouters: [wrong] }))).toThrow(text);
  });

  test("a pod that never ran, and a backend without BGP, are findings", () => {
    const missing = options({ workloadRouters: [{ ...BIRD, pod: "default/brid" }] });
    expect(texts(run(missing, "3m"))).toContain("these pods never ran: default/brid");
    const vxlan = run(options({ backend: "vxlan" }), "3m");
    expect(texts(vxlan)).toContain("so the workloadRouters default/bird are left out");
  });

  test("a pod is described once", () => {
    expect(() => cluster(options({ workloadRouters: [BIRD, BIRD] }))).toThrow("described twice");
  });
});

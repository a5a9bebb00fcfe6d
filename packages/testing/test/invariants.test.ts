import { at, cluster, fail, pods, Simulation, start } from "@calico-sim/cluster";
import { type Cidr, micros, nthAddress, PROTOCOL, parseAddress, parseCidr } from "@calico-sim/core";
import {
  checkInvariants,
  everyPodReachable,
  everyTyphaClientServed,
  kernelsMatchOracle,
  noAddressTwice,
  QUIET_INVARIANTS,
  ribsWithinSessions,
  walk,
} from "@calico-sim/testing";
import { describe, expect, test } from "vitest";

/** Three nodes at rest, with two pods each and one Typha. */
function atRest(mode: "ipip" | "none" = "ipip"): Simulation {
  const spec = cluster({
    nodes: 3,
    typhas: 1,
    pools: [{ cidr: "10.200.0.0/20", ipipMode: mode === "ipip" ? "Always" : "Never" }],
  });
  const simulation = new Simulation(spec, { seed: 5 });
  simulation.schedule([at("0s", start()), at("20s", pods.create(6, { over: "1s" }))]);
  simulation.run(micros("4m"));
  expect(checkInvariants(simulation)).toEqual([]);
  return simulation;
}

function texts(found: readonly { readonly text: string }[]): string[] {
  return found.map(({ text }) => text);
}

function cidr(text: string): Cidr {
  return parseCidr(text)!;
}

function podOf(simulation: Simulation, node: string): { key: string; address: string } {
  const [key] = simulation.workloads.keys(node);
  const view = simulation.workloads.pod(key!)!;
  return { key: key!, address: view.addresses[0]! };
}

describe("kernelsMatchOracle", () => {
  test("reports a route that is missing, with seed and moment", () => {
    const simulation = atRest();
    const [block] = simulation.blocksOf("node-2");
    const prefix = simulation.prefixes.intern(cidr(block!));
    simulation.kernels.remove(0, prefix, 0, PROTOCOL.felix);
    expect(texts(kernelsMatchOracle(simulation))).toEqual([
      `seed 5, at 4m0s: node-0 lacks ${block!} via node-2 dev tunl0 by felix`,
    ]);
    expect(simulation.tracker.converged).toBe(false);
  });

  test("reports a leftover", () => {
    const simulation = atRest();
    const { kernels, prefixes } = simulation;
    const route = kernels.intern({
      type: "unicast",
      device: "tunl0",
      gateway: 2,
      onlink: true,
      metric: 0,
      protocol: PROTOCOL.felix,
    });
    kernels.replace(1, prefixes.intern(cidr("10.200.15.192/26")), route);
    expect(texts(kernelsMatchOracle(simulation))).toEqual([
      "seed 5, at 4m0s: node-1 still has 10.200.15.192/26 via node-2 dev tunl0 proto 80 metric 0",
    ]);
  });

  test("reports a route of the wrong writer, gateway or device, and a second one", () => {
    const simulation = atRest();
    const { kernels, prefixes } = simulation;
    const [block] = simulation.blocksOf("node-2");
    const prefix = prefixes.intern(cidr(block!));
    const right = kernels.route(kernels.best(0, prefix));
    for (const wrong of [
      { ...right, gateway: 1 },
      { ...right, device: "eth0" },
    ]) {
      kernels.replace(0, prefix, kernels.intern(wrong));
      expect(kernelsMatchOracle(simulation)).toHaveLength(1);
      kernels.replace(0, prefix, kernels.intern(right));
      expect(kernelsMatchOracle(simulation)).toEqual([]);
    }
    kernels.replace(0, prefix, kernels.intern({ ...right, protocol: PROTOCOL.bird, metric: 1024 }));
    expect(texts(kernelsMatchOracle(simulation))[0]).toContain(" and ");
    kernels.remove(0, prefix, 0, PROTOCOL.felix);
    expect(texts(kernelsMatchOracle(simulation))[0]).toContain(
      "expected via node-2 dev tunl0 by felix",
    );
  });

  test("forgives the CNI plugin's copy of a pod's route, and asks for the route itself", () => {
    const simulation = atRest();
    const { kernels, prefixes } = simulation;
    const { key, address } = podOf(simulation, "node-1");
    const prefix = prefixes.intern(cidr(`${address}/32`));
    const own = kernels.route(kernels.best(1, prefix));
    kernels.replace(1, prefix, kernels.intern({ ...own, metric: 0 }));
    expect(kernelsMatchOracle(simulation)).toEqual([]);
    kernels.remove(1, prefix, 0, PROTOCOL.boot);
    kernels.remove(1, prefix, own.metric, own.protocol);
    expect(texts(kernelsMatchOracle(simulation))).toEqual([
      `seed 5, at 4m0s: node-1 lacks ${address}/32 dev cali… of pod ${key.slice(4)}`,
    ]);
  });

  test("does not ask a host without power", () => {
    const simulation = atRest();
    simulation.schedule([at("4m1s", fail.node("node-2"))]);
    simulation.run(micros("30m"));
    simulation.kernels.clear(2);
    expect(kernelsMatchOracle(simulation)).toEqual([]);
  });
});

describe("everyPodReachable", () => {
  test("follows a packet over the tunnel to the pod's interface", () => {
    const simulation = atRest();
    const address = parseAddress(podOf(simulation, "node-2").address)!;
    expect(walk(simulation, 0, address)).toEqual({ type: "delivered", node: 2 });
    expect(walk(simulation, 2, address)).toEqual({ type: "delivered", node: 2 });
  });

  test("reports where a packet is lost, and why", () => {
    const simulation = atRest();
    const { kernels, prefixes } = simulation;
    const { key, address } = podOf(simulation, "node-2");
    const [block] = simulation.blocksOf("node-2");
    const prefix = prefixes.intern(cidr(block!));
    kernels.remove(0, prefix, 0, PROTOCOL.felix);
    expect(texts(everyPodReachable(simulation))).toContain(
      `seed 5, at 4m0s: from node-0 to ${key} (${address} on node-2): no route at node-0`,
    );
    kernels.remove(2, prefixes.intern(cidr(`${address}/32`)), 1024, PROTOCOL.boot);
    expect(texts(everyPodReachable(simulation)).join("\n")).toContain(
      `dropped at node-2 by ${block!} blackhole`,
    );
  });

  test("reports a loop", () => {
    const simulation = atRest();
    const { kernels, prefixes } = simulation;
    const [block] = simulation.blocksOf("node-2");
    const prefix = prefixes.intern(cidr(block!));
    const right = kernels.route(kernels.best(0, prefix));
    kernels.replace(0, prefix, kernels.intern({ ...right, gateway: 1 }));
    kernels.replace(1, prefix, kernels.intern({ ...right, gateway: 0 }));
    expect(walk(simulation, 0, nthAddress(cidr(block!), 1))).toEqual({
      type: "lost",
      why: "loop through node-0, node-1",
    });
  });

  test("knows that routers between subnets know no pods", () => {
    const spec = cluster({ nodes: 2, racks: 2, pools: [{ cidr: "10.200.0.0/20" }] });
    const simulation = new Simulation(spec, { seed: 5 });
    simulation.schedule([at("0s", start()), at("20s", pods.create(2, { over: "1s" }))]);
    simulation.run(micros("4m"));
    expect(kernelsMatchOracle(simulation)).toEqual([]);
    const violations = texts(everyPodReachable(simulation)).join("\n");
    expect(violations).toContain("router between node-0 and node-1 knows no pods");
    expect(violations).toContain("router between node-1 and node-0 knows no pods");
  });
});

describe("noAddressTwice", () => {
  test("reports a tunnel device with a pod's address, and one that IPAM does not know", () => {
    const simulation = atRest();
    const { key, address } = podOf(simulation, "node-1");
    const setTunnel = (to: string): void => {
      simulation.datastore.edit("Node", "node-0", undefined, (draft) => {
        draft.metadata.annotations = {
          ...draft.metadata.annotations,
          "projectcalico.org/IPv4IPIPTunnelAddr": to,
        };
      });
    };
    setTunnel(address);
    expect(texts(noAddressTwice(simulation))).toEqual([
      `seed 5, at 4m0s: ${address} is used by ${key} and by tunnel of node-0`,
      `seed 5, at 4m0s: ${address} of tunnel of node-0 is allocated to node-1`,
    ]);
    setTunnel("10.200.15.1");
    expect(texts(noAddressTwice(simulation))).toEqual([
      "seed 5, at 4m0s: 10.200.15.1 of tunnel of node-0 is not allocated",
    ]);
  });

  test("reports blocks that overlap", () => {
    const simulation = atRest();
    const [block] = simulation.datastore.list("IPAMBlock");
    const name = `${block!.metadata.name}-twin`;
    simulation.datastore.put({ ...block!, metadata: { ...block!.metadata, name } });
    expect(texts(noAddressTwice(simulation)).join()).toContain("overlaps another");
  });
});

describe("ribsWithinSessions", () => {
  test("reports what BIRD knows from a peer that it has lost", () => {
    const simulation = atRest("none");
    simulation.schedule([at("4m1s", fail.process("bird", "node-2", { restartAfter: "never" }))]);
    simulation.run(micros("4m10s"));
    // In graceful restart the routes are kept for 120 s without a session.
    expect(texts(ribsWithinSessions(simulation))[0]).toContain("from node-2 without a session");
    simulation.run(micros("20m"));
    expect(ribsWithinSessions(simulation)).toEqual([]);
  });
});

describe("everyTyphaClientServed", () => {
  test("reports clients whose Typha is gone", () => {
    const simulation = atRest();
    simulation.schedule([at("4m1s", fail.process("typha", "0", { restartAfter: "never" }))]);
    simulation.run(micros("5m"));
    expect(texts(everyTyphaClientServed(simulation))).toEqual(
      ["felix", "confd"].flatMap((who) =>
        [0, 1, 2].map((n) => `seed 5, at 5m0s: ${who} of node-${String(n)} has no Typha`),
      ),
    );
  });
});

describe("checkInvariants", () => {
  test("asks all laws, or those given, and names the one that is broken", () => {
    const simulation = atRest();
    const [block] = simulation.blocksOf("node-2");
    simulation.kernels.remove(0, simulation.prefixes.intern(cidr(block!)), 0, PROTOCOL.felix);
    const laws = new Set(checkInvariants(simulation).map(({ invariant }) => invariant));
    expect([...laws]).toEqual(["kernelsMatchOracle", "everyPodReachable"]);
    expect(checkInvariants(simulation, [noAddressTwice])).toEqual([]);
    expect(QUIET_INVARIANTS).toHaveLength(5);
  });
});

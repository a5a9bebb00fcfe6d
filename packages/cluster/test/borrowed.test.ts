import { cidrContains, hostCidr, parseAddress, parseCidr } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { at, fail, pods, type Simulation, type Step, start } from "../src/index.js";
import { run } from "./support.js";

/** Three nodes, and two blocks of eight addresses: one node has none of its own. */
function scarce(until: string, ...more: Step[]): Simulation {
  const pool = { cidr: "10.200.0.0/28", blockSize: 29, ipipMode: "Never" } as const;
  return run(
    { nodes: 3, pools: [pool], calicoVersion: "3.33" },
    [at("0s", start()), at("1m", pods.create(9, { over: "20s" })), ...more],
    until,
  );
}

/** Addresses in use on another node than their block's owner, with that node. */
function borrowed(simulation: Simulation): { address: string; node: string }[] {
  const { workloads } = simulation;
  return workloads.keys().flatMap((key) => {
    const { spec, addresses } = workloads.pod(key)!;
    const [address = ""] = addresses;
    const own = simulation.blocksOf(spec.node).some((block) => inside(block, address));
    return own ? [] : [{ address, node: spec.node }];
  });
}

describe("borrowed addresses where BIRD programs the routes (node-behaviour §2.5)", () => {
  test("each has a /32 everywhere, to the node that has the pod; the owner of its block too", () => {
    const simulation = scarce("3m");
    const lent = borrowed(simulation);
    expect(lent.length).toBeGreaterThanOrEqual(3);
    for (const { address, node } of lent)
      for (const from of ["node-0", "node-1", "node-2"]) {
        const route = simulation.route(from, parseAddress(address)!)!;
        if (from === node) expect(route.device).toMatch(/^cali/);
        else
          expect(route).toMatchObject({ prefix: `${address}/32`, gateway: node, device: "eth0" });
      }
    expect(simulation.tracker.converged).toBe(true);
    expect(simulation.views.showRoute(lent[0]!.node)).toContain(`${lent[0]!.address}/32`);
    expect(simulation.views.whyRoute(lent[0]!.node, lent[0]!.address)?.bird?.learntFrom).toBe(
      "kernel1",
    );
  });

  test("with its node down an address is black-holed like a block, until its routes are gone", () => {
    const whole = scarce("3m");
    const lent = borrowed(whole);
    const { node } = lent[0]!;
    const mine = lent.filter((one) => one.node === node);
    const simulation = scarce("8m", at("3m", fail.node(node)));
    const others = ["node-0", "node-1", "node-2"].filter((name) => name !== node);
    const holes = simulation.result().blackholes.intervals;
    for (const { address } of mine) {
      const of = holes.filter(({ to }) => to === `${address}/32`);
      expect(of.map(({ from }) => from).sort()).toEqual(others);
      for (const { owner, reason, beginSeconds, open } of of) {
        expect({ owner, reason, open }).toEqual({
          owner: node,
          reason: "destination node down",
          open: true,
        });
        expect(beginSeconds).toBeCloseTo(180, 0);
      }
      // Withdrawn by the hold timer, the address falls back to the block, whose owner has nothing there.
      for (const from of others)
        expect(simulation.route(from, parseAddress(address)!)?.prefix).toMatch(/\/29$/);
    }
    expect(simulation.tracker.converged).toBe(true);
  });

  test("an address that comes back to its block's owner is that owner's pod's, and expected nowhere else", () => {
    // Found by the property on few blocks: pods come and go on two nodes that share one block of eight.
    const pool = { cidr: "10.200.0.0/29", blockSize: 29, ipipMode: "Never" } as const;
    const churn = pods.churn({ perSecond: 1, lifetime: "4s", duration: "3m" });
    const simulation = run(
      { nodes: 2, pools: [pool], calicoVersion: "3.33" },
      [at("0s", start()), at("1m", churn)],
      "6m",
    );
    expect(simulation.ipam.counts.addressesBorrowed).toBeGreaterThan(20);
    expect(simulation.tracker.converged).toBe(true);
    expect(simulation.tracker.darkPairs).toBe(0);
  });

  test("a /32 that is late costs a detour over the block's owner, not the packet", () => {
    // Only the owner of the block hears of it: the others send there, and it sends on.
    const simulation = scarce("3m");
    const { address, node } = borrowed(simulation)[0]!;
    const { kernels, nodes, prefixes, tracker } = simulation;
    const third = ["node-0", "node-1", "node-2"].find(
      (name) =>
        name !== node &&
        kernels.lookup(nodes.id(name), parseAddress(address)!) !== undefined &&
        !simulation.blocksOf(name).some((block) => inside(block, address)),
    )!;
    const prefix = prefixes.intern(hostCidr(parseAddress(address)!));
    const dark = tracker.darkPairs;
    const held = kernels.route(kernels.best(nodes.id(third), prefix));
    kernels.remove(nodes.id(third), prefix, held.metric, held.protocol);
    expect(tracker.converged).toBe(false);
    expect(tracker.darkPairs).toBe(dark);
  });
});

function inside(block: string, address: string): boolean {
  return cidrContains(parseCidr(block)!, hostCidr(parseAddress(address)!));
}

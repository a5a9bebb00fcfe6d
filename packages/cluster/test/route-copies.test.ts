import { micros, PROTOCOL, parseCidr, SECOND } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  at,
  type ClusterOptions,
  cluster,
  fail,
  type PoolOptions,
  pods,
  Simulation,
  type Step,
  start,
} from "../src/index.js";
import { run } from "./support.js";

const PLAIN: PoolOptions = { cidr: "10.200.0.0/20" };

/** Three nodes, each with a pod and so a block; whether the CNI plugin's routes are in the model. */
function cluster3(
  until: string,
  more: readonly Step[],
  options: Partial<ClusterOptions> = {},
): Simulation {
  return run(
    { nodes: 3, pools: [PLAIN], cniRouteCopies: true, ...options },
    [at("0s", start()), at("1m", pods.create(3, { over: "3s" })), ...more],
    until,
  );
}

/** Runs on until the CNI plugin has given a pod its address. */
function untilAddressed(simulation: Simulation, key: string): string {
  const { workloads, engine } = simulation;
  while ((workloads.pod(key)?.addresses.length ?? 0) === 0) simulation.run(engine.now + 1_000);
  return workloads.pod(key)!.addresses[0]!;
}

/** Metrics of a node's routes to one address, as `ip route` lists them, by protocol. */
function metrics(simulation: Simulation, node: string, address: string): string[] {
  const { kernels, nodes, prefixes } = simulation;
  const prefix = prefixes.intern(parseCidr(`${address}/32`)!);
  return kernels.all(nodes.id(node), prefix).map((id) => {
    const { metric, protocol, gateway } = kernels.route(id);
    return `${protocol === PROTOCOL.bird ? `via ${nodes.name(gateway)} ` : ""}${String(metric)}`;
  });
}

function updates(simulation: Simulation): number {
  return simulation.bird.wire().messages.update;
}

/** A pod on node-0, at 2m. */
function newPod(simulation: Simulation, name = "late"): string {
  return simulation.workloads.createPod({ namespace: "default", name, node: "node-0" });
}

describe("the CNI plugin's own route to a pod", () => {
  test("is made only where the cluster says so", () => {
    const simulation = cluster3("2m", [], { cniRouteCopies: false });
    const before = updates(simulation);
    const address = untilAddressed(simulation, newPod(simulation));
    expect(metrics(simulation, "node-0", address)).toEqual([]);
    simulation.run(micros("3m"));
    expect(metrics(simulation, "node-0", address)).toEqual(["1024"]);
    expect(updates(simulation)).toBe(before);
  });

  test("is there before Felix's, is told to every peer, and goes as soon as Felix has its own", () => {
    const simulation = cluster3("2m", []);
    const before = updates(simulation);
    const address = untilAddressed(simulation, newPod(simulation));
    expect(metrics(simulation, "node-0", address)).toEqual(["0"]);
    for (const peer of ["node-1", "node-2"])
      expect(metrics(simulation, peer, address)).toEqual(["via node-0 0"]);
    expect(updates(simulation)).toBe(before + 2);
    expect(simulation.tracker.converged).toBe(true);
    simulation.run(simulation.engine.now + SECOND);
    expect(metrics(simulation, "node-0", address)).toEqual(["1024"]);
    for (const peer of ["node-1", "node-2"]) expect(metrics(simulation, peer, address)).toEqual([]);
    expect(updates(simulation)).toBe(before + 4);
    expect(simulation.tracker.converged).toBe(true);
    expect(simulation.tracker.darkPairs).toBe(0);
  });

  test.each<[string, Partial<ClusterOptions>, number, string[]]>([
    ["IP-in-IP, which Felix programs", { pools: [{ ...PLAIN, ipipMode: "Always" }] }, 2, []],
    [
      "IP-in-IP of Calico 3.32, which BIRD programs",
      { pools: [{ ...PLAIN, ipipMode: "Always" }], calicoVersion: "3.32" },
      2,
      ["via node-0 0"],
    ],
    ["VXLAN beside BIRD", { pools: [{ ...PLAIN, vxlanMode: "Always" }] }, 2, []],
    ["VXLAN without BIRD", { pools: [{ ...PLAIN, vxlanMode: "Always" }], backend: "vxlan" }, 0, []],
  ])(
    "of %s is in its own node's kernel, told and programmed as pools are",
    (_, options, told, held) => {
      const simulation = cluster3("2m", [], options);
      const before = updates(simulation);
      const address = untilAddressed(simulation, newPod(simulation));
      expect(metrics(simulation, "node-0", address)).toEqual(["0"]);
      expect(metrics(simulation, "node-1", address)).toEqual(held);
      expect(updates(simulation) - before).toBe(told);
      simulation.run(simulation.engine.now + SECOND);
      expect(metrics(simulation, "node-0", address)).toEqual(["1024"]);
      expect(metrics(simulation, "node-1", address)).toEqual([]);
      expect(updates(simulation) - before).toBe(2 * told);
    },
  );

  test("is told to routers outside too", () => {
    const tor = { name: "tor", ip: "10.0.0.251", asNumber: 65_001 };
    const simulation = cluster3("2m", [], { externalRouters: [tor] });
    const address = untilAddressed(simulation, newPod(simulation));
    expect(metrics(simulation, "tor", address)).toHaveLength(1);
    simulation.run(simulation.engine.now + SECOND);
    expect(metrics(simulation, "tor", address)).toEqual([]);
  });

  test("stays where Felix is dead, at the peers too, until the pod is deleted", () => {
    const dead = fail.process("felix", "node-0", { restartAfter: "never" });
    const simulation = cluster3("2m", [at("1m50s", dead)]);
    const key = newPod(simulation);
    const address = untilAddressed(simulation, key);
    simulation.run(micros("10m"));
    expect(metrics(simulation, "node-0", address)).toEqual(["0"]);
    expect(metrics(simulation, "node-2", address)).toEqual(["via node-0 0"]);
    simulation.workloads.deletePod(key);
    simulation.run(micros("11m"));
    expect(metrics(simulation, "node-0", address)).toEqual([]);
    expect(metrics(simulation, "node-2", address)).toEqual([]);
  });

  test("outlives Felix's for the first ten seconds of a Felix (node-behaviour §4.2)", () => {
    const again = fail.process("felix", "node-0", { restartAfter: "1s" });
    const simulation = cluster3("2m", [at("1m58s", again)]);
    const address = untilAddressed(simulation, newPod(simulation));
    // Felix began at 1m59s.
    simulation.run(micros("2m8.9s"));
    expect(metrics(simulation, "node-0", address)).toEqual(["0", "1024"]);
    expect(metrics(simulation, "node-1", address)).toEqual(["via node-0 0"]);
    simulation.run(micros("2m9.1s"));
    expect(metrics(simulation, "node-0", address)).toEqual(["1024"]);
    expect(metrics(simulation, "node-1", address)).toEqual([]);
  });

  test("of IPv6 is Felix's own: the kernel gives both the metric 1024", () => {
    const pools = [PLAIN, { cidr: "fd00:10::/112" }];
    const sent = (cniRouteCopies: boolean): number => {
      const simulation = cluster3("2m", [], { pools, cniRouteCopies });
      newPod(simulation);
      simulation.run(micros("2m10s"));
      expect(simulation.tracker.converged).toBe(true);
      return simulation.bird6!.wire().messages.update;
    };
    expect(sent(true)).toBe(sent(false));
  });

  test("goes with a sandbox whose ADD fails after its interface was made", () => {
    const simulation = cluster3("2m", [], { datastore: "etcd", etcdEndpoints: [] });
    const key = newPod(simulation);
    const { kernels, nodes, workloads, engine } = simulation;
    const hosts = (): number => kernels.hostPrefixes(nodes.id("node-0")).length;
    const before = hosts();
    while (hosts() === before) simulation.run(engine.now + 1_000);
    // The annotation is on its way: nobody answers it.
    simulation.schedule([at(engine.now, fail.datastore())]);
    simulation.run(engine.now + 40 * SECOND);
    expect(workloads.pod(key)?.failures).toBeGreaterThan(0);
    expect(hosts()).toBe(before);
  });

  test("is copied by a fork that begins while it stands", () => {
    const simulation = cluster3("2m", []);
    const address = untilAddressed(simulation, newPod(simulation));
    const copy = simulation.fork();
    for (const each of [simulation, copy]) {
      each.run(micros("3m"));
      expect(metrics(each, "node-0", address)).toEqual(["1024"]);
    }
    expect(copy.digest()).toBe(simulation.digest());
  });

  test("is none of a pod in its node's network", () => {
    const simulation = new Simulation(cluster({ nodes: 2, pools: [PLAIN], cniRouteCopies: true }));
    simulation.schedule([at("0s", start())]);
    simulation.run(micros("1m"));
    const before = updates(simulation);
    simulation.workloads.createPod({
      namespace: "default",
      name: "host",
      node: "node-0",
      hostNetwork: true,
    });
    simulation.run(micros("2m"));
    expect(updates(simulation)).toBe(before);
  });
});

import { fork, type Micros } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { ApplyThrottle } from "../src/dataplane/apply-throttle.js";
import { FELIX_COSTS } from "../src/index.js";
import { batchOf, block, change, node, pod, pool, World } from "./support.js";

const SECOND = 1_000_000;

function world(): World {
  const w = new World(["a", "b"]);
  w.put(
    pool("p", "10.0.0.0/16", "ipip"),
    node("a", "192.168.0.1/24", { ipip: "10.0.9.1" }),
    node("b", "192.168.0.2/24", { ipip: "10.0.9.2" }),
    block("10.0.0.0/26", "a"),
    block("10.0.1.0/26", "b"),
  );
  return w;
}

function running(): World {
  const w = world();
  w.startAll();
  w.run(20 * SECOND);
  return w;
}

describe("the life of a Felix", () => {
  test("nothing is programmed before in-sync, everything after the first apply", () => {
    const w = world();
    w.startAll();
    w.run(FELIX_COSTS.start.value);
    expect(w.routes("a")).toEqual({});
    expect(w.felix.inSync(0)).toBe(false);
    w.run(SECOND);
    expect(w.felix.inSync(0)).toBe(true);
    expect(Object.keys(w.routes("a"))).toHaveLength(2);
    expect(w.diary.inSync.map((entry) => entry.node)).toEqual([0, 1]);
  });

  test("a killed Felix leaves its routes; the next one removes what is no longer wanted", () => {
    const w = running();
    w.felix.kill(0);
    expect(w.connected).toEqual(new Set([1]));
    w.erase(block("10.0.1.0/26", "b"));
    w.write(block("10.0.3.0/26", "b"));
    w.run(SECOND);
    expect(Object.keys(w.routes("a"))).toEqual(["10.0.0.0/26", "10.0.1.0/26"]);
    w.felix.start(0);
    w.run(5 * SECOND);
    expect(Object.keys(w.routes("a"))).toEqual(["10.0.0.0/26", "10.0.3.0/26"]);
  });

  test("a change of the own tunnel address restarts it after two seconds, others only update", () => {
    const w = running();
    w.write(node("a", "192.168.0.1/24", { ipip: "10.0.9.77" }));
    w.run(1.9 * SECOND);
    expect(w.diary.restarts).toEqual([{ node: 0, reason: "tunnel-address" }]);
    expect(w.felix.counts(0).starts).toBe(1);
    w.run(5 * SECOND);
    expect(w.felix.counts(0)).toMatchObject({ starts: 2, restarts: 1 });
    expect(w.felix.counts(1).starts).toBe(1);
    expect(w.felix.inSync(0)).toBe(true);
  });

  test("the first VXLAN pool restarts all, a second one nobody", () => {
    const w = running();
    w.write(pool("v", "10.1.0.0/16", "vxlan"));
    w.run(10 * SECOND);
    expect(w.diary.restarts.map(({ reason }) => reason)).toEqual([
      "encapsulation",
      "encapsulation",
    ]);
    w.write(pool("v2", "10.2.0.0/16", "vxlan"));
    w.run(10 * SECOND);
    expect(w.diary.restarts).toHaveLength(2);
  });

  test("a configuration of one node restarts that node, and takes effect", () => {
    const w = running();
    w.write({
      apiVersion: "projectcalico.org/v3",
      kind: "FelixConfiguration",
      metadata: { name: "node.b" },
      spec: { programClusterRoutes: "Disabled" },
    });
    w.run(10 * SECOND);
    expect(w.diary.restarts).toEqual([{ node: 1, reason: "configuration" }]);
    expect(w.routes("b")).toEqual({});
    expect(Object.keys(w.routes("a"))).toHaveLength(2);
  });

  test("after a broken stream, what the new snapshot does not name is gone", () => {
    const w = running();
    w.write(
      pod("p", "a", "10.0.0.7"),
      block("10.0.4.0/26", "b", ["a"]),
      pool("q", "10.9.0.0/16", "ipip"),
    );
    w.write(block("10.9.0.0/26", "b"), block("10.0.8.1/32", "b"));
    w.run(SECOND);
    expect(Object.keys(w.routes("a"))).toHaveLength(6);
    w.connected.delete(0);
    w.erase(pod("p", "a", "10.0.0.7"), block("10.0.4.0/26", "b"), pool("q", "10.9.0.0/16", "ipip"));
    w.erase(block("10.0.8.1/32", "b"));
    w.run(SECOND);
    expect(Object.keys(w.routes("a"))).toHaveLength(6);
    w.connect(0);
    w.run(SECOND);
    expect(Object.keys(w.routes("a"))).toEqual(["10.0.0.0/26", "10.0.1.0/26"]);
    expect(w.felix.counts(0).starts).toBe(1);
  });

  test("an address that a new pod took before the old one went stays with the new one", () => {
    const w = running();
    w.write(pod("old", "a", "10.0.0.7"));
    w.run(SECOND);
    w.write(pod("new", "a", "10.0.0.7"));
    w.run(SECOND);
    const route = w.routes("a")["10.0.0.7/32"];
    w.erase(pod("old", "a", "10.0.0.7"));
    w.run(SECOND);
    expect(w.routes("a")["10.0.0.7/32"]).toBe(route);
    w.erase(pod("new", "a", "10.0.0.7"));
    w.run(SECOND);
    expect(w.routes("a")["10.0.0.7/32"]).toBeUndefined();
  });

  test("an address that moves behind a tunnel keeps the tunnel's route when its pod goes", () => {
    const w = running();
    w.write(
      pool("p", "10.0.0.0/16", "vxlan"),
      node("b", "192.168.0.2/24", { ipip: "10.0.9.2", vxlan: "10.0.9.2" }),
    );
    w.write(pod("old", "a", "10.0.0.7"));
    w.run(20 * SECOND);
    w.erase(pod("old", "a", "10.0.0.7"));
    w.write(
      block(
        "10.0.0.0/26",
        "a",
        Array.from({ length: 8 }, () => "b"),
      ),
    );
    w.run(SECOND);
    expect(w.routes("a")["10.0.0.7/32"]).toBe("via b dev vxlan.calico proto 3 onlink");
  });

  test("a node that is gone hears nothing any more", () => {
    const w = running();
    w.felix.nodeDown(1);
    w.write(block("10.0.4.0/26", "a"));
    w.run(SECOND);
    expect(w.routes("b")["10.0.4.0/26"]).toBeUndefined();
    expect(w.routes("a")["10.0.4.0/26"]).toBe("blackhole proto 80");
  });
});

describe("how fast a Felix is", () => {
  test("a lone pod after silence waits for nothing but its own apply", () => {
    const w = running();
    const at = w.engine.now;
    w.write(pod("p", "a", "10.0.0.7"));
    w.run(SECOND);
    const took = w.diary.up[0]!.at - at;
    expect(took).toBeGreaterThan(FELIX_COSTS.applyBase.value);
    expect(took).toBeLessThan(20_000);
  });

  test("under constant load it applies at most about ten times a second", () => {
    const w = running();
    const before = w.felix.counts(0).applies;
    for (let i = 0; i < 1_000; i++) {
      w.write(block(`10.0.${4 + (i >> 2)}.${(i & 3) * 64}/26`, "b"));
      w.run(10_000);
    }
    w.run(SECOND);
    const applies = w.felix.counts(0).applies - before;
    // 10 s at 9.5 a second, and the ten that were saved up.
    expect(applies).toBeGreaterThan(95);
    expect(applies).toBeLessThan(116);
    expect(Object.keys(w.routes("a"))).toHaveLength(1_002);
  });

  test("the apply throttle gives the same tokens however often it is asked", () => {
    const taken = (step: Micros): Micros[] => {
      const throttle = new ApplyThrottle();
      throttle.reset(0, 42, 0);
      while (throttle.take(0, 0));
      const times: Micros[] = [];
      for (let now = 0; now < SECOND; now += step) if (throttle.take(0, now)) times.push(now);
      return times.map((time) => Math.ceil(time / 10_000));
    };
    expect(taken(10)).toEqual(taken(10_000));
    expect(taken(10)).toHaveLength(9);
  });

  test("batches that mean nothing cost CPU time and no event", () => {
    const w = running();
    const { pending } = w.engine;
    const before = w.felix.counts(1);
    w.deliver(batchOf([change(pod("p", "a", "10.0.0.7"))]), [1]);
    w.deliver(batchOf([change(block("10.0.1.0/26", "b", ["b"]))]), [1]);
    expect(w.engine.pending).toBe(pending);
    const after = w.felix.counts(1);
    expect(after.kvs - before.kvs).toBe(2);
    expect(after.calcMicros - before.calcMicros).toBe(2 * FELIX_COSTS.decodePerKv.value);
    expect(w.felix.busyUntil[1]! - w.engine.now).toBe(1_000 + 2 * FELIX_COSTS.decodePerKv.value);
  });

  test("a pod that moves leaves the old node also when the sender does not say where it was", () => {
    const w = running();
    w.write(pod("p", "a", "10.0.0.7"));
    w.run(SECOND);
    w.deliver(batchOf([change(pod("p", "b", "10.0.1.7"))]), [0, 1]);
    w.run(SECOND);
    expect(w.routes("a")["10.0.0.7/32"]).toBeUndefined();
    expect(w.routes("b")["10.0.1.7/32"]).toMatch(/^dev cali/);
  });

  test("the CNI's own copy of a pod's route goes after ten seconds from the start, not before", () => {
    const w = world();
    w.startAll();
    w.run(2 * SECOND);
    const copy = w.kernels.intern({
      type: "unicast",
      device: "cali83dbd022cd5",
      gateway: -1,
      onlink: false,
      metric: 0,
      protocol: 3,
    });
    w.kernels.replace(0, w.prefix("10.0.0.7"), copy);
    w.write(pod("pod-1", "a", "10.0.0.7/32"));
    w.run(SECOND);
    // The same address as the kubelet writes it: another object, and no reason to look at the copy.
    w.write(pod("pod-1", "a", "10.0.0.7"));
    w.run(SECOND);
    const both = "dev cali83dbd022cd5 proto 3; dev cali83dbd022cd5 proto 3 metric 1024";
    expect(w.routes("a")["10.0.0.7/32"]).toBe(both);
    w.run(10 * SECOND);
    expect(w.routes("a")["10.0.0.7/32"]).toBe("dev cali83dbd022cd5 proto 3 metric 1024");
  });

  test("a copy of an endpoint that is programmed goes once Felix hears of the interface", () => {
    // Found by a property: an ADD that failed after its annotation was stored, and the next one with the same address.
    const w = world();
    w.startAll();
    w.write(pod("pod-1", "a", "10.0.0.7"));
    w.run(12 * SECOND);
    const { device } = w.kernels.route(w.kernels.best(0, w.prefix("10.0.0.7")));
    const copy = { type: "unicast", device, gateway: -1, onlink: false } as const;
    w.kernels.replace(
      0,
      w.prefix("10.0.0.7"),
      w.kernels.intern({ ...copy, metric: 0, protocol: 3 }),
    );
    w.run(SECOND);
    expect(w.routes("a")["10.0.0.7/32"]).toContain("; ");
    w.felix.interfaceUp(0, "Pod/default/pod-1");
    w.run(SECOND);
    expect(w.routes("a")["10.0.0.7/32"]).toBe(`dev ${device} proto 3 metric 1024`);
    w.felix.kill(0);
    w.felix.interfaceUp(0, "Pod/default/pod-1");
    w.run(SECOND);
    expect(w.routes("a")["10.0.0.7/32"]).toBe(`dev ${device} proto 3 metric 1024`);
  });
});

test("a fork in the middle of everything goes on exactly as the original", () => {
  const w = world();
  w.startAll();
  w.run(0.81 * SECOND);
  w.write(pod("p", "a", "10.0.0.7"), block("10.0.5.0/26", "b"));
  w.run(3_000);
  const copy = fork(w);
  for (const one of [w, copy]) {
    one.write(pod("q", "b", "10.0.1.7"), pool("v", "10.1.0.0/16", "vxlan"));
    one.run(20 * SECOND);
  }
  expect(copy.engine.digest()).toBe(w.engine.digest());
  expect(copy.routes("a")).toEqual(w.routes("a"));
  expect(copy.felix.counts()).toEqual(w.felix.counts());
  expect(copy.diary).toEqual(w.diary);
  w.erase(pod("q", "b", "10.0.1.7"));
  w.run(SECOND);
  expect(copy.routes("b")).not.toEqual(w.routes("b"));
});

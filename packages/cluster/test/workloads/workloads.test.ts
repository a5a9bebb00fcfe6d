import type { WatchEvent, WatchReceiver } from "@calico-sim/core";
import { IpamLayout, MINUTE, SECOND } from "@calico-sim/core";
import { describe, expect, it } from "vitest";
import { layOutPods, POD_ANNOTATIONS, Workloads } from "../../src/workloads/index.js";
import { type Bench, bench, node, pool, requestsOf } from "./bench-workloads.js";

class EventLog implements WatchReceiver {
  readonly lines: string[] = [];

  onWatchEvent(event: WatchEvent): void {
    this.lines.push(`${event.kind} ${event.type}`);
  }

  onWatchClosed(): void {}
}

function watchAll(b: Bench): EventLog {
  const log = new EventLog();
  for (const kind of ["Pod", "IPAMBlock", "BlockAffinity", "IPAMHandle"] as const) {
    b.store.watch(kind, "typha", -1, b.store.revision, log);
  }
  b.engine.run();
  return log;
}

const web = (n: number, on: string) => ({ namespace: "shop", name: `web-${n}`, node: on });

describe("the life of a pod", () => {
  it("costs the CNI plugin 16 calls to add, 21 with a new block, and 14 to delete", () => {
    const b = bench(["n1"], [pool("p", "10.0.0.0/24")]);
    const cost = (work: () => void): [number, number] => {
      const before = requestsOf(b.store.meter.snapshot(), "cni");
      work();
      b.engine.run();
      const after = requestsOf(b.store.meter.snapshot(), "cni");
      return [after.reads - before.reads, after.writes - before.writes];
    };
    // node-behaviour §6.5: 14 + 7 with a new block, 13 + 3 otherwise.
    expect(cost(() => b.workloads.createPod(web(0, "n1")))).toEqual([14, 7]);
    expect(cost(() => b.workloads.createPod(web(1, "n1")))).toEqual([13, 3]);
    // DEL: ClusterInformation and Pod read, annotation cleared; IPAM 8 reads and 3 writes.
    expect(cost(() => b.workloads.deletePod("Pod/shop/web-1"))).toEqual([10, 4]);
  });

  it("makes the events of control-plane-behaviour §2.7, in their order", () => {
    const b = bench(["n1"], [pool("p", "10.0.0.0/24")]);
    b.workloads.createPod(web(0, "n1"));
    b.engine.run();
    const log = watchAll(b);
    b.workloads.createPod(web(1, "n1"));
    b.engine.run();
    expect(log.lines).toEqual([
      "Pod added",
      "Pod modified", // bound
      "Pod modified", // ContainerCreating
      "IPAMHandle added",
      "IPAMBlock modified",
      "Pod modified", // annotation
      "Pod modified", // Running
      "Pod modified", // Ready
    ]);
    log.lines.length = 0;
    b.workloads.deletePod("Pod/shop/web-1");
    b.engine.run();
    expect(log.lines).toEqual([
      "Pod modified", // deletionTimestamp
      "Pod modified", // annotation cleared
      "IPAMBlock modified",
      "IPAMHandle modified", // marked
      "IPAMHandle deleted",
      "Pod modified", // phase
      "Pod deleted",
    ]);
    expect(b.diary.lines).toEqual([
      "Pod/shop/web-0 scheduled on 0",
      "Pod/shop/web-0 addressed on 0",
      "Pod/shop/web-1 scheduled on 0",
      "Pod/shop/web-1 addressed on 0",
      "Pod/shop/web-1 gone",
    ]);
  });

  it("leaves a pod as Kubernetes and Calico would write it", () => {
    const b = bench(["n1"], [pool("p", "10.0.0.0/24")]);
    const key = b.workloads.createPod({ ...web(0, "n1"), labels: { app: "web" } }, 5 * SECOND);
    b.engine.run();
    const pod = b.store.get("Pod", "web-0", "shop")!;
    const address = b.diary.addresses.get(key)!;
    expect(pod.spec?.nodeName).toBe("n1");
    expect(pod.metadata.labels).toEqual({ app: "web" });
    expect(pod.metadata.annotations?.[POD_ANNOTATIONS.podIP]).toBe(`${address}/32`);
    expect(pod.metadata.annotations?.[POD_ANNOTATIONS.podIPs]).toBe(`${address}/32`);
    expect(pod.status).toMatchObject({
      phase: "Running",
      podIP: address,
      podIPs: [{ ip: address }],
    });
    expect(pod.status?.conditions?.find((c) => c.type === "Ready")?.status).toBe("True");
    expect(pod.metadata.creationTimestamp).toBe("2026-01-01T00:00:05.000000Z");
    expect(b.workloads.pod(key)).toMatchObject({ phase: "running", addresses: [address] });
    expect(b.store.list("IPAMHandle")[0]?.spec.handleID).toMatch(/^k8s-pod-network\.[0-9a-f]{64}$/);
  });

  it("gives dual-stack pods both addresses, and host-network pods their node's", () => {
    const b = bench(["n1"], [pool("p", "10.0.0.0/24"), pool("p6", "fd00::/112")]);
    b.workloads.setNodeAddress("n1", "192.168.0.1");
    b.workloads.createPod({ ...web(0, "n1"), families: [4, 6] });
    b.workloads.createPod({ ...web(1, "n1"), hostNetwork: true });
    b.engine.run();
    expect(b.store.get("Pod", "web-0", "shop")?.status?.podIPs).toHaveLength(2);
    expect(b.store.get("Pod", "web-1", "shop")?.status?.podIP).toBe("192.168.0.1");
    const { reads } = requestsOf(b.store.meter.snapshot(), "cni");
    // The second family repeats the 9 reads of its own new block; the host pod costs nothing.
    expect(reads).toBe(14 + 9);
    b.workloads.deletePod("Pod/shop/web-0");
    b.workloads.deletePod("Pod/shop/web-1");
    b.engine.run();
    expect(b.store.count("IPAMHandle")).toBe(0);
    expect(b.store.count("Pod")).toBe(0);
  });
});

describe("one node", () => {
  it("does its ADDs one at a time: the IPAM lock makes conflicts impossible", () => {
    const b = bench(["n1"], [pool("p", "10.0.0.0/24")]);
    for (let i = 0; i < 60; i++) b.workloads.createPod(web(i, "n1"));
    b.engine.run();
    expect(b.diary.addresses.size).toBe(60);
    expect(new Set(b.diary.addresses.values()).size).toBe(60);
    expect(b.ipam.counts.conflicts).toBe(0);
    expect(b.store.count("IPAMBlock")).toBe(1);
  });

  it("starts no more pods at once than the kubelet's parallelism", () => {
    const seconds = (kubeletParallelism: number): number => {
      const b = bench(["n1"], [pool("p", "10.0.0.0/24")], { kubeletParallelism, spread: 0 });
      for (let i = 0; i < 20; i++) b.workloads.createPod(web(i, "n1"));
      b.engine.run();
      return b.engine.now / SECOND;
    };
    expect(seconds(1)).toBeGreaterThan(3 * seconds(20));
  });
});

describe("the scheduler", () => {
  it("binds a burst at once and then keeps to its rate", () => {
    const b = bench(["n1", "n2"], [pool("p", "10.0.0.0/16")], {
      schedulerQps: 10,
      schedulerBurst: 5,
    });
    const times: number[] = [];
    const probe = {
      onPodScheduled: (_k: string, _n: number, at: number) => times.push(at),
      onPodAddressed() {},
      onPodGone() {},
      onPodFailed() {},
    };
    b.workloads.listen(probe);
    for (let i = 0; i < 25; i++) b.workloads.createPod(web(i, i % 2 === 0 ? "n1" : "n2"));
    b.engine.run();
    expect(times[4]! / SECOND).toBeLessThan(0.1);
    expect(times[24]! / SECOND).toBeCloseTo(2, 1);
  });
});

describe("when things go wrong", () => {
  it("a pod without an address is tried again, and starts once one is free", () => {
    const b = bench(["n1"], [pool("p", "10.0.0.0/31", { blockSize: 31 })]);
    for (let i = 0; i < 3; i++) b.workloads.createPod(web(i, "n1"));
    b.engine.run({ until: 5 * SECOND });
    const waiting = [0, 1, 2].find((i) => !b.diary.addresses.has(`Pod/shop/web-${i}`))!;
    expect(b.diary.lines).toContain(`Pod/shop/web-${waiting} failed: NoFreeAddresses`);
    b.workloads.deletePod(`Pod/shop/web-${(waiting + 1) % 3}`);
    b.engine.run({ until: MINUTE });
    expect(b.diary.addresses.has(`Pod/shop/web-${waiting}`)).toBe(true);
    expect(b.store.count("IPAMHandle")).toBe(2);
  });

  it("a pod that waits for its next try is deleted at once", () => {
    const b = bench(["n1"], []);
    const key = b.workloads.createPod(web(0, "n1"));
    b.engine.run({ until: 3 * SECOND });
    b.workloads.deletePod(key);
    b.engine.run();
    expect(b.engine.now).toBeLessThan(5 * SECOND);
    expect(b.diary.lines.at(-1)).toBe(`${key} gone`);
    expect(b.workloads.active).toBe(0);
    b.engine.run({ until: MINUTE });
  });

  it("a node that dies leaves everything as it is; after its reboot its pods get new sandboxes", () => {
    const b = bench(["n1", "n2"], [pool("p", "10.0.0.0/24")]);
    for (let i = 0; i < 6; i++) b.workloads.createPod(web(i, i < 3 ? "n1" : "n2"));
    b.engine.run({ until: 700_000 });
    b.workloads.stopNode("n1");
    b.engine.run();
    const before = new Map(b.diary.addresses);
    expect(
      [...before.keys()].filter((key) => b.workloads.pod(key)?.spec.node === "n2"),
    ).toHaveLength(3);
    b.workloads.deletePod("Pod/shop/web-0");
    b.engine.run();
    expect(b.store.get("Pod", "web-0", "shop")?.metadata.deletionTimestamp).toBeDefined();
    b.workloads.startNode("n1");
    b.engine.run();
    expect(b.diary.lines).toContain("Pod/shop/web-0 gone");
    const held = b.store.list("IPAMHandle");
    expect(b.diary.addresses.size).toBe(5);
    // Sandboxes that the crash interrupted may have leaked an address each; the living pods hold one each.
    expect(held.length).toBeGreaterThanOrEqual(5);
    expect(new Set(b.diary.addresses.values()).size).toBe(5);
  });

  it("rides out a network cut", () => {
    const b = bench(["n1"], [pool("p", "10.0.0.0/24")]);
    b.workloads.createPod(web(0, "n1"));
    b.path.cut.add(0);
    b.engine.run({ until: 45 * SECOND });
    expect(b.diary.addresses.size).toBe(0);
    b.path.cut.clear();
    b.engine.run({ until: 3 * MINUTE });
    expect(b.diary.addresses.size).toBe(1);
  });

  it("refuses a pod on an unknown node, and two pods of one name", () => {
    const b = bench(["n1"], [pool("p", "10.0.0.0/24")]);
    expect(() => b.workloads.createPod(web(0, "nowhere"))).toThrow(/"nowhere", which is no node/);
    b.workloads.createPod(web(0, "n1"));
    expect(() => b.workloads.createPod(web(0, "n1"))).toThrow(/there already/);
  });
});

describe("a warm start", () => {
  it("seeds pods that can then be deleted like any other", () => {
    const p = pool("p", "10.0.0.0/24");
    const layout = new IpamLayout({ pools: [p] });
    const specs = Array.from({ length: 70 }, (_, i) => web(i, i < 66 ? "n1" : "n2"));
    const names = new Map(["n1", "n2"].map((name) => [name, { name }]));
    const warm = layOutPods(layout, specs, names);
    expect(warm.refused).toEqual([]);
    const b = bench(["n1", "n2"], [p], {}, [...layout.resources(), ...warm.resources]);
    for (const pod of warm.pods) b.workloads.adopt(pod);
    expect(b.store.count("IPAMBlock")).toBe(3);
    expect(b.engine.pendingForeground).toBe(0);
    b.workloads.deletePod("Pod/shop/web-0");
    b.workloads.createPod(web(100, "n1"));
    b.engine.run();
    expect(b.store.count("Pod")).toBe(70);
    expect(b.store.count("IPAMHandle")).toBe(70);
    expect(b.ipam.counts.blocksClaimed).toBe(0);
    expect(b.workloads).toBeInstanceOf(Workloads);
    expect(node("x").kind).toBe("Node");
  });

  it("says which pods got no address", () => {
    const layout = new IpamLayout({ pools: [pool("p", "10.0.0.0/31", { blockSize: 31 })] });
    const warm = layOutPods(
      layout,
      [web(0, "n1"), web(1, "n1"), web(2, "n1"), web(3, "n9")],
      new Map([["n1", { name: "n1" }]]),
    );
    expect(warm.refused.map((r) => r.reason)).toEqual(["NoFreeAddresses", '"n9" is no node']);
  });
});

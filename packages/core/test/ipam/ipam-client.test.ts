import { describe, expect, it } from "vitest";
import type { IPAMBlock, IpamResult } from "../../src/index.js";
import { newAffinity, newBlock } from "../../src/index.js";
import { Bench, node, podOrder, pool } from "./bench-cluster.js";

const addresses = (result: IpamResult): readonly string[] =>
  result.type === "assign" ? result.addresses : [];
const fault = (result: IpamResult): string | undefined => result.fault;

describe("an address costs the requests of node-behaviour §2.7", () => {
  it("with a new block: 9 reads and 6 writes; then 8 and 2; with f full blocks 2f more", () => {
    const bench = new Bench([pool("p", "10.0.0.0/24", { blockSize: 30 }), node("n1")]);
    const costs = Array.from({ length: 9 }, (_, i) => {
      const { reads, writes } = bench.perform(podOrder("n1", `pod-${i}`));
      return [reads, writes];
    });
    expect(costs).toEqual([
      [9, 6],
      [8, 2],
      [8, 2],
      [8, 2],
      [11, 6],
      [10, 2],
      [10, 2],
      [10, 2],
      [13, 6],
    ]);
    expect(bench.ipam.counts.conflicts).toBe(0);
  });

  it("borrowed from the k-th block probed: 7 + 2f + k reads and 2 writes", () => {
    const bench = new Bench([pool("p", "10.0.0.0/29", { blockSize: 30 }), node("a"), node("b")]);
    for (let i = 0; i < 4; i++) bench.perform(podOrder("a", `a${i}`));
    bench.perform(podOrder("b", "b0"));
    const { result, reads, writes } = bench.perform(podOrder("a", "a4"));
    expect(result).toMatchObject({ borrowed: 1, claimed: [] });
    const own = bench.store.list("IPAMBlock").find((b) => b.spec.affinity === "host:a");
    // Either the walk of "a" begins at its own full block (k = 2) or at the other's (k = 1).
    expect([10, 11]).toContain(reads);
    expect(writes).toBe(2);
    expect(own?.spec.unallocated).toEqual([]);
  });

  it("release of a pod's address, with the empty second release: 8 reads and 3 writes in KDD, 1 delete call in etcd", () => {
    for (const [flavour, wanted] of [
      ["kubernetes", [8, 3]],
      ["etcd", [7, 2]],
    ] as const) {
      const bench = new Bench([pool("p", "10.0.0.0/24"), node("n1")], flavour);
      bench.perform(podOrder("n1", "pod"));
      const first = bench.perform({ type: "release", handle: "pod" });
      const second = bench.perform({ type: "release", handle: "default.pod" });
      expect(first.result).toEqual({ type: "release", released: 1, handleFound: true });
      expect(second.result).toEqual({ type: "release", released: 0, handleFound: false });
      expect([first.reads + second.reads, first.writes + second.writes]).toEqual(wanted);
      expect(bench.store.count("IPAMHandle")).toBe(0);
      // The block stays with its node.
      expect(bench.store.list("IPAMBlock")[0]?.spec.unallocated).toHaveLength(64);
    }
  });
});

describe("choosing a block", () => {
  it("gives the first pod the network address, and a freed one last", () => {
    const bench = new Bench([pool("p", "10.0.0.0/30", { blockSize: 30 }), node("n1")]);
    const give = (name: string): string | undefined =>
      addresses(bench.perform(podOrder("n1", name)).result)[0];
    expect([give("a"), give("b")]).toEqual(["10.0.0.0", "10.0.0.1"]);
    bench.perform({ type: "release", handle: "a" });
    expect([give("c"), give("d"), give("e")]).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.0"]);
  });

  it("stops at the block limit, without borrowing", () => {
    const limited = {
      apiVersion: "crd.projectcalico.org/v1",
      kind: "IPAMConfig" as const,
      metadata: { name: "default" },
      spec: { maxBlocksPerHost: 2, strictAffinity: true, autoAllocateBlocks: true },
    };
    const bench = new Bench([pool("p", "10.0.0.0/24", { blockSize: 31 }), node("n1"), limited]);
    const { result } = bench.perform(podOrder("n1", "many", 10));
    expect(result).toMatchObject({ fault: "BlockLimit" });
    expect(addresses(result)).toHaveLength(4);
  });

  it("owns at most 20 blocks when nobody says otherwise", () => {
    const bench = new Bench([pool("p", "10.0.0.0/24", { blockSize: 32 }), node("n1")]);
    const { result } = bench.perform(podOrder("n1", "many", 30));
    expect(addresses(result)).toHaveLength(20);
    expect(fault(result)).toBe("BlockLimit");
  });

  it("fails rather than borrows under strict affinity", () => {
    const strict = {
      apiVersion: "crd.projectcalico.org/v1",
      kind: "IPAMConfig" as const,
      metadata: { name: "default" },
      spec: { strictAffinity: true, autoAllocateBlocks: true },
    };
    const bench = new Bench([
      pool("p", "10.0.0.0/30", { blockSize: 30 }),
      node("a"),
      node("b"),
      strict,
    ]);
    bench.perform(podOrder("a", "a0"));
    expect(fault(bench.perform(podOrder("b", "b0")).result)).toBe(
      "NoFreeBlocks".replace("Blocks", "Addresses"),
    );
  });

  it("takes over an empty block of another host once its claim is a minute old", () => {
    const bench = new Bench([pool("p", "10.0.0.0/30", { blockSize: 30 }), node("a"), node("b")]);
    bench.perform(podOrder("a", "a0"));
    bench.perform({ type: "release", handle: "a0" });
    expect(bench.perform(podOrder("b", "b0")).result).toMatchObject({ borrowed: 1 });
    bench.perform({ type: "release", handle: "b0" });
    bench.plan(podOrder("b", "b1"), 61_000_000);
    bench.engine.run();
    expect(bench.results.at(-1)?.result).toMatchObject({ borrowed: 0, claimed: ["10.0.0.0/30"] });
    expect(bench.store.list("BlockAffinity").map((a) => [a.spec.node, a.spec.state])).toEqual([
      ["b", "confirmed"],
    ]);
  });

  it("looks at node selectors, disabled pools, assignment mode and intended use", () => {
    const bench = new Bench([
      pool("disabled", "10.1.0.0/24", { disabled: true }),
      pool("manual", "10.2.0.0/24", { assignmentMode: "Manual" }),
      pool("other-rack", "10.3.0.0/24", { nodeSelector: "rack == 'b'" }),
      pool("tunnels", "10.4.0.0/24", { allowedUses: ["Tunnel"] }),
      pool("zone", "10.5.0.0/24", { nodeSelector: "rack == 'a'" }),
      node("n1", { rack: "a" }),
    ]);
    expect(addresses(bench.perform(podOrder("n1", "p0")).result)[0]).toMatch(/^10\.5\.0\./);
    const named = { ...podOrder("n1", "p1"), pools: ["manual"] };
    expect(addresses(bench.perform(named).result)[0]).toMatch(/^10\.2\.0\./);
    const tunnel = { ...podOrder("n1", "t"), use: "Tunnel" as const, pools: ["tunnels"] };
    expect(addresses(bench.perform(tunnel).result)[0]).toMatch(/^10\.4\.0\./);
    const off = { ...podOrder("n1", "p2"), pools: ["disabled"] };
    expect(fault(bench.perform(off).result)).toBe("NoQualifiedPool");
  });

  it("gives up an empty block whose pool no longer selects the node", () => {
    const bench = new Bench([pool("a", "10.1.0.0/24"), pool("b", "10.2.0.0/24"), node("n1")]);
    bench.perform({ ...podOrder("n1", "x"), pools: ["a"] });
    bench.store.edit("IPPool", "a", undefined, (draft) => {
      draft.spec.nodeSelector = "!all()";
    });
    bench.perform({ type: "release", handle: "x" });
    expect(bench.store.count("IPAMBlock")).toBe(0);
    expect(bench.store.count("BlockAffinity")).toBe(0);
  });

  it("never gives a reserved address, and skips a block that is reserved as a whole", () => {
    const reservation = {
      apiVersion: "projectcalico.org/v3",
      kind: "IPReservation" as const,
      metadata: { name: "r" },
      spec: { reservedCIDRs: ["10.0.0.0/30", "10.0.0.5"] },
    };
    const bench = new Bench([pool("p", "10.0.0.0/29", { blockSize: 30 }), node("n1"), reservation]);
    const { result } = bench.perform(podOrder("n1", "x", 8));
    expect(addresses(result)).toEqual(["10.0.0.4", "10.0.0.6", "10.0.0.7"]);
  });

  it("gives IPv6 addresses of a /122", () => {
    const bench = new Bench([pool("p6", "fd00:10::/48"), node("n1")]);
    const { result } = bench.perform({ ...podOrder("n1", "x"), family: 6 });
    expect(addresses(result)[0]).toMatch(/^fd00:10:/);
    expect(bench.store.list("IPAMBlock")[0]?.spec.cidr).toMatch(/\/122$/);
  });
});

describe("races and repairs", () => {
  it("two hosts race for the last block: one create wins, the loser borrows", () => {
    const bench = new Bench([pool("p", "10.0.0.0/29", { blockSize: 29 }), node("a"), node("b")]);
    bench.plan(podOrder("a", "a0"), 0, 0);
    bench.plan(podOrder("b", "b0"), 0, 1);
    bench.engine.run();
    const given = bench.results.flatMap(({ result }) => addresses(result));
    expect(new Set(given).size).toBe(2);
    expect(bench.store.count("IPAMBlock")).toBe(1);
    expect(bench.store.list("BlockAffinity").map((a) => a.spec.state)).toEqual(["confirmed"]);
    expect(bench.ipam.counts.conflicts).toBeGreaterThan(0);
    expect(bench.ipam.counts.addressesBorrowed).toBe(1);
  });

  it("a pending affinity without a block, left by a crash, is repaired by the next assignment", () => {
    const bench = new Bench([
      pool("p", "10.0.0.0/24"),
      node("n1"),
      newAffinity("n1", "10.0.0.64/26"),
    ]);
    expect(addresses(bench.perform(podOrder("n1", "x")).result)).toEqual(["10.0.0.64"]);
    expect(bench.store.list("BlockAffinity").map((a) => a.spec.state)).toEqual(["confirmed"]);
  });

  it("a pending affinity on somebody else's block is deleted", () => {
    const block: IPAMBlock = newBlock({
      cidr: "10.0.0.64/26",
      node: "other",
      strictAffinity: false,
      at: 0,
    });
    const bench = new Bench([
      pool("p", "10.0.0.0/24"),
      node("n1"),
      newAffinity("n1", "10.0.0.64/26"),
      newAffinity("other", "10.0.0.64/26", "confirmed"),
      block,
    ]);
    bench.perform(podOrder("n1", "x"));
    const states = bench.store.list("BlockAffinity").filter((a) => a.spec.node === "n1");
    expect(states).toHaveLength(1);
    expect(states[0]?.spec.cidr).not.toBe("10.0.0.64/26");
  });

  it("tells an unreachable datastore from an empty pool", () => {
    const bench = new Bench([pool("p", "10.0.0.0/24"), node("n1")]);
    bench.store.setUp(false);
    bench.plan(podOrder("n1", "x"));
    bench.engine.run();
    expect(fault(bench.results[0]!.result)).toBe("Unavailable");
    expect(fault(new Bench([node("n1")]).perform(podOrder("n1", "x")).result)).toBe(
      "NoQualifiedPool",
    );
    expect(fault(new Bench([pool("p", "10.0.0.0/24")]).perform(podOrder("n1", "x")).result)).toBe(
      "NodeNotFound",
    );
  });
});

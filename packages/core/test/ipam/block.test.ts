import { describe, expect, it } from "vitest";
import {
  allocationsOf,
  assignFromBlock,
  BlockOrder,
  blockFreeCount,
  blockIsEmpty,
  blockName,
  blockUsedCount,
  blockWithoutAffinity,
  fnv1,
  formatCidr,
  formatTimestamp,
  type IPAMBlock,
  newAffinity,
  newBlock,
  ordinalOf,
  parseAddress,
  parseCidr,
  parseTimestamp,
  releaseBlockByHandle,
  startIndex,
  withAffinityState,
} from "../../src/index.js";

const fresh = (cidr = "10.0.0.64/26"): IPAMBlock =>
  newBlock({ cidr, node: "n1", strictAffinity: false, at: 100 });

function assign(block: IPAMBlock, handle: string, count = 1, node = "n1"): IPAMBlock {
  const attributes = { node };
  return assignFromBlock(block, { node, count, handle, attributes, affinityCheck: false }).block;
}

describe("a block", () => {
  it.each([
    ["10.0.0.64/26", 64],
    ["10.0.0.0/20", 4096],
    ["10.0.0.7/32", 1],
    ["fd00::40/122", 64],
  ])("%s starts with the ordinals 0 … %i − 1 free, in order", (cidr, size) => {
    const block = fresh(cidr);
    expect(block.spec.unallocated).toEqual(Array.from({ length: size }, (_, i) => i));
    expect(block.spec.allocations).toHaveLength(size);
    expect(blockIsEmpty(block)).toBe(true);
    expect(block.metadata.name).toBe(blockName(cidr));
    expect(Object.isFrozen(block.spec.unallocated)).toBe(true);
  });

  it("gives the lowest address first, .0 included, and a freed one after all others", () => {
    let block = assign(assign(assign(fresh(), "a"), "b"), "c");
    expect(allocationsOf(block).map((a) => a.address)).toEqual([
      "10.0.0.64",
      "10.0.0.65",
      "10.0.0.66",
    ]);
    block = releaseBlockByHandle(block, "b").block;
    expect(block.spec.unallocated.slice(0, 1)).toEqual([3]);
    expect(block.spec.unallocated.at(-1)).toBe(1);
  });

  it("shares the attributes of one handle by index, and closes ranks when they leave", () => {
    let block = assign(assign(assign(fresh(), "a"), "b", 3), "a");
    expect(block.spec.allocations.slice(0, 6)).toEqual([0, 1, 1, 1, 0, null]);
    expect(block.spec.attributes.map((a) => a.handle_id)).toEqual(["a", "b"]);
    const freed = releaseBlockByHandle(block, "a");
    expect(freed.released).toEqual([0, 4]);
    block = freed.block;
    expect(block.spec.allocations.slice(0, 6)).toEqual([null, 0, 0, 0, null, null]);
    expect(block.spec.attributes.map((a) => a.handle_id)).toEqual(["b"]);
    expect(blockUsedCount(block)).toBe(3);
    expect(blockFreeCount(block)).toBe(61);
    expect(releaseBlockByHandle(block, "a").released).toEqual([]);
  });

  it("moves its sequence number by one with each write and notes it for each allocation", () => {
    const one = assign(fresh(), "a");
    const two = assign(one, "b");
    expect([fresh(), one, two].map((b) => b.spec.sequenceNumber)).toEqual([100, 101, 102]);
    expect(two.spec.sequenceNumberForAllocation).toEqual({ 0: 100, 1: 101 });
    const back = releaseBlockByHandle(two, "a").block;
    expect(back.spec.sequenceNumberForAllocation).toEqual({ 1: 101 });
    expect(back.spec.sequenceNumber).toBe(103);
  });

  it("knows what is borrowed", () => {
    const block = assign(assign(fresh(), "own"), "guest", 1, "n2");
    expect(allocationsOf(block).map((a) => [a.node, a.borrowed])).toEqual([
      ["n1", false],
      ["n2", true],
    ]);
    expect(allocationsOf(blockWithoutAffinity(block)).every((a) => a.borrowed)).toBe(true);
  });

  it("refuses other hosts when asked to check, or when it is strict", () => {
    const ask = { node: "n2", count: 1, handle: "x", attributes: {} };
    expect(assignFromBlock(fresh(), { ...ask, affinityCheck: true }).addresses).toEqual([]);
    const strict = newBlock({ cidr: "10.0.0.0/26", node: "n1", strictAffinity: true, at: 0 });
    expect(assignFromBlock(strict, { ...ask, affinityCheck: false }).addresses).toEqual([]);
    expect(assignFromBlock(fresh(), { ...ask, affinityCheck: false }).addresses).toHaveLength(1);
  });

  it("finds the ordinal of an address", () => {
    const ordinal = (block: IPAMBlock, text: string): number =>
      ordinalOf(block, parseAddress(text)!);
    expect(ordinal(fresh(), "10.0.0.70")).toBe(6);
    expect(ordinal(fresh(), "10.0.1.70")).toBe(-1);
    expect(ordinal(fresh("fd00::40/122"), "fd00::7f")).toBe(63);
  });
});

describe("an affinity", () => {
  it("goes pending → confirmed → pendingDeletion, and refuses the rest", () => {
    const pending = newAffinity("n1", "10.0.0.0/26");
    expect(pending.metadata.name).toBe("n1-10-0-0-0-26");
    const confirmed = withAffinityState(pending, "confirmed");
    const leaving = withAffinityState(confirmed, "pendingDeletion");
    expect(leaving.spec.state).toBe("pendingDeletion");
    expect(() => withAffinityState(leaving, "confirmed")).toThrow(RangeError);
  });
});

describe("the order in which a host looks at blocks", () => {
  it.each([
    ["node1", 3957252814],
    ["node2", 3957252813],
    ["kube-master", 190192801],
    ["test-host", 1779102516],
    ["host-a", 1258779341],
  ])("is seeded with FNV-1 of its name: %s → %i", (host, value) => {
    expect(fnv1(host)).toBe(value);
  });

  it("offers every block of the pool once, beginning at the host's own place, then the next, wrapping", () => {
    const pool = parseCidr("10.0.0.0/24")!;
    const order = new BlockOrder(pool, 28, "node-a");
    const walk = Array.from({ length: order.size }, (_, i) => formatCidr(order.at(i)));
    expect(new Set(walk).size).toBe(16);
    const start = startIndex("node-a", 16);
    expect(walk[0]).toBe(`10.0.0.${start * 16}/28`);
    expect(walk[1]).toBe(`10.0.0.${((start + 1) % 16) * 16}/28`);
  });

  it("spreads hosts evenly over the pool", () => {
    const counts = new Array<number>(64).fill(0);
    for (let i = 0; i < 64_000; i++) counts[startIndex(`node-${i}`, 64)]!++;
    // 1,000 expected in each, standard deviation 31.
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });

  it("walks IPv6 pools with more blocks than a number can count", () => {
    const order = new BlockOrder(parseCidr("fd00::/32")!, 122, "node-a");
    expect(order.size).toBe(2 ** 48);
    expect(formatCidr(order.at(order.size - 1))).toMatch(/\/122$/);
  });
});

describe("timestamps", () => {
  it("count from a fixed date and read back", () => {
    expect(formatTimestamp(0)).toBe("2026-01-01T00:00:00.000000Z");
    expect(formatTimestamp(90 * 86_400_000_000 + 1_000_001)).toBe("2026-04-01T00:00:01.000001Z");
    for (const at of [0, 1, 59_999_999, 86_400_000_000 * 1000 + 5]) {
      expect(parseTimestamp(formatTimestamp(at))).toBe(at);
    }
    expect(parseTimestamp("2026-01-01T00:00:01Z")).toBe(1_000_000);
    expect(parseTimestamp("yesterday")).toBeUndefined();
  });
});

import { fc, test } from "@fast-check/vitest";
import { bidirectional } from "graphology-shortest-path/dijkstra.js";
import { describe, expect } from "vitest";
import { fork } from "../../src/engine/fork.js";
import {
  Fabric,
  type FabricLink,
  type FabricSpec,
  fabricGraph,
  leafSpine,
} from "../../src/fabric/index.js";

const latencyUs = fc.nat(200);

/** Leaf-spine underlays with a few links between racks besides, whose latencies all differ. */
const spec: fc.Arbitrary<FabricSpec> = fc
  .record({
    racks: fc.array(fc.array(latencyUs, { maxLength: 4 }), { minLength: 1, maxLength: 6 }),
    spines: fc.integer({ min: 1, max: 3 }),
    latencies: fc.array(latencyUs, { minLength: 18, maxLength: 18 }),
    extra: fc.array(fc.tuple(fc.nat(5), fc.nat(5), latencyUs), { maxLength: 4 }),
  })
  .map(({ racks, spines, latencies, extra }) => {
    const base = leafSpine({
      nodes: racks.flatMap((hosts, r) =>
        hosts.map((latency, h) => ({
          name: `n${r}-${h}`,
          rack: `r${r}`,
          link: { latencyUs: latency },
        })),
      ),
      spines,
    });
    const names = base.racks.map((rack) => rack.name);
    const links = base.links.map((link, i) => ({ ...link, latencyUs: latencies[i]! }));
    const taken = new Set<string>();
    for (const [a, b, latency] of extra) {
      const between = [names[Math.min(a, b)], names[Math.max(a, b)]] as [string, string];
      const key = between.join();
      if (a === b || between.includes(undefined as never) || taken.has(key)) continue;
      taken.add(key);
      links.push({ between, latencyUs: latency });
    }
    return { ...base, links };
  });

type Cut = { readonly kind: "link" | "node" | "rack" | "switch"; readonly draw: number };

const cut: fc.Arbitrary<Cut> = fc.record({
  kind: fc.constantFrom("link", "node", "rack", "switch"),
  draw: fc.nat(1000),
});

/** Applies or lifts a cut; the draw chooses among what there is. */
function set({ kind, draw }: Cut, fabric: Fabric, restore: boolean): void {
  const pick = <T>(all: readonly T[]): T | undefined => all[draw % all.length];
  if (kind === "link") {
    const link = pick(fabric.links());
    if (link === undefined) return;
    if (restore) fabric.restoreLink(link.id);
    else fabric.cutLink(link.id);
  } else if (kind === "node") {
    if (fabric.nodeCount === 0) return;
    if (restore) fabric.restoreNode(draw % fabric.nodeCount);
    else fabric.cutNode(draw % fabric.nodeCount);
  } else if (kind === "rack") {
    const rack = pick(fabric.racks);
    if (rack === undefined) return;
    if (restore) fabric.restoreRack(rack);
    else fabric.cutRack(rack);
  } else {
    const name = pick(fabric.switches)!;
    if (restore) fabric.restoreSwitch(name);
    else fabric.cutSwitch(name);
  }
}

/** Everything that a fabric says about pairs of nodes. */
function table(fabric: Fabric): number[][] {
  return Array.from({ length: fabric.nodeCount }, (_, from) =>
    Array.from({ length: fabric.nodeCount }, (_, to) => fabric.delay(from, to)),
  );
}

/** The same from a plain Dijkstra over the whole graph, from node to node. */
function oracle(fabric: Fabric): number[][] {
  const graph = fabricGraph(fabric);
  const up = (link: FabricLink): number => (link.up ? link.latencyUs : Infinity);
  const between = (from: number, to: number): number => {
    if (from === to) return 0;
    // Its types leave out that it answers null without a path.
    const path: readonly string[] | null = bidirectional(
      graph,
      fabric.nodeName(from),
      fabric.nodeName(to),
      (_, link) => up(link),
    );
    if (path === null) return Infinity;
    return path
      .slice(1)
      .reduce((sum, name, i) => sum + up(graph.getEdgeAttributes(path[i]!, name)), 0);
  };
  return Array.from({ length: fabric.nodeCount }, (_, from) =>
    Array.from({ length: fabric.nodeCount }, (_, to) => between(from, to)),
  );
}

describe("Fabric", () => {
  test.prop([spec, fc.array(cut, { maxLength: 4 })])(
    "delays equal a plain Dijkstra over the whole graph, whatever is cut",
    (underlay, cuts) => {
      const fabric = Fabric.build(underlay);
      table(fabric);
      for (const c of cuts) set(c, fabric, false);
      expect(table(fabric)).toStrictEqual(oracle(fabric));
    },
  );

  test.prop([spec, fc.array(cut, { maxLength: 4 })])(
    "delay, jitter, bandwidth and loss are symmetric when links are",
    (underlay, cuts) => {
      const fabric = Fabric.build(underlay);
      for (const { id } of fabric.links())
        fabric.degradeLink(id, { jitterUs: id, loss: 1 / (id + 3), bandwidthMbps: 1 + (id % 5) });
      for (const c of cuts) set(c, fabric, false);
      for (let a = 0; a < fabric.nodeCount; a++) {
        for (let b = 0; b < a; b++) {
          expect(fabric.delay(a, b)).toBe(fabric.delay(b, a));
          const [there, back] = [fabric.quality(a, b), fabric.quality(b, a)];
          expect(there?.jitterUs).toBe(back?.jitterUs);
          expect(there?.bandwidthMbps).toBe(back?.bandwidthMbps);
          expect(there?.loss ?? 1).toBeCloseTo(back?.loss ?? 1, 12);
          expect(fabric.reachable(a, b)).toBe(there !== undefined);
        }
      }
    },
  );

  test.prop([spec, fc.array(cut, { minLength: 1, maxLength: 6 })])(
    "the order of cuts does not matter, and restoring them all brings everything back",
    (underlay, cuts) => {
      const forward = Fabric.build(underlay);
      const backward = Fabric.build(underlay);
      const before = table(forward);
      for (const c of cuts) set(c, forward, false);
      for (const c of [...cuts].reverse()) {
        set(c, backward, false);
        table(backward);
      }
      expect(table(forward)).toStrictEqual(table(backward));
      for (const c of cuts) set(c, forward, true);
      expect(table(forward)).toStrictEqual(before);
      expect(forward.links().every((link) => link.up)).toBe(true);
    },
  );

  test.prop([spec, fc.nat(1000)])("a cut node reaches nobody and comes back", (underlay, draw) => {
    const fabric = Fabric.build(underlay);
    fc.pre(fabric.nodeCount > 1);
    const node = draw % fabric.nodeCount;
    const before = table(fabric);
    fabric.cutNode(node);
    for (let other = 0; other < fabric.nodeCount; other++) {
      const expected = other === node ? 0 : Infinity;
      expect([fabric.delay(node, other), fabric.delay(other, node)]).toStrictEqual([
        expected,
        expected,
      ]);
    }
    fabric.restoreNode(node);
    expect(table(fabric)).toStrictEqual(before);
  });

  test.prop([spec, fc.array(cut), fc.array(cut)])(
    "a fork behaves as a fabric with the same history, and leaves the original alone",
    (underlay, shared, own) => {
      const original = Fabric.build(underlay);
      const replay = Fabric.build(underlay);
      for (const c of shared) {
        set(c, original, false);
        set(c, replay, false);
      }
      const before = table(original);
      const twin = fork(original);
      for (const c of own) {
        set(c, twin, false);
        set(c, replay, false);
      }
      expect(table(twin)).toStrictEqual(table(replay));
      expect(twin.epoch).toBe(replay.epoch);
      expect(table(original)).toStrictEqual(before);
    },
  );
});

import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../vitest.runs.js";
import {
  AFFINITY_TRANSITIONS,
  affinityState,
  allocationsOf,
  type BlockAffinity,
  blockName,
  fork,
  type IPAMConfig,
  performDirectly,
  type WatchEvent,
  type WatchReceiver,
} from "../../src/index.js";
import { Bench, node, podOrder, pool } from "./bench-cluster.js";

/** Watches affinities and keeps the history of each. */
class AffinityLog implements WatchReceiver {
  readonly illegal: string[] = [];
  private readonly states: Map<string, string> = new Map();

  onWatchEvent(event: WatchEvent): void {
    const { name } = event.resource.metadata;
    const from = (this.states.get(name) ?? "none") as keyof typeof AFFINITY_TRANSITIONS;
    const to = event.type === "deleted" ? "none" : affinityState(event.resource as BlockAffinity);
    if (from !== to && !AFFINITY_TRANSITIONS[from].includes(to)) {
      this.illegal.push(`${name}: ${from} → ${to}`);
    }
    this.states.set(name, to);
  }

  onWatchClosed(): void {}
}

interface Action {
  readonly node: number;
  readonly at: number;
  /** Releases its address this long after it was asked for; never if undefined. */
  readonly releaseAfter: number | undefined;
}

const actions = fc.array(
  fc.record({
    node: fc.nat(3),
    at: fc.nat(60_000),
    releaseAfter: fc.option(fc.integer({ min: 1, max: 90_000 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 40 },
);

function build(plan: readonly Action[], strict: boolean, flavour: "kubernetes" | "etcd"): Bench {
  const config: IPAMConfig = {
    apiVersion: "crd.projectcalico.org/v1",
    kind: "IPAMConfig",
    metadata: { name: "default" },
    spec: { strictAffinity: strict, autoAllocateBlocks: true },
  };
  const nodes = [0, 1, 2, 3].map((i) => node(`n${i}`));
  // 16 addresses in 8 blocks for 4 nodes: the last blocks are fought for.
  const bench = new Bench([pool("p", "10.0.0.0/28", { blockSize: 31 }), ...nodes, config], flavour);
  plan.forEach((action, i) => {
    bench.plan(podOrder(`n${action.node}`, `h${i}`), action.at, action.node);
    if (action.releaseAfter !== undefined) {
      bench.plan(
        { type: "release", handle: `h${i}` },
        action.at + action.releaseAfter,
        action.node,
      );
    }
  });
  return bench;
}

/** What must hold whenever nothing is under way. */
function checkStore(bench: Bench): void {
  const blocks = bench.store.list("IPAMBlock");
  const held = blocks.flatMap((block) => allocationsOf(block));
  expect(new Set(held.map((a) => a.address)).size).toBe(held.length);
  for (const block of blocks) {
    const { allocations, unallocated, attributes } = block.spec;
    const used = allocations.flatMap((index, ordinal) => (index === null ? [] : [ordinal]));
    expect([...used, ...unallocated].sort((a, b) => a - b)).toEqual(allocations.map((_, i) => i));
    expect(new Set(allocations.filter((i) => i !== null)).size).toBe(attributes.length);
  }
  // Handles count exactly what the blocks say.
  const counted = new Map<string, number>();
  for (const { handle } of held) counted.set(handle, (counted.get(handle) ?? 0) + 1);
  const claimed = bench.store
    .list("IPAMHandle")
    .map((h) => [h.spec.handleID, Object.values(h.spec.block).reduce((a, b) => a + b, 0)] as const);
  expect(new Map(claimed)).toEqual(counted);
  for (const affinity of bench.store.list("BlockAffinity")) {
    const block = bench.store.get("IPAMBlock", blockName(affinity.spec.cidr));
    if (affinityState(affinity) === "confirmed") {
      expect(block?.spec.affinity).toBe(`host:${affinity.spec.node}`);
    }
  }
  // One owner a block, and an owner always has its affinity.
  for (const block of blocks) {
    const owners = bench.store
      .list("BlockAffinity")
      .filter((a) => a.spec.cidr === block.spec.cidr && affinityState(a) === "confirmed");
    expect(owners.map((a) => `host:${a.spec.node}`)).toEqual(
      block.spec.affinity === undefined ? [] : [block.spec.affinity],
    );
  }
}

describe("any interleaving of assignments and releases on four nodes", () => {
  test.prop(
    [actions, fc.boolean(), fc.constantFrom("kubernetes" as const, "etcd" as const)],
    runs(300),
  )(
    "gives no address twice and leaves blocks, handles and affinities in agreement",
    (plan, strict, flavour) => {
      const bench = build(plan, strict, flavour);
      const log = new AffinityLog();
      bench.store.watch("BlockAffinity", "kube-controllers", -1, bench.store.revision, log);
      const { outcome } = bench.engine.run();
      expect(outcome).toBe("quiet");
      expect(log.illegal).toEqual([]);
      checkStore(bench);
      const assigns = bench.results.filter(({ result }) => result.type === "assign");
      expect(assigns).toHaveLength(plan.length);
      for (const { result } of assigns) {
        if (result.type !== "assign") continue;
        expect(result.addresses.length === 1).toBe(result.fault === undefined);
        if (strict) expect(result.borrowed).toBe(0);
        // Nothing but an empty pool may refuse an address.
        if (result.fault !== undefined)
          expect(["NoFreeAddresses", "MaxRetries"]).toContain(result.fault);
      }
    },
  );

  test.prop([actions, fc.nat(120_000)], runs(60))(
    "a fork at any moment, with operations in flight, goes on as the original does",
    (plan, moment) => {
      const original = build(plan, false, "kubernetes");
      original.engine.run({ until: moment });
      const copy = fork(original);
      const finish = (bench: Bench): unknown => {
        bench.engine.run();
        return [bench.engine.digest(), bench.results, bench.store.list("IPAMBlock")];
      };
      const first = finish(original);
      expect(finish(copy)).toEqual(first);
      expect(finish(build(plan, false, "kubernetes"))).toEqual(first);
    },
  );

  test.prop([actions], runs(60))(
    "one after the other, the costed form and the direct form do the same",
    (plan) => {
      const costed = build([], false, "kubernetes");
      const direct = build([], false, "etcd");
      plan.forEach(({ node: n, releaseAfter }, i) => {
        const order = podOrder(`n${n}`, `h${i}`);
        expect(performDirectly(direct.store, order, 0)).toEqual(costed.perform(order).result);
        if (releaseAfter === undefined) return;
        const release = { type: "release" as const, handle: `h${i}` };
        expect(performDirectly(direct.store, release, 0)).toEqual(costed.perform(release).result);
      });
      checkStore(direct);
    },
  );
});

describe("speed", () => {
  it("15,000 assignments on 500 nodes over the datastore take seconds", () => {
    const nodes = Array.from({ length: 500 }, (_, i) => node(`node-${i}`));
    const bench = new Bench([pool("p", "10.0.0.0/16"), ...nodes]);
    // 250 a second, which one apiserver can carry; each node starts one every 2 s.
    for (let i = 0; i < 15_000; i++) {
      bench.plan(podOrder(`node-${i % 500}`, `h${i}`), i * 4000, i % 500);
    }
    const begin = performance.now();
    bench.engine.run();
    const took = performance.now() - begin;
    expect(bench.ipam.counts).toMatchObject({ assigns: 15_000, faults: 0 });
    // One block for each node, although some nodes ran two assignments at once.
    expect(bench.store.count("IPAMBlock")).toBe(500);
    expect(took).toBeLessThan(15_000);
  });
});

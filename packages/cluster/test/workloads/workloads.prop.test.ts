import { allocationsOf, fork, SECOND } from "@calico-sim/core";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../vitest.runs.js";
import { Churn } from "../../src/workloads/index.js";
import { type Bench, bench, pool } from "./bench-workloads.js";

interface Plan {
  readonly pods: readonly { readonly node: number; readonly at: number; readonly stays: number }[];
  readonly crash: { readonly node: number; readonly at: number; readonly back: number } | undefined;
}

const plans: fc.Arbitrary<Plan> = fc.record({
  pods: fc.array(fc.record({ node: fc.nat(2), at: fc.nat(3_000_000), stays: fc.nat(6_000_000) }), {
    minLength: 1,
    maxLength: 14,
  }),
  crash: fc.option(
    fc.record({
      node: fc.nat(2),
      at: fc.nat(3_000_000),
      back: fc.integer({ min: 1, max: 3_000_000 }),
    }),
    { nil: undefined },
  ),
});

function build(plan: Plan): Bench {
  const b = bench(["n0", "n1", "n2"], [pool("p", "10.0.0.0/28", { blockSize: 30 })]);
  plan.pods.forEach(({ node, at, stays }, i) => {
    const key = b.workloads.createPod({ namespace: "d", name: `p${i}`, node: `n${node}` }, at);
    b.workloads.deletePod(key, at + stays);
  });
  return b;
}

/** Runs it, with the crash of a node on the way if there is one. */
function play(b: Bench, plan: Plan): void {
  const { crash } = plan;
  if (crash !== undefined) {
    b.engine.run({ until: crash.at });
    b.workloads.stopNode(`n${crash.node}`);
    b.engine.run({ until: crash.at + crash.back });
    b.workloads.startNode(`n${crash.node}`);
  }
  b.engine.run({ until: 300 * SECOND });
}

describe("any schedule of pods", () => {
  test.prop([plans], runs(100))(
    "ends with every pod gone, no address twice, nothing left behind",
    (plan) => {
      const b = build(plan);
      let twice = "";
      b.workloads.listen({
        onPodScheduled() {},
        onPodAddressed(key, _node, address) {
          for (const other of b.workloads.keys()) {
            const theirs = b.workloads.pod(other);
            // A terminating pod gave its address back before it is gone.
            if (other === key || theirs?.phase === "terminating") continue;
            if (theirs?.addresses.includes(address)) twice = `${key} and ${other}: ${address}`;
          }
        },
        onPodGone() {},
        onPodFailed() {},
      });
      play(b, plan);
      expect(twice).toBe("");
      expect(b.store.list("Pod")).toEqual([]);
      expect(b.workloads.keys()).toEqual([]);
      expect(b.workloads.active).toBe(0);
      const left = b.store.list("IPAMBlock").flatMap((block) => allocationsOf(block));
      if (plan.crash === undefined) {
        expect(left).toEqual([]);
        expect(b.store.list("IPAMHandle")).toEqual([]);
      }
      // A node that dies between assignment and annotation leaks that address, as in reality.
      expect(left.length).toBeLessThanOrEqual(plan.pods.length);
    },
  );

  test.prop([plans, fc.nat(6_000_000)], runs(40))(
    "goes on in a fork as in the original",
    (plan, moment) => {
      const quiet = { ...plan, crash: undefined };
      const original = build(quiet);
      original.engine.run({ until: moment });
      const { engine, workloads, store } = fork({
        engine: original.engine,
        workloads: original.workloads,
        store: original.store,
      });
      play(original, quiet);
      engine.run({ until: 300 * SECOND });
      expect(engine.digest()).toBe(original.engine.digest());
      expect(workloads.counts).toEqual(original.workloads.counts);
      expect(store.list("IPAMBlock")).toEqual(original.store.list("IPAMBlock"));
    },
  );
});

describe("churn", () => {
  const start = (rate: number): { b: Bench; churn: Churn } => {
    const names = Array.from({ length: 10 }, (_, i) => `n${i}`);
    const b = bench(names, [pool("p", "10.0.0.0/16")]);
    const churn = new Churn(b.engine, b.workloads);
    churn.start({ name: "ci", rate, lifetime: "20s", until: "100s", nodes: names });
    return { b, churn };
  };

  it("comes at its rate, stays for its lifetime, and ends", () => {
    const { b, churn } = start(8);
    b.engine.run({ until: 100 * SECOND });
    // Poisson: 800 expected, standard deviation 28; Little: 160 alive.
    expect(churn.created(0)).toBeGreaterThan(700);
    expect(churn.created(0)).toBeLessThan(900);
    expect(b.store.count("Pod")).toBeGreaterThan(100);
    expect(b.store.count("Pod")).toBeLessThan(240);
    b.engine.run({ until: 600 * SECOND });
    expect(b.store.count("Pod")).toBe(0);
    expect(b.store.count("IPAMHandle")).toBe(0);
  });

  it("is the same each time, and does not keep a run from being quiet", () => {
    const digest = (): string => {
      const { b } = start(5);
      b.engine.run({ until: 30 * SECOND });
      return b.engine.digest();
    };
    expect(digest()).toBe(digest());
    const { b } = start(5);
    expect(b.engine.run().outcome).toBe("quiet");
    expect(b.engine.now).toBe(0);
  });
});

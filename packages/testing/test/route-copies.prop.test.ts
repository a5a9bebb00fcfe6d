import { at, cluster, type PoolOptions, pods, Simulation, start } from "@calico-sim/cluster";
import { MINUTE, SECOND } from "@calico-sim/core";
import { checkInvariants, everyPodReachable, kernelsMatchOracle } from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { arbitraryCase, atRest, type Case, judged, looked, prepared } from "./support.js";

/** The same run with the CNI plugin's own routes to pods. */
function copied([spec, scenario, seed]: Case): Case {
  return [{ ...spec, cniRouteCopies: true }, scenario, seed];
}

/** Every kernel's routes as text: ids of routes depend on who was first. */
function kernelsOf({ kernels, prefixes, nodes }: Simulation): Record<string, string[]> {
  const tables: Record<string, string[]> = {};
  for (let node = 0; node < nodes.size; node++) {
    const rows = kernels
      .table(node)
      .map(
        ({ prefix, route }) => `${prefixes.text(prefix)} ${JSON.stringify(kernels.route(route))}`,
      );
    tables[nodes.name(node)] = rows.sort();
  }
  return tables;
}

/** Pods that cannot be reached from some node. */
function unreachable(simulation: Simulation): Set<string> {
  const found = everyPodReachable(simulation).map(({ text }) => text);
  return new Set(found.map((text) => /from (\S+) to (\S+)/.exec(text)?.slice(1).join(" ") ?? text));
}

describe("the CNI plugin's own routes to pods", () => {
  test.prop([arbitraryCase({ externalRoutersMax: 2 })], runs(30))(
    "leave the kernels as they would be without them once all is quiet, whatever happened",
    (each) => {
      const simulation = atRest(copied(each));
      expect(kernelsMatchOracle(simulation)).toEqual([]);
      expect(checkInvariants(simulation)).toEqual([]);
      expect(simulation.tracker.converged).toBe(true);
      expect(kernelsOf(simulation)).toEqual(kernelsOf(atRest(each)));
    },
  );

  const few = { blocksMin: 1, podsMax: 20, nodesMax: 5 };
  test.prop([arbitraryCase({ ...few, kinds: ["pods", "churn", "crash"] })], runs(15))(
    "do so where nodes borrow addresses too",
    (each) => {
      const simulation = atRest(copied(each));
      expect(kernelsMatchOracle(simulation)).toEqual([]);
      expect(kernelsOf(simulation)).toEqual(kernelsOf(atRest(each)));
    },
  );

  test.prop(
    [arbitraryCase({ ...few, kinds: ["pods", "churn"] }), fc.integer({ min: 90, max: 400 })],
    runs(20),
  )(
    // From when all sessions are up: a BIRD that a pod wakes opens its own sooner or later than an idle one.
    "make no pod unreachable that is reachable without them, at any moment",
    (each, seconds) => {
      const [without, copies] = [prepared(each), prepared(copied(each))];
      for (const simulation of [without, copies]) simulation.run(seconds * SECOND);
      const before = unreachable(without);
      expect([...unreachable(copies)].filter((pair) => !before.has(pair))).toEqual([]);
      expect(judged(copies)).toEqual(judged(looked(copies)));
    },
  );

  const starts = fc.record({
    nodes: fc.integer({ min: 2, max: 6 }),
    count: fc.integer({ min: 1, max: 8 }),
    calicoVersion: fc.constantFrom("3.32", "3.33"),
    pool: fc.constantFrom<PoolOptions>(
      { cidr: "10.244.0.0/16" },
      { cidr: "10.244.0.0/16", ipipMode: "Always" },
      { cidr: "10.244.0.0/16", vxlanMode: "Always" },
    ),
    seed: fc.nat(0xffff),
  });
  test.prop([starts], runs(20))(
    "cost every peer two UPDATEs for each pod that starts by itself: the address, and its withdrawal",
    ({ nodes, count, calicoVersion, pool, seed }) => {
      const updates = (cniRouteCopies: boolean): number => {
        const spec = cluster({
          nodes,
          calicoVersion,
          pools: [pool],
          cniRouteCopies,
        });
        const simulation = new Simulation(spec, { seed });
        simulation.schedule([
          at(0, start()),
          // A block for each node, which is told of by itself.
          at("1m", pods.create(nodes, { over: "1s" })),
          at("2m", pods.create(count, { over: count * 3 * SECOND })),
        ]);
        simulation.run(2 * MINUTE);
        const before = simulation.bird.wire().messages.update;
        simulation.run(4 * MINUTE);
        return simulation.bird.wire().messages.update - before;
      };
      expect(updates(false)).toBe(0);
      expect(updates(true)).toBe(2 * count * (nodes - 1));
    },
  );

  test.prop([arbitraryCase({ kinds: ["pods", "churn", "kill"] }), fc.nat(300 * SECOND)], runs(10))(
    "are forked like everything else",
    (each, moment) => {
      const until = 8 * MINUTE;
      const whole = prepared(copied(each));
      whole.run(until);
      const original = prepared(copied(each));
      original.run(moment);
      const copy = original.fork();
      copy.run(until);
      expect(copy.digest()).toBe(whole.digest());
      expect(kernelsOf(copy)).toEqual(kernelsOf(whole));
    },
  );
});

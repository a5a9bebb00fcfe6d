import { at, blocks, fail, pods } from "@calico-sim/cluster";
import { kernelsMatchOracle } from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { filteredPlan, POOL, simulated } from "./peering-plan.js";
import { arbitraryCase, atRest, judged, looked, prepared, runs, TIMEOUT } from "./support.js";

const SCARCE = { cidr: "10.200.0.0/28", blockSize: 29, ipipMode: "Never" } as const;

describe("nodes and routers of any AS that peer in any way, with BGPFilters in between", () => {
  test.prop([filteredPlan], runs(60))(
    "have the routes to blocks and prefixes outside that the oracle finds by itself",
    (p) => {
      const steps = p.nodes.map((_, i) => at("2m", blocks.add(`node-${String(i)}`)));
      const simulation = simulated(p, POOL, steps);
      expect(kernelsMatchOracle(simulation)).toEqual([]);
      expect(simulation.tracker.converged).toBe(true);
    },
    TIMEOUT,
  );

  test.prop([filteredPlan], runs(40))(
    "have those of borrowed addresses too",
    (p) => {
      const steps = [at("2m", pods.create(7, { over: "10s" }))];
      expect(kernelsMatchOracle(simulated(p, SCARCE, steps))).toEqual([]);
    },
    TIMEOUT,
  );

  test.prop([filteredPlan, fc.nat(4), fc.integer({ min: 121, max: 500 })], runs(30))(
    "are followed by the tracker through each other, whichever node is lost",
    (p, victim, seconds) => {
      const added = p.nodes.map((_, i) => at("2m", blocks.add(`node-${String(i)}`)));
      const lost = at("3m", fail.node(`node-${String(victim % p.nodes.length)}`));
      const simulation = simulated(p, POOL, [...added, lost], seconds);
      expect(judged(simulation)).toEqual(judged(looked(simulation)));
    },
    TIMEOUT,
  );
});

describe("clusters with BGPFilters, after everything that failed is healed", () => {
  const cases = arbitraryCase({ bgpFiltersMax: 2, externalRoutersMax: 2, withoutBird: false });
  test.prop([cases], runs(40))(
    "have kernels that equal the oracle",
    (each) => {
      const simulation = atRest(each);
      expect(kernelsMatchOracle(simulation)).toEqual([]);
      expect(simulation.tracker.converged).toBe(true);
    },
    TIMEOUT,
  );

  test.prop([cases], runs(15))(
    "are judged in the middle of things as they would be after a look at everything",
    (each) => {
      const simulation = prepared(each);
      for (const seconds of [100, 170, 240, 330, 420, 600]) {
        simulation.run(seconds * 1e6);
        expect(judged(simulation)).toEqual(judged(looked(simulation)));
      }
    },
    TIMEOUT,
  );
});

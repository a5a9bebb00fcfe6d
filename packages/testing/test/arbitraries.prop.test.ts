import { Simulation } from "@calico-sim/cluster";
import { cidrOverlaps, ofKind, parseCidr } from "@calico-sim/core";
import {
  arbitraryCluster,
  arbitraryEra,
  arbitraryPools,
  arbitraryScenario,
  arbitraryTopology,
  quietAfter,
} from "@calico-sim/testing";
import { test } from "@fast-check/vitest";
import fc from "fast-check";
import { describe, expect, test as once } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { arbitraryCase } from "./support.js";

/** The smallest value of an arbitrary that still fails a test, as a search for counterexamples ends with it. */
function smallest<T>(arbitrary: fc.Arbitrary<T>, fails: (value: T) => boolean): T {
  const found = fc.check(
    fc.property(arbitrary, (value) => !fails(value)),
    { seed: 7, numRuns: 2_000 },
  );
  if (found.counterexample === null) throw new Error("nothing fails");
  return found.counterexample[0];
}

describe("arbitrary clusters", () => {
  test.prop([arbitraryCluster()], runs(100))("can always be simulated", (spec) => {
    expect(() => new Simulation(spec)).not.toThrow();
  });

  test.prop([arbitraryPools()], runs(200))("have pools that do not overlap", (pools) => {
    const cidrs = pools.map(({ cidr }) => parseCidr(cidr)!);
    cidrs.forEach((a, i) => {
      for (const b of cidrs.slice(i + 1)) expect(cidrOverlaps(a, b)).toBe(false);
    });
  });

  test.prop([arbitraryCluster()], runs(100))(
    "put pools without encapsulation into one subnet, as their underlay needs it",
    (spec) => {
      const bare = ofKind(spec.resources, "IPPool").some(
        ({ spec: pool }) => pool.ipipMode === "Never" && pool.vxlanMode === "Never",
      );
      if (bare) expect(spec.fabric.racks.length).toBe(1);
    },
  );

  once("shrink to two nodes in one rack with one IP-in-IP pool and no Typha", () => {
    const spec = smallest(arbitraryCluster(), () => true);
    expect(fc.stringify(spec)).toBe(
      'cluster({"nodes":2,"racks":1,"typhas":0,"pools":[{"cidr":"10.200.0.0/20","blockSize":26,"natOutgoing":false,"ipipMode":"Always","vxlanMode":"Never"}],"calicoVersion":"3.33","datastore":"kubernetes","backend":"bird"})',
    );
  });

  once("keep what makes the test fail, and drop the rest", () => {
    const spec = smallest(arbitraryCluster(), ({ typhas, fabric }) => {
      return typhas >= 2 && fabric.racks.length >= 2;
    });
    expect([spec.fabric.nodes.length, spec.fabric.racks.length, spec.typhas]).toEqual([2, 2, 2]);
    expect(smallest(arbitraryTopology(), ({ controlPlane }) => controlPlane > 0)).toEqual({
      nodes: 2,
      racks: 1,
      controlPlane: 1,
    });
    expect(smallest(arbitraryEra(), (version) => version !== "3.33")).toBe("3.32");
  });
});

describe("arbitrary scenarios", () => {
  test.prop([arbitraryCase({ healed: false })], runs(100))(
    "name only what exists",
    ([spec, scenario]) => {
      expect(() => new Simulation(spec).schedule(scenario)).not.toThrow();
    },
  );

  test.prop([arbitraryCase()], runs(200))(
    "bring back whatever failed, when healed",
    ([, scenario]) => {
      const open = new Set<string>();
      let last = 0;
      for (const { at, action } of scenario) {
        expect(at).toBeGreaterThanOrEqual(last);
        last = at;
        const what = JSON.stringify({ ...action, type: "" });
        if (/-(crash|cut|down)$/.test(action.type)) open.add(action.type.split("-")[0]! + what);
        if (/-(reboot|heal|restore|up|delete)$/.test(action.type))
          open.delete(action.type.split("-")[0]! + what);
        if (action.type === "kill") expect(action.restartAfter).toBeLessThan(Number.MAX_VALUE);
      }
      expect([...open]).toEqual([]);
      expect(quietAfter(scenario)).toBeGreaterThan(last);
    },
  );

  once("shrink to the one incident that matters, at a round time", () => {
    const spec = smallest(arbitraryCluster(), () => true);
    const scenario = smallest(arbitraryScenario(spec, { kinds: ["pods", "crash"] }), (steps) =>
      steps.some(({ action }) => action.type === "node-crash"),
    );
    expect(scenario).toEqual([
      { at: 0, action: { type: "start", stagger: 0 } },
      { at: 10_000_000, action: { type: "node-crash", node: "node-0" } },
      { at: 20_000_000, action: { type: "node-reboot", node: "node-0" } },
    ]);
  });
});

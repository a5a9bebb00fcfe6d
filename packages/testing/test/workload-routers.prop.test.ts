import type { BGPPeer } from "@calico-sim/core";
import {
  arbitraryBgpFilter,
  bgpFilter,
  checkInvariants,
  kernelsMatchOracle,
} from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { arbitraryCase, atRest, type Case, expectJudgedAsLooked, prepared } from "./support.js";

/** What rules of BGPFilters ask for: what pods tell of, pools, and everything. */
const CIDRS = {
  4: ["10.77.0.0/24", "10.78.0.0/16", "0.0.0.0/0", "10.200.0.0/16", "10.77.0.0/16"],
  6: ["::/0", "fd77::/64", "fd77::/16"],
};

function cases(constraints: Parameters<typeof arbitraryCase>[0] = {}): fc.Arbitrary<Case> {
  return arbitraryCase({ withoutBird: false, workloadRoutersMax: 3, ...constraints });
}

/** Holds a cluster at rest to the laws, and to the packets of its nodes and routers if nothing keeps them from arriving. */
function expectWhole(each: Case): void {
  const simulation = atRest(each);
  expect(checkInvariants(simulation)).toEqual([]);
  expect(simulation.tracker.converged).toBe(true);
  // A node that is deleted while the datastore is down stays where it is, without power.
  if (each[1].some(({ action }) => action.type === "node-delete")) return;
  // The underlay's routers know no pods. Behind them one of several next hops leads nowhere; and a router without IPv4 may prefer
  // a node in another rack, by hash: see external-routers.
  const { externalRouters = [], fabric } = simulation.spec;
  const strays = externalRouters.some(({ ecmp, ip }) => ecmp === true || ip.includes(":"));
  if (fabric.racks.length > 1 && strays) return;
  expect(simulation.tracker.darkPairs).toBe(0);
}

describe("pods that speak BGP with their node", () => {
  test.prop([cases({ externalRoutersMax: 1 })], runs(30))(
    "kernels equal the oracle after everything that failed is healed, and nothing is dark",
    expectWhole,
  );

  test.prop([cases({ externalRoutersMax: 1, families: ["ipv6"] })], runs(30))(
    "the same where there is nothing of IPv4",
    expectWhole,
  );

  const several = { externalRoutersMax: 3, ecmp: true } as const;
  test.prop([cases(several)], runs(30))(
    "the same beside routers with several routes at once",
    expectWhole,
  );

  const filtered = cases({ bgpFiltersMax: 1, externalRoutersMax: 1 });
  test.prop([filtered, arbitraryBgpFilter({ cidrs: CIDRS })], runs(30))(
    "kernels equal the oracle where BGPFilters are on their sessions",
    ([spec, ...rest], rules) => {
      const resources = spec.resources.map((resource) => {
        if (resource.kind !== "BGPPeer" || resource.metadata.name !== "pods") return resource;
        const { spec: said } = resource as BGPPeer;
        return { ...resource, spec: { ...said, filters: ["of-pods"] } };
      });
      const all = [...resources, bgpFilter("of-pods", rules)];
      const simulation = atRest([{ ...spec, resources: all }, ...rest]);
      // The pods' own addresses lie in no block, and the oracle follows none that a rule lets out.
      const wrong = kernelsMatchOracle(simulation).filter(
        ({ text }) => !text.includes(" 10.99.0.") && !text.includes(" fd99::"),
      );
      expect(wrong).toEqual([]);
      expect(simulation.tracker.converged).toBe(true);
    },
  );

  test.prop([cases({ healed: false, ...several })], runs(15))(
    "the tracker says in the middle of things what it would say after a look at everything",
    expectJudgedAsLooked,
  );

  test.prop([cases(), fc.integer({ min: 1, max: 300 })], runs(10))(
    "a run that is forked goes on as the one that it was forked from",
    (each, seconds) => {
      const simulation = prepared(each);
      simulation.run(seconds * 1e6);
      const copy = simulation.fork();
      for (const one of [simulation, copy]) one.run(400e6);
      expect(copy.digest()).toBe(simulation.digest());
    },
  );
});

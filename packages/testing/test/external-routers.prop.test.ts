import { type ClusterSpec, Simulation } from "@calico-sim/cluster";
import { arbitraryCluster, arbitraryScenario, checkInvariants } from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { arbitraryCase, atRest, expectJudgedAsLooked } from "./support.js";

describe("clusters with routers outside, after everything that failed is healed", () => {
  const cases = arbitraryCase({ externalRoutersMax: 3, withoutBird: false });
  test.prop([cases], runs(40))(
    "kernels equal the oracle, prefixes outside included, and nothing is dark",
    (each) => {
      const simulation = atRest(each);
      expect(checkInvariants(simulation)).toEqual([]);
      expect(simulation.tracker.converged).toBe(true);
    },
  );

  const whole = arbitraryCase({
    externalRoutersMax: 2,
    withoutBird: false,
    // Of two nodes a router prefers the one with the lower router id. By address that is the one in its own rack; by hash it
    // may be the other, which the underlay knows no way to pods through.
    families: ["ipv4", "dual-stack"],
    kinds: ["pods", "block-add", "kill", "crash", "cut", "router", "router-cut", "router-process"],
  });
  test.prop([whole], runs(30))("nothing is dark, from inside or outside", (each) => {
    expect(atRest(each).tracker.darkPairs).toBe(0);
  });

  const troubled = arbitraryCase({
    externalRoutersMax: 3,
    withoutBird: false,
    healed: false,
    controlPlaneMax: 0,
    typhasMax: 0,
    kinds: ["router", "router-cut", "crash"],
    during: "2m",
  });
  test.prop([troubled], runs(20))(
    "and what stays broken leaves the kernels as the oracle has them too",
    (each) => {
      expect(checkInvariants(atRest(each))).toEqual([]);
    },
  );
});

describe("clusters with routers outside, in the middle of things", () => {
  const cases = arbitraryCase({ externalRoutersMax: 3, withoutBird: false, healed: false });
  test.prop([cases], runs(15))(
    "the tracker says what it would say after a look at everything",
    expectJudgedAsLooked,
  );
});

/** Every change of a session between two nodes, with its time. */
class Sessions extends Simulation {
  readonly seen: string[] = [];

  override onSession(...args: readonly unknown[]): void {
    const [node, peer, up, when] = args as [number, number, boolean, number];
    if (!this.nodes.isNode(node) || !this.nodes.isNode(peer)) return;
    this.seen.push(
      `${this.nodes.name(node)} ${this.nodes.name(peer)} ${String(up)} ${String(when)}`,
    );
  }
}

describe("a router that describes itself and that nobody peers with", () => {
  const specs = arbitraryCluster({ typhasMax: 0, nodesMax: 5, withoutBird: false });
  const cases = specs.chain((spec) =>
    fc.tuple(
      fc.constant(spec),
      arbitraryScenario(spec, { kinds: ["kill", "cut", "crash"], podsMax: 0, during: "2m" }),
      fc.nat({ max: 0xffff }),
    ),
  );
  test.prop([cases], runs(15))(
    "moves no session of the mesh by a microsecond",
    ([spec, scenario, seed]) => {
      const history = (each: ClusterSpec): readonly string[] => {
        const simulation = new Sessions(each, { seed });
        simulation.schedule(scenario);
        simulation.run(400_000_000);
        return simulation.seen;
      };
      const router = { name: "tor", ip: "10.0.0.251", asNumber: 65_001, prefixes: ["0.0.0.0/0"] };
      expect(history({ ...spec, externalRouters: [router] })).toEqual(history(spec));
    },
  );
});

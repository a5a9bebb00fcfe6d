import { type ClusterSpec, Simulation } from "@calico-sim/cluster";
import { nextHopsOf } from "@calico-sim/core";
import { arbitraryCluster, arbitraryScenario, checkInvariants } from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { arbitraryCase, atRest, type Case, expectJudgedAsLooked } from "./support.js";

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

describe("routers with several routes at once (`ecmp`)", () => {
  const cases = arbitraryCase({ externalRoutersMax: 3, withoutBird: false });
  test.prop([cases], runs(20))(
    "change no node's routes, and spread theirs over equally good next hops alone",
    (each) => {
      const [one, all] = [atRest(each), atRest(withEcmp(each))];
      expect(tables(all, true)).toEqual(tables(one, true));
      expect(all.tracker.converged).toBe(true);
      // Behind the underlay's routers, which know no pods, one of several next hops leads nowhere.
      // A node that is deleted while the datastore is down stays where it is, without power.
      const leaves = each[1].some(({ action }) => action.type === "node-delete");
      if (all.spec.fabric.racks.length === 1 && !leaves) expect(all.tracker.darkPairs).toBe(0);
      const [alone, several] = [tables(one, false), tables(all, false)];
      expect([...several.keys()]).toEqual([...alone.keys()]);
      for (const [destination, hops] of several) {
        // The best path's is among them, and as many as lead there differently.
        expect(hops).toEqual(expect.arrayContaining([...alone.get(destination)!]));
        expect(hops).toEqual(equallyGood(all, destination));
      }
    },
  );
});

function withEcmp([spec, ...rest]: Case): Case {
  const externalRouters = (spec.externalRouters ?? []).map((one) => ({ ...one, ecmp: true }));
  return [{ ...spec, externalRouters }, ...rest];
}

/** Next hops by host and destination, of nodes or of routers. */
function tables(simulation: Simulation, ofNodes: boolean): ReadonlyMap<string, readonly number[]> {
  const { kernels, nodes } = simulation;
  const found = new Map<string, readonly number[]>();
  for (let host = 0; host < nodes.size; host++) {
    if (nodes.isNode(host) !== ofNodes) continue;
    for (const { prefix, route } of kernels.table(host)) {
      const hops = nextHopsOf(kernels.route(route)).map(({ gateway }) => gateway);
      found.set(
        `${String(host)} ${String(prefix)}`,
        hops.sort((a, b) => a - b),
      );
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Next hops of the paths in a router's BIRD that RFC 4271 §9.1.2.2 leaves over before its last tie-breaks. */
function equallyGood(simulation: Simulation, destination: string): readonly number[] {
  const [host = 0, prefix = 0] = destination.split(" ").map(Number);
  const { bird, bird6, nodes, prefixes, spec } = simulation;
  const fleet = prefixes.cidr(prefix).family === 4 ? bird : bird6!;
  const paths = fleet.paths(host, prefix);
  const { asNumber } = spec.externalRouters!.find(({ name }) => name === nodes.name(host))!;
  const merit = ({ from, attributes }: (typeof paths)[number]): readonly number[] => {
    const teller = spec.externalRouters!.find(({ name }) => name === nodes.name(from));
    const inside = teller === undefined ? 64_512 : Number(teller.asNumber);
    return [-attributes.localPref, attributes.asPath.length, Number(inside === Number(asNumber))];
  };
  const texts = paths.map((path) => JSON.stringify(merit(path)));
  const order = (a: readonly number[], b: readonly number[]): number =>
    a.map((x, i) => x - b[i]!).find((difference) => difference !== 0) ?? 0;
  const best = JSON.stringify(paths.map(merit).sort(order)[0]);
  const hops = paths.filter((_, i) => texts[i] === best).map(({ nextHop }) => nextHop);
  return [...new Set(hops)].sort((a, b) => a - b);
}

describe("clusters with routers outside, in the middle of things", () => {
  const cases = arbitraryCase({ externalRoutersMax: 3, withoutBird: false, healed: false });
  test.prop([cases], runs(15))(
    "the tracker says what it would say after a look at everything",
    expectJudgedAsLooked,
  );

  test.prop([cases.map(withEcmp)], runs(15))(
    "and so it does where routers have several routes at once",
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

import {
  type ClusterSpec,
  clusterFromResources,
  type Scenario,
  Simulation,
} from "@calico-sim/cluster";
import { RandomStream } from "@calico-sim/core";
import { arbitraryCluster, arbitraryScenario } from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { afterEach, beforeEach, describe, expect, vi } from "vitest";
import { runs } from "../../../vitest.runs.js";

/** Every draw of the present run, by the name of its stream. */
let draws = new Map<string, number[]>();

/** The methods of a stream that give numbers. */
const DRAWS = ["next", "below", "between", "exponential", "logNormal"] as const;

beforeEach(() => {
  for (const method of DRAWS) {
    const original: (this: RandomStream, ...args: number[]) => number =
      RandomStream.prototype[method];
    vi.spyOn(RandomStream.prototype, method).mockImplementation(function (
      this: RandomStream,
      ...args: number[]
    ) {
      const value = original.apply(this, args);
      const row = draws.get(this.name);
      if (row === undefined) draws.set(this.name, [value]);
      else row.push(value);
      return value;
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** The cluster with one more node: last, and in a rack of its own. */
function withNewcomer(spec: ClusterSpec): ClusterSpec {
  return clusterFromResources({
    calicoVersion: spec.calicoVersion,
    datastore: spec.datastore,
    backend: spec.backend,
    typhas: spec.typhas,
    ...(spec.routerId === undefined ? {} : { routerId: spec.routerId }),
    resources: [
      ...spec.resources,
      {
        apiVersion: "v1",
        kind: "Node",
        metadata: {
          name: "newcomer",
          annotations: { "projectcalico.org/IPv4Address": "10.99.0.1/24" },
        },
      },
    ],
  });
}

/** The cluster with a router outside that every node peers with. */
function withRouter(spec: ClusterSpec): ClusterSpec {
  return clusterFromResources({
    ...spec,
    resources: [
      ...spec.resources,
      {
        apiVersion: "projectcalico.org/v3",
        kind: "BGPPeer",
        metadata: { name: "tor" },
        spec: { peerIP: "10.0.0.251", asNumber: 65_001 },
      },
    ],
    externalRouters: [
      { name: "tor", ip: "10.0.0.251", asNumber: 65_001, prefixes: ["0.0.0.0/0"], passive: false },
    ],
  });
}

describe("adding an unrelated node", () => {
  // Pods and churn choose among all nodes, and so do Typha's clients: theirs is another question.
  const cases = arbitraryCluster({ typhasMax: 0, nodesMax: 6 }).chain((spec) =>
    fc.tuple(
      fc.constant(spec),
      arbitraryScenario(spec, { kinds: ["kill", "cut", "crash"], podsMax: 0, during: "2m" }),
      fc.nat({ max: 0xffff }),
    ),
  );

  /** Every draw of a run, by stream. */
  const drawsOf = (spec: ClusterSpec, scenario: Scenario, seed: number): Map<string, number[]> => {
    draws = new Map();
    const simulation = new Simulation(spec, { seed });
    simulation.schedule(scenario);
    simulation.run(240_000_000);
    return draws;
  };

  test.prop([cases], runs(15))(
    "changes no draw of any other: streams belong to one consumer, named after its node",
    ([spec, scenario, seed]) => {
      const without = drawsOf(spec, scenario, seed);
      const between = drawsOf(withNewcomer(spec), scenario, seed);
      expect(without.size).toBeGreaterThan(spec.fabric.nodes.length);
      for (const [name, values] of between) {
        if (name.includes("newcomer")) continue;
        const before = without.get(name) ?? [];
        const ofNode = spec.fabric.nodes.some((node) => name.split("/").includes(node.name));
        // One draw for all, such as the salt of later hashes, is no draw of the newcomer's.
        if (!ofNode) expect([name, values]).toEqual([name, before]);
        // How often a node draws may depend on the load; what it draws, and whose stream it is, may not.
        const common = Math.min(before.length, values.length);
        expect([name, values.slice(0, common)]).toEqual([name, before.slice(0, common)]);
      }
    },
  );

  test.prop([cases], runs(15))(
    "or a router outside that all peer with changes no draw either",
    ([spec, scenario, seed]) => {
      const without = drawsOf(spec, scenario, seed);
      for (const [name, values] of drawsOf(withRouter(spec), scenario, seed)) {
        const before = without.get(name) ?? [];
        const common = Math.min(before.length, values.length);
        expect([name, values.slice(0, common)]).toEqual([name, before.slice(0, common)]);
        expect([name, before.length > 0]).toEqual([name, values.length > 0]);
      }
    },
  );

  test.prop([cases], runs(10))(
    "leaves the whole-second clocks of all other BIRDs where they were",
    ([spec, , seed]) => {
      const clocks = (each: ClusterSpec): Map<string, number> => {
        const { engine, nodes } = new Simulation(each, { seed });
        const names = Array.from({ length: nodes.size }, (_, node) => nodes.name(node));
        return new Map(names.map((n) => [n, engine.stream("bird", n, "clock").below(1_000_000)]));
      };
      const between = clocks(withNewcomer(spec));
      for (const [name, phase] of clocks(spec)) expect(between.get(name)).toBe(phase);
      expect(between.has("newcomer")).toBe(true);
    },
  );
});

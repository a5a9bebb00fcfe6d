import type { ClusterSpec, WorkloadRouter } from "@calico-sim/cluster";
import type { BGPConfiguration, BGPPeer, Pod, Resource } from "@calico-sim/core";
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

const PREFIXES = ["10.77.0.0/24", "10.78.0.0/16", "0.0.0.0/0"] as const;

/** What rules of BGPFilters ask for: of those, of pools, and everything. */
const CIDRS = [...PREFIXES, "10.200.0.0/16", "10.77.0.0/16"];

/** A pod that speaks BGP, on the first or the second node. */
interface Speaker {
  readonly node: 0 | 1;
  readonly prefixes: readonly string[];
  readonly holdSeconds: number | undefined;
  /** Nothing describes it. */
  readonly unknown: boolean;
  readonly labelled: boolean;
}

const speakers: fc.Arbitrary<readonly Speaker[]> = fc.array(
  fc.record({
    node: fc.constantFrom(0 as const, 1 as const),
    prefixes: fc.subarray([...PREFIXES]),
    holdSeconds: fc.constantFrom(undefined, 9),
    unknown: fc.boolean(),
    labelled: fc.boolean(),
  }),
  { maxLength: 3 },
);

/** What all of them need, with an AS that is the nodes' own, or not. */
const settings = fc.record({
  asNumber: fc.constantFrom(64_512, 65_010),
  localASNumber: fc.constantFrom(undefined, 65_002),
  nextHopMode: fc.constantFrom(undefined, "Self" as const),
});

type Settings = typeof settings extends fc.Arbitrary<infer T> ? T : never;

function withSpeakers(
  [spec, ...rest]: Case,
  pods: readonly Speaker[],
  { asNumber, localASNumber, nextHopMode }: Settings,
): Case {
  const isDefault = ({ kind, metadata }: Resource): boolean =>
    kind === "BGPConfiguration" && metadata.name === "default";
  const before = spec.resources.find(isDefault) as BGPConfiguration | undefined;
  const peering: BGPConfiguration = {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPConfiguration",
    metadata: { name: "default" },
    spec: { ...before?.spec, localWorkloadPeeringIPV4: "169.254.0.179" },
  };
  const selecting: BGPPeer = {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPPeer",
    metadata: { name: "pods" },
    spec: {
      localWorkloadSelector: "bgp == 'yes'",
      asNumber,
      ...(localASNumber === undefined ? {} : { localASNumber }),
      ...(nextHopMode === undefined ? {} : { nextHopMode }),
    },
  };
  const placed = pods.map(
    ({ node, labelled }, i): Pod => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        namespace: "net",
        name: `bird-${String(i)}`,
        labels: labelled ? { bgp: "yes" } : {},
      },
      spec: { nodeName: `node-${String(node)}` },
      status: { phase: "Running", podIPs: [{ ip: `10.99.0.${String(i + 1)}` }] },
    }),
  );
  const workloadRouters = pods.flatMap(
    ({ prefixes, holdSeconds, unknown }, i): WorkloadRouter[] => {
      if (unknown) return [];
      const hold = holdSeconds === undefined ? {} : { holdSeconds };
      return [{ pod: `net/bird-${String(i)}`, asNumber, prefixes, ...hold }];
    },
  );
  const others = spec.resources.filter((resource) => !isDefault(resource));
  const resources = [...others, peering, selecting, ...placed];
  const changed: ClusterSpec = { ...spec, resources, workloadRouters };
  return [changed, ...rest];
}

function cases(constraints: Parameters<typeof arbitraryCase>[0]): fc.Arbitrary<Case> {
  return fc
    .tuple(arbitraryCase({ withoutBird: false, ...constraints }), speakers, settings)
    .map(([each, pods, how]) => withSpeakers(each, pods, how));
}

describe("pods that speak BGP with their node", () => {
  // Without IPv4 a router outside may prefer a node in another rack, through which no way to pods is known: see external-routers.
  const byAddress = cases({ externalRoutersMax: 1, families: ["ipv4", "dual-stack"] });
  test.prop([byAddress], runs(30))(
    "kernels equal the oracle after everything that failed is healed, and nothing is dark",
    (each) => {
      const simulation = atRest(each);
      expect(checkInvariants(simulation)).toEqual([]);
      expect(simulation.tracker.converged).toBe(true);
      expect(simulation.tracker.darkPairs).toBe(0);
    },
  );

  const filtered = cases({ bgpFiltersMax: 1, externalRoutersMax: 1 });
  test.prop([filtered, arbitraryBgpFilter({ cidrs: { 4: CIDRS, 6: ["::/0"] } })], runs(30))(
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
        ({ text }) => !text.includes(" 10.99.0."),
      );
      expect(wrong).toEqual([]);
      expect(simulation.tracker.converged).toBe(true);
    },
  );

  test.prop([cases({ healed: false })], runs(15))(
    "the tracker says in the middle of things what it would say after a look at everything",
    expectJudgedAsLooked,
  );

  test.prop([cases({}), fc.integer({ min: 1, max: 300 })], runs(10))(
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

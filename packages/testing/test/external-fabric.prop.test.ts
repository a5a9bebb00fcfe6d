import { type ClusterSpec, cluster, type ExternalRouter } from "@calico-sim/cluster";
import type { KubernetesNode, Resource } from "@calico-sim/core";
import { arbitraryScenario, kernelsMatchOracle } from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { atRest, type Case } from "./support.js";

/** A fabric of switches and spines, drawn as numbers. */
interface Plan {
  readonly nodes: number;
  readonly torsPerRack: number;
  readonly spines: number;
  /** Whose AS a node has: that of all, of its rack, or one of its own. */
  readonly asOf: "all" | "rack" | "node";
  readonly passive: boolean;
  readonly gracefulRestart: boolean;
}

const RACKS = 2;
const POOLS = [{ cidr: "10.244.0.0/16", ipipMode: "Never" as const }];

function calico(kind: "BGPPeer" | "BGPConfiguration", name: string, spec: object): Resource {
  return { apiVersion: "projectcalico.org/v3", kind, metadata: { name }, spec };
}

function fabric(plan: Plan): ClusterSpec {
  const { nodes, torsPerRack, spines, passive, gracefulRestart } = plan;
  const names = Array.from({ length: nodes }, (_, i) => `node-${String(i)}`);
  const tors = Array.from({ length: RACKS * torsPerRack }, (_, t): ExternalRouter => {
    const rack = t % RACKS;
    return {
      name: `tor-${String(t)}`,
      ip: `10.0.${String(rack)}.${String(250 - t)}`,
      asNumber: 65_001 + rack,
      peersWith: names.filter((_, i) => i % RACKS === rack),
      passive,
      gracefulRestart,
    };
  });
  const above = Array.from(
    { length: spines },
    (_, s): ExternalRouter => ({
      name: `spine-${String(s)}x`,
      ip: `192.168.0.${String(1 + s)}`,
      asNumber: 65_000,
      prefixes: ["0.0.0.0/0"],
      peersWith: tors.map(({ name }) => name),
      gracefulRestart,
    }),
  );
  const peers = tors.map(({ name, ip, asNumber, peersWith = [] }) =>
    calico("BGPPeer", name, {
      peerIP: ip,
      asNumber,
      nodeSelector: `kubernetes.io/hostname in { ${peersWith.map((n) => `'${n}'`).join(", ")} }`,
      numAllowedLocalASNumbers: 1,
    }),
  );
  const plain = cluster({ nodes, racks: RACKS, pools: POOLS }).resources.slice(0, nodes);
  const numbered = plain.map((resource, i) => {
    const { metadata, ...rest } = resource as KubernetesNode;
    const asNumber = { all: 64_512, rack: 64_600 + (i % RACKS), node: 64_700 + i }[plan.asOf];
    const own = { "projectcalico.org/ASNumber": String(asNumber) };
    return { ...rest, metadata: { ...metadata, annotations: { ...metadata.annotations, ...own } } };
  });
  return cluster({
    nodes,
    racks: RACKS,
    pools: POOLS,
    resources: [
      ...numbered,
      calico("BGPConfiguration", "default", { nodeToNodeMeshEnabled: false }),
      ...peers,
    ],
    externalRouters: [...tors, ...above],
  });
}

const plans = fc.record<Plan>({
  nodes: fc.integer({ min: 2, max: 6 }),
  torsPerRack: fc.integer({ min: 1, max: 2 }),
  spines: fc.integer({ min: 1, max: 2 }),
  asOf: fc.constantFrom("all", "rack", "node"),
  passive: fc.boolean(),
  gracefulRestart: fc.boolean(),
});

const kinds = ["pods", "block-add", "kill", "crash", "cut"] as const;
const ofRouters = ["router", "router-cut", "router-process"] as const;

function cases(healed: boolean): fc.Arbitrary<Case> {
  return plans.map(fabric).chain((spec) =>
    fc.tuple(
      fc.constant(spec),
      arbitraryScenario(spec, {
        kinds: healed ? [...kinds, ...ofRouters] : ofRouters,
        during: "3m",
        healed,
      }),
      fc.nat({ max: 0xffff }),
    ),
  );
}

describe("a fabric of switches and spines", () => {
  test.prop([cases(true)], runs(25))(
    "carries every packet once all is healed, by the routes that the oracle has",
    (each) => {
      const simulation = atRest(each);
      expect(kernelsMatchOracle(simulation)).toEqual([]);
      expect(simulation.tracker.converged).toBe(true);
      expect(simulation.tracker.darkPairs).toBe(0);
    },
  );

  test.prop([cases(false)], runs(25))(
    "has the oracle's routes with some of it broken for good",
    (each) => {
      expect(kernelsMatchOracle(atRest(each))).toEqual([]);
    },
  );
});

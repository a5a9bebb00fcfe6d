import {
  at,
  blocks,
  cluster,
  fail,
  type PoolOptions,
  pods,
  Simulation,
  type Step,
  start,
} from "@calico-sim/cluster";
import { type BGPConfiguration, type BGPPeer, type KubernetesNode, SECOND } from "@calico-sim/core";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { kernelsMatchOracle } from "../src/index.js";
import { judged, looked } from "./support.js";

const POOL = { cidr: "10.200.0.0/20", ipipMode: "Never" } as const;
/** Two blocks of eight addresses: some node has none. */
const SCARCE = { cidr: "10.200.0.0/28", blockSize: 29, ipipMode: "Never" } as const;

/** Nodes by AS (0 = the cluster's) and cluster id (0 = no reflector), and who peers with whom how. */
interface Plan {
  readonly nodes: readonly { readonly as: number; readonly cluster: number }[];
  readonly pairs: readonly { readonly a: number; readonly b: number; readonly mode: Mode }[];
  readonly seed: number;
}

type Mode = "Auto" | "Self" | "Keep";

const plan: fc.Arbitrary<Plan> = fc.integer({ min: 3, max: 5 }).chain((count) =>
  fc.record({
    nodes: fc.array(fc.record({ as: fc.nat(2), cluster: fc.constantFrom(0, 0, 1, 2) }), {
      minLength: count,
      maxLength: count,
    }),
    pairs: fc.uniqueArray(
      fc.record({
        a: fc.nat(count - 1),
        b: fc.nat(count - 1),
        mode: fc.constantFrom<Mode>("Auto", "Auto", "Self", "Keep"),
      }),
      {
        maxLength: 9,
        selector: ({ a, b }) => (a < b ? `${String(a)} ${String(b)}` : `${String(b)} ${String(a)}`),
      },
    ),
    seed: fc.nat(1_000),
  }),
);

const NO_MESH: BGPConfiguration = {
  apiVersion: "projectcalico.org/v3",
  kind: "BGPConfiguration",
  metadata: { name: "default" },
  spec: { nodeToNodeMeshEnabled: false },
};

function simulated(
  { nodes, pairs, seed }: Plan,
  pool: PoolOptions,
  steps: readonly Step[],
  seconds = 240,
): Simulation {
  const made = cluster({ nodes: nodes.length, pools: [POOL] }).resources;
  const annotated = nodes.map(({ as, cluster: id }, i): KubernetesNode => {
    const node = made[i] as KubernetesNode;
    const annotations = {
      ...node.metadata.annotations,
      ...(as === 0 ? {} : { "projectcalico.org/ASNumber": String(65_000 + as) }),
      ...(id === 0 ? {} : { "projectcalico.org/RouteReflectorClusterID": `244.0.0.${String(id)}` }),
    };
    return { ...node, metadata: { ...node.metadata, annotations } };
  });
  const peers = pairs
    .filter(({ a, b }) => a !== b)
    .map(({ a, b, mode }, i): BGPPeer => {
      const host = (n: number): string => `kubernetes.io/hostname == 'node-${String(n)}'`;
      return {
        apiVersion: "projectcalico.org/v3",
        kind: "BGPPeer",
        metadata: { name: `peer-${String(i)}` },
        spec: { nodeSelector: host(a), peerSelector: host(b), nextHopMode: mode },
      };
    });
  const resources = [...annotated, NO_MESH, ...peers];
  const spec = cluster({ nodes: nodes.length, pools: [pool], calicoVersion: "3.33", resources });
  const simulation = new Simulation(spec, { seed });
  simulation.schedule([at("0s", start()), ...steps]);
  simulation.run(seconds * SECOND);
  return simulation;
}

describe("nodes of any AS that peer in any way", () => {
  test.prop([plan])(
    "have the routes that the oracle finds by itself, every next hop included",
    (p) => {
      const steps = p.nodes.map((_, i) => at("2m", blocks.add(`node-${String(i)}`)));
      expect(kernelsMatchOracle(simulated(p, POOL, steps))).toEqual([]);
    },
  );

  test.prop([plan])(
    "have those of borrowed addresses too, which no reflector tells that owns their block",
    (p) => {
      const steps = [at("2m", pods.create(7, { over: "10s" }))];
      expect(kernelsMatchOracle(simulated(p, SCARCE, steps))).toEqual([]);
    },
  );

  test.prop([plan, fc.nat(4), fc.integer({ min: 121, max: 500 })])(
    "are followed by the tracker through each other, whichever node is lost",
    (p, victim, seconds) => {
      const blocksOfAll = p.nodes.map((_, i) => at("2m", blocks.add(`node-${String(i)}`)));
      const lost = at("3m", fail.node(`node-${String(victim % p.nodes.length)}`));
      const simulation = simulated(p, POOL, [...blocksOfAll, lost], seconds);
      expect(judged(simulation)).toEqual(judged(looked(simulation)));
    },
  );
});

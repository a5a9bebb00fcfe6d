import {
  at,
  cluster,
  type ExternalRouter,
  type PoolOptions,
  Simulation,
  type Step,
  start,
} from "@calico-sim/cluster";
import {
  type BGPConfiguration,
  type BGPFilter,
  type BGPPeer,
  type KubernetesNode,
  SECOND,
} from "@calico-sim/core";
import { arbitraryBgpFilter, type BgpFilterSpec, bgpFilter } from "@calico-sim/testing";
import fc from "fast-check";

export const POOL = { cidr: "10.200.0.0/20", ipipMode: "Never" } as const;

/** Nodes by AS (0 = the cluster's) and cluster id (0 = no reflector), and who peers with whom how. */
export interface Plan {
  readonly nodes: readonly { readonly as: number; readonly cluster: number }[];
  readonly pairs: readonly Pair[];
  readonly seed: number;
  /** Those without a cluster id have a mesh too. */
  readonly mesh?: boolean;
  /** BGPFilters; who names which is in the pairs and routers. */
  readonly filters?: readonly BgpFilterSpec[];
  readonly routers?: readonly PlannedRouter[];
  /** Communities of the whole pool. */
  readonly communities?: readonly string[];
}

interface Pair {
  readonly a: number;
  readonly b: number;
  readonly mode: Mode;
  readonly filters?: readonly number[];
}

/** A router that some nodes peer with, and whether it peers with the router before it. */
interface PlannedRouter {
  readonly as: number;
  readonly prefixes: readonly string[];
  readonly peers: readonly number[];
  readonly joined: boolean;
  readonly reflects: boolean;
  readonly mode: Mode;
  readonly filters: readonly number[];
}

type Mode = "Auto" | "Self" | "Keep";

const mode = fc.constantFrom<Mode[]>("Auto", "Auto", "Self", "Keep");

function nodesOf(count: number): fc.Arbitrary<Plan["nodes"]> {
  return fc.array(fc.record({ as: fc.nat(2), cluster: fc.constantFrom(0, 0, 1, 2) }), {
    minLength: count,
    maxLength: count,
  });
}

function pairsOf<P extends Pair>(pair: fc.Arbitrary<P>): fc.Arbitrary<P[]> {
  return fc.uniqueArray(pair, {
    maxLength: 9,
    selector: ({ a, b }) => (a < b ? `${String(a)} ${String(b)}` : `${String(b)} ${String(a)}`),
  });
}

/** Nodes that peer with one another by BGPPeers alone. */
export const plan: fc.Arbitrary<Plan> = fc.integer({ min: 3, max: 5 }).chain((count) =>
  fc.record({
    nodes: nodesOf(count),
    pairs: pairsOf(fc.record({ a: fc.nat(count - 1), b: fc.nat(count - 1), mode })),
    seed: fc.nat(1_000),
  }),
);

const OUTSIDE = ["10.100.0.0/16", "0.0.0.0/0"];
const FILTERS_MAX = 3;

/** The same with BGPFilters on their peerings, with and without the mesh, and with routers outside. */
export const filteredPlan: fc.Arbitrary<Plan> = fc.integer({ min: 2, max: 5 }).chain((count) => {
  const filters = fc.uniqueArray(fc.nat(FILTERS_MAX - 1), { maxLength: 2 });
  const node = fc.nat(count - 1);
  return fc.record({
    nodes: nodesOf(count),
    pairs: pairsOf(fc.record({ a: node, b: node, mode, filters })),
    seed: fc.nat(1_000),
    mesh: fc.boolean(),
    filters: fc.array(arbitraryBgpFilter({ asNumbers: [64_512, 65_001, 65_002, 65_003] }), {
      minLength: 1,
      maxLength: FILTERS_MAX,
    }),
    routers: fc.array(
      fc.record({
        as: fc.constantFrom(65_003, 65_001, 64_512),
        prefixes: fc.subarray(OUTSIDE),
        peers: fc.uniqueArray(node, { minLength: 1 }),
        joined: fc.boolean(),
        reflects: fc.boolean(),
        mode,
        filters,
      }),
      { maxLength: 2 },
    ),
    communities: fc.subarray(["65000:1", "65000:1:2"]),
  });
});

function configuration({ mesh = false, communities = [] }: Plan): BGPConfiguration {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPConfiguration",
    metadata: { name: "default" },
    spec: {
      nodeToNodeMeshEnabled: mesh,
      ...(communities.length === 0
        ? {}
        : { prefixAdvertisements: [{ cidr: POOL.cidr, communities }] }),
    },
  };
}

/** Matches nothing: with it a plan has rules on every peering, so that the oracle follows routes from speaker to speaker. */
export const IDLE: BGPFilter = bgpFilter("idle", {
  exportV4: [{ action: "Reject", matchOperator: "In", cidr: "203.0.113.0/24" }],
});

function peer(name: string, spec: BGPPeer["spec"], named?: readonly number[]): BGPPeer {
  const filters = named === undefined ? {} : { filters: [...named.map(filterName), "idle"] };
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPPeer",
    metadata: { name },
    spec: { ...spec, ...filters },
  };
}

function filterName(place: number): string {
  return `filter-${String(place)}`;
}

function hosts(places: readonly number[]): string {
  return `kubernetes.io/hostname in { ${places.map((n) => `'node-${String(n)}'`).join(", ")} }`;
}

function routersOf({ routers = [] }: Plan): readonly ExternalRouter[] {
  return routers.map(({ as, prefixes, peers, joined, reflects }, i) => ({
    name: `tor-${String(i)}`,
    ip: `10.0.0.${String(250 - i)}`,
    asNumber: as,
    prefixes,
    peersWith: [
      ...peers.map((n) => `node-${String(n)}`),
      ...(joined && i > 0 ? [`tor-${String(i - 1)}`] : []),
    ],
    ...(reflects ? { routeReflectorClusterID: `1.0.0.${String(i + 1)}` } : {}),
  }));
}

/** The resources of a plan, beside nodes and pool: BGPFilters without what they are made to say. */
export function resourcesOf(p: Plan): readonly (BGPConfiguration | BGPPeer | BGPFilter)[] {
  const { pairs, routers = [], filters = [] } = p;
  const nodePeers = pairs
    .filter(({ a, b }) => a !== b)
    .map(({ a, b, mode: nextHopMode, filters: named }, i) =>
      peer(
        `peer-${String(i)}`,
        { nodeSelector: hosts([a]), peerSelector: hosts([b]), nextHopMode },
        named,
      ),
    );
  const routerPeers = routers.map(({ as, peers, mode: nextHopMode, filters: named }, i) =>
    peer(
      `tor-${String(i)}`,
      {
        peerIP: `10.0.0.${String(250 - i)}`,
        asNumber: as,
        nodeSelector: hosts(peers),
        nextHopMode,
      },
      named,
    ),
  );
  return [
    configuration(p),
    ...nodePeers,
    ...routerPeers,
    ...filters.map((spec, i) => bgpFilter(filterName(i), spec)),
    ...(filters.length === 0 ? [] : [IDLE]),
  ];
}

/** Nodes of a plan as resources. */
function annotatedNodes({ nodes, mesh = false }: Plan): readonly KubernetesNode[] {
  const made = cluster({ nodes: nodes.length, pools: [POOL] }).resources;
  return nodes.map(({ as, cluster: id }, i): KubernetesNode => {
    const node = made[i] as KubernetesNode;
    const annotations = {
      ...node.metadata.annotations,
      // In a mesh a node takes others that say nothing to be of its own AS (node-behaviour §1.3).
      ...(as === 0 && !mesh
        ? {}
        : { "projectcalico.org/ASNumber": String(as === 0 ? 64_512 : 65_000 + as) }),
      ...(id === 0 ? {} : { "projectcalico.org/RouteReflectorClusterID": `244.0.0.${String(id)}` }),
    };
    return { ...node, metadata: { ...node.metadata, annotations } };
  });
}

/** Runs the cluster of a plan. */
export function simulated(
  p: Plan,
  pool: PoolOptions,
  steps: readonly Step[],
  seconds = 240,
): Simulation {
  const spec = cluster({
    nodes: p.nodes.length,
    pools: [pool],
    calicoVersion: "3.33",
    resources: [...annotatedNodes(p), ...resourcesOf(p)],
    externalRouters: routersOf(p),
  });
  const simulation = new Simulation(spec, { seed: p.seed });
  simulation.schedule([at("0s", start()), ...steps]);
  simulation.run(seconds * SECOND);
  return simulation;
}

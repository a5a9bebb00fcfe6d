import {
  type BGPConfiguration,
  type BGPPeer,
  type KubernetesNode,
  parseCidr,
  type Resource,
} from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  apply,
  at,
  blocks,
  type ClusterOptions,
  cluster,
  clusterFromResources,
  fail,
  type RouteReflectorOptions,
  Simulation,
  type Step,
  start,
} from "../src/index.js";
import { blockRoutes, run } from "./support.js";

const POOL = { cidr: "10.200.0.0/20", ipipMode: "Never" } as const;

/** Node i of a cluster of this many, as a route reflector. */
function reflector(nodes: number, i: number, clusterId = "244.0.0.1"): KubernetesNode {
  const node = cluster({ nodes, pools: [POOL] }).resources[i] as KubernetesNode;
  const { metadata } = node;
  return {
    ...node,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, "route-reflector": "true" },
      annotations: {
        ...metadata.annotations,
        "projectcalico.org/RouteReflectorClusterID": clusterId,
      },
    },
  };
}

function mesh(enabled: boolean): BGPConfiguration {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPConfiguration",
    metadata: { name: "default" },
    spec: { nodeToNodeMeshEnabled: enabled },
  };
}

function peer(name: string, spec: BGPPeer["spec"]): BGPPeer {
  return { apiVersion: "projectcalico.org/v3", kind: "BGPPeer", metadata: { name }, spec };
}

/** Everybody peers with the reflectors (calico documentation: "Configure BGP peering", route reflectors). */
const TO_REFLECTORS = peer("peer-with-reflectors", {
  nodeSelector: "all()",
  peerSelector: "route-reflector == 'true'",
});

function configured({ bird, nodes }: Simulation, node: string, other: string): boolean {
  return bird.isConfigured(nodes.id(node), nodes.id(other));
}

function withResources(nodes: number, ...resources: readonly Resource[]): ClusterOptions {
  return { nodes, pools: [POOL], calicoVersion: "3.33", resources };
}

/** Everything starts, and every node gets a block. */
function begin(nodes: number): Step[] {
  const names = Array.from({ length: nodes }, (_, i) => `node-${String(i)}`);
  return [at("0s", start()), ...names.map((name) => at("1m", blocks.add(name)))];
}

describe("route reflectors", () => {
  test("carry every route between nodes that have no session with each other", () => {
    const options = withResources(6, reflector(6, 0), reflector(6, 1), mesh(false), TO_REFLECTORS);
    const simulation = run(options, begin(6), "3m");
    // Two reflectors with each other, and four clients with each of them.
    expect(simulation.bird.establishedEnds).toBe(2 * (1 + 4 * 2));
    expect(simulation.tracker.converged).toBe(true);
    expect(configured(simulation, "node-3", "node-4")).toBe(false);
    const routes = blockRoutes(simulation, "node-3");
    expect(Object.keys(routes)).toHaveLength(6);
    // The next hop stays the node that owns the block.
    const own = simulation.blocksOf("node-4")[0]!;
    expect(routes[own]).toBe("node-4 eth0");
    expect(simulation.result().findings.filter((f) => f.code === "not-modelled")).toEqual([]);
  });

  test("can be lost one at a time: the oracle and the kernels agree on what is left", () => {
    const options = withResources(5, reflector(5, 0), mesh(false), TO_REFLECTORS);
    const steps = [...begin(5), at("3m", fail.node("node-0"))];
    const simulation = run(options, steps, "150s");
    expect(Object.keys(blockRoutes(simulation, "node-3"))).toHaveLength(5);
    // Its own block is all that is left when the hold time is over, and that is what the oracle expects.
    simulation.run(500e6);
    expect(Object.keys(blockRoutes(simulation, "node-3"))).toHaveLength(1);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a migration in the wrong order: with the mesh switched off first nobody has a route until reflectors peer", () => {
    const options = withResources(5);
    const off = [...begin(5), at("3m", apply(mesh(false)))];
    const simulation = run(options, off, "200s");
    expect(simulation.bird.establishedEnds).toBe(0);
    // Gone from every kernel but the node's own block.
    for (const node of ["node-1", "node-4"])
      expect(Object.values(blockRoutes(simulation, node))).toEqual(["blackhole"]);
    simulation.schedule([at("210s", apply(reflector(5, 0), TO_REFLECTORS))]);
    simulation.run(300e6);
    expect(simulation.tracker.converged).toBe(true);
    expect(Object.keys(blockRoutes(simulation, "node-4"))).toHaveLength(5);
    const { worst } = simulation.result().blackholes;
    expect(worst?.from).toMatch(/^node-/);
  });

  test("a migration in the right order: peers first, then the mesh off, and no route is missed", () => {
    const options = withResources(6);
    const steps = [
      ...begin(6),
      at("3m", apply(reflector(6, 0))),
      at("190s", apply(reflector(6, 1))),
      at("200s", apply(TO_REFLECTORS)),
      at("5m", apply(mesh(false))),
    ];
    const simulation = run(options, steps, "6m");
    expect(simulation.tracker.converged).toBe(true);
    expect(simulation.bird.establishedEnds).toBe(2 * (1 + 4 * 2));
    expect(configured(simulation, "node-3", "node-4")).toBe(false);
  });

  test("a BGPPeer beside the mesh disturbs no session of it", () => {
    const options = withResources(4);
    const steps = [
      ...begin(4),
      at(
        "3m",
        apply(peer("pair", { node: "node-1", peerSelector: "kubernetes.io/hostname == 'node-2'" })),
      ),
    ];
    const simulation = run(options, steps, "4m");
    expect(simulation.bird.establishedEnds).toBe(12);
    expect(simulation.tracker.converged).toBe(true);
  });
});

describe("a description with route reflectors", () => {
  const nodes = 6;
  const described = (routeReflectors: number | RouteReflectorOptions): ClusterOptions => ({
    nodes,
    pools: [POOL],
    routeReflectors,
  });
  const paths = (simulation: Simulation): number => {
    const block = simulation.prefixes.intern(parseCidr(simulation.blocksOf("node-4")[0]!)!);
    return simulation.bird.paths(simulation.nodes.id("node-5"), block).length;
  };

  test("is the cluster of Calico's documentation: the first nodes, one cluster id, no mesh", () => {
    const simulation = run(described(2), begin(nodes), "3m");
    expect(simulation.bird.establishedEnds).toBe(2 * (1 + 4 * 2));
    expect(simulation.tracker.converged).toBe(true);
    // One path over each reflector: neither takes what the other reflected (RFC 4456 §8).
    expect(paths(simulation)).toBe(2);
    const written = withResources(
      nodes,
      reflector(6, 0),
      reflector(6, 1),
      mesh(false),
      TO_REFLECTORS,
    );
    const byHand = run(written, begin(nodes), "3m");
    expect(byHand.engine.dispatched).toBe(simulation.engine.dispatched);
  });

  test.each([
    [2, 4],
    [3, 15],
    [4, 64],
  ])("may give each of %i a cluster id of its own: then nodes have %i paths", (count, ways) => {
    const simulation = run(described({ count, clusterIds: "each" }), begin(nodes), "3m");
    expect(simulation.tracker.converged).toBe(true);
    expect(paths(simulation)).toBe(ways);
  });

  test.each([
    [7, /^routeReflectors: 7 route reflectors are more than the 6 nodes \(expected 1 to 6\)/],
    [-1, /^routeReflectors\.count: -1 is out of range/],
    [{ count: 2, clusterId: "each" }, /did you mean "clusterIds"\?/],
    [{ clusterIds: "one" }, /^routeReflectors\.count/],
    ["2", /^routeReflectors: /],
  ])("is checked: %j", (routeReflectors, message) => {
    expect(() => cluster(described(routeReflectors as number))).toThrow(message);
  });

  test("is none where null stands for nothing", () => {
    const none = cluster(described(null as unknown as number));
    expect(none.resources).toEqual(cluster({ nodes, pools: [POOL] }).resources);
  });

  test.each([null, undefined, {}])(
    "leaves what is wrong with the nodes to their own check: %j",
    (wrong) => {
      const options = { nodes: wrong as number, routeReflectors: 2 };
      expect(() => cluster(options)).toThrow(/^nodes: /);
    },
  );

  const settings = (resources: readonly Resource[], asNumber?: number): readonly string[] => {
    const own = asNumber === undefined ? {} : { asNumber };
    const simulation = run({ ...described(2), ...own, resources }, [at("0s", start())], "30s");
    return simulation.result().findings.map(({ code, text }) => `${code}: ${text}`);
  };
  const config = (spec: NonNullable<BGPConfiguration["spec"]>): BGPConfiguration => ({
    ...mesh(false),
    spec,
  });

  test("keeps the mesh off where a BGPConfiguration for something else says nothing of it", () => {
    const resources = [config({ listenPort: 1790 })];
    const simulation = run({ ...described(2), asNumber: 64_999, resources }, begin(nodes), "3m");
    expect(simulation.bird.establishedEnds).toBe(2 * (1 + 4 * 2));
    expect(simulation.datastore.get("BGPConfiguration", "default")?.spec).toEqual({
      listenPort: 1790,
      nodeToNodeMeshEnabled: false,
      asNumber: 64_999,
    });
    expect(simulation.result().findings).toEqual([]);
    // Without the option nobody asked for anything: what is left out is Calico's to decide.
    const plain = cluster({ nodes, pools: [POOL], resources });
    expect(plain.resources.at(-1)?.spec).toEqual({ listenPort: 1790 });
  });

  test("says which of its fields a written resource replaces, and with what", () => {
    const resources = [
      config({ nodeToNodeMeshEnabled: true, asNumber: 64_600 }),
      peer("route-reflectors", { nodeSelector: "all()", peerSelector: "rack == 'a'" }),
      cluster({ nodes, pools: [POOL] }).resources[1]!,
    ];
    const replaced = (resource: string, option: string, what: string): string =>
      `setting: ${resource} among the resources replaces what ${option} makes: its ${what}`;
    expect(settings(resources, 64_700)).toEqual(
      expect.arrayContaining([
        replaced(
          "Node node-1",
          "routeReflectors",
          'metadata.labels.route-reflector is not set instead of "true"',
        ),
        replaced(
          "Node node-1",
          "routeReflectors",
          'metadata.annotations["projectcalico.org/RouteReflectorClusterID"] is not set instead of "244.0.0.1"',
        ),
        replaced(
          "BGPConfiguration default",
          "routeReflectors",
          "spec.nodeToNodeMeshEnabled is true instead of false",
        ),
        replaced("BGPConfiguration default", "asNumber", "spec.asNumber is 64600 instead of 64700"),
        replaced(
          "BGPPeer route-reflectors",
          "routeReflectors",
          "spec.peerSelector is \"rack == 'a'\" instead of \"route-reflector == 'true'\"",
        ),
      ]),
    );
    // Replacing it with the same, and more, is no contradiction.
    const same = { ...TO_REFLECTORS.spec, filters: [] };
    expect(settings([mesh(false), peer("route-reflectors", same), reflector(6, 1)])).toEqual([]);
  });

  test("keeps what it says of replaced fields where another cluster is made from it", () => {
    const spec = cluster({ ...described(2), resources: [mesh(true)] });
    expect(spec.findings).toHaveLength(1);
    const { resources } = cluster({ nodes, pools: [POOL] });
    expect(clusterFromResources({ ...spec, resources }).findings).toEqual(spec.findings);
    const broken = { ...spec, findings: [{ code: "setting" }] as never };
    expect(() => new Simulation(broken)).toThrow(/^findings\[0\]\.text: /);
  });

  test("needs BIRD", () => {
    expect(() => cluster({ ...described(2), backend: "vxlan" })).toThrow(
      /^routeReflectors: the back end vxlan has no BGP/,
    );
  });
});

describe("nodes with an AS of their own", () => {
  test("are external peers of each other in the mesh, and have every route", () => {
    const spec = cluster({ nodes: 3, pools: [POOL] });
    const numbered = spec.resources.slice(0, 3).map((resource, i) => {
      const node = resource as KubernetesNode;
      const annotations = {
        ...node.metadata.annotations,
        "projectcalico.org/ASNumber": String(64_600 + i),
      };
      return { ...node, metadata: { ...node.metadata, annotations } };
    });
    const simulation = run(withResources(3, ...numbered), begin(3), "2m");
    expect(simulation.bird.establishedEnds).toBe(6);
    expect(simulation.tracker.converged).toBe(true);
    const prefix = simulation.prefixes.intern(parseCidr(simulation.blocksOf("node-2")[0]!)!);
    const [path] = simulation.bird.paths(simulation.nodes.id("node-0"), prefix);
    expect(path?.attributes.asPath).toEqual([64_602]);
  });
});

import { isRecord, showValue } from "@calico-sim/core";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import {
  apply,
  at,
  ClusterError,
  type ClusterOptions,
  cluster,
  clusterFromResources,
  config,
  fail,
  firewall,
  nodes,
  pods,
  ScenarioError,
  type Simulation,
  simulate,
  start,
} from "../src/index.js";
import { EXAMPLE } from "../src/simulate-options-check.js";

type Path = readonly (string | number)[];

/** Places of a description, of what is in it, and so on. */
function* paths(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path;
  if (Array.isArray(value))
    for (const [i, part] of value.entries()) yield* paths(part, [...path, i]);
  else if (isRecord(value))
    for (const [name, part] of Object.entries(value)) yield* paths(part, [...path, name]);
}

function withAt(value: unknown, [first, ...rest]: Path, put: unknown): unknown {
  if (first === undefined) return put;
  const list = Array.isArray(value) ? (Array.from(value) as unknown[]) : undefined;
  const copy = (list ?? { ...(value as object) }) as Record<string | number, unknown>;
  copy[first] = withAt(copy[first], rest, put);
  return copy;
}

const cycle: Record<string, unknown> = { name: "a" };
cycle["self"] = cycle;

/** What somebody who writes JavaScript may put anywhere; no numbers with which a cluster would only be large. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    ...[5n, Symbol("odd"), () => 1, new Date(0), new Map([["count", 2]]), new Set([1])],
    ...[Promise.resolve(1), new WeakMap(), new Uint8Array(3), new ArrayBuffer(3), /odd/],
    ...[cycle, [cycle], Object.create(null), Object(3), Object("odd")],
    ...[null, undefined, "", "\0", -1, 1.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY],
    ...[[], {}, [null], [undefined], [5n], [Symbol("odd")], new Array(2), { count: 5n }],
  ),
  fc.anything({
    maxDepth: 2,
    values: [fc.constantFrom<unknown>("odd", "10.0.0.0/8", 0, -1, 0.5, true, null, undefined, 7n)],
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withNullPrototype: true,
  }),
);

const BGP_FILTER = {
  apiVersion: "projectcalico.org/v3",
  kind: "BGPFilter",
  metadata: { name: "f" },
  spec: {
    exportV4: [
      {
        ...{ action: "Accept", matchOperator: "In", cidr: "10.0.0.0/8" },
        ...{ prefixLength: { min: 8, max: 32 }, operations: [{ setPriority: { value: 5 } }] },
      },
    ],
  },
} as const;
const NODE = {
  apiVersion: "v1",
  kind: "Node",
  metadata: {
    name: "node-1",
    labels: { a: "b" },
    annotations: { "projectcalico.org/IPv4Address": "10.0.0.2/24" },
  },
  status: { addresses: [{ type: "InternalIP", address: "10.0.0.2" }] },
} as const;
const CONFIGURATION = {
  apiVersion: "projectcalico.org/v3",
  kind: "BGPConfiguration",
  metadata: { name: "default" },
  spec: {
    ...{ asNumber: 64_512, listenPort: 179, nodeToNodeMeshEnabled: false },
    serviceClusterIPs: [{ cidr: "10.96.0.0/12" }],
  },
} as const;
const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "default", labels: { a: "b" } },
  spec: { nodeName: "node-0" },
  status: { podIP: "10.244.0.5", phase: "Running" },
} as const;
const RESOURCES = [CONFIGURATION, BGP_FILTER, NODE, POD];

/** A description with every option that there is. */
const FULL: Record<keyof ClusterOptions, unknown> = {
  nodes: 2,
  racks: 1,
  typhas: 1,
  pools: [{ name: "a", cidr: "10.244.0.0/16", ipipMode: "Never", blockSize: 26 }],
  nodeFamilies: [4],
  routerId: "",
  calicoVersion: "3.33",
  datastore: "kubernetes",
  etcdEndpoints: undefined,
  backend: "bird",
  asNumber: 64_512,
  routeReflectors: { count: 1, clusterIds: "one" },
  externalRouters: [
    {
      ...{ name: "tor", ip: "10.0.0.200", asNumber: 65_001, password: "x", holdSeconds: 90 },
      ...{ prefixes: ["192.0.2.0/24"], peersWith: ["node-0"], rack: "10.0.0.0/24" },
    },
  ],
  workloadRouters: [{ pod: "default/p", asNumber: 65_010, prefixes: ["198.51.100.0/24"] }],
  undescribedPeers: "accept",
  cniRouteCopies: false,
  underlay: {
    ...{ hostLink: { latencyUs: 50 }, rackLink: { jitterUs: 5 } },
    links: [{ between: ["10.0.0.0/24", "spine-0"], loss: 0.1 }],
  },
  resources: RESOURCES,
};
const SPEC = cluster({ nodes: 2, typhas: 1 });
const BEGIN = [at("0s", start())];
const ACTIONS = [
  ...[start(), fail.node("node-1"), fail.process("bird", "node-0"), fail.rack("10.0.0.0/24")],
  ...[fail.link("10.0.0.0/24", "spine-0"), fail.quality("node-0", "10.0.0.0/24", { loss: 0.1 })],
  nodes.join({ name: "z", address: "10.0.0.99/24", ipv6Address: "fd00::1/64", labels: { a: "b" } }),
  pods.create(1, { labels: { a: "b" } }),
  pods.churn({ perSecond: 1, lifetime: "1s", duration: "1s" }),
  firewall.drop({ from: "node-0", to: "node-1", port: 179 }),
  apply(...RESOURCES),
  { type: "delete", kind: "Pod", name: "x", namespace: "y" } as const,
  ...[config.etcdEndpoints(["https://a"]), config.podFamilies([4])],
];

/** Whatever a call throws is an error of ours, and has words for it. */
function expectOurs(call: () => unknown, put: unknown): void {
  try {
    call();
  } catch (error) {
    const ours = error instanceof ClusterError || error instanceof ScenarioError;
    // A name or a link of an underlay that is given whole.
    const ofFabric = error instanceof Error && error.name === "FabricError";
    expect(ours || ofFabric, `${showValue(put)}: ${String((error as Error).stack)}`).toBe(true);
    expect((error as Error).message).not.toBe("");
  }
}

describe("whatever stands in a place of", () => {
  const placeOf = (whole: unknown): fc.Arbitrary<Path> => fc.constantFrom([], ...paths(whole));

  test.prop([placeOf(FULL), odd], runs(600))("a description, the error is ours", (path, put) => {
    expectOurs(() => {
      const spec = cluster(withAt(FULL, path, put) as ClusterOptions);
      if (spec.fabric.nodes.length < 9) simulate(spec, BEGIN, { until: "2s" });
    }, put);
  });

  test.prop([placeOf(SPEC), odd], runs(400))("a cluster, the error is ours", (path, put) => {
    const edited = withAt(SPEC, path, put) as typeof SPEC;
    expectOurs(() => clusterFromResources(edited), put);
    expectOurs(() => simulate(edited, BEGIN, { until: "1s" }), put);
  });

  const options = { seed: 1, until: "1s", eventsMax: 1e6, parameters: EXAMPLE };
  test.prop([placeOf(options), odd], runs(400))(
    "the options of a run, the error is ours",
    (path, put) => {
      const given = path[0] === "parameters" ? options : { seed: 1, until: "1s", eventsMax: 1e6 };
      expectOurs(() => simulate(SPEC, BEGIN, withAt(given, path, put) as object), put);
    },
  );

  const step = fc
    .constantFrom(...ACTIONS)
    .chain((action) => fc.tuple(fc.constant({ at: 1e6, action }), placeOf({ at: 1e6, action })));
  test.prop([step, odd], runs(500))("a step, the error is ours", ([whole, path], put) => {
    const steps = [...BEGIN, withAt(whole, path, put)] as Parameters<Simulation["schedule"]>[0];
    expectOurs(() => simulate(SPEC, steps, { until: "2s" }), put);
  });
});

describe("what no description holds", () => {
  test.each([
    [{ routeReflectors: 5n }, "routeReflectors: route reflectors is an object, not 5"],
    [{ routeReflectors: new Map([["count", 2]]) }, "route reflectors is an object, not a Map"],
    [{ underlay: new Map() }, "underlay: the underlay is an object, not a Map"],
    [{ nodes: Symbol("n") }, "nodes: Symbol(n) is no number of nodes, and no list of names"],
    [{ nodes: 2, racks: 5n }, "racks: must be a whole number, not the bigint 5"],
    [{ nodes: 2, typhas: new Date(0) }, "typhas: must be a whole number, not a Date"],
    [
      { nodes: 2, resources: [{ ...POD, spec: { port: 5n } }] },
      "resources[0].spec.port: 5 cannot stand in a resource",
    ],
    [{ nodes: 2, resources: [{ ...POD, spec: cycle }] }, "a resource cannot hold itself"],
  ])("is refused in words: %s", (given, message) => {
    expect(() => cluster({ nodes: 2, ...given } as unknown as ClusterOptions)).toThrow(message);
    expect(() => cluster({ nodes: 2, ...given } as unknown as ClusterOptions)).toThrow(
      ClusterError,
    );
  });

  test("null counts as absent, as in files", () => {
    const none = null;
    const annotations = { "projectcalico.org/IPv4Address": "10.0.0.2/24", other: none };
    const node = { ...NODE, spec: none, metadata: { ...NODE.metadata, annotations } };
    const spec = cluster({ nodes: 2, pools: none, resources: [node] } as never);
    expect(spec.resources.at(-1)).toEqual(NODE);
  });
});

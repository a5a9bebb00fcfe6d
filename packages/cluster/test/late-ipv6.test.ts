import {
  editResource,
  type IPPool,
  type KubernetesNode,
  micros,
  NODE_ANNOTATIONS,
  ofKind,
  parseAddress,
} from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  apply,
  at,
  blocks,
  cluster,
  clusterFromResources,
  config,
  fail,
  heal,
  nodes,
  pods,
  ScenarioError,
  type SimulateOptions,
  Simulation,
  type Step,
  simulate,
  start,
} from "../src/index.js";
import { blockRoutes } from "./support.js";

const V4 = { cidr: "10.200.0.0/20" } as const;
const V6 = { cidr: "fd00:10:200::/112" } as const;
const [POOL6] = ofKind(cluster({ nodes: 1, pools: [V6] }).resources, "IPPool") as [IPPool];
const WARM: readonly Step[] = [at("0s", start()), at("20s", pods.create(8))];

/** Three nodes whose kubelets report addresses of both families, of which Calico has IPv4 alone. */
function reporting() {
  const spec = cluster({ nodes: 3, nodeFamilies: [4, 6], pools: [V4] });
  const resources = spec.resources.map((resource) =>
    resource.kind === "Node"
      ? editResource<KubernetesNode>(resource as KubernetesNode, ({ metadata }) => {
          delete metadata.annotations?.[NODE_ANNOTATIONS.ipv6Address];
        })
      : resource,
  );
  return clusterFromResources({ ...spec, resources });
}

function begun(
  spec: ReturnType<typeof cluster>,
  steps: readonly Step[],
  options?: SimulateOptions,
) {
  const simulation = new Simulation(spec, { seed: 11, ...options });
  simulation.schedule(steps);
  return simulation;
}

function familiesOf(simulation: Simulation): readonly string[] {
  return simulation.workloads
    .keys()
    .map((key) => simulation.workloads.pod(key)!.addresses)
    .map((addresses) => addresses.map((text) => parseAddress(text)?.family).join(" "));
}

/** Eight pods of the first, six of the second. */
function many(first: string, second: string): readonly string[] {
  return [...Array<string>(8).fill(first), ...Array<string>(6).fill(second)];
}

function routes6(simulation: Simulation, node: string): readonly string[] {
  return Object.entries(blockRoutes(simulation, node))
    .filter(([prefix]) => prefix.includes(":"))
    .map(([, route]) => route)
    .sort();
}

describe("a pool of IPv6 that comes later", () => {
  const steps = [
    ...WARM,
    at("2m", apply(POOL6)),
    at("2m", config.podFamilies([4, 6])),
    at("3m", pods.create(6, { over: "10s" })),
  ];

  test("is routed where nodes have IPv6 addresses from the beginning", () => {
    const spec = cluster({ nodes: 3, nodeFamilies: [4, 6], pools: [V4] });
    const simulation = begun(spec, steps);
    simulation.run(micros("110s"));
    expect(routes6(simulation, "node-0")).toEqual([]);
    expect(simulation.views.peers("node-0", 6).map(({ state }) => state)).toEqual(["up", "up"]);
    simulation.run(micros("5m"));
    expect(routes6(simulation, "node-0")).toEqual(["blackhole", "node-1 eth0", "node-2 eth0"]);
    expect(familiesOf(simulation)).toEqual(many("4", "4 6"));
    const { converged, findings } = simulation.result();
    expect([converged, findings]).toEqual([true, []]);
  });

  test("is each node's own where none has an IPv6 address, which is said", () => {
    const simulation = begun(cluster({ nodes: 3, pools: [V4] }), steps);
    simulation.run(micros("5m"));
    // bird6 runs, as it always does, and has nobody to tell.
    expect(routes6(simulation, "node-0")).toEqual(["blackhole"]);
    expect(simulation.views.showStatus("node-0", 6)).toContain("Router ID is 10.0.0.1\n");
    const { converged, findings } = simulation.result();
    expect(converged).toBe(true);
    expect(findings.map(({ text }) => text)).toEqual([
      "bird6 has no peers on 3 of the nodes, which have no IPv6 address: node-0, node-1, node-2; IPv6 pods there are not reached from elsewhere",
    ]);
  });

  test("has addresses of nodes that calico-node finds when it starts anew, one node after the other", () => {
    const restarts = [0, 1, 2].map((node) =>
      at(
        `${String(90 + 40 * node)}s`,
        fail.process("calico-node", `node-${String(node)}`, { signal: "TERM" }),
      ),
    );
    const all = [
      ...WARM,
      at("80s", config.detectIpv6()),
      ...restarts,
      at("4m", apply(POOL6)),
      at("4m", config.podFamilies([4, 6])),
      at("5m", pods.create(6, { over: "10s" })),
    ];
    const simulation = begun(reporting(), all);
    const established = (): number | undefined =>
      simulation.result().bgp.ipv6?.sessionEndsEstablished;
    const seen = [85, 120, 160, 200].map((seconds) => {
      simulation.run(micros(`${String(seconds)}s`));
      return established();
    });
    expect(seen).toEqual([0, 0, 2, 6]);
    simulation.run(micros("7m"));
    expect(routes6(simulation, "node-0")).toEqual(["blackhole", "node-1 eth0", "node-2 eth0"]);
    const { converged, findings } = simulation.result();
    expect([converged, findings]).toEqual([true, []]);
  });

  test("is carried by VXLAN where it says so", () => {
    const spec = cluster({ nodes: 3, nodeFamilies: [4, 6], pools: [V4] });
    const vxlan = editResource<IPPool>(POOL6, (draft) => {
      draft.spec.vxlanMode = "Always";
    });
    const simulation = begun(spec, [...WARM, at("2m", apply(vxlan))]);
    simulation.run(micros("4m"));
    // Each node has a block for the address of its tunnel.
    expect(routes6(simulation, "node-0")).toEqual([
      "blackhole",
      "node-1 vxlan-v6.calico",
      "node-2 vxlan-v6.calico",
    ]);
    expect(simulation.result().converged).toBe(true);
  });
});

test("a pool of IPv4 that comes to pods of IPv6 is routed too", () => {
  const [pool] = ofKind(cluster({ nodes: 1, pools: [V4] }).resources, "IPPool");
  const spec = cluster({ nodes: 3, nodeFamilies: [4, 6], pools: [V6] });
  const simulation = begun(spec, [
    ...WARM,
    at("2m", apply(pool!)),
    at("2m", config.podFamilies([4])),
    at("3m", pods.create(6, { over: "10s" })),
  ]);
  simulation.run(micros("5m"));
  expect(familiesOf(simulation)).toEqual(many("6", "4"));
  const routes = Object.entries(blockRoutes(simulation, "node-0"));
  expect(routes.flatMap(([prefix, route]) => (prefix.includes(".") ? [route] : [])).sort()).toEqual(
    ["blackhole", "node-1 eth0", "node-2 eth0"],
  );
  expect(simulation.result().converged).toBe(true);
});

describe("IPv6 that comes later", () => {
  test("comes with a node that joins, and with an annotation", () => {
    const spec = cluster({ nodes: 2, pools: [V4, { ...V4, cidr: "10.201.0.0/20" }] });
    const [node] = ofKind(spec.resources, "Node");
    const annotated = editResource<KubernetesNode>(node as KubernetesNode, ({ metadata }) => {
      metadata.annotations![NODE_ANNOTATIONS.ipv6Address] = "fd10::1/64";
    });
    const join = nodes.join({ name: "new", address: "10.0.0.99/24", ipv6Address: "fd10::99/64" });
    const simulation = begun(spec, [...WARM, at("1m", join), at("2m", apply(annotated))]);
    simulation.run(micros("90s"));
    expect(simulation.views.peers("new", 6)).toEqual([]);
    simulation.run(micros("3m"));
    expect(simulation.views.peers("new", 6).map(({ peerIP, state }) => [peerIP, state])).toEqual([
      ["fd10::1", "up"],
    ]);
  });

  test("reaches routers outside that have an IPv6 address, whether or not they have power then", () => {
    const tor = {
      name: "tor",
      ip: "10.0.0.250",
      ipv6: "fd10::250",
      asNumber: 65_000,
      prefixes: ["::/0"],
    };
    const spec = cluster({ nodes: 2, pools: [V4], externalRouters: [tor] });
    const join = nodes.join({ name: "new", address: "10.0.0.99/24", ipv6Address: "fd10::99/64" });
    for (const failed of [false, true]) {
      const simulation = begun(spec, WARM);
      if (failed) simulation.schedule([at("1m", fail.router("tor")), at("3m", heal.router("tor"))]);
      simulation.run(micros("2m"));
      simulation.schedule([at("4m", join)]);
      simulation.run(micros("10m"));
      expect(simulation.route("new", { family: 6, value: 1n })?.gateway).toBe("tor");
      expect(simulation.result().converged).toBe(true);
    }
  });

  test("is the same whether its steps were known from the beginning or come while the cluster runs", () => {
    const spec = cluster({ nodes: 3, pools: [V4] });
    const later = [
      at("3m", nodes.join({ name: "a", address: "10.0.0.98/24", ipv6Address: "fd10::98/64" })),
      at("3m", nodes.join({ name: "b", address: "10.0.0.99/24", ipv6Address: "fd10::99/64" })),
      at("4m", apply(POOL6)),
      at("5m", blocks.add("a")),
    ];
    const known = begun(spec, [...WARM, ...later]);
    const told = begun(spec, [
      ...WARM,
      at("1m", fail.node("node-1")),
      at("150s", heal.node("node-1")),
    ]);
    told.run(micros("2m"));
    const fork = told.fork();
    for (const one of [known, fork]) {
      if (one === fork) fork.schedule(later);
      one.run(micros("12m"));
      expect(one.views.peers("a", 6).map(({ peerIP, state }) => [peerIP, state])).toEqual([
        ["fd10::99", "up"],
      ]);
      expect(one.views.showStatus("node-1", 6)).toContain("Router ID is 10.0.0.2\n");
      expect(one.result().converged).toBe(true);
    }
    // The other copy knows nothing of it.
    expect(told.bird6).toBeUndefined();
  });

  test("can have its bird6 killed from then on", () => {
    const spec = cluster({ nodes: 2, pools: [V4] });
    const kill = at("3m", fail.process("bird6", "node-0"));
    expect(() => begun(spec, [...WARM, kill])).toThrow(
      "nothing in the cluster is of IPv6, so no bird6 is simulated",
    );
    expect(() => begun(spec, [...WARM, at("2m", apply(POOL6)), kill])).not.toThrow();
  });
});

describe("families of pods", () => {
  test("that come without a pool of theirs keep sandboxes from being made until it is there", () => {
    const spec = cluster({ nodes: 2, nodeFamilies: [4, 6], pools: [V4] });
    const steps = [
      at("0s", start()),
      at("30s", config.podFamilies([4, 6])),
      at("1m", pods.create(2, { over: "1s" })),
    ];
    const simulation = begun(spec, [...steps, at("3m", apply(POOL6))]);
    simulation.run(micros("170s"));
    expect(familiesOf(simulation)).toEqual(["", ""]);
    simulation.run(micros("10m"));
    expect(familiesOf(simulation)).toEqual(["4 6", "4 6"]);
  });

  test("are 4 and 6, and are not written while the apiserver is away", () => {
    const spec = cluster({ nodes: 2, pools: [V4] });
    for (const wrong of [[], [5], ["6"], [4, 4], 4, null])
      expect(() => begun(spec, [at("1s", config.podFamilies(wrong as never))])).toThrow(
        ScenarioError,
      );
    const steps = [
      at("0s", start()),
      at("1m", fail.datastore()),
      at("2m", config.podFamilies([6])),
      at("2m", config.detectIpv6()),
    ];
    const { findings } = simulate(spec, steps, { until: "3m" });
    expect(findings.filter(({ code }) => code === "write-refused").map(({ text }) => text)).toEqual(
      [
        expect.stringContaining("CNI configuration: pods get IPv6"),
        expect.stringContaining("calico-node: IP6 autodetect"),
      ],
    );
  });
});

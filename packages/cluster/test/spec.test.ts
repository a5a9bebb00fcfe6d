import { ofKind } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  at,
  blocks,
  ClusterError,
  type ClusterOptions,
  cluster,
  clusterFromResources,
  start,
} from "../src/index.js";
import { blockRoutes, run } from "./support.js";

/** The message of what a call throws, which must be a ClusterError. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(ClusterError);
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
}

describe("a cluster from a short description", () => {
  test("deals its nodes to racks in turn, each rack a subnet behind one router", () => {
    const spec = cluster({ nodes: 5, racks: 2 });
    expect(spec.fabric.nodes.map(({ name, rack }) => [name, rack])).toEqual([
      ["node-0", "10.0.0.0/24"],
      ["node-1", "10.0.1.0/24"],
      ["node-2", "10.0.0.0/24"],
      ["node-3", "10.0.1.0/24"],
      ["node-4", "10.0.0.0/24"],
    ]);
    expect(spec.fabric.links.map(({ between }) => between)).toEqual([
      ["10.0.0.0/24", "spine-0"],
      ["10.0.1.0/24", "spine-0"],
    ]);
  });

  test("has the operator's pool, mesh and release unless told otherwise", () => {
    const spec = cluster({ nodes: ["a", "b"] });
    expect(
      ofKind(spec.resources, "IPPool").map(({ metadata, spec: pool }) => [
        metadata.name,
        pool.cidr,
        pool.ipipMode,
      ]),
    ).toEqual([["default-ipv4-ippool", "10.244.0.0/16", "Always"]]);
    expect([spec.calicoVersion, spec.datastore, spec.backend, spec.typhas]).toEqual([
      "3.33",
      "kubernetes",
      "bird",
      0,
    ]);
    expect(Object.isFrozen(spec)).toBe(true);
  });

  test.each([
    ["9.99", "3.33"],
    ["3.1", "3.32"],
    ["latest", "3.33"],
    ["v3", "3.33"],
    ["banana", "3.33"],
    ["v3.32.4", undefined],
  ])("of Calico %s says whose defaults it takes", (calicoVersion, taken) => {
    const simulation = run({ nodes: 1, calicoVersion }, [at("0s", start())], "30s");
    const { cluster: shown, findings } = simulation.result();
    expect(shown.calicoVersion).toBe(taken ?? "3.32");
    const text = `no defaults are known for Calico "${calicoVersion}"; those of ${String(taken)} are used`;
    expect(findings).toEqual(taken === undefined ? [] : [{ code: "setting", text }]);
  });

  test("puts more than 250 nodes of one rack into one /16", () => {
    const spec = cluster({ nodes: 600 });
    expect(new Set(spec.fabric.nodes.map(({ rack }) => rack)).size).toBe(1);
    const addresses = ofKind(spec.resources, "Node").map(
      ({ metadata }) => metadata.annotations?.["projectcalico.org/IPv4Address"],
    );
    expect(addresses[599]).toBe("10.0.2.88/16");
    expect(new Set(addresses).size).toBe(600);
  });

  test("lets given resources replace generated ones of the same kind and name", () => {
    const spec = cluster({
      nodes: 1,
      resources: [
        {
          apiVersion: "projectcalico.org/v3",
          kind: "BGPConfiguration",
          metadata: { name: "default" },
          spec: { asNumber: 65_000 },
        } as never,
      ],
    });
    expect(ofKind(spec.resources, "BGPConfiguration").map((c) => c.spec?.asNumber)).toEqual([
      65_000,
    ]);
  });

  test("refuses what cannot be, and says which option, its value and what would be right", () => {
    const told = (options: object): string => refusal(() => cluster({ nodes: 3, ...options }));
    expect(told({ nodes: 0 })).toBe(
      "nodes: 0 is no number of nodes, and no list of names (expected a whole number from 1 to 20000, or a list of names)",
    );
    expect(told({ nodes: 2.5 })).toContain("nodes: 2.5");
    expect(told({ nodes: "3" })).toContain('nodes: "3"');
    expect(told({ nodes: [] })).toContain("nodes: 0 names");
    expect(told({ nodes: ["a", "a", "B"] })).toBe(
      [
        'nodes[1]: there are two nodes "a" (expected a name of its own)',
        "nodes[2]: \"B\" is not a name that Kubernetes takes (expected lower-case letters, digits, '-' and '.')",
      ].join("\n"),
    );
    expect(told({ racks: -1 })).toContain("racks: -1 is out of range (expected 1 to 4096)");
    expect(told({ typhas: 4 })).toBe(
      "typhas: 4 Typhas are more than the 3 nodes to run them (expected 0 to 3)",
    );
    expect(told({ nodes: 900, racks: 2 })).toBe(
      "racks: 2 gives 450 nodes to a /24 subnet (expected 4 or more)",
    );
    expect(told({ pools: [{ cidr: "10.244.0.0" }] })).toBe(
      'pools[0].cidr: "10.244.0.0" is not a CIDR (expected address/prefix-length, such as 10.244.0.0/16)',
    );
  });

  test("refuses a mistyped option, and says what was meant", () => {
    const told = (options: object): string => refusal(() => cluster({ nodes: 3, ...options }));
    expect(told({ typha: 1 })).toMatch(
      /^typha: the description of a cluster has no field "typha"; did you mean "typhas"\? \(expected /,
    );
    expect(told({ pools: [{ cidr: "10.244.0.0/16", ipipmode: "Always" }] })).toMatch(
      /^pools\[0\]\.ipipmode: a pool has no field "ipipmode"; did you mean "ipipMode"\?/,
    );
    expect(told({ pools: [{ cidr: "10.244.0.0/16", ipipMode: "always" }] })).toContain(
      'pools[0].ipipMode: "always" is not a value this field knows; did you mean "Always"?',
    );
    expect(told({ pools: { cidr: "10.244.0.0/16" } })).toContain("pools: must be a list");
    expect(told({ externalRouters: [{ name: "t", ip: "10.0.0.9", asNumbr: 1 }] })).toContain(
      'externalRouters[0].asNumbr: an external router has no field "asNumbr"; did you mean "asNumber"?',
    );
    expect(told({ externalRouters: {} })).toContain("externalRouters: externalRouters is a list");
    expect(told({ externalRouters: ["t"] })).toContain(
      'externalRouters[0]: an external router is an object, not "t"',
    );
    expect(told({ backend: "brid" })).toContain('did you mean "bird"?');
    expect(refusal(() => cluster(undefined as never))).toContain(
      "the description of a cluster is an object",
    );
    expect(told({ pools: [{ cidr: "fd00:244::/48", ipipMode: "Always" }] })).toContain(
      "pools[0].ipipMode: IP-in-IP carries IPv4 only",
    );
  });

  test("has pools as Calico takes them", () => {
    const told = (pool: object): string =>
      refusal(() => cluster({ nodes: 1, pools: [{ cidr: "10.244.0.0/16", ...pool }] }));
    expect(told({ blockSize: 122 })).toBe(
      "pools[0].blockSize: blockSize 122 is out of range for IPv4 (expected 20 to 32)",
    );
    expect(told({ cidr: "10.244.1.1/16" })).toContain("(expected 10.244.0.0/16)");
    expect(told({ cidr: "10.244.0.0/30" })).toContain("pools[0].cidr: the pool /30 is smaller");
    expect(told({ name: "A B" })).toContain("pools[0].name");
    expect(told({ ipipMode: "Always", vxlanMode: "Always" })).toContain("pools[0].vxlanMode");
  });

  test("checks the resources that it is given, and all of them together", () => {
    const told = (...resources: unknown[]): string =>
      refusal(() => cluster({ nodes: 2, resources: resources as never }));
    const pool = (name: string, spec: object): object => ({
      apiVersion: "projectcalico.org/v3",
      kind: "IPPool",
      metadata: { name },
      spec,
    });
    expect(told(null)).toContain("resources[0]: a resource is an object");
    expect(told({ kind: "IPPol" })).toContain(
      'resources[0].kind: there is no kind "IPPol"; did you mean "IPPool"?',
    );
    expect(told({ kind: "IPPool", apiVersion: "v1", metadata: { name: "p" } })).toContain(
      'resources[0].apiVersion: IPPool is of no API "v1" (expected projectcalico.org/v3)',
    );
    expect(told({ kind: "IPPool", apiVersion: "projectcalico.org/v3" })).toContain(
      "resources[0].metadata.name: IPPool needs metadata.name",
    );
    expect(told(pool("p", { cidr: "10.1.0.0/16", natOutgoin: true }))).toContain(
      'resources[0].spec.natOutgoin: IPPool has no field "natOutgoin"; did you mean "natOutgoing"?',
    );
    expect(told(pool("p", { cidr: "10.244.7.0/24" }))).toBe(
      'resources[0].spec.cidr: 10.244.7.0/24 overlaps pool "default-ipv4-ippool" (10.244.0.0/16) (expected a range outside 10.244.0.0/16)',
    );
  });

  test("has pools that BIRD tells nobody of", () => {
    const pools = [{ cidr: "10.244.0.0/16", disableBGPExport: true }] as const;
    const written = ofKind(cluster({ nodes: 1, pools }).resources, "IPPool");
    expect(written.map(({ spec }) => spec.disableBGPExport)).toEqual([true]);
    const steps = [at("0s", start()), at("1m", blocks.add("node-0"))];
    const routesOf = (options: ClusterOptions): readonly string[] =>
      Object.keys(blockRoutes(run(options, steps, "2m"), "node-1"));
    expect(routesOf({ nodes: 2, pools: [{ cidr: "10.244.0.0/16" }] })).toHaveLength(1);
    expect(routesOf({ nodes: 2, pools })).toHaveLength(0);
  });

  test("refuses a mesh that is too large to hold, before it is built", () => {
    expect(refusal(() => cluster({ nodes: 12_000 }))).toBe(
      "a node-to-node mesh of 12,000 nodes cannot be simulated (at most 11,585); set nodeToNodeMeshEnabled to false in the BGPConfiguration default, and use route reflectors",
    );
  });
});

describe("a cluster from resources", () => {
  test("is refused with a mistyped option", () => {
    const told = (options: object): string =>
      refusal(() => clusterFromResources({ resources: [], ...options }));
    expect(told({ calicoversion: "3.32" })).toContain('did you mean "calicoVersion"?');
    expect(told({ typhaConfig: { maxFallBehnd: 1 } })).toContain(
      'typhaConfig.maxFallBehnd: Typha\'s configuration has no field "maxFallBehnd"; did you mean "maxFallBehind"?',
    );
    expect(refusal(() => clusterFromResources({} as never))).toContain('"resources" is required');
  });

  test("needs a node", () => {
    expect(refusal(() => clusterFromResources({ resources: [] }))).toBe(
      "there is no Node among the resources; a cluster needs at least one",
    );
  });

  test("needs an address for each node, and names the one without", () => {
    const bare = { apiVersion: "v1", kind: "Node" as const, metadata: { name: "bare" } };
    expect(refusal(() => clusterFromResources({ resources: [bare] }))).toBe(
      "Node bare has no address: no InternalIP in status.addresses, and no annotation projectcalico.org/IPv4Address or projectcalico.org/IPv6Address; expected for example 10.0.0.5/24",
    );
  });

  test("takes the kubelet's address where Calico has not annotated one yet", () => {
    const node = {
      apiVersion: "v1",
      kind: "Node" as const,
      metadata: { name: "fresh" },
      status: { addresses: [{ type: "InternalIP", address: "10.3.4.5" }] },
    };
    expect(clusterFromResources({ resources: [node] }).fabric.nodes[0]?.rack).toBe("10.3.4.0/24");
  });
});

import { ofKind } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { ClusterError, cluster, clusterFromResources } from "../src/index.js";

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
    expect(refusal(() => cluster({ nodes: 0 }))).toBe(
      "nodes: 0 must be a whole number from 1 to 20000",
    );
    expect(refusal(() => cluster({ nodes: 2.5 }))).toContain("nodes: 2.5");
    expect(refusal(() => cluster({ nodes: 3, racks: -1 }))).toContain("racks: -1");
    expect(refusal(() => cluster({ nodes: 3, typhas: 4 }))).toBe(
      "typhas: 4 must be a whole number from 0 to 3",
    );
    expect(refusal(() => cluster({ nodes: 900, racks: 2 }))).toBe(
      "racks: 2 gives 450 nodes to a /24 subnet; use at least 4",
    );
    expect(refusal(() => cluster({ nodes: 1, pools: [{ cidr: "10.244.0.0" }] }))).toBe(
      'pools[0].cidr: "10.244.0.0" is no CIDR; expected for example 10.244.0.0/16',
    );
  });
});

describe("a cluster from resources", () => {
  test("needs a node", () => {
    expect(refusal(() => clusterFromResources({ resources: [] }))).toBe(
      "there is no Node among the resources; a cluster needs at least one",
    );
  });

  test("needs an address for each node, and names the one without", () => {
    const bare = { apiVersion: "v1", kind: "Node" as const, metadata: { name: "bare" } };
    expect(refusal(() => clusterFromResources({ resources: [bare] }))).toBe(
      "Node bare has no usable IPv4 address (annotation projectcalico.org/IPv4Address: undefined); expected for example 10.0.0.5/24",
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

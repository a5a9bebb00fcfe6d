import { describe, expect, test } from "vitest";
import type { ConfdResource } from "../../../src/index.js";
import { node, render, resource, settings } from "./fixture.js";

const A = node("a", { v4: "10.192.0.2/16", v6: "fd00::2/64" });
/** The three pools of calico: confd/tests/compiled_templates/cluster_routes. */
const POOLS = [
  resource("IPPool", "p1", { cidr: "192.168.0.0/16", ipipMode: "Always" }),
  resource("IPPool", "p2", { cidr: "172.16.0.0/16", ipipMode: "CrossSubnet" }),
  resource("IPPool", "p3", { cidr: "172.17.0.0/16" }),
];

describe("who programs the routes of pools", () => {
  const verdicts = (claim: string | undefined, version = "3.33") => {
    const spec = resource("BGPConfiguration", "default", { programClusterRoutes: claim });
    const { pools } = render([A, ...POOLS, spec], "a", 4, { version }).kernel;
    return pools.map((rule) =>
      rule.action === "reject"
        ? "felix"
        : `${rule.tunnel?.device ?? "direct"}${rule.tunnel?.direct === undefined ? "" : ` but in ${rule.tunnel.direct}`}`,
    );
  };
  const crossSubnet = "tunl0 but in 10.192.0.0/16";

  test.each([
    [undefined, ["felix", "direct", "felix"]],
    ["EnabledNoEncapOnly", ["felix", "direct", "felix"]],
    ["Enabled", [crossSubnet, "direct", "tunl0"]],
    ["EnabledIPIPOnly", [crossSubnet, "felix", "tunl0"]],
    ["Disabled", ["felix", "felix", "felix"]],
    ["Sometimes", ["felix", "direct", "felix"]],
  ])("programClusterRoutes %s", (claim, expected) => {
    expect(verdicts(claim)).toEqual(expected);
  });

  test("before 3.33 BIRD programs both, and knows no halves", () => {
    expect(verdicts(undefined, "3.32")).toEqual([crossSubnet, "direct", "tunl0"]);
    expect(verdicts("EnabledIPIPOnly", "3.32")).toEqual([crossSubnet, "direct", "tunl0"]);
  });

  test("VXLAN is always Felix's; IPv6 has no statement that accepts", () => {
    const pools = [
      resource("IPPool", "v6", { cidr: "fd01::/64" }),
      resource("IPPool", "vx6", { cidr: "fd02::/64", vxlanMode: "CrossSubnet" }),
      resource("IPPool", "vx", { cidr: "10.1.0.0/16", vxlanMode: "Always" }),
    ];
    expect(render([A, ...pools], "a").kernel.pools).toEqual([
      { cidr: "10.1.0.0/16", action: "reject", reason: "felix-programs-vxlan" },
    ]);
    expect(render([A, ...pools], "a", 6).kernel.pools).toEqual([
      { cidr: "fd02::/64", action: "reject", reason: "felix-programs-vxlan" },
    ]);
  });

  test("IPv4 has no statements while the own subnet is unknown", () => {
    const v6only = node("v6", { v6: "fd00::3/64" });
    expect(render([v6only, ...POOLS], "v6").kernel.pools).toEqual([]);
  });

  test("WireGuard next hops are left to Felix between nodes that have it", () => {
    const nodes = [
      node("w1", { v4: "10.0.0.1/24", wireguard: "10.9.0.1" }),
      node("w2", { v4: "10.0.0.2/24", wireguard: "10.9.0.2" }),
      A,
    ];
    expect(render(nodes, "w1").kernel.wireguardNextHops).toEqual(["10.0.0.2"]);
    expect(render(nodes, "a").kernel.wireguardNextHops).toEqual([]);
  });
});

describe("what is exported", () => {
  test("pools, but not those with disableBGPExport; tunl0 stays here while Felix owns it", () => {
    const hidden = resource("IPPool", "h", { cidr: "10.1.0.0/16", disableBGPExport: true });
    const { exportSteps } = render([A, ...POOLS, hidden], "a");
    expect(exportSteps).toEqual([
      { kind: "pool", cidr: "10.1.0.0/16", action: "reject" },
      { kind: "reject-tunnel-to-internal", interfaces: ["*.cali", "*.calico", "tunl0"] },
      { kind: "reject-local", interfaces: ["bpf*.cali"] },
      { kind: "add-communities" },
      { kind: "own-blocks" },
      { kind: "pool", cidr: "172.16.0.0/16", action: "accept" },
      { kind: "pool", cidr: "172.17.0.0/16", action: "accept" },
      { kind: "pool", cidr: "192.168.0.0/16", action: "accept" },
    ]);
    const owns = settings({ programClusterRoutes: "Enabled" });
    expect(render([A, owns], "a").exportSteps[0]).toEqual({
      kind: "reject-tunnel-to-internal",
      interfaces: ["*.cali", "*.calico"],
    });
  });

  test("blocks by the state of their affinity", () => {
    const affinity = (cidr: string, state: string, more: object = {}) =>
      resource("BlockAffinity", `a-${cidr.replace(/\W/g, "-")}`, {
        node: "a",
        cidr,
        state,
        ...more,
      });
    const blocks: ConfdResource[] = [
      affinity("10.1.0.0/26", "confirmed"),
      affinity("10.1.0.64/26", "pending"),
      affinity("10.1.0.128/26", "pendingDeletion"),
      affinity("10.1.0.192/26", ""),
      affinity("10.1.1.1/32", "confirmed"),
      affinity("10.1.2.0/26", "confirmed", { deleted: "true" }),
      affinity("10.1.3.0/26", "confirmed", { type: "virtual" }),
      affinity("10.1.4.0/26", "confirmed", { node: "b" }),
      affinity("fd01::/122", "confirmed"),
    ];
    const { staticRoutes, ownBlocks } = render([A, ...blocks], "a");
    expect(staticRoutes.map(({ cidr }) => cidr)).toEqual([
      "10.1.0.0/26",
      "10.1.0.128/26",
      "10.1.0.192/26",
    ]);
    expect(ownBlocks).toEqual([
      { cidr: "10.1.0.0/26", state: "confirmed" },
      { cidr: "10.1.0.192/26", state: "implicitly-confirmed" },
      { cidr: "10.1.1.1/32", state: "confirmed" },
    ]);
    expect(render([A, ...blocks], "a", 6).ownBlocks).toHaveLength(1);
  });

  test("with host-local IPAM the blocks are the pod CIDRs of the Node", () => {
    const kubernetes: ConfdResource = {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: "k",
        annotations: { "projectcalico.org/IPv4Address": "10.0.0.1/24" },
      },
      spec: { podCIDRs: ["10.244.1.0/24", "fd01:1::/64"] },
    };
    const config = render([kubernetes], "k", 4, { usePodCIDR: true });
    expect(config.ownBlocks).toEqual([{ cidr: "10.244.1.0/24", state: "implicitly-confirmed" }]);
    expect(render([kubernetes], "k").ownBlocks).toEqual([]);
  });
});

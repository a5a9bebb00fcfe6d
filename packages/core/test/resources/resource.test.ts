import { describe, expect, test } from "vitest";
import {
  bgpSettings,
  type Era,
  editResource,
  editResourceWithPatches,
  eraNote,
  eraOf,
  type FelixConfiguration,
  felixSettings,
  freezeResource,
  type IPPool,
  ipamSettings,
  keyOf,
  nodeView,
  ofKind,
  poolView,
  resourceKey,
} from "../../src/resources/index.js";

const pool: IPPool = freezeResource({
  apiVersion: "projectcalico.org/v3",
  kind: "IPPool",
  metadata: { name: "default-ipv4-ippool", labels: { a: "b" } },
  spec: { cidr: "10.244.0.0/16", ipipMode: "" as "Never" },
});

describe("a resource", () => {
  test("is frozen; an edit shares what it did not touch", () => {
    const edited = editResource(pool, (draft) => {
      draft.spec.disabled = true;
    });
    expect(pool.spec.disabled).toBeUndefined();
    expect(edited.spec.disabled).toBe(true);
    expect(edited.metadata).toBe(pool.metadata);
    expect(Object.isFrozen(edited.spec)).toBe(true);
    expect(Object.isFrozen(pool.metadata.labels)).toBe(true);
  });

  test("tells what an edit changed", () => {
    const { patches } = editResourceWithPatches(pool, (draft) => {
      draft.spec.blockSize = 28;
    });
    expect(patches).toEqual([{ op: "add", path: ["spec", "blockSize"], value: 28 }]);
  });

  test("has a key of kind, namespace and name", () => {
    expect(keyOf(pool)).toBe("IPPool/default-ipv4-ippool");
    expect(resourceKey("Pod", "web-0", "shop")).toBe("Pod/shop/web-0");
    expect(ofKind([pool], "Node")).toEqual([]);
    expect(ofKind([pool], "IPPool")[0]?.spec.cidr).toBe("10.244.0.0/16");
  });
});

describe("an era", () => {
  test("decides who programs IP-in-IP routes", () => {
    const owners = (era: Era): string[] => [
      era.felix.programClusterRoutes,
      era.bgp.programClusterRoutes,
    ];
    expect(owners(eraOf("3.32"))).toEqual(["Disabled", "Enabled"]);
    expect(owners(eraOf("3.33"))).toEqual(["EnabledIPIPOnly", "EnabledNoEncapOnly"]);
    expect(Object.isFrozen(eraOf("3.33").felix)).toBe(true);
  });

  test.each([
    ["v3.32.4", "3.32", false],
    ["release-v3.33", "3.33", false],
    ["v3.33.0-0.dev-12-gabcdef", "3.33", false],
    ["3.21", "3.32", true],
    ["v4.0.0", "3.33", true],
    ["master", "3.33", true],
  ])("of %s is %s", (version, era, noted) => {
    expect(eraOf(version).calicoVersion).toBe(era);
    expect(eraNote(version)?.severity).toBe(noted ? "note" : undefined);
  });
});

describe("defaults", () => {
  const era = eraOf("3.33");

  test("fill in a pool by its address family", () => {
    expect(poolView(pool, era)).toEqual({
      name: "default-ipv4-ippool",
      cidr: "10.244.0.0/16",
      family: 4,
      blockSize: 26,
      ipipMode: "Never",
      vxlanMode: "Never",
      natOutgoing: false,
      disabled: false,
      disableBGPExport: false,
      nodeSelector: "all()",
      namespaceSelector: "",
      allowedUses: ["Workload", "Tunnel"],
      assignmentMode: "Automatic",
    });
    const v6: IPPool = { ...pool, spec: { cidr: "fd00::/48" } };
    expect(poolView(v6, era)).toMatchObject({ family: 6, blockSize: 122 });
  });

  test("of BGP and IPAM hold when nothing is configured", () => {
    expect(bgpSettings([], era)).toMatchObject({
      asNumber: 64512,
      nodeToNodeMeshEnabled: true,
      listenPort: 179,
    });
    expect(ipamSettings([], era)).toMatchObject({
      strictAffinity: false,
      autoAllocateBlocks: true,
      blocksPerHostWhenUnset: 20,
    });
  });

  test("of Felix give way to the resource, the node's own resource and the environment, in this order", () => {
    const config = (name: string, spec: object): FelixConfiguration => ({
      apiVersion: "projectcalico.org/v3",
      kind: "FelixConfiguration",
      metadata: { name },
      spec: { ...spec },
    });
    const resources = [
      config("default", { vxlanMTU: 1400, ipipMTU: 1400, wireguardMTU: 1400 }),
      config("node.n1", { vxlanMTU: 1300, ipipMTU: 1300 }),
    ];
    const settings = felixSettings(resources, era, { node: "n1", environment: { ipipMTU: 1200 } });
    expect(settings).toMatchObject({
      vxlanVNI: 4096,
      wireguardMTU: 1400,
      vxlanMTU: 1300,
      ipipMTU: 1200,
    });
    expect(felixSettings(resources, era).vxlanMTU).toBe(1400);
  });
});

describe("a node's view", () => {
  test("is the same from a Kubernetes Node and from Calico's own", () => {
    const kubernetes = nodeView({
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: "n1",
        annotations: {
          "projectcalico.org/IPv4Address": "10.0.0.1/24",
          "projectcalico.org/IPv4IPIPTunnelAddr": "10.244.0.1",
          "projectcalico.org/ASNumber": "1.10",
          "projectcalico.org/IPv6Address": "",
        },
      },
      spec: { podCIDR: "10.244.0.0/24" },
      status: {
        addresses: [
          { type: "Hostname", address: "n1" },
          { type: "InternalIP", address: "fd00::1" },
          { type: "InternalIP", address: "10.0.0.1" },
        ],
      },
    });
    const calico = nodeView({
      apiVersion: "projectcalico.org/v3",
      kind: "Node",
      metadata: { name: "n1" },
      spec: {
        bgp: { ipv4Address: "10.0.0.1/24", ipv4IPIPTunnelAddr: "10.244.0.1", asNumber: "1.10" },
        addresses: [
          { address: "10.0.0.1/24", type: "CalicoNodeIP" },
          { address: "10.0.0.1", type: "InternalIP" },
          { address: "fd00::1", type: "InternalIP" },
        ],
      },
      status: { podCIDRs: ["10.244.0.0/24"] },
    });
    expect(kubernetes).toEqual(calico);
    expect(kubernetes).toEqual({
      name: "n1",
      labels: {},
      ipv4Address: "10.0.0.1/24",
      ipv4IPIPTunnelAddr: "10.244.0.1",
      asNumber: 65546,
      internalIP: "10.0.0.1",
      internalIPv6: "fd00::1",
      podCIDRs: ["10.244.0.0/24"],
      unschedulable: false,
    });
  });
});

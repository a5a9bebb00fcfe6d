import { describe, expect, test } from "vitest";
import {
  type Issue,
  nearestName,
  type Resource,
  validate,
  validateSet,
} from "../../src/resources/index.js";

const options = { calicoVersion: "3.33" };

function pool(name: string, spec: Record<string, unknown>): Resource {
  return { apiVersion: "projectcalico.org/v3", kind: "IPPool", metadata: { name }, spec };
}

function node(name: string, annotations: Record<string, string>): Resource {
  return { apiVersion: "v1", kind: "Node", metadata: { name, annotations } };
}

function brief(issues: readonly Issue[]): string[] {
  return issues.map((i) => `${i.severity} ${i.code} ${i.field ?? ""}`);
}

describe("an IP pool", () => {
  test("is accepted as the documentation writes it", () => {
    const good = pool("default-ipv4-ippool", {
      cidr: "192.168.0.0/16",
      blockSize: 26,
      ipipMode: "Always",
      vxlanMode: "Never",
      natOutgoing: true,
      nodeSelector: "all()",
      allowedUses: ["Workload", "Tunnel"],
    });
    expect(validate(good, options)).toEqual([]);
  });

  test.each([
    ["leading zeros", { cidr: "010.0.0.0/8" }, "error CIDR_INVALID spec.cidr"],
    ["no prefix length", { cidr: "10.0.0.0" }, "error CIDR_INVALID spec.cidr"],
    ["no range at all", {}, "error FIELD_REQUIRED spec.cidr"],
    ["host bits", { cidr: "10.0.0.1/8" }, "error CIDR_NOT_MASKED spec.cidr"],
    ["link-local", { cidr: "169.254.1.0/24" }, "error POOL_LINK_LOCAL spec.cidr"],
    [
      "link-local inside it",
      { cidr: "fe00::/8", blockSize: 122 },
      "error POOL_LINK_LOCAL spec.cidr",
    ],
    [
      "a small block",
      { cidr: "10.0.0.0/16", blockSize: 19 },
      "error VALUE_OUT_OF_RANGE spec.blockSize",
    ],
    [
      "a v4 block size on v6",
      { cidr: "fd00::/48", blockSize: 26 },
      "error VALUE_OUT_OF_RANGE spec.blockSize",
    ],
    ["a range below one block", { cidr: "10.0.0.0/27" }, "error POOL_SMALLER_THAN_BLOCK spec.cidr"],
    [
      "two encapsulations",
      { cidr: "10.0.0.0/16", ipipMode: "Always", vxlanMode: "CrossSubnet" },
      "error ENCAPSULATION_BOTH spec.vxlanMode",
    ],
    [
      "IP-in-IP on v6",
      { cidr: "fd00::/48", ipipMode: "Always" },
      "error IPIP_ON_IPV6 spec.ipipMode",
    ],
    [
      "text for a boolean",
      { cidr: "10.0.0.0/16", natOutgoing: "yes" },
      "error TYPE_WRONG spec.natOutgoing",
    ],
    [
      "a wrong word",
      { cidr: "10.0.0.0/16", ipipMode: "always" },
      "error VALUE_UNKNOWN spec.ipipMode",
    ],
    [
      "an unknown field",
      { cidr: "10.0.0.0/16", blocksize: 26 },
      "warning FIELD_UNKNOWN spec.blocksize",
    ],
    [
      "a load balancer pool with other uses",
      { cidr: "10.0.0.0/16", allowedUses: ["LoadBalancer", "Workload"] },
      "error LOAD_BALANCER_POOL spec.allowedUses",
    ],
  ])("with %s is reported", (_, spec, want) => {
    expect(brief(validate(pool("p", spec), options))).toEqual([want]);
  });

  test("says what stands there, what would do, and what may have been meant", () => {
    const [issue] = validate(pool("p", { cidr: "10.0.0.0/16", ipipMode: "CrosSubnet" }), options);
    expect(issue).toMatchObject({
      resource: { kind: "IPPool", name: "p" },
      path: ["spec", "ipipMode"],
      got: '"CrosSubnet"',
      want: "Never, Always, CrossSubnet",
    });
    expect(issue?.message).toContain('did you mean "CrossSubnet"?');
  });
});

describe("other kinds", () => {
  test("a selector that cannot be read is refused where it stands", () => {
    const peer: Resource = {
      apiVersion: "projectcalico.org/v3",
      kind: "BGPPeer",
      metadata: { name: "to-reflectors" },
      spec: { nodeSelector: "!has(rr)", peerSelector: "has(rr" },
    };
    expect(brief(validate(peer, options))).toEqual(["error SELECTOR_INVALID spec.peerSelector"]);
    const odd = pool("p", { cidr: "10.0.0.0/16", nodeSelector: "rack == a" });
    expect(brief(validate(odd, options))).toEqual(["error SELECTOR_INVALID spec.nodeSelector"]);
  });

  test("a BGPPeer's exclusive fields are refused (L45, L46)", () => {
    const peer: Resource = {
      apiVersion: "crd.projectcalico.org/v1",
      kind: "BGPPeer",
      metadata: { name: "rr" },
      spec: {
        peerIP: "10.0.0.1",
        peerSelector: "has(rr)",
        asNumber: 64512,
        reachableBy: "fd00::1",
      },
    };
    expect(validate(peer, options).map((i) => `${i.rule ?? ""} ${i.field ?? ""}`)).toEqual([
      "L45 spec.peerSelector",
      "L45 spec.asNumber",
      "L45 spec.reachableBy",
    ]);
  });

  test("a peer's port is no part of its address", () => {
    for (const peerIP of ["10.0.0.1:1790", "[fd00::1]:1790", "fd00::1"]) {
      const peer = {
        apiVersion: "projectcalico.org/v3",
        kind: "BGPPeer",
        metadata: { name: "p" },
        spec: { peerIP, asNumber: "1.10" },
      } as const;
      expect(validate(peer, options)).toEqual([]);
    }
  });

  test("an era warns of a value it does not know", () => {
    const felix: Resource = {
      apiVersion: "projectcalico.org/v3",
      kind: "FelixConfiguration",
      metadata: { name: "default" },
      spec: { programClusterRoutes: "EnabledIPIPOnly" },
    };
    expect(validate(felix, options)).toEqual([]);
    expect(brief(validate(felix, { calicoVersion: "v3.32.1" }))).toEqual([
      "warning VALUE_UNKNOWN spec.programClusterRoutes",
    ]);
  });

  test("a block has an allocation for each address, and each is described", () => {
    const block: Resource = {
      apiVersion: "crd.projectcalico.org/v1",
      kind: "IPAMBlock",
      metadata: { name: "10-0-0-0-30" },
      spec: {
        cidr: "10.0.0.0/30",
        allocations: [0, null, 1],
        unallocated: [1],
        attributes: [{ handle_id: "h" }],
      },
    };
    expect(brief(validate(block, options))).toEqual([
      "error FIELDS_CONFLICT spec.allocations",
      "error FIELDS_CONFLICT spec.allocations[2]",
    ]);
  });

  test("a Kubernetes Node's fields that Calico never reads are no finding, its annotations are", () => {
    const resource = {
      ...node("n1", { "projectcalico.org/IPv4Address": "10.0.0.300/24" }),
      spec: { podCIDR: "10.244.0.0/24", configSource: {} },
      status: { nodeInfo: {}, addresses: [{ type: "InternalIP", address: "10.0.0.3" }] },
    };
    const issues = validate(resource, options);
    expect(issues.map((i) => i.field)).toEqual([
      'metadata.annotations["projectcalico.org/IPv4Address"]',
    ]);
  });

  test("a wrong shape is told, not thrown", () => {
    for (const spec of [
      null,
      [],
      "text",
      7,
      { cidr: 4 },
      { cidr: {} },
      { cidr: "10.0.0.0/8", allowedUses: [1] },
    ]) {
      const broken = { ...pool("p", {}), spec } as unknown as Resource;
      expect(() => validate(broken, options)).not.toThrow();
    }
    expect(brief(validate(pool("Pool_1", { cidr: "10.0.0.0/8" }), options))).toEqual([
      "error NAME_INVALID metadata.name",
    ]);
  });
});

describe("resources together", () => {
  test("pools that overlap are reported once, on the later one", () => {
    const issues = validateSet([
      pool("a", { cidr: "10.0.0.0/8" }),
      pool("b", { cidr: "10.1.0.0/16" }),
      pool("c", { cidr: "172.16.0.0/16" }),
      pool("d", { cidr: "fd00::/48" }),
      pool("e", { cidr: "not a range" }),
    ]);
    expect(issues).toMatchObject([{ code: "POOL_OVERLAP", rule: "L19", index: 1, other: 0 }]);
    expect(issues[0]?.message).toContain('overlaps pool "a" (10.0.0.0/8)');
  });

  test("the same object twice is reported in either spelling of the API", () => {
    const twice = [
      pool("a", { cidr: "10.0.0.0/16" }),
      { ...pool("a", { cidr: "10.0.0.0/16" }), apiVersion: "crd.projectcalico.org/v1" },
    ];
    expect(brief(validateSet(twice))).toEqual(["error RESOURCE_DUPLICATE metadata.name"]);
  });

  test("two nodes with one address are reported (L51); one node may name its own twice", () => {
    const address = "projectcalico.org/IPv4Address";
    const withInternal = {
      ...node("n1", { [address]: "10.0.0.1/24" }),
      status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }] },
    };
    expect(validateSet([withInternal, node("n2", { [address]: "10.0.0.2/24" })])).toEqual([]);
    expect(validateSet([withInternal, node("n2", { [address]: "10.0.0.1/16" })])).toMatchObject([
      { code: "NODE_ADDRESS_DUPLICATE", rule: "L51", index: 1, other: 0 },
    ]);
  });
});

test("a slip of the pen is understood, a different word is not", () => {
  expect(nearestName("brid", ["bird", "vxlan", "none"])).toBe("bird");
  expect(nearestName("VXLAN", ["bird", "vxlan", "none"])).toBe("vxlan");
  expect(nearestName("cilium", ["bird", "vxlan", "none"])).toBeUndefined();
});

describe("the address of a node", () => {
  test.each(["0.0.0.0/0", "127.0.0.1/8", "224.0.0.5/24", "255.255.255.255", "x"])(
    "is that of a host, not %s",
    (text) => {
      const [issue, ...others] = validate(
        node("a", { "projectcalico.org/IPv4Address": text }),
        options,
      );
      expect(others).toEqual([]);
      expect(issue?.field).toBe('metadata.annotations["projectcalico.org/IPv4Address"]');
      expect(issue?.message).toMatch(/is not (the address of a host|an IP address)/);
    },
  );

  test.each(["10.0.0.0/31", "169.254.1.1/16", "223.255.255.1/24"])("may be %s", (text) => {
    expect(validate(node("a", { "projectcalico.org/IPv4Address": text }), options)).toEqual([]);
  });

  test.each(["::", "ff02::1", "0.0.0.0"])("that a kubelet reports is not %s", (address) => {
    const kubelet = { ...node("a", {}), status: { addresses: [{ type: "InternalIP", address }] } };
    expect(brief(validate(kubelet as Resource, options))).toEqual([
      "error ADDRESS_INVALID status.addresses[0].address",
    ]);
  });
});

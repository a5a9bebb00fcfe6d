import { Kernels, PrefixTable, parseAddress, parseCidr } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { type FilterConfig, type FilterPool, KernelFilters } from "../../src/index.js";

const cidr = (text: string) => {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
};

/** The three pools of calico: confd/tests/compiled_templates/cluster_routes (node-behaviour §8). */
const POOLS: FilterPool[] = [
  { cidr: cidr("192.168.0.0/16"), encapsulation: "ipip", crossSubnet: false },
  { cidr: cidr("172.16.0.0/16"), encapsulation: "ipip", crossSubnet: true },
  { cidr: cidr("172.17.0.0/16"), encapsulation: "none", crossSubnet: false },
];

const CLAIMS: Record<string, Omit<FilterConfig, "pools">> = {
  EnabledNoEncapOnly: { programsIpip: false, programsNoEncap: true },
  Enabled: { programsIpip: true, programsNoEncap: true },
  EnabledIPIPOnly: { programsIpip: true, programsNoEncap: false },
  Disabled: { programsIpip: false, programsNoEncap: false },
};

/** What the node 10.192.0.2/16 does with a block of each pool learnt from a near and a far peer. */
function decisions(claim: string): string[] {
  const prefixes = new PrefixTable();
  const kernels = new Kernels(prefixes, 3);
  const filters = new KernelFilters(kernels, prefixes);
  filters.set(0, filters.config({ pools: POOLS, ...CLAIMS[claim]! }));
  filters.place(0, parseAddress("10.192.0.2"), cidr("10.192.0.2/16"));
  filters.place(1, parseAddress("10.192.0.3"), cidr("10.192.0.3/16"));
  filters.place(2, parseAddress("10.10.0.4"), cidr("10.10.0.4/16"));
  const device = (prefix: string, peer: number): string => {
    const route = filters.kernelRoute(0, prefixes.intern(cidr(prefix)), peer, 1024);
    return route === 0 ? "reject" : kernels.route(route).device || "blackhole";
  };
  return ["192.168.1.0/26", "172.16.1.0/26", "172.17.1.0/26"].map(
    (block) => `${device(block, 1)} ${device(block, 2)} ${device(block, -1)}`,
  );
}

describe("the kernel filter of bird_ipam.cfg: near peer, far peer, own block", () => {
  test.each([
    ["EnabledNoEncapOnly", ["reject reject reject", "reject reject reject", "eth0 eth0 blackhole"]],
    ["Enabled", ["tunl0 tunl0 blackhole", "eth0 tunl0 blackhole", "eth0 eth0 blackhole"]],
    ["EnabledIPIPOnly", ["tunl0 tunl0 blackhole", "eth0 tunl0 blackhole", "reject reject reject"]],
    ["Disabled", ["reject reject reject", "reject reject reject", "reject reject reject"]],
  ])("programClusterRoutes %s decides as the golden files do", (claim, expected) => {
    expect(decisions(claim)).toEqual(expected);
  });

  test("a node's own subnet stays out of its kernel, not out of those of others", () => {
    const prefixes = new PrefixTable();
    const filters = new KernelFilters(new Kernels(prefixes, 3), prefixes);
    const config = filters.config({ pools: [], programsIpip: true, programsNoEncap: true });
    ["10.0.0.1/24", "10.0.1.1/24"].forEach((text, node) => {
      filters.set(node, config);
      filters.place(node, parseAddress(text.replace("/24", "")), cidr(text));
    });
    const subnet = prefixes.intern(cidr("10.0.0.0/24"));
    expect(filters.kernelRoute(0, subnet, 2, 1024)).toBe(0);
    expect(filters.kernelRoute(1, subnet, 2, 1024)).toBeGreaterThan(0);
    expect(filters.kernelRoute(0, prefixes.intern(cidr("10.0.0.0/25")), 2, 1024)).toBeGreaterThan(
      0,
    );
  });

  test("a VXLAN pool is always Felix's", () => {
    const prefixes = new PrefixTable();
    const filters = new KernelFilters(new Kernels(prefixes, 2), prefixes);
    const pools: FilterPool[] = [
      { cidr: cidr("10.0.0.0/16"), encapsulation: "vxlan", crossSubnet: false },
    ];
    filters.set(0, filters.config({ pools, programsIpip: true, programsNoEncap: true }));
    expect(filters.kernelRoute(0, prefixes.intern(cidr("10.0.1.0/26")), 1, 1024)).toBe(0);
  });

  test("an own block's blackhole has no metric: the filter gives one to routes of BGP (as `ip route` of BIRD 1.6.8)", () => {
    const prefixes = new PrefixTable();
    const kernels = new Kernels(prefixes, 2);
    const filters = new KernelFilters(kernels, prefixes);
    filters.set(0, filters.config({ pools: POOLS, programsIpip: false, programsNoEncap: true }));
    const route = filters.kernelRoute(0, prefixes.intern(cidr("172.17.1.0/26")), -1, 1024);
    expect(kernels.route(route)).toMatchObject({ type: "blackhole", metric: 0, protocol: 12 });
  });

  test("a prefix outside every pool is accepted", () => {
    const prefixes = new PrefixTable();
    const kernels = new Kernels(prefixes, 2);
    const filters = new KernelFilters(kernels, prefixes);
    filters.set(0, filters.config({ pools: POOLS, programsIpip: false, programsNoEncap: false }));
    const route = filters.kernelRoute(0, prefixes.intern(cidr("10.200.0.0/24")), 1, 1024);
    expect(kernels.route(route)).toMatchObject({ device: "eth0", gateway: 1, metric: 1024 });
  });
});

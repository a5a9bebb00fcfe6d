import { eraOf, type ProgramClusterRoutes, type Resource } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  type ExpectedRoute,
  expectedRoute,
  expectedTable,
  type Liveness,
  oracleBlock,
  oracleContent,
  oracleState,
} from "../src/index.js";

const EVERYBODY: Liveness = { connected: () => true };
const NOBODY: Liveness = { connected: () => false };

/** `a` and `near` share a subnet, `far` is elsewhere. */
function nodes(vtep = true): Resource[] {
  const node = (name: string, address: string, tunnel: string): Resource => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: {
        "projectcalico.org/IPv4Address": address,
        ...(vtep ? { "projectcalico.org/IPv4VXLANTunnelAddr": tunnel } : {}),
      },
    },
  });
  return [
    node("a", "10.0.0.1/24", "10.9.0.1"),
    node("near", "10.0.0.2/24", "10.9.0.65"),
    node("far", "10.0.1.3/24", "10.9.0.129"),
  ];
}

type Mode = "ipip" | "ipip-cross" | "vxlan" | "vxlan-cross" | "none";

function pool(mode: Mode): Resource {
  const how = mode.endsWith("-cross") ? "CrossSubnet" : "Always";
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "IPPool",
    metadata: { name: "pool" },
    spec: {
      cidr: "10.9.0.0/16",
      ipipMode: mode.startsWith("ipip") ? how : "Never",
      vxlanMode: mode.startsWith("vxlan") ? how : "Never",
    },
  };
}

/** A block of `owner` in which `holders[i]` has the i-th address. */
function block(cidr: string, owner: string | undefined, holders: readonly string[] = []): Resource {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "IPAMBlock",
    metadata: { name: cidr.replace(/[./]/g, "-") },
    spec: {
      cidr,
      ...(owner === undefined ? {} : { affinity: `host:${owner}` }),
      allocations: holders.map((_, i) => i),
      unallocated: [],
      attributes: holders.map((node) => ({ handle_id: node, secondary: { node } })),
      strictAffinity: false,
    },
  };
}

function settings(
  felix: ProgramClusterRoutes | undefined,
  bgp: ProgramClusterRoutes | undefined,
): Resource[] {
  const made: Resource[] = [];
  if (felix !== undefined) {
    made.push({
      apiVersion: "projectcalico.org/v3",
      kind: "FelixConfiguration",
      metadata: { name: "default" },
      spec: { programClusterRoutes: felix },
    });
  }
  if (bgp !== undefined) {
    made.push({
      apiVersion: "projectcalico.org/v3",
      kind: "BGPConfiguration",
      metadata: { name: "default" },
      spec: { programClusterRoutes: bgp },
    });
  }
  return made;
}

/** How `a` must reach a block of `to`, or undefined. */
function route(
  mode: Mode,
  to: string,
  options: {
    readonly version?: string;
    readonly further?: readonly Resource[];
    readonly live?: Liveness;
    readonly backend?: "bird" | "vxlan";
    readonly vtep?: boolean;
  } = {},
): ExpectedRoute | undefined {
  const { version = "3.33", further = [], live = EVERYBODY, backend = "bird" } = options;
  const resources = [...nodes(options.vtep ?? true), pool(mode), ...further];
  const state = oracleState(resources, eraOf(version), backend);
  const found = expectedRoute(
    state,
    live,
    "a",
    oracleBlock(block("10.9.2.0/26", to) as never, state),
  );
  if (found === "unknown") throw new Error("the oracle does not say");
  return found;
}

describe("who programs which class of routes (node-behaviour §1.9)", () => {
  test.each([
    ["3.32", "ipip", "bird"],
    ["3.32", "none", "bird"],
    ["3.32", "vxlan", "felix"],
    ["3.33", "ipip", "felix"],
    ["3.33", "none", "bird"],
    ["3.33", "vxlan", "felix"],
  ] as const)("on %s routes of %s pools are written by %s", (version, mode, writer) => {
    expect(route(mode, "near", { version })?.writer).toBe(writer);
    expect(route(mode, "a", { version })?.writer).toBe(writer);
  });

  test.each([
    ["EnabledIPIPOnly", "EnabledNoEncapOnly", "felix", "bird"],
    ["Enabled", "Disabled", "felix", "felix"],
    ["Disabled", "Enabled", "bird", "bird"],
    ["EnabledNoEncapOnly", "EnabledIPIPOnly", "bird", "felix"],
    ["Disabled", "Disabled", undefined, undefined],
    ["Disabled", "EnabledIPIPOnly", "bird", undefined],
    [undefined, undefined, "felix", "bird"],
  ] as const)(
    "programClusterRoutes (Felix %s, BGP %s): IPIP by %s, no-encap by %s",
    (felix, bgp, ipip, bare) => {
      const further = settings(felix, bgp);
      expect(route("ipip", "near", { further })?.writer).toBe(ipip);
      expect(route("none", "near", { further })?.writer).toBe(bare);
      expect(route("vxlan", "near", { further })?.writer).toBe("felix");
    },
  );

  test("without BIRD nobody writes what Felix does not own", () => {
    expect(route("none", "near", { backend: "vxlan" })).toBeUndefined();
    expect(route("vxlan", "near", { backend: "vxlan" })?.writer).toBe("felix");
  });
});

describe("where a route leads (node-behaviour §4.4)", () => {
  test.each([
    ["ipip", "near", "tunl0"],
    ["ipip", "far", "tunl0"],
    ["ipip-cross", "near", "eth0"],
    ["ipip-cross", "far", "tunl0"],
    ["vxlan", "near", "vxlan.calico"],
    ["vxlan", "far", "vxlan.calico"],
    ["vxlan-cross", "near", "eth0"],
    ["vxlan-cross", "far", "vxlan.calico"],
    ["none", "near", "eth0"],
    ["none", "far", "eth0"],
  ] as const)("%s: a block of %s is behind %s", (mode, to, device) => {
    for (const version of ["3.32", "3.33"]) {
      expect(route(mode, to, { version })).toMatchObject({
        type: "unicast",
        device,
        gateway: to,
      });
    }
  });

  test("the own block is a blackhole", () => {
    expect(route("ipip", "a")).toEqual({ type: "blackhole", writer: "felix" });
    expect(route("none", "a")).toEqual({ type: "blackhole", writer: "bird" });
  });

  test("a VXLAN route waits for the peer's tunnel address, a same-subnet one does not", () => {
    expect(route("vxlan", "far", { vtep: false })).toBeUndefined();
    expect(route("vxlan-cross", "near", { vtep: false })?.device).toBe("eth0");
  });

  test("a deleted node's block has no route", () => {
    expect(route("ipip", "gone")).toBeUndefined();
    expect(route("none", "gone")).toBeUndefined();
  });

  test("BIRD's routes need a session, Felix's do not", () => {
    expect(route("none", "near", { live: NOBODY })).toBeUndefined();
    expect(route("ipip", "near", { live: NOBODY, version: "3.32" })).toBeUndefined();
    expect(route("ipip", "near", { live: NOBODY })?.device).toBe("tunl0");
    expect(route("none", "a", { live: NOBODY })?.type).toBe("blackhole");
  });

  test("a block outside every pool is nobody's", () => {
    const state = oracleState([...nodes(), pool("ipip")], eraOf("3.33"), "bird");
    const stray = oracleBlock(block("10.77.0.0/26", "near") as never, state);
    expect(expectedRoute(state, EVERYBODY, "a", stray)).toBeUndefined();
  });
});

describe("the whole table of a node", () => {
  function table(node: string, resources: readonly Resource[], mode: Mode = "vxlan"): unknown {
    const content = oracleContent([...nodes(), pool(mode), ...resources], eraOf("3.33"), "bird");
    return Object.fromEntries(expectedTable(content, EVERYBODY, node));
  }

  const pod = (name: string, on: string, ip: string, further: object = {}): Resource => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: { nodeName: on },
    status: { phase: "Running", podIP: ip, podIPs: [{ ip }] },
    ...further,
  });

  // The worked goldens of node-behaviour §3.6, as far as they are routes of a kernel.
  test("a borrowed address has a /32 to its holder, beside the block to its owner", () => {
    expect(table("a", [block("10.9.1.0/29", "near", ["near", "near", "far"])])).toEqual({
      "10.9.1.0/29": { type: "unicast", device: "vxlan.calico", gateway: "near", writer: "felix" },
      "10.9.1.2/32": { type: "unicast", device: "vxlan.calico", gateway: "far", writer: "felix" },
    });
  });

  test("an address of the own block that another node borrowed leads there", () => {
    expect(table("a", [block("10.9.0.0/29", "a", ["a", "a", "near"])])).toEqual({
      "10.9.0.0/29": { type: "blackhole", writer: "felix" },
      "10.9.0.2/32": { type: "unicast", device: "vxlan.calico", gateway: "near", writer: "felix" },
    });
  });

  test("a local pod's own route wins over every other of its address", () => {
    const borrowed = block("10.9.1.0/29", "near", ["near", "a"]);
    expect(table("a", [borrowed, pod("p", "a", "10.9.1.1")])).toEqual({
      "10.9.1.0/29": { type: "unicast", device: "vxlan.calico", gateway: "near", writer: "felix" },
      "10.9.1.1/32": { type: "unicast", device: "cali", pod: "default/p", writer: "felix" },
    });
  });

  test("a block of one address is no blackhole at its owner", () => {
    expect(table("a", [block("10.9.7.1/32", "a"), block("10.9.7.2/32", "near")])).toEqual({
      "10.9.7.2/32": { type: "unicast", device: "vxlan.calico", gateway: "near", writer: "felix" },
    });
  });

  test("a tunnel device's own address is on the link behind the tunnel", () => {
    expect(table("a", [block("10.9.0.65/32", "near", ["near"])])).toEqual({
      "10.9.0.65/32": { type: "unicast", device: "vxlan.calico", writer: "felix" },
    });
  });

  test("a block without an owner has routes for what is borrowed in it alone", () => {
    expect(table("a", [block("10.9.1.0/29", undefined, ["near"])])).toEqual({
      "10.9.1.0/32": { type: "unicast", device: "vxlan.calico", gateway: "near", writer: "felix" },
    });
  });

  test("pods of others, on the host's network, finished or torn down make no route", () => {
    const torn = {
      metadata: {
        name: "torn",
        namespace: "default",
        deletionTimestamp: "2026-01-01T00:00:00Z",
        annotations: { "cni.projectcalico.org/podIP": "" },
      },
    };
    expect(
      table("a", [
        pod("elsewhere", "near", "10.9.1.1"),
        pod("host", "a", "10.0.0.1", { spec: { nodeName: "a", hostNetwork: true } }),
        pod("done", "a", "10.9.1.2", { status: { phase: "Succeeded", podIP: "10.9.1.2" } }),
        pod("torn", "a", "10.9.1.3", torn),
      ]),
    ).toEqual({});
  });

  test("a pod's address is the plugin's annotation until the kubelet has reported", () => {
    const fresh = pod("fresh", "a", "", {
      metadata: {
        name: "fresh",
        namespace: "default",
        annotations: { "cni.projectcalico.org/podIPs": "10.9.1.9/32" },
      },
      status: { phase: "Pending" },
    });
    expect(Object.keys(table("a", [fresh]) as object)).toEqual(["10.9.1.9/32"]);
  });
});

import { describe, expect, test } from "vitest";
import { bgpPeer, NO_MESH, names, node, peerOf, render, resource, settings } from "./fixture.js";

const A = node("a", { v4: "10.0.0.1/24", v6: "fd00::1/64", labels: { rack: "1" } });
const B = node("b", { v4: "10.0.0.2/24", v6: "fd00::2/64", labels: { rack: "1" } });
const C = node("c", { v4: "10.0.0.3/24", labels: { rack: "2" } });
const NODES = [NO_MESH, A, B, C];

describe("which peers a node gets", () => {
  test("a peerSelector selects nodes in both families, and they get the reverse", () => {
    const peer = bgpPeer("p", { node: "a", peerSelector: "rack == '1'" });
    expect(names(render([...NODES, peer], "a"))).toEqual(["Node_10_0_0_2"]);
    expect(names(render([...NODES, peer], "a", 6))).toEqual(["Node_fd00__2"]);
    expect(names(render([...NODES, peer], "b"))).toEqual(["Node_10_0_0_1"]);
    expect(names(render([...NODES, peer], "b", 6))).toEqual(["Node_fd00__1"]);
    expect(names(render([...NODES, peer], "c"))).toEqual([]);
  });

  test("reversePeering Manual leaves the other end alone", () => {
    const peer = bgpPeer("p", { node: "a", peerSelector: "all()", reversePeering: "Manual" });
    expect(names(render([...NODES, peer], "a"))).toEqual(["Node_10_0_0_2", "Node_10_0_0_3"]);
    expect(names(render([...NODES, peer], "b"))).toEqual([]);
  });

  test("a global peering beats one of the node with the same address and port", () => {
    const local = bgpPeer("a-local", { node: "a", peerIP: "10.9.9.9", asNumber: 65001 });
    const global = bgpPeer("global", { peerIP: "10.9.9.9", asNumber: 65002 });
    const other = bgpPeer("other-port", { node: "a", peerIP: "10.9.9.9:1790", asNumber: 65003 });
    const config = render([...NODES, local, global, other], "a");
    expect(names(config)).toEqual(["Global_10_9_9_9", "Node_10_9_9_9_port_1790"]);
    expect(config.peers[0]?.asNumber).toBe(65002);
  });

  test("of two node peerings with one address the first by name wins", () => {
    const second = bgpPeer("p2", { node: "a", peerIP: "10.9.9.9", asNumber: 65002 });
    const first = bgpPeer("p1", { nodeSelector: "all()", peerIP: "10.9.9.9", asNumber: 65001 });
    expect(render([...NODES, second, first], "a").peers).toMatchObject([{ asNumber: 65001 }]);
  });

  test("the owner of a peerIP gets the reverse in that family, if AS and port match", () => {
    const reverse = (spec: object, ...more: Parameters<typeof render>[0]) =>
      names(render([...NODES, ...more, bgpPeer("p", { node: "a", ...spec })], "b"));
    expect(reverse({ peerIP: "10.0.0.2", asNumber: 64512 })).toEqual(["Node_10_0_0_1"]);
    expect(reverse({ peerIP: "10.0.0.2" })).toEqual(["Node_10_0_0_1"]);
    expect(reverse({ peerIP: "10.0.0.2", asNumber: 64513 })).toEqual([]);
    expect(reverse({ peerIP: "10.0.0.2:179", asNumber: 64512 })).toEqual(["Node_10_0_0_1"]);
    expect(reverse({ peerIP: "10.0.0.2:180", asNumber: 64512 })).toEqual([]);
    const port = settings({ listenPort: 180 }, "node.b");
    expect(reverse({ peerIP: "10.0.0.2:180", asNumber: 64512 }, port)).toEqual(["Node_10_0_0_1"]);
    const spec = bgpPeer("p", { node: "a", peerIP: "10.0.0.2", asNumber: 64512 });
    expect(names(render([...NODES, spec], "b", 6))).toEqual([]);
  });

  test("a peerIP that is a node's takes that node's listen port", () => {
    const port = settings({ listenPort: 1790 }, "node.b");
    const peers = [
      bgpPeer("in", { peerIP: "10.0.0.2", asNumber: 64512 }),
      bgpPeer("out", { peerIP: "10.9.9.9", asNumber: 64512 }),
    ];
    expect(names(render([...NODES, port, ...peers], "a"))).toEqual([
      "Global_10_0_0_2_port_1790",
      "Global_10_9_9_9",
    ]);
  });

  test("reachableBy makes a host route; of another family, or no address, it drops the peer", () => {
    const spec = { peerIP: "10.9.9.9", asNumber: 65001 };
    const via = (reachableBy: string, more: object = {}) =>
      render([...NODES, bgpPeer("p", { ...spec, reachableBy, ...more })], "a");
    const route = { cidr: "10.9.9.9/32", type: "via", gateway: "10.0.0.254" };
    expect(via("10.0.0.254").staticRoutes).toEqual([{ ...route, origin: "global-peer" }]);
    expect(via("10.0.0.254", { node: "a" }).staticRoutes).toEqual([
      { ...route, origin: "node-peer" },
    ]);
    for (const wrong of ["fd00::fe", "gateway"]) {
      expect(via(wrong)).toMatchObject({ peers: [], staticRoutes: [] });
    }
  });

  test("a selector that cannot be read, and a peerIP that is none, select nobody", () => {
    const bad = [
      bgpPeer("p1", { peerSelector: "rack ==" }),
      bgpPeer("p2", { peerIP: "10.0.0" }),
      bgpPeer("p3", {}),
    ];
    expect(names(render([...NODES, ...bad], "a"))).toEqual([]);
  });

  test("local workloads wait, have no source address and no reverse", () => {
    const spec = { localWorkloadSelector: "app == 'bird'", asNumber: 65001, localASNumber: 65002 };
    const localWorkloads = [
      { bgpPeerName: "w", ipv4Nets: ["10.1.0.5/32"], ipv6Nets: ["fd00:1::5/128"] },
      { bgpPeerName: "another", ipv4Nets: ["10.1.0.6/32"] },
    ];
    const here = [...NODES, bgpPeer("w", { ...spec, node: "a" })];
    expect(render(here, "a", 4, { localWorkloads }).peers).toMatchObject([
      {
        name: "Local_Workload_10_1_0_5",
        passive: true,
        sourceAddress: undefined,
        asNumber: 65001,
        localAS: 65002,
      },
    ]);
    expect(names(render(here, "a", 6, { localWorkloads }))).toEqual(["Local_Workload_fd00_1__5"]);
    expect(names(render(here, "b", 4, { localWorkloads }))).toEqual([]);
  });
});

describe("how a peer is rendered", () => {
  const one = (spec: object, ...more: Parameters<typeof render>[0]) => {
    const config = render([...NODES, ...more, bgpPeer("p", spec)], "a");
    return config.peers[0]!;
  };

  test("a global peerIP that is a node's waits where its address is the greater text", () => {
    expect(one({ peerIP: "10.0.0.2", asNumber: 64512 })).toMatchObject({ passive: true });
    expect(one({ peerIP: "10.9.9.9", asNumber: 64512 })).toMatchObject({ passive: false });
    expect(one({ node: "a", peerIP: "10.0.0.2" })).toMatchObject({ passive: false });
    expect(one({ peerSelector: "rack == '1'" })).toMatchObject({ passive: false });
  });

  test("source address is the node's, or none", () => {
    expect(one({ peerIP: "10.9.9.9" }).sourceAddress).toBe("10.0.0.1");
    expect(one({ peerIP: "10.9.9.9", sourceAddress: "None" }).sourceAddress).toBeUndefined();
  });

  test("keepOriginalNextHop holds towards external peers alone, nextHopMode always", () => {
    const hop = (spec: object) => one({ peerIP: "10.9.9.9", ...spec }).nextHop;
    expect(hop({ asNumber: 64512, keepOriginalNextHop: true })).toBe("auto");
    expect(hop({ asNumber: 65001, keepOriginalNextHop: true })).toBe("keep");
    expect(hop({ asNumber: 64512, nextHopMode: "Keep" })).toBe("keep");
    expect(hop({ asNumber: 65001, nextHopMode: "Self" })).toBe("self");
    expect(hop({ asNumber: 65001, nextHopMode: "Auto" })).toBe("auto");
  });

  test("localASNumber decides whether the peer is internal", () => {
    const spec = { peerIP: "10.9.9.9", asNumber: 65001 };
    expect(one(spec)).toMatchObject({ internal: false, localAS: undefined });
    expect(one({ ...spec, localASNumber: 65001 })).toMatchObject({
      internal: true,
      localAS: 65001,
    });
  });

  test("times are whole seconds; no duration is no time", () => {
    const spec = { peerIP: "10.9.9.9", maxRestartTime: "10.5s", keepaliveTime: "never" };
    expect(one(spec)).toMatchObject({
      gracefulRestartSeconds: 11,
      keepaliveSeconds: undefined,
    });
  });

  test("ttlSecurity and numAllowedLocalASNumbers count from 1", () => {
    const spec = { peerIP: "10.9.9.9", ttlSecurity: 2, numAllowedLocalASNumbers: 3 };
    expect(one(spec)).toMatchObject({ ttlSecurity: 2, allowLocalAS: 3 });
    const zero = { peerIP: "10.9.9.9", ttlSecurity: 0, numAllowedLocalASNumbers: 0 };
    expect(one(zero)).toMatchObject({ ttlSecurity: undefined, allowLocalAS: undefined });
  });

  test("a reflector's clients are internal peers outside its cluster", () => {
    const reflectors = [
      node("r1", { v4: "10.0.1.1/24", cluster: "1.0.0.1", labels: { rr: "1" } }),
      node("r2", { v4: "10.0.1.2/24", cluster: "1.0.0.1", labels: { rr: "1" } }),
      node("r3", { v4: "10.0.1.3/24", cluster: "1.0.0.3", labels: { rr: "1" } }),
      node("ext", { v4: "10.0.1.4/24", as: 65001, labels: { rr: "1" } }),
    ];
    const peers = bgpPeer("p", { nodeSelector: "all()", peerSelector: "has(rr)" });
    const config = render([...NODES, ...reflectors, peers], "r1");
    const cluster = (name: string) => peerOf(config, name).reflectorClusterId;
    expect(cluster("Node_10_0_0_1")).toBe("1.0.0.1");
    expect(cluster("Node_10_0_1_2")).toBeUndefined();
    expect(cluster("Node_10_0_1_3")).toBe("1.0.0.1");
    expect(cluster("Node_10_0_1_4")).toBeUndefined();
    expect(peerOf(render([...NODES, ...reflectors, peers], "a"), "Node_10_0_1_1")).toMatchObject({
      reflectorClusterId: undefined,
    });
  });

  test("filters are called in the BGPPeer's order; what has no rules here is not", () => {
    const filters = [
      resource("BGPFilter", "f1", { importV4: [{ action: "Accept" }] }),
      resource("BGPFilter", "f2", {
        importV4: [{ action: "Accept", peerType: "iBGP" }],
        exportV6: [{ action: "Reject" }],
      }),
    ];
    const spec = { peerIP: "10.9.9.9", asNumber: 64512, filters: ["f2", "missing", "f1"] };
    expect(one(spec, ...filters)).toMatchObject({
      importFilters: [
        { filter: "f2", internal: true },
        { filter: "f1", internal: undefined },
      ],
      exportFilters: [],
    });
  });
});

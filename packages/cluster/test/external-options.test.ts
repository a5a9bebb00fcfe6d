import type { KubernetesNode, Resource } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { type Action, apply, at, cluster, firewall } from "../src/index.js";
import {
  begin,
  bgp,
  codes,
  fromSecret,
  POOL,
  peer,
  secret,
  session,
  TOR_A,
  withRouters,
} from "./outside.js";
import { blockRoutes, run } from "./support.js";

describe("session options from resources", () => {
  test("passwords that differ: the node shows Connect and no error, until the Secret is put right", () => {
    const options = withRouters(2, [{ ...TOR_A, password: "router's" }], {
      resources: [
        peer("tor-a", { peerIP: TOR_A.ip, asNumber: 65_001, password: fromSecret("bgp") }),
        secret("bgp", "node's"),
      ],
    });
    const simulation = run(options, begin(2), "6m");
    expect(session(simulation, "node-0", "tor-a")).toBe("Connect");
    expect(simulation.views.calicoctlNodeStatus("node-0")).toMatch(
      /10\.0\.0\.251 +\| global +\| start +\| \S+ +\| Connect /,
    );
    expect(codes(simulation)).toContain("peer-down");
    expect(codes(simulation)).toContain("not-converged");
    simulation.schedule([at("6m", apply(secret("bgp", "router's")))]);
    simulation.run(400e6);
    expect(session(simulation, "node-0", "tor-a")).toBe("Established");
    expect(codes(simulation)).toEqual([]);
  });

  test("a Secret in another namespace than calico-node's is not found", () => {
    const resources = [
      peer("tor-a", { peerIP: TOR_A.ip, asNumber: 65_001, password: fromSecret("bgp") }),
      secret("bgp", "shared", "default"),
    ];
    const options = withRouters(1, [{ ...TOR_A, password: "shared" }], { resources });
    expect(session(run(options, begin(1), "1m"), "node-0", "tor-a")).toBe("Connect");
  });

  test("the generated peering brings its own Secret", () => {
    const simulation = run(withRouters(2, [{ ...TOR_A, password: "p" }]), begin(2), "2m");
    expect(session(simulation, "node-1", "tor-a")).toBe("Established");
  });

  test("TTL security at one end: neither gets further than the OPEN", () => {
    const resources = [peer("tor-a", { peerIP: TOR_A.ip, asNumber: 65_001, ttlSecurity: 1 })];
    const simulation = run(withRouters(2, [TOR_A], { resources }), begin(2), "1m");
    expect(session(simulation, "node-0", "tor-a")).toBe("OpenSent");
    expect(session(simulation, "tor-a", "node-0")).toBe("OpenConfirm");
  });

  test("a port on which nobody listens: refused", () => {
    const resources = [peer("tor-a", { peerIP: `${TOR_A.ip}:1790`, asNumber: 65_001 })];
    const simulation = run(withRouters(2, [TOR_A], { resources }), begin(2), "1m");
    expect(session(simulation, "node-0", "tor-a")).toBe("Active Socket: Connection refused");
  });

  test("a filter on the port on which the router listens holds up this session alone", () => {
    const drop = firewall.drop({ from: "node-0", to: "tor-a", port: 1790 });
    const steps = [at(0, drop), ...begin(2)];
    const options = withRouters(2, [{ ...TOR_A, listenPort: 1790 }]);
    const simulation = run(options, steps, "1m");
    expect(session(simulation, "node-0", "tor-a")).toBe("Connect");
    expect(session(simulation, "node-1", "tor-a")).toBe("Established");
  });

  test("another AS than the router's: refused with 2/2, and tried ever later", () => {
    const resources = [peer("tor-a", { peerIP: TOR_A.ip, asNumber: 65_999 })];
    const simulation = run(withRouters(2, [TOR_A], { resources }), begin(2), "1m");
    expect(session(simulation, "node-0", "tor-a")).toMatch(/BGP Error: Bad peer AS$/);
    expect(session(simulation, "tor-a", "node-0")).toMatch(/Received: Bad peer AS$/);
  });

  test("a router that wants another AS of its neighbours refuses them", () => {
    const simulation = run(
      withRouters(2, [{ ...TOR_A, neighborASNumber: 64_999 }]),
      begin(2),
      "1m",
    );
    expect(session(simulation, "node-0", "tor-a")).toMatch(/Received: Bad peer AS$/);
  });

  test("a router that wants neighbours on its link has no socket for others", () => {
    const far = { ...TOR_A, ip: "10.9.9.9", multihop: false };
    const simulation = run(withRouters(2, [far]), begin(2), "1m");
    expect(session(simulation, "node-0", "tor-a")).toBe("Active Socket: Connection refused");
    const multihop = run(withRouters(2, [{ ...far, multihop: true }]), begin(2), "1m");
    expect(session(multihop, "node-0", "tor-a")).toBe("Established");
  });

  test("a router that does not know a node turns it away", () => {
    const options = withRouters(2, [{ ...TOR_A, peersWith: ["node-1"] }], {
      resources: [peer("tor-a", { peerIP: TOR_A.ip, asNumber: 65_001 })],
    });
    const simulation = run(options, begin(2), "1m");
    expect(session(simulation, "node-0", "tor-a")).toMatch(/Socket: Connection reset by peer$/);
    // Nobody promised such a session.
    expect(simulation.tracker.oracle.outside.routers[0]?.peersWith?.has("node-0")).toBe(false);
  });

  test("an own address that the router does not know a node by: turned away", () => {
    const node = cluster({ nodes: 1, pools: [POOL] }).resources[0] as KubernetesNode;
    const twoNetworks: KubernetesNode = {
      ...node,
      status: { addresses: [{ type: "InternalIP", address: "172.16.0.1" }] },
    };
    const asked = (sourceAddress: "UseNodeIP" | "None"): string => {
      const to = peer("tor-a", { peerIP: TOR_A.ip, asNumber: 65_001, sourceAddress });
      const options = withRouters(1, [TOR_A], { resources: [twoNetworks, to] });
      return session(run(options, begin(1), "1m"), "node-0", "tor-a");
    };
    expect(asked("UseNodeIP")).toBe("Established");
    expect(asked("None")).toMatch(/Socket: Connection reset by peer$/);
  });

  test("a pool that is not exported stays unknown to the router, and nobody misses it there", () => {
    const hidden: Resource = {
      apiVersion: "projectcalico.org/v3",
      kind: "IPPool",
      metadata: { name: "default-ipv4-ippool" },
      spec: { cidr: POOL.cidr, blockSize: 26, nodeSelector: "all()", disableBGPExport: true },
    };
    const options = withRouters(2, [TOR_A], { resources: [hidden] });
    const simulation = run(options, begin(2), "2m");
    expect(session(simulation, "node-0", "tor-a")).toBe("Established");
    expect(blockRoutes(simulation, "tor-a")).toEqual({});
    expect(simulation.tracker.darkPairs).toBe(0);
  });

  test("between nodes too: two BGPPeers with different passwords never make a session", () => {
    const towards = (node: string, other: string, name: string): Resource =>
      peer(`${node}-${other}`, {
        node,
        peerSelector: `kubernetes.io/hostname == '${other}'`,
        reversePeering: "Manual",
        password: fromSecret(name),
      });
    const ends = (second: string): readonly string[] => {
      const resources = [
        bgp({ nodeToNodeMeshEnabled: false }),
        towards("node-0", "node-1", "one"),
        towards("node-1", "node-0", "two"),
        secret("one", "1"),
        secret("two", second),
      ];
      const simulation = run({ nodes: 2, pools: [POOL], resources }, begin(2), "2m");
      return [session(simulation, "node-0", "node-1"), session(simulation, "node-1", "node-0")];
    };
    expect(ends("2")).toEqual(["Connect", "Connect"]);
    expect(ends("1")).toEqual(["Established", "Established"]);
  });

  test("a Secret that is deleted takes the password with it", () => {
    const gone = { type: "delete", kind: "Secret", name: "bgp-tor-a", namespace: "kube-system" };
    const steps = [...begin(2), at("2m", gone as Action)];
    const simulation = run(withRouters(2, [{ ...TOR_A, password: "p" }]), steps, "3m");
    expect(session(simulation, "node-0", "tor-a")).toBe("Connect");
  });

  test("the password of the mesh holds for all nodes, and a new one starts every session anew", () => {
    const resources: Resource[] = [
      bgp({ nodeToNodeMeshEnabled: true, nodeMeshPassword: fromSecret("mesh") }),
      secret("mesh", "old"),
    ];
    const simulation = run({ nodes: 4, pools: [POOL], resources }, begin(4), "2m");
    expect(simulation.bird.establishedEnds).toBe(12);
    const policies = simulation.views
      .birdFiles("node-0")
      .map(({ text }) => text)
      .join("");
    expect(policies).toContain('password "old"');
    simulation.schedule([at("2m", apply(secret("mesh", "new")))]);
    simulation.run(180e6);
    expect(simulation.bird.establishedEnds).toBe(12);
    expect(simulation.bird.lostEnds).toBe(12);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a listen port of the cluster moves every session at once", () => {
    const steps = [
      ...begin(3),
      at("2m", apply(bgp({ nodeToNodeMeshEnabled: true, listenPort: 1790 }))),
    ];
    const simulation = run({ nodes: 3, pools: [POOL] }, steps, "3m");
    expect(simulation.bird.establishedEnds).toBe(6);
    expect(simulation.bird.lostEnds).toBe(6);
  });
});

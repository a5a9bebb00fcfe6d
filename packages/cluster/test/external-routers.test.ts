import {
  type BGPConfiguration,
  type BGPPeer,
  type KubernetesNode,
  parseAddress,
  parseCidr,
  type Resource,
  type Secret,
} from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  apply,
  at,
  blocks,
  type ClusterOptions,
  cluster,
  type ExternalRouter,
  fail,
  firewall,
  heal,
  nodes,
  Simulation,
  type Step,
  start,
} from "../src/index.js";
import { blockRoutes, RouteWatch, run } from "./support.js";

const POOL = { cidr: "10.244.0.0/16", ipipMode: "Never" } as const;
const OUT = "10.100.0.0/16";
const TOR_A = { name: "tor-a", ip: "10.0.0.251", asNumber: 65_001, prefixes: [OUT] };
const TOR_B = { name: "tor-b", ip: "10.0.0.252", asNumber: 65_001, prefixes: [OUT] };

function withRouters(
  count: number,
  externalRouters: readonly ExternalRouter[],
  more: Partial<ClusterOptions> = {},
): ClusterOptions {
  return { nodes: count, pools: [POOL], externalRouters, ...more };
}

/** Everything starts, and every node gets a block. */
function begin(count: number): Step[] {
  const names = Array.from({ length: count }, (_, i) => `node-${String(i)}`);
  return [at("0s", start()), ...names.map((name) => at("1m", blocks.add(name)))];
}

function peer(name: string, spec: BGPPeer["spec"]): BGPPeer {
  return { apiVersion: "projectcalico.org/v3", kind: "BGPPeer", metadata: { name }, spec };
}

function bgp(spec: NonNullable<BGPConfiguration["spec"]>): BGPConfiguration {
  const metadata = { name: "default" };
  return { apiVersion: "projectcalico.org/v3", kind: "BGPConfiguration", metadata, spec };
}

function secret(name: string, password: string, namespace = "kube-system"): Secret {
  const metadata = { name, namespace };
  return { apiVersion: "v1", kind: "Secret", metadata, stringData: { password } };
}

const fromSecret = (name: string): BGPPeer["spec"]["password"] => ({
  secretKeyRef: { name, key: "password" },
});

/** Where a node sends for an address outside. */
function wayOut(simulation: Simulation, node: string): string | undefined {
  return simulation.route(node, parseAddress("10.100.0.1")!)?.gateway;
}

/** What a node's BIRD says of its session with a router. */
function session(simulation: Simulation, node: string, router: string): string {
  const { bird } = simulation;
  const view = bird.viewSession(simulation.nodes.id(node), simulation.nodes.id(router));
  return `${view?.bgpState ?? "none"} ${view?.lastError ?? ""}`.trim();
}

function codes(simulation: Simulation): readonly string[] {
  return simulation.result().findings.map(({ code }) => code);
}

describe("an external router (law 11)", () => {
  test("gets a BGPPeer, is up with every node, and each has its routes in the kernel", () => {
    const simulation = run(withRouters(4, [TOR_A]), begin(4), "3m");
    expect(simulation.tracker.converged).toBe(true);
    expect(codes(simulation)).toEqual([]);
    const { sessionEndsEstablished, sessionEndsExpected } = simulation.result().bgp;
    expect(sessionEndsEstablished).toBe(4 * 3 + 4 * 2);
    expect(sessionEndsExpected).toBe(sessionEndsEstablished);
    const { kernels, prefixes, nodes: names } = simulation;
    const route = kernels.route(kernels.best(0, prefixes.intern(parseCidr(OUT)!)));
    expect(route).toMatchObject({ device: "eth0", metric: 2_147_483_547, protocol: 12 });
    expect(names.name(route.gateway)).toBe("tor-a");
    expect(simulation.views.calicoctlNodeStatus("node-2")).toContain("| 10.0.0.251   | global ");
    expect(simulation.views.showRoute("node-2", { all: true })).toContain(
      "BGP.as_path: 65001\n\tBGP.next_hop: 10.0.0.251\n\tBGP.local_pref: 100\n",
    );
  });

  test("is not counted among the nodes", () => {
    const result = run(withRouters(3, [TOR_A, TOR_B]), begin(3), "2m").result();
    expect(result.cluster.nodes).toBe(3);
  });

  test("hears every block from every node, and sends to one that sends it on", () => {
    const simulation = run(withRouters(4, [TOR_A]), begin(4), "3m");
    const tor = blockRoutes(simulation, "tor-a");
    expect(Object.keys(tor)).toHaveLength(4);
    // Nodes pass on what they learnt in the mesh with themselves as next hop: the lowest identifier wins.
    expect(new Set(Object.values(tor))).toEqual(new Set(["node-0 eth0"]));
    expect(simulation.tracker.darkPairs).toBe(0);
  });

  test("does not recover, so that a node defers its kernel: complete 3.05 s after the start", () => {
    const simulation = new Simulation(cluster(withRouters(1, [TOR_A])), { seed: 5 });
    simulation.schedule([at(0, start())]);
    const prefix = simulation.prefixes.intern(parseCidr(OUT)!);
    const step = (done: () => boolean): number => {
      while (!done()) simulation.run(simulation.engine.now + 5_000);
      return simulation.engine.now;
    };
    const running = step(() => simulation.bird.isRunning(0));
    const written = step(() => simulation.kernels.best(0, prefix) !== 0);
    expect((written - running) / 1e6).toBeGreaterThan(2.9);
    expect((written - running) / 1e6).toBeLessThan(3.2);
  });

  test("is the neighbour of a node that joins, and of those alone that it names", () => {
    const joiner = { name: "late", address: "10.0.0.77/24" };
    const some = { ...TOR_B, prefixes: [], peersWith: ["node-1"] };
    const steps = [...begin(2), at("2m", nodes.join(joiner)), at("3m", blocks.add("late"))];
    const simulation = run(withRouters(2, [TOR_A, some]), steps, "5m");
    expect(session(simulation, "late", "tor-a")).toBe("Established");
    expect(session(simulation, "late", "tor-b")).toBe("none");
    expect(session(simulation, "node-0", "tor-b")).toBe("none");
    expect(session(simulation, "node-1", "tor-b")).toBe("Established");
    expect(wayOut(simulation, "late")).toBe("tor-a");
    expect(simulation.tracker.converged).toBe(true);
  });

  test("changes nothing in a fork's future", () => {
    const simulation = run(withRouters(3, [TOR_A]), begin(3), "90s");
    simulation.schedule([at("2m", fail.router("tor-a")), at("6m", heal.router("tor-a"))]);
    const copy = simulation.fork();
    simulation.run(500e6);
    copy.run(500e6);
    expect(copy.digest()).toBe(simulation.digest());
    expect(copy.tracker.converged).toBe(true);
  });
});

describe("a pair of routers with the same routes", () => {
  const both = withRouters(3, [TOR_A, TOR_B]);

  test("one loses power: its packets are lost until the hold time is over, then the other takes them", () => {
    const simulation = run(both, [...begin(3), at("5m", fail.router("tor-a"))], "310s");
    expect(wayOut(simulation, "node-1")).toBe("tor-a");
    // Three nodes to the outside, and the router itself is asked no more.
    expect(simulation.tracker.darkPairs).toBe(3);
    expect(simulation.result().blackholes.byReason).toEqual({ "stale route": 3 });
    simulation.run(560e6);
    expect(wayOut(simulation, "node-1")).toBe("tor-b");
    expect(simulation.tracker.darkPairs).toBe(0);
    expect(simulation.tracker.converged).toBe(true);
    const [hole] = simulation.result().blackholes.intervals;
    expect(hole).toMatchObject({ to: OUT, owner: "tor-a, tor-b", reason: "stale route" });
    expect(hole!.endSeconds - hole!.beginSeconds).toBeGreaterThan(95);
    expect(hole!.endSeconds - hole!.beginSeconds).toBeLessThan(245);
    simulation.schedule([at("10m", heal.router("tor-a"))]);
    simulation.run(700e6);
    expect(wayOut(simulation, "node-1")).toBe("tor-a");
    expect(simulation.tracker.converged).toBe(true);
  });

  test("one is cut off and healed within the hold time: nothing moves", () => {
    const steps = [...begin(3), at("5m", fail.cut("tor-a")), at("6m", heal.cut("tor-a"))];
    const simulation = run(both, steps, "10m");
    expect(wayOut(simulation, "node-1")).toBe("tor-a");
    expect(simulation.bird.lostEnds).toBe(0);
    expect(simulation.tracker.converged).toBe(true);
  });

  test.each([
    ["SIGTERM", "TERM", false, "tor-b"],
    ["SIGKILL", "KILL", false, "tor-b"],
    ["SIGKILL, and it restarts gracefully", "KILL", true, "tor-a"],
  ] as const)("the routing daemon of one gets %s", (_, signal, gracefulRestart, gateway) => {
    const steps = [
      ...begin(3),
      at("5m", fail.process("bird", "tor-a", { signal, restartAfter: "20s" })),
    ];
    const options = withRouters(3, [{ ...TOR_A, gracefulRestart }, TOR_B]);
    const simulation = run(options, steps, "301s");
    expect(wayOut(simulation, "node-2")).toBe(gateway);
    simulation.run(400e6);
    expect(wayOut(simulation, "node-2")).toBe("tor-a");
    expect(simulation.tracker.converged).toBe(true);
  });

  test("packets of one node to one of them are dropped: that session alone is lost, and named", () => {
    const drop = firewall.drop({ from: "node-1", to: "tor-a", port: 179 });
    const steps = [...begin(3), at("5m", drop)];
    const simulation = run(both, steps, "10m");
    expect(wayOut(simulation, "node-1")).toBe("tor-b");
    expect(wayOut(simulation, "node-0")).toBe("tor-a");
    expect(simulation.tracker.converged).toBe(false);
    const down = simulation.result().findings.find(({ code }) => code === "peer-down");
    expect(down?.text).toContain("node-1 – tor-a (Connect");
    simulation.schedule([at("11m", firewall.allow({ from: "node-1", to: "tor-a", port: 179 }))]);
    simulation.run(780e6);
    expect(wayOut(simulation, "node-1")).toBe("tor-a");
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a node that dies is dark from outside as from inside", () => {
    const simulation = run(both, [...begin(3), at("5m", fail.process("bird", "node-0"))], "6m");
    // A graceful restart: the routers keep what they had of it.
    expect(simulation.tracker.darkPairs).toBe(0);
    expect(simulation.tracker.converged).toBe(true);
  });
});

describe("peers that nothing describes", () => {
  const TOR = peer("tor", { peerIP: "10.0.0.250", asNumber: 65_001 });

  test("are taken to accept, which the findings say", () => {
    const options = { nodes: 3, pools: [POOL], resources: [TOR] };
    const simulation = run(options, begin(3), "2m");
    const [finding, ...more] = simulation.result().findings;
    expect(more).toEqual([]);
    expect(finding?.code).toBe("peer-undescribed");
    expect(finding?.text).toContain("10.0.0.250 (AS 65001); each is taken to be a router");
    expect(session(simulation, "node-0", "peer-10.0.0.250")).toBe("Established");
    expect(simulation.tracker.converged).toBe(true);
    // It has every block, and tells nothing of them.
    expect(Object.keys(blockRoutes(simulation, "peer-10.0.0.250"))).toHaveLength(3);
    expect(simulation.bird.paths(0, simulation.prefixes.intern(parseCidr("10.244.0.64/26")!))).toHaveLength(1);
  });

  test("agree to a node's password, port and TTL security", () => {
    const resources = [
      peer("tor", {
        peerIP: "10.0.0.250:1790",
        asNumber: 65_001,
        ttlSecurity: 1,
        password: fromSecret("tor"),
      }),
      secret("tor", "s3cret"),
    ];
    const simulation = run({ nodes: 2, pools: [POOL], resources }, begin(2), "2m");
    expect(session(simulation, "node-0", "peer-10.0.0.250")).toBe("Established");
    simulation.schedule([at("2m", apply(secret("tor", "another")))]);
    simulation.run(150e6);
    expect(session(simulation, "node-0", "peer-10.0.0.250")).toBe("Established");
    expect(simulation.bird.lostEnds).toBeGreaterThan(0);
  });

  test("are absent if the description says so: what starts waits for them 240 s", () => {
    const options: ClusterOptions = {
      nodes: 3,
      pools: [POOL],
      resources: [TOR],
      undescribedPeers: "absent",
    };
    const simulation = run(options, begin(3), "2m");
    expect(session(simulation, "node-0", "peer-10.0.0.250")).toBe("Connect");
    expect(simulation.tracker.converged).toBe(false);
    expect(simulation.result().findings[0]?.text).toContain("every SYN goes unanswered");
    simulation.run(260e6);
    expect(simulation.tracker.converged).toBe(true);
  });
});

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

  test("another AS than the router's: refused with 2/2, and tried ever later", () => {
    const resources = [peer("tor-a", { peerIP: TOR_A.ip, asNumber: 65_999 })];
    const simulation = run(withRouters(2, [TOR_A], { resources }), begin(2), "1m");
    expect(session(simulation, "node-0", "tor-a")).toMatch(/BGP Error: Bad peer AS$/);
    expect(session(simulation, "tor-a", "node-0")).toMatch(/Received: Bad peer AS$/);
  });

  test("a router that wants another AS of its neighbours refuses them", () => {
    const simulation = run(withRouters(2, [{ ...TOR_A, neighborASNumber: 64_999 }]), begin(2), "1m");
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

  test("the password of the mesh holds for all nodes, and a new one starts every session anew", () => {
    const resources: Resource[] = [
      bgp({ nodeToNodeMeshEnabled: true, nodeMeshPassword: fromSecret("mesh") }),
      secret("mesh", "old"),
    ];
    const simulation = run({ nodes: 4, pools: [POOL], resources }, begin(4), "2m");
    expect(simulation.bird.establishedEnds).toBe(12);
    const policies = simulation.views.birdFiles("node-0").map(({ text }) => text).join("");
    expect(policies).toContain('password "old"');
    simulation.schedule([at("2m", apply(secret("mesh", "new")))]);
    simulation.run(180e6);
    expect(simulation.bird.establishedEnds).toBe(12);
    expect(simulation.bird.lostEnds).toBe(12);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a listen port of the cluster moves every session at once", () => {
    const steps = [...begin(3), at("2m", apply(bgp({ nodeToNodeMeshEnabled: true, listenPort: 1790 })))];
    const simulation = run({ nodes: 3, pools: [POOL] }, steps, "3m");
    expect(simulation.bird.establishedEnds).toBe(6);
    expect(simulation.bird.lostEnds).toBe(6);
  });
});

describe("routes that go through a router", () => {
  function numbered(count: number): Resource[] {
    return cluster({ nodes: count, pools: [POOL] }).resources.slice(0, count).map((resource, i) => {
      const node = resource as KubernetesNode;
      const annotations = {
        ...node.metadata.annotations,
        "projectcalico.org/ASNumber": String(64_600 + i),
      };
      return { ...node, metadata: { ...node.metadata, annotations } };
    });
  }

  test("nodes of an AS each have every block by it, with its owner as next hop on one link", () => {
    const resources = [...numbered(4), bgp({ nodeToNodeMeshEnabled: false })];
    const simulation = run(withRouters(4, [TOR_A], { resources }), begin(4), "3m");
    expect(simulation.bird.establishedEnds).toBe(8);
    const own = simulation.blocksOf("node-3")[0]!;
    expect(blockRoutes(simulation, "node-0")[own]).toBe("node-3 eth0");
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a router that takes its neighbours to be far away names itself, and packets go through it", () => {
    const resources = [...numbered(3), bgp({ nodeToNodeMeshEnabled: false })];
    const options = withRouters(3, [{ ...TOR_A, multihop: true }], { resources });
    const simulation = run(options, [...begin(3), at("5m", fail.router("tor-a"))], "4m");
    const own = simulation.blocksOf("node-2")[0]!;
    expect(blockRoutes(simulation, "node-0")[own]).toBe("tor-a eth0");
    expect(simulation.tracker.converged).toBe(true);
    expect(simulation.tracker.darkPairs).toBe(0);
    const watch = new RouteWatch(simulation, "node-0", own);
    simulation.run(310e6);
    // Each node to both others, and to the outside.
    expect(simulation.tracker.darkPairs).toBe(9);
    simulation.run(600e6);
    expect(watch.removed).toBeDefined();
    expect(simulation.tracker.converged).toBe(true);
  });

  test("nodes of one AS refuse what it brings back, unless their BGPPeer allows it", () => {
    const off = bgp({ nodeToNodeMeshEnabled: false });
    const alone = run(withRouters(3, [TOR_A], { resources: [off] }), begin(3), "3m");
    expect(Object.keys(blockRoutes(alone, "node-0"))).toHaveLength(2);
    expect(alone.tracker.converged).toBe(true);
    const allowed = peer("tor-a", {
      peerIP: TOR_A.ip,
      asNumber: 65_001,
      numAllowedLocalASNumbers: 1,
    });
    const open = run(withRouters(3, [TOR_A], { resources: [off, allowed] }), begin(3), "3m");
    expect(Object.keys(blockRoutes(open, "node-0"))).toHaveLength(4);
    expect(open.tracker.converged).toBe(true);
  });

  test("a reflector outside gives nodes without a mesh every block", () => {
    const reflector: ExternalRouter = {
      name: "rr",
      ip: "10.0.0.253",
      asNumber: 64_512,
      routeReflectorClusterID: "1.0.0.1",
    };
    const options = withRouters(4, [reflector], { resources: [bgp({ nodeToNodeMeshEnabled: false })] });
    const simulation = run(options, begin(4), "3m");
    const own = simulation.blocksOf("node-3")[0]!;
    expect(blockRoutes(simulation, "node-0")[own]).toBe("node-3 eth0");
    expect(Object.keys(blockRoutes(simulation, "node-0"))).toHaveLength(4);
    expect(simulation.tracker.converged).toBe(true);
  });
});

describe("a description that cannot be", () => {
  test.each([
    [{ name: "node-0" }, /externalRouters\[0\]\.name: "node-0" is taken/],
    [{ ip: "10.0.0.1" }, /ip: 10\.0\.0\.1 is the address of node node-0/],
    [{ ip: "fd00::1" }, /ip: "fd00::1" is no IPv4 address/],
    [{ asNumber: "x" }, /asNumber: "x" is no AS number/],
    [{ prefixes: ["10.0.0.0"] }, /prefixes: "10\.0\.0\.0" is no IPv4 CIDR/],
    [{ peersWith: ["node-9"] }, /peersWith: there is no node "node-9"/],
    [{ rack: "r9" }, /rack: the underlay has no rack or router "r9"/],
    [{ routeReflectorClusterID: "x" }, /routeReflectorClusterID: "x" does not look/],
    [{ ttlSecurity: 0 }, /ttlSecurity: 0 must be/],
  ])("%j is refused", (change, message) => {
    expect(() => cluster(withRouters(2, [{ ...TOR_A, ...change }]))).toThrow(message);
  });

  test("a scenario names what there is", () => {
    const check = (step: Step): (() => unknown) => () => run(withRouters(2, [TOR_A]), [step], "1s");
    expect(check(at(0, fail.router("tor-z")))).toThrow(/no external router "tor-z"/);
    expect(check(at(0, fail.node("tor-a")))).toThrow(/"tor-a" is an external router, no node/);
    expect(check(at(0, fail.cut("nobody")))).toThrow(/there is no node "nobody"; the cluster has 2/);
  });
});

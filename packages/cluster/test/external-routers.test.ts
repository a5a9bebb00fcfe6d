import { micros, ofKind, parseCidr } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  apply,
  at,
  blocks,
  type ClusterError,
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
import {
  begin,
  codes,
  fromSecret,
  OUT,
  POOL,
  peer,
  secret,
  session,
  TOR_A,
  TOR_B,
  wayOut,
  withRouters,
} from "./outside.js";
import { blockRoutes, run } from "./support.js";

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

  test("shows its capabilities as a plain BIRD's (measured)", () => {
    const text = (router: ExternalRouter): string =>
      run(withRouters(1, [router]), begin(1), "1m").views.showProtocol(
        "node-0",
        "Global_10_0_0_251",
      );
    expect(text(TOR_A)).toContain(
      "    Neighbor caps:    refresh enhanced-refresh restart-aware llgr-aware AS4\n    Session:          external multihop AS4\n",
    );
    expect(text({ ...TOR_A, gracefulRestart: true })).toContain("restart-able llgr-aware AS4\n");
  });

  test("that announces the nodes' own subnet leaves them their connected route (measured)", () => {
    const subnet = "10.0.0.0/24";
    const tor = { ...TOR_A, prefixes: [subnet, "0.0.0.0/0"] };
    const simulation = run(withRouters(3, [tor]), begin(3), "3m");
    expect(simulation.tracker.converged).toBe(true);
    const { kernels, prefixes } = simulation;
    expect(kernels.best(0, prefixes.intern(parseCidr(subnet)!))).toBe(0);
    expect(wayOut(simulation, "node-0")).toBe("tor-a");
    // Of the three only the block that is none of the router's: the route of \`direct\` is the best to the subnet.
    expect(simulation.views.showProtocol("node-0", "Global_10_0_0_251")).toContain(
      "  Routes:         2 imported, ",
    );
    expect(simulation.views.showProtocol("node-0", "Global_10_0_0_251")).toContain(
      " 1 preferred\n",
    );
    expect(simulation.views.showRoute("node-0").replace(/\d\d:\d\d:\d\d/g, "HH:MM:SS")).toContain(
      [
        `${subnet}        dev eth0 [direct1 HH:MM:SS] * (240)`,
        "                   via 10.0.0.251 on eth0 [Global_10_0_0_251 HH:MM:SS] (100/0) [AS65001i]",
        "",
      ].join("\n"),
    );
  });

  test("and takes nothing on their link with it when it loses power", () => {
    const tor = { ...TOR_A, prefixes: ["10.0.0.0/24", "0.0.0.0/0"] };
    const steps = [...begin(3), at("5m", fail.router("tor-a"))];
    const { intervals } = run(withRouters(3, [tor]), steps, "10m").result().blackholes;
    expect([...new Set(intervals.map(({ to }) => to))]).toEqual(["0.0.0.0/0"]);
  });

  test("nor is it missed by a node whose own subnet becomes what it announced", () => {
    const half = "10.0.0.0/25";
    const tor = { ...TOR_A, ip: "10.0.0.100", prefixes: [half] };
    const spec = cluster(withRouters(1, [tor]));
    const node = ofKind(spec.resources, "Node")[0]!;
    const annotations = {
      ...node.metadata.annotations,
      "projectcalico.org/IPv4Address": "10.0.0.1/25",
    };
    const onHalf = { ...node, metadata: { ...node.metadata, annotations } };
    const simulation = new Simulation(spec, { seed: 11 });
    simulation.schedule([...begin(1), at("3m", apply(onHalf))]);
    const out = simulation.prefixes.intern(parseCidr(half)!);
    simulation.run(micros("2m"));
    expect(simulation.kernels.best(0, out)).not.toBe(0);
    simulation.run(micros("5m"));
    expect(simulation.result().blackholes.intervals).toEqual([]);
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
    expect(simulation.views.calicoctlNodeStatus("node-1")).toMatch(
      /10\.0\.0\.252 +\| node specific +\| up /,
    );
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

  test("one loses power: its half of the packets is lost until the hold time is over, then the other takes them", () => {
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
    expect(hole).toMatchObject({
      to: OUT,
      owner: "tor-a, tor-b",
      reason: "stale route",
      share: 0.5,
    });
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
    expect(
      simulation.bird.paths(0, simulation.prefixes.intern(parseCidr("10.244.0.64/26")!)),
    ).toHaveLength(1);
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

describe("a description that cannot be", () => {
  test.each([
    [{ name: "node-0" }, /externalRouters\[0\]\.name: "node-0" is taken/],
    [{ ip: "10.0.0.1" }, /ip: 10\.0\.0\.1 is the address of node node-0/],
    [
      { ip: "10.0.0" },
      /externalRouters\[0\]\.ip: "10\.0\.0" is not an IP address \(expected an IPv4 or IPv6 address/,
    ],
    [{ asNumber: "x" }, /asNumber: "x" is not an AS number/],
    [{ prefixes: ["10.0.0.0"] }, /prefixes\[0\]: "10\.0\.0\.0" is not a CIDR/],
    [
      { peersWith: ["node-9"] },
      /peersWith\[0\]: there is no node or other external router "node-9"; did you mean "node-0"\? \(expected node-0, node-1\)/,
    ],
    [{ rack: "r9" }, /rack: the underlay has no rack or router "r9"/],
    [{ routeReflectorClusterID: "x" }, /routeReflectorClusterID: "x" is not an IPv4 address/],
    [{ ttlSecurity: 0 }, /ttlSecurity: 0 is out of range \(expected 1 to 255\)/],
  ])("%j is refused", (change, message) => {
    expect(() => cluster(withRouters(2, [{ ...TOR_A, ...change }]))).toThrow(message);
  });

  test("two routers of one name or address are refused", () => {
    const twice = (change: object): (() => unknown) => {
      return () => cluster(withRouters(2, [TOR_A, { ...TOR_B, ...change }]));
    };
    expect(twice({ name: "tor-a" })).toThrow(/externalRouters\[1\]\.name: "tor-a" is taken/);
    expect(twice({ ip: TOR_A.ip })).toThrow(/ip: 10\.0\.0\.251 is the address of tor-a too/);
  });

  test("is refused for everything that is wrong in it at once", () => {
    const wrong = { ...TOR_A, passiv: true, prefixes: ["10.100.0.1/16"], rack: "10.0.0.0/42" };
    const other = { name: "tor-b", ip: "10.0.0.300", asNumber: 0, neighborASNumber: 0 };
    let issues: readonly string[] = [];
    try {
      cluster(withRouters(2, [wrong, other]));
    } catch (error) {
      issues = (error as ClusterError).message.split("\n");
    }
    expect(issues).toEqual([
      expect.stringMatching(
        /^externalRouters\[0\]\.passiv: an external router has no field "passiv"; did you mean "passive"\? \(expected name, ip, /,
      ),
      'externalRouters[1].ip: "10.0.0.300" is not an IP address (expected an IPv4 or IPv6 address)',
      'externalRouters[0].prefixes[0]: "10.100.0.1/16" has bits set behind its prefix length (expected 10.100.0.0/16)',
      'externalRouters[0].rack: the underlay has no rack or router "10.0.0.0/42"; did you mean "10.0.0.0/24"? (expected 10.0.0.0/24, spine-0)',
      "externalRouters[1].asNumber: no router has AS 0 (expected an AS number from 1 to 4294967295)",
      "externalRouters[1].neighborASNumber: no router has AS 0 (expected an AS number from 1 to 4294967295)",
    ]);
  });

  test("may leave a field empty, as YAML does with null", () => {
    const empty = { ...TOR_A, peersWith: null, rack: null } as unknown as ExternalRouter;
    expect(cluster(withRouters(2, [empty])).externalRouters).toEqual([TOR_A]);
  });

  test("a scenario names what there is", () => {
    const check =
      (step: Step): (() => unknown) =>
      () =>
        run(withRouters(2, [TOR_A]), [step], "1s");
    expect(check(at(0, fail.router("tor-z")))).toThrow(/no external router "tor-z"/);
    expect(check(at(0, fail.node("tor-a")))).toThrow(/"tor-a" is an external router, no node/);
    expect(check(at(0, fail.cut("nobody")))).toThrow(
      /there is no node "nobody" \(expected node-0, node-1\)/,
    );
  });
});

describe("what a BGPPeer refers to", () => {
  const said = (...resources: ReturnType<typeof peer | typeof secret>[]): readonly string[] =>
    run(withRouters(2, [TOR_A], { resources }), begin(2), "2m")
      .result()
      .findings.filter(({ code }) => code === "setting")
      .map(({ text }) => text);
  const spec = { peerIP: TOR_A.ip, asNumber: TOR_A.asNumber };

  test("is named where it is not there: confd goes on as if nothing had been said", () => {
    const lost = peer("tor", { ...spec, filters: ["gone"], password: fromSecret("nope") });
    expect(said(lost)).toEqual([
      'BGPPeer tor: there is no BGPFilter "gone", so it filters nothing',
      'BGPPeer tor: there is no Secret "nope" in namespace kube-system, so its sessions have no password',
    ]);
    expect(said(lost, secret("nope", "x", "elsewhere"))).toHaveLength(2);
  });

  test("is named where it is a Node that is not there", () => {
    expect(said(peer("lost", { peerIP: TOR_A.ip, asNumber: 1, node: "node-O" }))).toContain(
      'BGPPeer lost: there is no Node "node-O", so nobody has this peer; did you mean "node-0"?',
    );
  });

  test("is named where a selector matches no Node", () => {
    expect(said(peer("lost", { ...spec, nodeSelector: "rack == 'nine'" }))).toContain(
      "BGPPeer lost: its nodeSelector \"rack == 'nine'\" selects no Node, so nobody has this peer",
    );
    expect(said(peer("lost", { nodeSelector: "all()", peerSelector: "has(reflector)" }))).toContain(
      'BGPPeer lost: its peerSelector "has(reflector)" selects no Node, so nobody has this peer',
    );
    expect(said(peer("tor", { ...spec, nodeSelector: "all()" }))).toEqual([]);
  });

  test("is not mentioned where it is", () => {
    expect(said(peer("tor", { ...spec, password: fromSecret("key") }), secret("key", "x"))).toEqual(
      [],
    );
  });
});

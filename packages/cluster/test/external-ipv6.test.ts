import { type KubernetesNode, parseAddress } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  at,
  type ClusterOptions,
  cluster,
  clusterFromResources,
  type ExternalRouter,
  fail,
  heal,
  pods,
  type Simulation,
  type Step,
  simulate,
  start,
} from "../src/index.js";
import { bgp, codes, peer } from "./outside.js";
import { run } from "./support.js";

const OUT6 = "fd00:100::/48";
const TOR = {
  name: "tor",
  ip: "10.0.0.251",
  ipv6: "fd10::251",
  asNumber: 65_001,
  prefixes: ["10.100.0.0/16", OUT6],
} satisfies ExternalRouter;

/** Two racks with a router each, whose nodes peer with it alone: only the routers carry packets between the racks. */
function dual(routers: readonly ExternalRouter[], more: Partial<ClusterOptions> = {}) {
  return {
    nodes: 4,
    pools: [{ cidr: "10.244.0.0/16", ipipMode: "Never" }, { cidr: "fd00:10:244::/56" }],
    externalRouters: routers,
    ...more,
  } satisfies ClusterOptions;
}

/** Everything starts, and pods bring a block of each family to every node. */
const WARM: readonly Step[] = [at("0s", start()), at("30s", pods.create(8))];

/** Where a node sends for an address. */
function way(simulation: Simulation, node: string, address: string): string | undefined {
  return simulation.route(node, parseAddress(address)!)?.gateway;
}

/** What the BIRD of IPv6 of a node says of its session with a router. */
function session6(simulation: Simulation, node: string, router: string): string | undefined {
  const { bird6, nodes } = simulation;
  return bird6?.viewSession(nodes.id(node), nodes.id(router))?.bgpState;
}

describe("a router outside with an address of each family", () => {
  test("gets a BGPPeer for each, and each node has its routes of both", () => {
    const simulation = run(dual([TOR]), WARM, "3m");
    expect(codes(simulation)).toEqual([]);
    expect(simulation.tracker.converged).toBe(true);
    expect(way(simulation, "node-1", "10.100.0.1")).toBe("tor");
    expect(way(simulation, "node-1", "fd00:100::1")).toBe("tor");
    const { sessionEndsEstablished, sessionEndsExpected } = simulation.result().bgp;
    expect(sessionEndsEstablished).toBe(2 * (4 * 3 + 2 * 4));
    expect(sessionEndsExpected).toBe(sessionEndsEstablished);
    expect(simulation.views.calicoctlNodeStatus("node-2")).toContain("| fd10::251    | global ");
  });

  // Three routers on one link tell each other of a prefix, and the last a node. A next hop there is left as it is by one that is
  // `direct`; in IPv6 if it came with its link-local address, which one that is `multihop` does not tell (bird6 1.6.8).
  test.each([
    [4, [], "a"],
    [4, ["a"], "a"],
    [4, ["b"], "b"],
    [6, [], "a"],
    [6, ["a"], "b"],
    [6, ["b"], "c"],
    [6, ["a", "b"], "c"],
  ] as const)("is the next hop of others: IPv%i, multihop: %j", (family, multihop, first) => {
    const six = family === 6;
    const peersWith: Readonly<Record<string, readonly string[]>> = {
      a: ["b"],
      b: ["c"],
      c: ["node-0"],
    };
    const routers = ["a", "b", "c"].map(
      (name, i): ExternalRouter => ({
        name,
        ip: six ? `fd10::25${String(i)}` : `10.0.0.25${String(i)}`,
        asNumber: 65_001 + i,
        prefixes: name === "a" ? [six ? OUT6 : "10.100.0.0/16"] : [],
        peersWith: peersWith[name]!,
        ...(multihop.some((one) => one === name) ? { multihop: true } : {}),
      }),
    );
    const pools = [
      { cidr: six ? "fd00:10:244::/56" : "10.244.0.0/16", ipipMode: "Never" },
    ] as const;
    const peerIP = routers[2]!.ip;
    const resources = [peer("c", { peerIP, asNumber: 65_003, node: "node-0" })];
    const nodeFamilies = six ? ([6] as const) : ([4] as const);
    const options = { nodes: 2, pools, nodeFamilies, externalRouters: routers, resources };
    const simulation = run(options, [at("0s", start())], "2m");
    expect(way(simulation, "node-0", six ? "fd00:100::1" : "10.100.0.1")).toBe(first);
    expect(simulation.tracker.converged).toBe(true);
  });

  // A BGP identifier has four octets in either family (RFC 6286; bird6 1.6.8).
  test.each([
    [TOR, "10.0.0.251"],
    [{ name: "tor", ip: "fd10::251", asNumber: 65_001 } satisfies ExternalRouter, "0.0.0.5"],
  ])("has a dotted quad for its id in the words of bird6", (router, id) => {
    const simulation = run(dual([router]), WARM, "2m");
    const said = simulation.views.showProtocol("node-0", "Global_fd10__251", 6);
    expect(said).toContain(`Neighbor ID:      ${id}`);
  });

  test("carries the packets of both between nodes that have nobody else", () => {
    const options = dual([TOR], {
      resources: [
        bgp({ nodeToNodeMeshEnabled: false }),
        peer("tor", { peerIP: "10.0.0.251", asNumber: 65_001, numAllowedLocalASNumbers: 1 }),
        peer("tor6", { peerIP: "fd10::251", asNumber: 65_001, numAllowedLocalASNumbers: 1 }),
      ],
    });
    const simulation = run(options, WARM, "3m");
    expect(codes(simulation)).toEqual([]);
    expect(simulation.tracker.converged).toBe(true);
    expect(simulation.tracker.darkPairs).toBe(0);
    const blocks = simulation.blocksOf("node-3");
    // On one link a router leaves the next hop as it is (RFC 4271 §5.1.3); of IPv6 only if it knows the link-local address of
    // it, which nodes do not tell since they are `multihop` (bird6 1.6.8).
    for (const block of blocks) {
      const first = block.includes(":") ? "tor" : "node-3";
      expect([block, way(simulation, "node-0", block.split("/")[0]!)]).toEqual([block, first]);
    }
    expect(blocks.map((block) => block.includes(":"))).toEqual([false, true]);
  });

  test("in each rack, with a spine between them, carries what leaves a rack", () => {
    const inRack = (rack: number): string[] =>
      [0, 1, 2, 3].filter((i) => i % 2 === rack).map((i) => `node-${String(i)}`);
    const tors = [0, 1].map((rack): ExternalRouter => {
      const [ip, ipv6] = [`10.0.${String(rack)}.251`, `fd10:0:0:${String(rack)}::251`];
      return {
        name: `tor-${String(rack)}`,
        ip,
        ipv6,
        asNumber: 65_001 + rack,
        peersWith: inRack(rack),
      };
    });
    const spine: ExternalRouter = {
      name: "spine",
      ip: "192.168.0.1",
      ipv6: "fd99::1",
      asNumber: 65_000,
      prefixes: ["0.0.0.0/0", "::/0"],
      peersWith: ["tor-0", "tor-1"],
    };
    const peers = tors.flatMap(({ name, ip, ipv6, asNumber, peersWith = [] }) =>
      [ip, ipv6].map((peerIP) =>
        peer(`${name}-${String(peerIP?.includes(":"))}`, {
          peerIP: peerIP!,
          asNumber,
          nodeSelector: `kubernetes.io/hostname in { ${peersWith.map((n) => `'${n}'`).join(", ")} }`,
          numAllowedLocalASNumbers: 1,
        }),
      ),
    );
    const options = dual([...tors, spine], {
      racks: 2,
      resources: [bgp({ nodeToNodeMeshEnabled: false }), ...peers],
    });
    const simulation = run(options, WARM, "3m");
    expect(codes(simulation)).toEqual([]);
    expect(simulation.tracker.converged).toBe(true);
    expect(simulation.tracker.darkPairs).toBe(0);
    expect(simulation.tracker.unroutable()).toBeUndefined();
    for (const block of simulation.blocksOf("node-3"))
      expect(way(simulation, "node-0", block.split("/")[0]!)).toBe("tor-0");
    expect(way(simulation, "node-0", "fd77::1")).toBe("tor-0");
  });

  test("without power takes the ways of both families with it, and brings them back", () => {
    const steps = [...WARM, at("2m", fail.router("tor")), at("8m", heal.router("tor"))];
    const dark = run(dual([TOR]), steps, "7m");
    expect([way(dark, "node-1", "10.100.0.1"), way(dark, "node-1", "fd00:100::1")]).toEqual([
      undefined,
      undefined,
    ]);
    expect(dark.tracker.converged).toBe(true);
    const healed = run(dual([TOR]), steps, "9m");
    expect(way(healed, "node-1", "fd00:100::1")).toBe("tor");
    expect(healed.tracker.converged).toBe(true);
  });

  test("withdraws both when its daemon ends", () => {
    const steps = [...WARM, at("2m", fail.process("bird", "tor", { restartAfter: "never" }))];
    const simulation = run(dual([TOR]), steps, "3m");
    expect(way(simulation, "node-1", "fd00:100::1")).toBeUndefined();
    expect(session6(simulation, "node-1", "tor")).not.toBe("Established");
  });
});

describe("a router outside with an IPv6 address alone", () => {
  const only = { name: "tor6", ip: "fd10::252", asNumber: 65_002, prefixes: [OUT6] };

  test("is a peer of the BIRDs of IPv6", () => {
    const simulation = run(dual([only]), WARM, "3m");
    expect(codes(simulation)).toEqual([]);
    expect(simulation.tracker.converged).toBe(true);
    expect(way(simulation, "node-0", "fd00:100::1")).toBe("tor6");
    expect(simulation.bird.viewSession(0, simulation.nodes.id("tor6"))).toBeUndefined();
  });

  test("that nothing describes agrees to what nodes ask for, and says nothing", () => {
    const resources = [peer("someone", { peerIP: "fd10::77", asNumber: 65_003 })];
    const simulation = run(dual([], { resources }), WARM, "3m");
    expect(codes(simulation)).toEqual(["peer-undescribed"]);
    expect(session6(simulation, "node-2", "peer-fd10::77")).toBe("Established");
    expect(simulation.tracker.converged).toBe(true);
  });

  test("with nobody to peer with in the cluster is a finding, and so is a peer that nothing describes", () => {
    const pools = [{ cidr: "10.244.0.0/16", ipipMode: "Never" }] as const;
    const resources = [
      peer("tor", { peerIP: TOR.ip, asNumber: 65_001 }),
      peer("tor-6", { peerIP: "fd10:0::251", asNumber: 65_001 }),
      peer("someone", { peerIP: "[fd10::77]:1790", asNumber: 65_003 }),
    ];
    const texts = (more: Partial<ClusterOptions>): readonly string[] =>
      run(dual([TOR], { pools, ...more }), WARM, "2m")
        .result()
        .findings.map(({ text }) => text);
    const why = "no node has an IPv6 address";
    // That of IPv4 is a peer; for that of IPv6 `cluster` wrote a BGPPeer.
    expect(texts({})).toEqual([`${why}, so nobody peers with tor (fd10::251)`]);
    expect(texts({ resources })).toEqual([
      `${why}, so nobody peers with tor (fd10::251), fd10::77 (BGPPeer someone)`,
    ]);
    expect(texts({ externalRouters: [], resources: resources.slice(2) })).toEqual([
      `${why}, so nobody peers with fd10::77 (BGPPeer someone)`,
    ]);
    expect(texts({ externalRouters: [only] })).toEqual([
      `${why}, so nobody peers with tor6 (fd10::252)`,
    ]);
  });

  test("where IPv6 has pools but no node an address of it is one too", () => {
    const { resources } = cluster(dual([TOR]));
    const bare = resources.map((resource) => {
      if (resource.kind !== "Node") return resource;
      const { metadata, ...rest } = resource as KubernetesNode;
      const { "projectcalico.org/IPv6Address": _, ...annotations } = metadata.annotations ?? {};
      return { ...rest, metadata: { ...metadata, annotations } };
    });
    const spec = clusterFromResources({ resources: bare, externalRouters: [TOR] });
    const texts = simulate(spec, WARM, { until: "2m" }).findings.map(({ text }) => text);
    expect(texts).toContain("no node has an IPv6 address, so nobody peers with tor (fd10::251)");
    expect(texts.join()).not.toContain("no BGPPeer makes");
  });
});

describe("what is said of a router's addresses", () => {
  const faults = (router: ExternalRouter): readonly string[] => {
    try {
      cluster(dual([router]));
    } catch (error) {
      return (error as Error).message.split("\n");
    }
    return [];
  };

  test.each([
    [{ ...TOR, ipv6: "10.0.0.9" }, "ipv6", "an IPv6 address such as fd00::254"],
    [{ ...TOR, ip: "fd10::9" }, "ipv6", "an IPv4 address in ip, or no ipv6"],
    [{ ...TOR, ipv6: "fd10::1" }, "ipv6", "an address of its own"],
    [
      { name: "a", ip: "10.0.0.251", asNumber: 1, prefixes: [OUT6] },
      "prefixes[0]",
      "a field ipv6 too",
    ],
    [
      { name: "a", ip: "fd10::9", asNumber: 1, prefixes: ["0.0.0.0/0"] },
      "prefixes[0]",
      "an IPv4 address in ip",
    ],
  ])("%j", (router, field, want) => {
    const [first = ""] = faults(router);
    expect(first).toContain(`externalRouters[0].${field}`);
    expect(first).toContain(want);
  });
});

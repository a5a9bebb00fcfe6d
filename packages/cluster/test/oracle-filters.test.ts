import {
  type BGPConfiguration,
  type BGPFilter,
  type BGPPeer,
  eraOf,
  type KubernetesNode,
  parseCidr,
  type Resource,
} from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  apply,
  at,
  blocks,
  type ClusterOptions,
  cluster,
  type ExternalRouter,
  oracleState,
  pods,
  type Simulation,
  type Step,
  start,
} from "../src/index.js";
import { spreadOf } from "../src/oracle-spread.js";
import { blockRoutes, run } from "./support.js";

const POOL = { cidr: "10.200.0.0/20", ipipMode: "Never" } as const;
const OUTSIDE = "10.100.0.0/16";

function filter(name: string, spec: object): BGPFilter {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPFilter",
    metadata: { name },
    spec: { ...spec },
  };
}

function peer(name: string, spec: BGPPeer["spec"]): BGPPeer {
  return { apiVersion: "projectcalico.org/v3", kind: "BGPPeer", metadata: { name }, spec };
}

function configuration(spec: BGPConfiguration["spec"]): BGPConfiguration {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPConfiguration",
    metadata: { name: "default" },
    spec: spec!,
  };
}

const NO_MESH = configuration({ nodeToNodeMeshEnabled: false });
const host = (n: number): string => `kubernetes.io/hostname == 'node-${String(n)}'`;

/** Nodes by AS, and by cluster id where they are reflectors; each gets a block after a minute. */
function begun(
  nodes: readonly { readonly as?: number; readonly cluster?: string }[],
  resources: readonly Resource[],
  more: { readonly routers?: readonly ExternalRouter[]; readonly steps?: readonly Step[] } = {},
  until = "4m",
): Simulation {
  const plain: ClusterOptions = { nodes: nodes.length, pools: [POOL], calicoVersion: "3.33" };
  const annotated = cluster(plain)
    .resources.slice(0, nodes.length)
    .map((resource, i): Resource => {
      const { metadata, ...rest } = resource as KubernetesNode;
      const { as, cluster: id } = nodes[i]!;
      const annotations = {
        ...metadata.annotations,
        ...(as === undefined ? {} : { "projectcalico.org/ASNumber": String(as) }),
        ...(id === undefined ? {} : { "projectcalico.org/RouteReflectorClusterID": id }),
      };
      return { ...rest, metadata: { ...metadata, annotations } };
    });
  const added = nodes.map((_, i) => at("1m", blocks.add(`node-${String(i)}`)));
  return run(
    { ...plain, resources: [...annotated, ...resources], externalRouters: more.routers ?? [] },
    [at("0s", start()), ...added, ...(more.steps ?? [])],
    until,
  );
}

/** Where a node sends for a prefix, by every next hop. */
function hops(simulation: Simulation, node: string, prefix: string): readonly string[] {
  const { kernels, nodes, prefixes } = simulation;
  const found = kernels.table(nodes.id(node)).find((r) => prefixes.text(r.prefix) === prefix);
  if (found === undefined) return [];
  const { gateway, further = [] } = kernels.route(found.route);
  return [gateway, ...further.map((hop) => hop.gateway)].map((id) => nodes.name(id)).sort();
}

function blockOf(simulation: Simulation, node: string): string {
  return simulation.blocksOf(node)[0]!;
}

const TOR: ExternalRouter = {
  name: "tor",
  ip: "10.0.0.250",
  asNumber: 65_001,
  prefixes: [OUTSIDE],
  peersWith: ["node-0"],
};
const torPeer = (more: Partial<BGPPeer["spec"]>): BGPPeer =>
  peer("tor", { nodeSelector: host(0), peerIP: TOR.ip, asNumber: 65_001, ...more });

describe("a cluster whose BGPFilters keep routes back", () => {
  const first = "10.200.0.0/26";
  const closed = filter("edge", {
    exportV4: [{ action: "Reject", matchOperator: "Equal", cidr: first }],
  });
  const among = peer("all", { nodeSelector: "all()", peerSelector: "all()", filters: ["edge"] });

  test("is converged, and nobody misses from the start what nobody was ever told", () => {
    const simulation = begun([{}, {}, {}], [closed, NO_MESH, among]);
    expect(blockOf(simulation, "node-0")).toBe(first);
    expect(Object.keys(blockRoutes(simulation, "node-1"))).not.toContain(first);
    expect(simulation.tracker.converged).toBe(true);
    expect(simulation.result().blackholes.byReason).toEqual({});
    expect(simulation.tracker.settled("data").filter(({ took }) => took === Infinity)).toEqual([]);
  });

  test("has black holes where a filter takes away what worked, and converges all the same", () => {
    const open = filter("edge", {});
    const simulation = begun([{}, {}, {}], [open, NO_MESH, among], {
      steps: [at("2m", apply(closed))],
    });
    expect(simulation.result().blackholes.byReason).toEqual({ "no route": 2 });
    expect(simulation.tracker.converged).toBe(true);
  });

  test("is converged in IPv6 too, by rules of its own", () => {
    const rule = { matchOperator: "In", cidr: "fd00:10:200::/112", source: "RemotePeers" };
    const refusing = filter("edge", { importV6: [{ action: "Reject", ...rule }] });
    const ofFirst = peer("first", {
      node: "node-0",
      peerSelector: "all()",
      filters: ["edge"],
      reversePeering: "Manual",
    });
    const others = peer("others", { nodeSelector: "all()", peerSelector: "all()" });
    const simulation = run(
      {
        nodes: 3,
        pools: [{ cidr: "10.200.0.0/20" }, { cidr: "fd00:10:200::/112" }],
        resources: [refusing, NO_MESH, ofFirst, others],
      },
      [at("0s", start()), at("20s", pods.create(8))],
      "4m",
    );
    const held = (node: string): number =>
      Object.keys(blockRoutes(simulation, node)).filter((to) => to.includes(":")).length;
    // Of two BGPPeers for one peer the first by name counts: node-0 has its own block alone.
    expect(["node-0", "node-1", "node-2"].map(held)).toEqual([1, 3, 3]);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("does not ask the mesh: BGPFilters are BGPPeers'", () => {
    const simulation = begun([{}, {}], [closed, torPeer({ filters: ["edge"] })], {
      routers: [TOR],
    });
    expect(hops(simulation, "node-1", first)).toEqual(["node-0"]);
    expect(hops(simulation, "tor", first)).toEqual([]);
    expect(simulation.tracker.converged).toBe(true);
  });

  test.each([
    [{ peerSelector: "all()" }, 2],
    [{ nodeSelector: "all()", peerSelector: "all()" }, 3],
  ])(
    "with the mesh on asks the BGPPeer %j only where it is global: node-1 has %i blocks",
    (spec, has) => {
      // Of two protocols for one neighbour the first by name has the session (measured on BIRD 1.6.8).
      const simulation = begun([{}, {}, {}], [closed, peer("all", { ...spec, filters: ["edge"] })]);
      expect(Object.keys(blockRoutes(simulation, "node-1"))).toHaveLength(has);
      const said = simulation
        .result()
        .findings.some(({ text }) =>
          text.startsWith("the mesh has the sessions between node-0 and node-1, "),
        );
      expect(said).toBe(has === 3);
      expect(simulation.tracker.converged).toBe(true);
    },
  );

  test("may tell what IPPools are told not to export: a rule that accepts comes first", () => {
    const opening = filter("edge", {
      exportV4: [{ action: "Accept", matchOperator: "Equal", cidr: first }],
    });
    const { resources } = cluster({ nodes: 1, pools: [POOL] });
    const pool = resources.find(({ kind }) => kind === "IPPool")!;
    const unsaid = {
      ...pool,
      spec: { ...(pool as { spec?: object }).spec, disableBGPExport: true },
    };
    const simulation = begun([{}, {}], [opening, NO_MESH, among, unsaid]);
    expect(hops(simulation, "node-1", first)).toEqual(["node-0"]);
    expect(hops(simulation, "node-0", blockOf(simulation, "node-1"))).toEqual([]);
    expect(simulation.tracker.converged).toBe(true);
  });
});

describe("BGPFilters towards routers outside", () => {
  test("refuse what comes from there by its interface: all of it comes over the uplink", () => {
    // Found by the law that kernels equal the oracle: BIRD 1.6.8 has eth0 for `ifname`, where the model had nothing.
    const refusing = filter("edge", { importV4: [{ action: "Reject", interface: "eth?" }] });
    const simulation = begun([{}, {}], [refusing, torPeer({ filters: ["edge"] })], {
      routers: [TOR],
    });
    expect(hops(simulation, "node-0", OUTSIDE)).toEqual([]);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("let a prefix outside through to other nodes, which Calico's own rules keep back", () => {
    const passing = filter("pass", {
      exportV4: [
        { action: "Accept", matchOperator: "Equal", cidr: OUTSIDE, source: "RemotePeers" },
      ],
    });
    const inside = peer("inside", {
      nodeSelector: host(0),
      peerSelector: host(1),
      filters: ["pass"],
      nextHopMode: "Self",
    });
    const kept = { ...inside, spec: { ...inside.spec, filters: [] } };
    const told = begun([{}, {}], [passing, NO_MESH, torPeer({}), inside], { routers: [TOR] });
    expect(hops(told, "node-1", OUTSIDE)).toEqual(["node-0"]);
    expect(told.tracker.converged).toBe(true);
    const untold = begun([{}, {}], [passing, NO_MESH, torPeer({}), kept], { routers: [TOR] });
    expect(hops(untold, "node-1", OUTSIDE)).toEqual([]);
    expect(untold.tracker.converged).toBe(true);
  });

  test("choose by communities that the cluster adds", () => {
    const marked = filter("edge", {
      exportV4: [{ action: "Reject", communities: { values: ["65000:7"] } }],
      importV4: [],
    });
    const unmarked = filter("in", {
      importV4: [{ action: "Reject", communities: { values: ["65000:7"] } }],
    });
    const adding = configuration({
      nodeToNodeMeshEnabled: false,
      communities: [{ name: "seven", value: "65000:7" }],
      prefixAdvertisements: [{ cidr: "10.200.0.0/26", communities: ["seven"] }],
    });
    const pair = peer("pair", { nodeSelector: host(0), peerSelector: host(1), filters: ["in"] });
    const tor = { ...TOR, peersWith: ["node-0", "node-1"] };
    const both = torPeer({ nodeSelector: "all()", filters: ["edge"] });
    const simulation = begun([{}, {}], [marked, unmarked, adding, pair, both], { routers: [tor] });
    // Communities are added after the export rules were asked, so only the peer's import rules see them.
    expect(hops(simulation, "tor", "10.200.0.0/26")).toEqual(["node-0"]);
    expect(hops(simulation, "node-1", "10.200.0.0/26")).toEqual([]);
    expect(hops(simulation, "node-0", "10.200.0.64/26")).toEqual(["node-1"]);
    expect(simulation.tracker.converged).toBe(true);
  });
});

describe("priorities that BGPFilters set", () => {
  test("do not raise the preference of what a rule accepts, so that a raised one wins over a better one", () => {
    const reflector = { cluster: "244.0.0.1" };
    const peers = [
      peer("a", { nodeSelector: host(0), peerSelector: host(1) }),
      peer("b", { nodeSelector: host(0), peerSelector: host(2) }),
      peer("c", {
        nodeSelector: host(3),
        peerSelector: host(1),
        nextHopMode: "Self",
        filters: ["taken"],
      }),
      peer("d", {
        nodeSelector: host(2),
        peerSelector: host(3),
        nextHopMode: "Self",
        filters: ["told"],
      }),
    ];
    const set = (value: number): object => ({
      action: "Accept",
      operations: [{ setPriority: { value } }],
    });
    const filters = [
      filter("taken", { importV4: [set(100)] }),
      filter("told", { exportV4: [set(500)] }),
    ];
    const simulation = begun([{}, reflector, reflector, {}], [NO_MESH, ...peers, ...filters]);
    expect(hops(simulation, "node-3", blockOf(simulation, "node-0"))).toEqual(["node-2"]);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("may leave it to chance where routes come from: the oracle says so, and a finding tells why", () => {
    const greedy = filter("greedy", {
      exportV4: [{ action: "Accept" }],
      importV4: [{ action: "Accept", operations: [{ setPriority: { value: 1024 } }] }],
    });
    // Each node prefers what the first router says, which has from the other node what it has from the second router.
    const routers: ExternalRouter[] = [
      { name: "tor-0", ip: "10.0.0.250", asNumber: 64_512 },
      { name: "tor-1", ip: "10.0.0.249", asNumber: 65_003, prefixes: [OUTSIDE] },
    ];
    const peers = [
      peer("tor-0", { peerIP: "10.0.0.250", asNumber: 64_512, filters: ["greedy"] }),
      peer("tor-1", { peerIP: "10.0.0.249", asNumber: 65_003 }),
    ];
    const simulation = begun([{ as: 65_001 }, {}], [NO_MESH, greedy, ...peers], { routers });
    expect(simulation.tracker.converged).toBe(true);
    const texts = simulation.result().findings.map(({ text }) => text);
    expect(texts).toContain(
      `which routes nodes must have is left open, so that convergence leaves them out, for ${OUTSIDE} (by the priorities that BGPFilters set, chance decides)`,
    );
  });
});

describe("a route in a mesh of one AS", () => {
  test("is followed once for all members, but for those that a BGPPeer names", () => {
    const routers: ExternalRouter[] = [
      { name: "tor", ip: "10.0.0.250", asNumber: 65_001, prefixes: [OUTSIDE] },
    ];
    const only = filter("only", { importV4: [{ action: "Accept" }] });
    const named = peer("named", { nodeSelector: host(3), peerSelector: host(0) });
    const { resources, externalRouters = [] } = cluster({
      nodes: 5,
      pools: [POOL],
      externalRouters: routers,
      resources: [
        only,
        peer("tor", { peerIP: TOR.ip, asNumber: 65_001, filters: ["only"] }),
        named,
      ],
    });
    const state = oracleState(resources, eraOf("3.33"), "bird", {}, externalRouters);
    const live = { connected: () => true };
    const origin = { prefix: parseCidr("10.200.0.0/26")!, origins: ["node-0"], lender: undefined };
    const { paths } = spreadOf(state, state.speakers!, live, origin);
    const from0 = (node: string) => paths.get(node)?.find(({ from }) => from === "node-0");
    expect(from0("node-1")).toMatchObject({ nextHop: "node-0", internal: true });
    // The very same: N nodes that hear of a prefix from R routers would else work out N × N × R paths.
    expect(from0("node-2")).toBe(from0("node-1"));
    expect(from0("node-3")).not.toBe(from0("node-1"));
    expect(from0("node-3")).toEqual(from0("node-1"));
    expect(paths.get("node-4")).toHaveLength(1);
  });
});

describe("a mesh of several ASes", () => {
  test("has its nodes pass on what others tell, so that a node of another AS has several ways", () => {
    const ases = [64_512, 64_512, 65_001].map((as) => ({ as }));
    const simulation = begun(ases, []);
    expect(hops(simulation, "node-2", blockOf(simulation, "node-0"))).toEqual(["node-0", "node-1"]);
    expect(hops(simulation, "node-1", blockOf(simulation, "node-0"))).toEqual(["node-0"]);
    expect(simulation.tracker.converged).toBe(true);
  });
});

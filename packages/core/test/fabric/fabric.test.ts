import { describe, expect, test } from "vitest";
import { fork } from "../../src/engine/fork.js";
import {
  Fabric,
  FabricError,
  type FabricFault,
  type FabricSpec,
  fabricGraph,
  leafSpine,
  singleMachine,
} from "../../src/fabric/index.js";

/** Two racks of two nodes at 10 µs, joined by a router at 100 µs. */
const twoRacks = (): FabricSpec =>
  leafSpine({
    nodes: [
      { name: "a0", subnet: "10.0.1.10/24" },
      { name: "a1", subnet: "10.0.1.11/24" },
      { name: "b0", subnet: "10.0.2.10/24" },
      { name: "b1", subnet: "10.0.2.11/24" },
    ],
    hostLink: { latencyUs: 10, jitterUs: 1 },
    rackLink: { latencyUs: 100, jitterUs: 20 },
  });

const faultOf = (act: () => unknown): FabricFault => {
  try {
    act();
  } catch (error) {
    if (error instanceof FabricError) return error.fault;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("the default underlay", () => {
  test("every subnet is a rack", () => {
    const fabric = Fabric.build(twoRacks());
    expect(fabric.racks).toStrictEqual(["10.0.1.0/24", "10.0.2.0/24"]);
    expect(fabric.switches).toStrictEqual(["10.0.1.0/24", "10.0.2.0/24", "spine-0"]);
    expect(fabric.nodeCount).toBe(4);
    expect(fabric.rackOf("b0")).toBe("10.0.2.0/24");
    expect(fabric.rackIdOf(2)).toBe(1);
    expect(fabric.nodesInRack("10.0.2.0/24")).toStrictEqual([2, 3]);
    expect(fabric.sameSubnet("a0", "a1")).toBe(true);
    expect(fabric.sameSubnet(0, 2)).toBe(false);
    expect([fabric.nodeId("b1"), fabric.nodeName(3)]).toStrictEqual([3, "b1"]);
  });

  test("latency is that of the links on the way", () => {
    const fabric = Fabric.build(twoRacks());
    expect(fabric.delay(0, 0)).toBe(0);
    expect(fabric.delay(0, 1)).toBe(20);
    expect(fabric.delay(0, 2)).toBe(220);
    expect(fabric.delay(2, 0)).toBe(220);
  });

  test("racks may be stated, and then a subnet may span them", () => {
    const node = (name: string, rack: string) => ({ name, rack, subnet: "10.0.0.0/16" });
    const fabric = Fabric.build(leafSpine({ nodes: [node("a", "r1"), node("b", "r2")] }));
    expect(fabric.racks).toStrictEqual(["r1", "r2"]);
    expect(fabric.sameSubnet("a", "b")).toBe(true);
    expect(fabric.delay(0, 1)).toBe(50 + 15 + 15 + 50);
  });

  test("nodes about which nothing is known share a rack and its subnet", () => {
    const fabric = Fabric.build(leafSpine({ nodes: [{ name: "a" }, { name: "b" }] }));
    expect(fabric.racks).toStrictEqual(["rack-0"]);
    expect(fabric.sameSubnet("a", "b")).toBe(true);
  });

  test("nodes with a subnet of one address hang from the spine, as far away as from a rack", () => {
    const fabric = Fabric.build(
      leafSpine({
        nodes: [
          { name: "a", subnet: "10.128.0.2/32" },
          { name: "b", subnet: "10.128.0.3/32" },
          { name: "c", subnet: "10.0.0.2/24" },
        ],
      }),
    );
    expect(fabric.racks).toStrictEqual(["10.0.0.0/24"]);
    expect(fabric.sameSubnet("a", "b")).toBe(false);
    expect(fabric.delay(0, 1)).toBe(130);
    expect(fabric.delay(0, 2)).toBe(130);
  });

  test("with two spines, one of them may die", () => {
    const nodes = [
      { name: "a", rack: "r1" },
      { name: "b", rack: "r2" },
    ];
    const fabric = Fabric.build(leafSpine({ nodes, spines: 2 }));
    const before = fabric.delay(0, 1);
    fabric.cutSwitch("spine-0");
    expect(fabric.delay(0, 1)).toBe(before);
    fabric.cutSwitch("spine-1");
    expect(fabric.delay(0, 1)).toBe(Infinity);
  });

  test("a single machine is one bridge", () => {
    const fabric = Fabric.build(singleMachine(3, { subnet: "172.18.0.0/16" }));
    expect(fabric.nodeName(2)).toBe("node-2");
    expect(fabric.delay(0, 2)).toBe(30);
    expect(fabric.impaired).toBe(false);
    expect(fabric.sameSubnet(0, 2)).toBe(true);
  });
});

describe("what a message meets on its way", () => {
  const spec: FabricSpec = {
    racks: [{ name: "r1" }, { name: "r2" }],
    routers: [],
    nodes: [
      { name: "a", rack: "r1", link: { latencyUs: 5, jitterUs: 2, bandwidthMbps: 1000 } },
      { name: "b", rack: "r2", link: { latencyUs: 7, jitterUs: 3, loss: 0.5 } },
      { name: "c", rack: "r1", link: { latencyUs: 5, jitterUs: 0 } },
    ],
    links: [{ between: ["r1", "r2"], latencyUs: 30, jitterUs: 10, bandwidthMbps: 100, loss: 0.1 }],
  };

  test("jitters add up, the narrowest link counts, and losses are independent chances", () => {
    const fabric = Fabric.build(spec);
    expect(fabric.impaired).toBe(true);
    expect(fabric.quality(0, 1)).toMatchObject({ jitterUs: 15, bandwidthMbps: 100, narrowest: 0 });
    expect(fabric.quality(1, 0)).toMatchObject({ jitterUs: 15, bandwidthMbps: 100, narrowest: 1 });
    expect(fabric.quality(0, 1)?.loss).toBeCloseTo(1 - 0.9 * 0.5, 12);
    expect(fabric.quality(0, 2)).toStrictEqual({
      jitterUs: 2,
      bandwidthMbps: 1000,
      loss: 0,
      narrowest: 2,
    });
    expect(fabric.quality(0, 0)).toBeUndefined();
  });

  test("who sends through the narrowest link of a path waits for what others send through it", () => {
    const fabric = Fabric.build(spec);
    const there = fabric.quality(0, 1)!;
    // 1,250 octets and 66 of headers at 100 megabits a second.
    expect(fabric.occupy(there, 1_000, 1250)).toBe(1_000);
    expect(fabric.occupy(fabric.quality(2, 1)!, 1_050, 1250)).toBe(1_106);
    expect(fabric.occupy(fabric.quality(1, 0)!, 1_050, 1250)).toBe(1_050);
  });

  test("without a path nothing is said of one", () => {
    const fabric = Fabric.build(spec);
    fabric.cutLink(fabric.linkBetween("r2", "r1"));
    expect(fabric.reachable(0, 1)).toBe(false);
    expect(fabric.quality(0, 1)).toBeUndefined();
  });

  test("traffic takes the longer way when the shorter is cut, with its own properties", () => {
    const fabric = Fabric.build({
      ...spec,
      routers: [{ name: "detour" }],
      links: [
        ...spec.links,
        { between: ["r1", "detour"], latencyUs: 100, jitterUs: 0 },
        { between: ["detour", "r2"], latencyUs: 100, jitterUs: 0, bandwidthMbps: 10 },
      ],
    });
    expect(fabric.delay(0, 1)).toBe(42);
    fabric.cutLink(fabric.linkBetween("r1", "r2"));
    expect(fabric.delay(0, 1)).toBe(212);
    expect(fabric.quality(0, 1)).toMatchObject({ jitterUs: 5, bandwidthMbps: 10, loss: 0.5 });
  });
});

describe("degraded links", () => {
  const link = (fabric: Fabric): number => fabric.linkBetween("10.0.1.0/24", "spine-0");

  test("what a change names is so until the link is mended", () => {
    const fabric = Fabric.build(
      leafSpine({
        nodes: [
          { name: "a0", subnet: "10.0.1.10/24" },
          { name: "b0", subnet: "10.0.2.10/24" },
        ],
      }),
    );
    expect([fabric.impaired, fabric.delay(0, 1)]).toStrictEqual([false, 130]);
    fabric.degradeLink(link(fabric), { latencyUs: 1_015, loss: 0.25 });
    expect(fabric.delay(0, 1)).toBe(1_130);
    expect(fabric.quality(1, 0)?.loss).toBe(0.25);
    expect(fabric.links()[0]).toMatchObject({
      latencyUs: 1_015,
      jitterUs: 0,
      loss: 0.25,
      up: true,
    });
    fabric.degradeLink(link(fabric), { jitterUs: 7, loss: undefined } as object);
    expect([fabric.delay(0, 1), fabric.quality(0, 1)?.loss]).toStrictEqual([130, 0]);
    fabric.mendLink(link(fabric));
    expect([fabric.delay(0, 1), fabric.quality(0, 1)]).toStrictEqual([130, undefined]);
    // Something may still be late.
    expect(fabric.impaired).toBe(true);
    expect(fabric.epoch).toBe(3);
  });

  test("an uplink of a node is a link as any other", () => {
    const fabric = Fabric.build(twoRacks());
    const uplink = fabric.linkBetween("a0", "10.0.1.0/24");
    fabric.degradeLink(uplink, { latencyUs: 500, bandwidthMbps: 10 });
    expect(fabric.delay(0, 1)).toBe(510);
    expect(fabric.quality(0, 1)).toMatchObject({ bandwidthMbps: 10, narrowest: 2 * uplink });
    expect(fabric.quality(1, 0)).toMatchObject({ bandwidthMbps: 10, narrowest: 2 * uplink + 1 });
    fabric.mendLink(uplink);
    expect(fabric.delay(0, 1)).toBe(20);
  });

  test("a link that loses everything is as good as cut, and a cut one stays so", () => {
    const fabric = Fabric.build(twoRacks());
    fabric.degradeLink(link(fabric), { loss: 1 });
    expect([fabric.reachable(0, 2), fabric.links()[0]?.up]).toStrictEqual([false, false]);
    fabric.degradeLink(link(fabric), { loss: 0.5 });
    expect(fabric.reachable(0, 2)).toBe(true);
    const uplink = fabric.linkBetween("a0", "10.0.1.0/24");
    fabric.degradeLink(uplink, { loss: 1 });
    expect([fabric.reachable(0, 1), fabric.links()[uplink]?.up]).toStrictEqual([false, false]);
    fabric.cutLink(uplink);
    fabric.mendLink(uplink);
    expect(fabric.reachable(0, 1)).toBe(false);
  });

  test("a slower link keeps its traffic, since nobody routes by what is measured", () => {
    const fabric = Fabric.build({
      ...twoRacks(),
      routers: [{ name: "spine-0" }, { name: "spine-1" }],
      links: [
        ...twoRacks().links,
        { between: ["10.0.1.0/24", "spine-1"], latencyUs: 150 },
        { between: ["10.0.2.0/24", "spine-1"], latencyUs: 150 },
      ],
    });
    fabric.degradeLink(link(fabric), { latencyUs: 5_000 });
    expect(fabric.delay(0, 2)).toBe(5_120);
    fabric.degradeLink(link(fabric), { loss: 1 });
    expect(fabric.delay(0, 2)).toBe(320);
  });

  test("a fork has links of its own", () => {
    const fabric = Fabric.build(twoRacks());
    fabric.degradeLink(link(fabric), { bandwidthMbps: 8 });
    fabric.occupy(fabric.quality(0, 2)!, 0, 934);
    const twin = fork(fabric);
    twin.mendLink(link(twin));
    expect(fabric.quality(0, 2)?.bandwidthMbps).toBe(8);
    expect(fork(fabric).occupy(fabric.quality(0, 2)!, 0, 934)).toBe(1_000);
    expect(fabric.occupy(fabric.quality(0, 2)!, 0, 934)).toBe(1_000);
  });

  test("a change that no link can have is refused by name", () => {
    const fabric = Fabric.build(twoRacks());
    expect(faultOf(() => fabric.degradeLink(0, { loss: 2 }))).toStrictEqual({
      code: "INVALID_LINK",
      link: "10.0.1.0/24 -- spine-0",
      reason: "loss must be from 0 to 1, not 2",
    });
    expect(faultOf(() => fabric.degradeLink(99, {})).code).toBe("UNKNOWN_LINK");
  });
});

describe("cuts", () => {
  test("a cut rack keeps its nodes together; a dead switch does not", () => {
    const fabric = Fabric.build(twoRacks());
    fabric.cutRack("10.0.1.0/24");
    expect([fabric.delay(0, 1), fabric.delay(0, 2)]).toStrictEqual([20, Infinity]);
    fabric.cutSwitch("10.0.1.0/24");
    expect([fabric.delay(0, 1), fabric.delay(0, 2)]).toStrictEqual([Infinity, Infinity]);
    expect(fabric.delay(0, 0)).toBe(0);
    fabric.restoreSwitch("10.0.1.0/24");
    fabric.restoreRack("10.0.1.0/24");
    expect([fabric.delay(0, 1), fabric.delay(0, 2)]).toStrictEqual([20, 220]);
  });

  test("a path is cut in one direction alone", () => {
    const fabric = Fabric.build(twoRacks());
    fabric.cutPath("a0", "b0");
    expect(fabric.delay(0, 2)).toBe(Infinity);
    expect(fabric.delay(2, 0)).toBe(220);
    expect(fabric.delay(0, 3)).toBe(220);
    fabric.restorePath("a0", "b0");
    expect(fabric.delay(0, 2)).toBe(220);
  });

  test("a node and its uplink are cut independently", () => {
    const fabric = Fabric.build(twoRacks());
    fabric.cutNode("a0");
    fabric.cutLink(fabric.linkBetween("a0", "10.0.1.0/24"));
    fabric.restoreNode("a0");
    expect(fabric.reachable(0, 1)).toBe(false);
    fabric.restoreLink(fabric.linkBetween("10.0.1.0/24", "a0"));
    expect(fabric.reachable(0, 1)).toBe(true);
  });

  test("the epoch counts changes, not requests", () => {
    const fabric = Fabric.build(twoRacks());
    expect(fabric.epoch).toBe(0);
    fabric.cutNode(0);
    fabric.cutNode("a0");
    fabric.restorePath(0, 1);
    expect(fabric.epoch).toBe(1);
    fabric.restoreNode(0);
    fabric.cutRack("10.0.1.0/24");
    fabric.cutPath(0, 1);
    expect(fabric.epoch).toBe(4);
  });

  test("links are reported with their state", () => {
    const fabric = Fabric.build(twoRacks());
    expect(fabric.links()).toHaveLength(6);
    expect(fabric.links().every((link) => link.up)).toBe(true);
    expect(fabric.links()[2]).toStrictEqual({
      id: 2,
      from: "a0",
      to: "10.0.1.0/24",
      latencyUs: 10,
      jitterUs: 1,
      loss: 0,
      up: true,
    });
    fabric.cutRack("10.0.2.0/24");
    fabric.cutNode("a1");
    const down = fabric.links().filter((link) => !link.up);
    expect(down.map((link) => link.from)).toStrictEqual(["10.0.2.0/24", "a1"]);
  });

  test("a link may be specified as down", () => {
    const fabric = Fabric.build({
      racks: [{ name: "r1" }, { name: "r2" }],
      routers: [],
      nodes: [
        { name: "a", rack: "r1" },
        { name: "b", rack: "r2" },
        { name: "c", rack: "r2", link: { up: false } },
      ],
      links: [{ between: ["r1", "r2"], up: false }],
    });
    expect([fabric.reachable(0, 1), fabric.reachable(1, 2)]).toStrictEqual([false, false]);
    fabric.restoreLink(fabric.linkBetween("r1", "r2"));
    fabric.restoreLink(fabric.linkBetween("c", "r2"));
    expect([fabric.reachable(0, 1), fabric.reachable(0, 2)]).toStrictEqual([true, true]);
  });
});

describe("a node that joins", () => {
  test("gets the next id, and the state of its rack", () => {
    const fabric = Fabric.build(twoRacks());
    fabric.cutRack("10.0.2.0/24");
    for (let i = 0; i < 40; i++) {
      expect(fabric.addNode({ name: `late-${i}`, rack: "10.0.2.0/24" })).toBe(4 + i);
    }
    expect(fabric.delay(2, 43)).toBe(20);
    expect(fabric.delay(0, 43)).toBe(Infinity);
    fabric.restoreRack("10.0.2.0/24");
    expect(fabric.delay(0, 43)).toBe(220);
    expect(fabric.sameSubnet("late-39", "b0")).toBe(true);
    expect(fabric.nodesInRack("10.0.2.0/24")).toHaveLength(42);
    expect(fabric.links()[fabric.linkBetween("late-39", "10.0.2.0/24")]?.from).toBe("late-39");
  });

  test("has the uplink that was described for it beforehand", () => {
    const laterUplinks = { late: { latencyUs: 77, jitterUs: 3 } };
    const fabric = Fabric.build({ ...twoRacks(), laterUplinks });
    const uplinks = ["late", "other"].map((name) => {
      const id = fabric.addNode({ name, rack: "10.0.2.0/24", link: { jitterUs: 9 } });
      return fabric.links()[fabric.linkBetween(fabric.nodeName(id), "10.0.2.0/24")];
    });
    expect(uplinks).toMatchObject([
      { latencyUs: 77, jitterUs: 9 },
      { latencyUs: 10, jitterUs: 9 },
    ]);
  });
});

describe("a fork", () => {
  test("goes its own way from the same state", () => {
    const fabric = Fabric.build(twoRacks());
    fabric.cutPath(0, 1);
    const twin = fork(fabric);
    expect(twin).toBeInstanceOf(Fabric);
    expect([twin.delay(0, 1), twin.delay(0, 2), twin.epoch]).toStrictEqual([Infinity, 220, 1]);
    twin.cutRack("10.0.1.0/24");
    twin.cutNode("b1");
    twin.restorePath(0, 1);
    twin.addNode({ name: "late", rack: "10.0.1.0/24" });
    expect([twin.delay(0, 1), twin.delay(0, 2), twin.delay(2, 3)]).toStrictEqual([
      20,
      Infinity,
      Infinity,
    ]);
    expect([fabric.delay(0, 1), fabric.delay(0, 2), fabric.delay(2, 3)]).toStrictEqual([
      Infinity,
      220,
      20,
    ]);
    expect([fabric.nodeCount, twin.nodeCount]).toStrictEqual([4, 5]);
    expect([fabric.epoch, twin.epoch]).toStrictEqual([1, 4]);
  });

  test("made between a cut and the next look-up sees no paths of the other", () => {
    const fabric = Fabric.build(twoRacks());
    const twin = fork(fabric);
    twin.cutRack("10.0.1.0/24");
    expect(twin.delay(0, 2)).toBe(Infinity);
    expect(fabric.delay(0, 2)).toBe(220);
  });

  test("shares the graph and the paths already found, which are never changed", () => {
    const fabric = Fabric.build(twoRacks());
    fabric.delay(0, 2);
    const copied: unknown[] = [];
    const twin = fabric.forkSelf((value) => {
      copied.push(value);
      return fork(value);
    });
    expect(copied).toHaveLength(4);
    fabric.cutRack("10.0.1.0/24");
    expect([fabric.delay(0, 2), twin.delay(0, 2)]).toStrictEqual([Infinity, 220]);
  });
});

describe("a port that is dropped", () => {
  test("is dropped in one direction and for one port, in the original alone after a fork", () => {
    const fabric = Fabric.build(twoRacks());
    const twin = fork(fabric);
    const epoch = fabric.epoch;
    fabric.dropPort(0, 2, 179);
    fabric.dropPort(0, 2, 179);
    expect(fabric.epoch).toBe(epoch + 1);
    expect([fabric.drops(0, 2, 179), fabric.drops(2, 0, 179), fabric.drops(0, 2, 5473)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(fabric.delay(0, 2)).toBe(220);
    expect(twin.drops(0, 2, 179)).toBe(false);
    fabric.allowPort(0, 2, 179);
    expect(fabric.drops(0, 2, 179)).toBe(false);
  });
});

describe("the graph of a fabric", () => {
  test("has every node, switch and link", () => {
    const fabric = Fabric.build(twoRacks());
    fabric.cutNode("a0");
    const graph = fabricGraph(fabric);
    expect([graph.order, graph.size]).toStrictEqual([7, 6]);
    expect(graph.getNodeAttributes("spine-0")).toStrictEqual({ kind: "switch" });
    expect(graph.getEdgeAttribute(graph.edge("a0", "10.0.1.0/24")!, "up")).toBe(false);
  });
});

describe("mistakes are named", () => {
  const build = (change: Partial<FabricSpec>) => () => Fabric.build({ ...twoRacks(), ...change });
  const fabric = Fabric.build(twoRacks());

  test.each<[string, () => unknown, FabricFault["code"]]>([
    ["an unknown node name", () => fabric.nodeId("c7"), "UNKNOWN_NODE"],
    ["an unknown node id", () => fabric.delay(0, 4), "UNKNOWN_NODE"],
    ["a negative node id", () => fabric.delay(-1, -1), "UNKNOWN_NODE"],
    ["a fractional node id", () => fabric.delay(0.5, 1), "UNKNOWN_NODE"],
    ["an unknown rack", () => fabric.cutRack("r9"), "UNKNOWN_SWITCH"],
    ["an unknown link id", () => fabric.cutLink(6), "UNKNOWN_LINK"],
    ["two that are no neighbours", () => fabric.linkBetween("a0", "spine-0"), "UNKNOWN_LINK"],
    ["two nodes", () => fabric.linkBetween("a0", "a1"), "UNKNOWN_LINK"],
    [
      "a node of a rack that is not",
      build({ nodes: [{ name: "n", rack: "r9" }] }),
      "UNKNOWN_SWITCH",
    ],
    ["a name used twice", build({ routers: [{ name: "10.0.1.0/24" }] }), "DUPLICATE_NAME"],
    [
      "a node called as a switch",
      () => fabric.addNode({ name: "spine-0", rack: "spine-0" }),
      "DUPLICATE_NAME",
    ],
    ["a node added twice", () => fabric.addNode({ name: "a0", rack: "spine-0" }), "DUPLICATE_NAME"],
    [
      "a link written twice",
      build({
        links: [{ between: ["10.0.1.0/24", "spine-0"] }, { between: ["spine-0", "10.0.1.0/24"] }],
      }),
      "DUPLICATE_LINK",
    ],
    ["a loop", build({ links: [{ between: ["spine-0", "spine-0"] }] }), "INVALID_LINK"],
    ["a fractional latency", build({ hostLink: { latencyUs: 0.5 } }), "INVALID_LINK"],
    ["a latency of days", build({ hostLink: { latencyUs: 1e12 } }), "INVALID_LINK"],
    ["a negative jitter", build({ switchLink: { jitterUs: -1 } }), "INVALID_LINK"],
    ["no bandwidth", build({ hostLink: { bandwidthMbps: 0 } }), "INVALID_LINK"],
    ["a bandwidth near none", build({ hostLink: { bandwidthMbps: 1e-15 } }), "INVALID_LINK"],
    ["a loss in per cent", build({ hostLink: { loss: 5 } }), "INVALID_LINK"],
    [
      "no subnet",
      () => leafSpine({ nodes: [{ name: "n", subnet: "10.0.0.1" }] }),
      "INVALID_SUBNET",
    ],
    ["a rack's subnet", build({ racks: [{ name: "r", subnet: "10.0.0.0/08" }] }), "INVALID_SUBNET"],
    [
      "thousands of switches",
      build({ racks: Array.from({ length: 3000 }, (_, i) => ({ name: `r${i}` })) }),
      "TOO_MANY_SWITCHES",
    ],
  ])("%s", (_, act, code) => {
    expect(faultOf(act).code).toBe(code);
  });

  test("in words that a person can act on", () => {
    expect(() => fabric.cutRack("r9")).toThrow(
      'the fabric has no rack or router named "r9"; it has 10.0.1.0/24, 10.0.2.0/24, spine-0 [UNKNOWN_SWITCH]',
    );
    expect(() => fabric.nodeId("c7")).toThrow('the fabric has no node named "c7" [UNKNOWN_NODE]');
  });

  test("names that objects inherit are names like others", () => {
    const nodes = ["constructor", "toString", "__proto__"].map((name) => ({
      name: `node ${name}`,
      rack: name,
    }));
    const odd = Fabric.build(leafSpine({ nodes }));
    expect([odd.delay(0, 1), odd.delay(1, 2), odd.delay(2, 0)]).toStrictEqual([130, 130, 130]);
  });
});

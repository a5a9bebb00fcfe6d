import { micros, parseCidr, SECOND } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import {
  at,
  type Blackhole,
  blocks,
  type ClusterOptions,
  fail,
  firewall,
  heal,
  pods,
  start,
} from "../src/index.js";
import { blockRoutes, RouteWatch, run } from "./support.js";

const IPIP_BY_FELIX: ClusterOptions = {
  nodes: 4,
  racks: 2,
  pools: [{ cidr: "10.200.0.0/20", ipipMode: "Always" }],
};
const IPIP_BY_BIRD: ClusterOptions = { ...IPIP_BY_FELIX, calicoVersion: "3.32" };

/** Intervals of one pair, in the order of their beginning. */
function intervals(
  holes: readonly Blackhole[],
  from: string,
  owner: string,
): [reason: string, begin: number, end: number, open: boolean][] {
  return holes
    .filter((hole) => hole.from === from && hole.owner === owner)
    .sort((x, y) => x.beginSeconds - y.beginSeconds)
    .map(({ reason, beginSeconds, endSeconds, open }) => [reason, beginSeconds, endSeconds, open]);
}

describe("a black hole", () => {
  test("of a crashed node begins with the crash and stays open without it", () => {
    const simulation = run(
      IPIP_BY_FELIX,
      [at("0s", start()), at("300s", fail.node("node-3"))],
      "600s",
    );
    const { blackholes } = simulation.result();
    for (const from of ["node-0", "node-1", "node-2"]) {
      expect(intervals(blackholes.intervals, from, "node-3")).toEqual([
        ["destination node down", 300, 600, true],
      ]);
    }
    // Nobody can complain on a host without power.
    expect(blackholes.intervals.some(({ from }) => from === "node-3")).toBe(false);
    expect(blackholes.total).toBe(3);
    expect(blackholes.pairSeconds).toBe(900);
    expect(blackholes.byReason).toEqual({ "destination node down": 3 });
  });

  test("of a crashed node ends when its host is back, if the route to it was kept", () => {
    const simulation = run(
      IPIP_BY_BIRD,
      [at("0s", start()), at("300s", fail.node("node-3")), at("330s", heal.node("node-3"))],
      "900s",
    );
    const holes = simulation.result().blackholes.intervals;
    for (const from of ["node-0", "node-1", "node-2"]) {
      const [first, ...further] = intervals(holes, from, "node-3");
      expect(first?.slice(0, 2)).toEqual(["destination node down", 300]);
      // Its peers have not noticed yet, so their routes are still there when the host is.
      expect(first?.[2]).toBe(330);
      expect(further.every(([reason]) => reason === "no route")).toBe(true);
    }
    expect(holes.every(({ open }) => !open)).toBe(true);
    expect(simulation.tracker.darkPairs).toBe(0);
  });

  test("across a cut ends with the route of a host in between that mends it", () => {
    const simulation = run(
      { nodes: 3, pools: [{ cidr: "10.200.0.0/20", ipipMode: "Never" }] },
      [
        at("0s", start()),
        at("1m", blocks.add("node-2")),
        at("300s", firewall.drop({ from: "node-0", to: "node-2" })),
      ],
      "301s",
    );
    const { kernels, prefixes, tracker } = simulation;
    const isOpen = (): boolean =>
      simulation.result().blackholes.intervals.some((hole) => hole.from === "node-0" && hole.open);
    expect(isOpen()).toBe(true);
    const block = prefixes.intern(parseCidr(simulation.blocksOf("node-2")[0]!)!);
    const dark = tracker.darkPairs;
    // By way of node-1, which is connected with both.
    const direct = kernels.best(0, block);
    kernels.replace(0, block, kernels.intern({ ...kernels.route(direct), gateway: 1 }));
    expect(tracker.darkPairs).toBe(dark - 1);
    const onward = kernels.best(1, block);
    const { metric, protocol } = kernels.route(onward);
    kernels.remove(1, block, metric, protocol);
    expect(isOpen()).toBe(true);
    kernels.replace(1, block, onward);
    expect(isOpen()).toBe(false);
    expect(tracker.darkPairs).toBe(dark - 1);
  });

  test("of a silent cut lasts exactly as long as the cut, in both directions, when the routes are Felix's", () => {
    const simulation = run(
      IPIP_BY_FELIX,
      [at("0s", start()), at("300s", fail.cut("node-1")), at("340s", heal.cut("node-1"))],
      "600s",
    );
    const holes = simulation.result().blackholes.intervals;
    for (const other of ["node-0", "node-2", "node-3"]) {
      for (const [from, owner] of [
        [other, "node-1"],
        ["node-1", other],
      ] as const) {
        expect(intervals(holes, from, owner)).toEqual([["underlay path cut", 300, 340, false]]);
      }
    }
    expect(holes).toHaveLength(6);
  });

  test("of a rack that is back before the hold time leaves session and routes alone", () => {
    const steps = [at("0s", start()), at("300s", fail.rack("10.0.1.0/24"))];
    const simulation = run(IPIP_BY_BIRD, steps, "299s");
    const changes = simulation.kernels.changes.slice();
    simulation.schedule([at("330s", heal.rack("10.0.1.0/24"))]);
    simulation.run(micros("900s"));
    expect(simulation.bird.lostEnds).toBe(0);
    expect(simulation.kernels.changes).toEqual(changes);
    const holes = simulation.result().blackholes;
    // Two nodes here, two there: eight pairs of a node and a block across.
    expect(holes.byReason).toEqual({ "underlay path cut": 8 });
    expect(holes.pairSeconds).toBe(8 * 30);
  });

  test("of a rack that is cut for longer than the hold time goes on as a missing route", () => {
    const simulation = run(
      IPIP_BY_BIRD,
      [
        at("0s", start()),
        at("300s", fail.rack("10.0.1.0/24")),
        at("800s", heal.rack("10.0.1.0/24")),
      ],
      "799s",
    );
    expect(simulation.bird.lostEnds).toBeGreaterThan(0);
    expect(blockRoutes(simulation, "node-0")).not.toHaveProperty(simulation.blocksOf("node-1"));
    simulation.run(micros("1500s"));
    const holes = simulation.result().blackholes;
    // The interval keeps the reason that it began with, and ends when the route is back.
    expect(holes.byReason).toEqual({ "underlay path cut": 8 });
    for (const { beginSeconds, endSeconds } of holes.intervals) {
      expect(beginSeconds).toBe(300);
      expect(endSeconds).toBeGreaterThan(800);
    }
    expect(simulation.tracker.darkPairs).toBe(0);
  });

  test("of a block that moves is a stale route until Felix has heard of it", () => {
    const simulation = run(IPIP_BY_FELIX, [at("0s", start())], "300s");
    const [block] = simulation.blocksOf("node-1");
    const affine = simulation.datastore.list("IPAMBlock").find((b) => b.spec.cidr === block)!;
    simulation.datastore.edit("IPAMBlock", affine.metadata.name, undefined, (draft) => {
      draft.spec.affinity = "host:node-3";
    });
    expect(simulation.tracker.converged).toBe(false);
    simulation.run(micros("310s"));
    expect(simulation.tracker.converged).toBe(true);
    const holes = simulation.result().blackholes.intervals.filter(({ to }) => to === block);
    const reasons = new Map(holes.map(({ from, reason }) => [from, reason]));
    expect(reasons.get("node-0")).toBe("stale route");
    expect(reasons.get("node-2")).toBe("stale route");
    // The former owner still drops what it has no pod for.
    expect(reasons.get("node-1")).toBe("blackhole route");
    for (const { beginSeconds, endSeconds, open } of holes) {
      expect(beginSeconds).toBe(300);
      expect(endSeconds).toBeLessThan(303);
      expect(open).toBe(false);
    }
  });

  test("does not exist between nodes that never reached each other", () => {
    const bare = { nodes: 2, racks: 2, pools: [{ cidr: "10.200.0.0/20" }] };
    const simulation = run(bare, [at("0s", start())], "300s");
    // Routers between subnets know no pods: a fact to report, not an outage.
    expect(simulation.result().blackholes.total).toBe(0);
    expect(simulation.tracker.converged).toBe(true);
  });
});

describe("routes to a node that lost its power", () => {
  test("are withdrawn when the hold time is over, where BIRD programs them", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const simulation = run(IPIP_BY_BIRD, [at("0s", start())], "300s", seed);
      const [block] = simulation.blocksOf("node-3");
      const watches = ["node-0", "node-1", "node-2"].map(
        (node) => new RouteWatch(simulation, node, block!),
      );
      simulation.schedule([at("300s", fail.node("node-3"))]);
      simulation.run(micros("900s"));
      for (const { removed } of watches) {
        const after = ((removed ?? Number.NaN) - 300 * SECOND) / SECOND;
        expect(after).toBeGreaterThan(100);
        expect(after).toBeLessThanOrEqual(241);
      }
    }
  });

  test("stay where Felix programs them, until the Node is deleted", () => {
    const simulation = run(
      IPIP_BY_FELIX,
      [at("0s", start()), at("300s", fail.node("node-3"))],
      "3000s",
    );
    const [block] = simulation.blocksOf("node-3");
    expect(blockRoutes(simulation, "node-0")[block!]).toBe("node-3 tunl0");
    simulation.schedule([{ at: micros("3001s"), action: { type: "node-delete", node: "node-3" } }]);
    simulation.run(micros("3030s"));
    expect(blockRoutes(simulation, "node-0")).not.toHaveProperty([block!]);
    expect(simulation.tracker.converged).toBe(true);
  });
});

describe("a pool without encapsulation over two subnets", () => {
  test("leaves pairs that never worked, which a finding names, since no black hole does", () => {
    const pools = [{ cidr: "10.200.0.0/20", ipipMode: "Never" } as const];
    const said = (racks: number): readonly string[] =>
      run({ nodes: 4, racks, pools }, [at("0s", start()), at("10s", pods.create(8))], "2m")
        .result()
        .findings.filter(({ code }) => code === "never-reached")
        .map(({ text }) => text);
    expect(said(1)).toEqual([]);
    expect(said(2)).toEqual([
      expect.stringMatching(
        /^8 node–block pairs never worked, .* one is node-0 to 10\.200\.\d+\.\d+\/26$/,
      ),
    ]);
  });
});

import type { BGPConfiguration, BGPFilter, BGPPeer, IPPool, Resource } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { apply, at, blocks, cluster, type Simulation, type Step, start } from "../src/index.js";
import { blockRoutes, run } from "./support.js";

const POOL = { cidr: "10.200.0.0/20", ipipMode: "Never" } as const;
const NODES = ["node-0", "node-1", "node-2"];

function begun(resources: readonly Resource[], ...more: Step[]): Simulation {
  const options = { nodes: 3, pools: [POOL], calicoVersion: "3.33", resources } as const;
  const steps = [at("0s", start()), ...NODES.map((name) => at("1m", blocks.add(name))), ...more];
  return run(options, steps, "2m");
}

/** The pool, with more in its specification. */
function pool(more: Partial<IPPool["spec"]>): IPPool {
  const { resources } = cluster({ nodes: 3, pools: [POOL] });
  const made = resources.find((resource): resource is IPPool => resource.kind === "IPPool")!;
  return { ...made, spec: { ...made.spec, ...more } };
}

function filter(exportV4: readonly object[], importV4: readonly object[] = []): BGPFilter {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPFilter",
    metadata: { name: "edge" },
    spec: { exportV4, importV4 },
  };
}

/** Instead of the mesh: every node peers with every other, with a filter. */
const NO_MESH: BGPConfiguration = {
  apiVersion: "projectcalico.org/v3",
  kind: "BGPConfiguration",
  metadata: { name: "default" },
  spec: { nodeToNodeMeshEnabled: false },
};
const FILTERED: BGPPeer = {
  apiVersion: "projectcalico.org/v3",
  kind: "BGPPeer",
  metadata: { name: "all" },
  spec: { nodeSelector: "all()", peerSelector: "all()", filters: ["edge"] },
};

/** Runs on, and says what BGP sent but keepalives. */
function after(
  simulation: Simulation,
  step: Step,
): { refresh: number; update: number; lost: number } {
  const { bird } = simulation;
  const before = bird.wire().messages;
  const lost = bird.lostEnds;
  simulation.schedule([step]);
  simulation.run(step.at + 10e6);
  const { messages } = bird.wire();
  return {
    refresh: messages.routeRefresh - before.routeRefresh,
    update: messages.update - before.update,
    lost: bird.lostEnds - lost,
  };
}

describe("what nodes tell each other changes while their sessions stay", () => {
  test("disableBGPExport of a pool: its routes go everywhere but at home, and come back", () => {
    const simulation = begun([]);
    expect(Object.keys(blockRoutes(simulation, "node-0"))).toHaveLength(3);
    const off = after(simulation, at("2m", apply(pool({ disableBGPExport: true }))));
    // To each of two peers, from each of three nodes: BoRR, withdrawn, EoRR; nothing is left to announce.
    expect(off).toEqual({ refresh: 12, update: 6, lost: 0 });
    expect(Object.values(blockRoutes(simulation, "node-0"))).toEqual(["blackhole"]);
    expect(simulation.tracker.converged).toBe(true);
    expect(simulation.result().blackholes.byReason).toEqual({ "no route": 6 });
    expect(after(simulation, at("3m", apply(pool({}))))).toEqual({
      refresh: 12,
      update: 12,
      lost: 0,
    });
    expect(Object.keys(blockRoutes(simulation, "node-0"))).toHaveLength(3);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a pool that was never exported: nobody hears of its blocks", () => {
    const simulation = begun([pool({ disableBGPExport: true })]);
    expect(Object.values(blockRoutes(simulation, "node-0"))).toEqual(["blackhole"]);
    expect(simulation.bird.establishedEnds).toBe(6);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a BGPFilter that is edited: its peers are fed again, and no session is lost", () => {
    const open = filter([{ action: "Accept", matchOperator: "In", cidr: POOL.cidr }]);
    const simulation = begun([open, NO_MESH, FILTERED]);
    expect(simulation.bird.establishedEnds).toBe(6);
    const own = simulation.blocksOf("node-0")[0]!;
    expect(Object.keys(blockRoutes(simulation, "node-1"))).toContain(own);
    const closed = filter([{ action: "Reject", matchOperator: "Equal", cidr: own }]);
    const edit = after(simulation, at("2m", apply(closed)));
    // Every end feeds its peer again, between BoRR and EoRR.
    expect(edit).toMatchObject({ lost: 0, refresh: 12 });
    for (const node of ["node-1", "node-2"]) {
      expect(Object.keys(blockRoutes(simulation, node))).not.toContain(own);
      expect(Object.keys(blockRoutes(simulation, node))).toHaveLength(2);
    }
    expect(simulation.tracker.converged).toBe(true);
    expect(after(simulation, at("3m", apply(open)))).toMatchObject({ lost: 0, refresh: 12 });
    expect(Object.keys(blockRoutes(simulation, "node-1"))).toContain(own);
  });

  test("an import rule that is added: every end asks its peer, and drops what it refuses", () => {
    const simulation = begun([filter([]), NO_MESH, FILTERED]);
    const own = simulation.blocksOf("node-0")[0]!;
    const refusing = filter([], [{ action: "Reject", matchOperator: "Equal", cidr: own }]);
    const edit = after(simulation, at("2m", apply(refusing)));
    expect(edit).toMatchObject({ lost: 0, refresh: 3 * 6 });
    expect(Object.keys(blockRoutes(simulation, "node-2"))).toHaveLength(2);
    expect(Object.keys(blockRoutes(simulation, "node-0"))).toHaveLength(3);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a setting of the session itself: all sessions of the BGPPeer start anew", () => {
    const timed: BGPPeer = { ...FILTERED, spec: { ...FILTERED.spec, keepaliveTime: "20s" } };
    const simulation = begun([filter([]), NO_MESH, FILTERED]);
    expect(after(simulation, at("2m", apply(timed))).lost).toBeGreaterThanOrEqual(6);
    simulation.run(240e6);
    expect(simulation.bird.establishedEnds).toBe(6);
    expect(simulation.tracker.converged).toBe(true);
  });

  test("a cluster with BGPPeers can be forked, and the copy goes its own way", () => {
    const simulation = begun([filter([]), NO_MESH, FILTERED]);
    const [copy, other] = [simulation.fork(), simulation.fork()];
    const own = simulation.blocksOf("node-0")[0]!;
    copy.schedule([
      at("2m", apply(filter([{ action: "Reject", matchOperator: "Equal", cidr: own }]))),
    ]);
    for (const run of [copy, other]) run.run(150e6);
    expect(Object.keys(blockRoutes(copy, "node-1"))).not.toContain(own);
    expect(Object.keys(blockRoutes(other, "node-1"))).toContain(own);
  });
});

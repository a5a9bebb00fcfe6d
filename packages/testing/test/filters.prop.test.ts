import {
  apply,
  at,
  blocks,
  expectedTable,
  fail,
  type Liveness,
  oracleContent,
  pods,
  type Simulation,
  type TableRoute,
} from "@calico-sim/cluster";
import type { BGPPeer, Resource } from "@calico-sim/core";
import { arbitraryBgpFilter, bgpFilter, kernelsMatchOracle } from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { filteredPlan, IDLE, POOL, plan, simulated } from "./peering-plan.js";
import {
  arbitraryCase,
  atRest,
  expectJudgedAsLooked,
  judged,
  looked,
  prepared,
} from "./support.js";

const SCARCE = { cidr: "10.200.0.0/28", blockSize: 29, ipipMode: "Never" } as const;

describe("nodes and routers of any AS that peer in any way, with BGPFilters in between", () => {
  test.prop([filteredPlan], runs(60))(
    "have the routes to blocks and prefixes outside that the oracle finds by itself",
    (p) => {
      const steps = p.nodes.map((_, i) => at("2m", blocks.add(`node-${String(i)}`)));
      const simulation = simulated(p, POOL, steps);
      expect(kernelsMatchOracle(simulation)).toEqual([]);
      expect(simulation.tracker.converged).toBe(true);
    },
  );

  test.prop([filteredPlan], runs(40))("have those of borrowed addresses too", (p) => {
    const steps = [at("2m", pods.create(7, { over: "10s" }))];
    expect(kernelsMatchOracle(simulated(p, SCARCE, steps))).toEqual([]);
  });

  test.prop([filteredPlan, arbitraryBgpFilter()], runs(40))(
    "have those of rules that are edited while all runs",
    (p, edited) => {
      const steps = p.nodes.map((_, i) => at("2m", blocks.add(`node-${String(i)}`)));
      const edit = at("3m", apply(bgpFilter("filter-0", edited)));
      const simulation = simulated(p, POOL, [...steps, edit], 300);
      expect(kernelsMatchOracle(simulation)).toEqual([]);
      expect(simulation.tracker.converged).toBe(true);
    },
  );

  test.prop([filteredPlan, fc.nat(4), fc.integer({ min: 121, max: 500 })], runs(30))(
    "are followed by the tracker through each other, whichever node is lost",
    (p, victim, seconds) => {
      const added = p.nodes.map((_, i) => at("2m", blocks.add(`node-${String(i)}`)));
      const lost = at("3m", fail.node(`node-${String(victim % p.nodes.length)}`));
      const simulation = simulated(p, POOL, [...added, lost], seconds);
      expect(judged(simulation)).toEqual(judged(looked(simulation)));
    },
  );
});

describe("clusters with BGPFilters, after everything that failed is healed", () => {
  const cases = arbitraryCase({ bgpFiltersMax: 2, externalRoutersMax: 2, withoutBird: false });
  test.prop([cases], runs(40))("have kernels that equal the oracle", (each) => {
    const simulation = atRest(each);
    expect(kernelsMatchOracle(simulation)).toEqual([]);
    expect(simulation.tracker.converged).toBe(true);
  });

  test.prop([cases], runs(15))(
    "are judged in the middle of things as they would be after a look at everything",
    expectJudgedAsLooked,
  );
});

const KINDS = ["Node", "IPPool", "BGPConfiguration", "BGPPeer", "IPAMBlock", "Pod"] as const;

/** Every table that the oracle expects, with only some hosts alive. */
function tables(
  { datastore, era, spec, nodes }: Simulation,
  dead: readonly number[],
  edit: (resources: readonly Resource[]) => readonly Resource[],
): Record<string, Record<string, TableRoute>> {
  const resources = KINDS.flatMap((kind): readonly Resource[] => datastore.list(kind));
  const content = oracleContent(edit(resources), era, spec.backend, spec.externalRouters);
  const live: Liveness = {
    connected: (a, b) => ![a, b].some((name) => dead.includes(nodes.id(name))),
  };
  const names = [...content.state.nodes.keys()];
  return Object.fromEntries(
    names.map((name) => [name, Object.fromEntries(expectedTable(content, live, name))]),
  );
}

/** Every BGPPeer with a filter that matches nothing. */
function idle(resources: readonly Resource[]): readonly Resource[] {
  const named = resources.map((resource) => {
    if (resource.kind !== "BGPPeer") return resource;
    const { spec, ...rest } = resource as BGPPeer;
    return { ...rest, spec: { ...spec, filters: ["idle"] } };
  });
  return [...named, IDLE];
}

describe("a BGPFilter that matches nothing", () => {
  const dead = fc.uniqueArray(fc.nat(5), { maxLength: 2 });

  test.prop([plan, dead], runs(60))(
    "leaves nodes of any AS the routes that the oracle finds without following them from speaker to speaker",
    (p, gone) => {
      const steps = p.nodes.map((_, i) => at("2m", blocks.add(`node-${String(i)}`)));
      const simulation = simulated(p, POOL, steps, 130);
      expect(tables(simulation, gone, idle)).toEqual(tables(simulation, gone, (all) => all));
    },
  );

  const cases = arbitraryCase({ externalRoutersMax: 3, withoutBird: false, kinds: ["pods"] });
  test.prop([cases, dead], runs(30))("leaves those through routers outside, too", (each, gone) => {
    const simulation = prepared(each);
    simulation.run(200e6);
    const open = tables(simulation, gone, idle);
    for (const [node, table] of Object.entries(tables(simulation, gone, (all) => all))) {
      // A prefix that is a node's own subnet is left open where filters might let it out.
      const known = Object.entries(table).filter(([to]) => open[node]?.[to]?.type !== "unknown");
      expect(Object.entries(open[node] ?? {}).filter(([, r]) => r.type !== "unknown")).toEqual(
        known,
      );
    }
  });
});

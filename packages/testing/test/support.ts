import { type ClusterSpec, type Scenario, Simulation } from "@calico-sim/cluster";
import {
  arbitraryCluster,
  arbitraryScenario,
  type ClusterConstraints,
  quietAfter,
  type ScenarioConstraints,
} from "@calico-sim/testing";
import fc from "fast-check";
import { expect } from "vitest";

/** A run of a property: a cluster, what happens to it, and a seed. */
export type Case = [spec: ClusterSpec, scenario: Scenario, seed: number];

/** Small enough that a property of thirty runs takes a second or two. */
export function arbitraryCase(
  constraints: ClusterConstraints & ScenarioConstraints = {},
): fc.Arbitrary<Case> {
  return arbitraryCluster({ nodesMax: 6, ...constraints }).chain((spec) =>
    fc.tuple(
      fc.constant(spec),
      arbitraryScenario(spec, { incidentsMax: 5, during: "5m", ...constraints }),
      fc.nat({ max: 0xffff }),
    ),
  );
}

/** A simulation with its scenario, not run yet. */
export function prepared([spec, scenario, seed]: Case): Simulation {
  const simulation = new Simulation(spec, { seed, eventsMax: 5_000_000 });
  simulation.schedule(scenario);
  return simulation;
}

/** What the tracker makes of kernels and packets now. */
export function judged({ tracker, engine }: Simulation): object {
  const { converged, darkPairs } = tracker;
  const nodes = (plane: "control" | "data"): string[] =>
    tracker
      .settled(plane)
      .filter(({ took }) => took === Number.POSITIVE_INFINITY)
      .map(({ node, prefix, why }) => `${String(node)} ${prefix} ${why}`);
  const open = tracker
    .blackholes(engine.now)
    .filter((hole) => hole.open)
    .map(({ node, block, reason }) => `${String(node)} ${block} ${String(reason)}`);
  return {
    converged,
    darkPairs,
    control: nodes("control"),
    data: nodes("data"),
    open: open.sort(),
  };
}

/** A copy whose tracker looked at every node and destination anew. */
export function looked(simulation: Simulation): Simulation {
  const copy = simulation.fork();
  copy.tracker.pathsChanged();
  return copy;
}

/** Holds the tracker, at moments of a run, to what it says after a look at everything. */
export function expectJudgedAsLooked(each: Case): void {
  const simulation = prepared(each);
  // And shortly after each step: what a step concerns is looked at when it happens, and what follows it may hide a gap.
  const after = each[1].map((step) => step.at + 100_000);
  const moments = new Set([100, 170, 240, 330, 420, 600].map((seconds) => seconds * 1e6));
  for (const moment of [...after, ...moments].sort((a, b) => a - b)) {
    simulation.run(moment);
    expect(judged(simulation)).toEqual(judged(looked(simulation)));
  }
}

/** A simulation that has come to rest. */
export function atRest(each: Case): Simulation {
  const simulation = prepared(each);
  simulation.run(quietAfter(each[1]));
  return simulation;
}

import { at, fail, type Simulation } from "@calico-sim/cluster";
import { quietAfter } from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { arbitraryCase, prepared } from "./support.js";

/** Everything that a look from outside can tell of a moment. */
function state(simulation: Simulation): unknown {
  const { kernels, nodes, datastore, engine } = simulation;
  return {
    now: engine.now,
    digest: simulation.digest(),
    pending: engine.pending,
    kernels: Array.from({ length: nodes.size }, (_, node) => kernels.table(node)),
    blocks: datastore.list("IPAMBlock"),
    pods: datastore.list("Pod"),
    nodes: datastore.list("Node"),
  };
}

const moments = fc.integer({ min: 0, max: 400_000_000 });

describe("a fork", () => {
  test.prop([arbitraryCase(), moments], runs(15))(
    "at any moment ends as the run without it: same digest, same result, same state",
    (each, moment) => {
      const until = quietAfter(each[1], "5m");
      const whole = prepared(each);
      whole.run(until);
      const original = prepared(each);
      original.run(Math.min(moment, until));
      const copy = original.fork();
      copy.run(until);
      expect(copy.result()).toEqual(whole.result());
      expect(state(copy)).toEqual(state(whole));
      // The original was not touched by the life of its copy.
      original.run(until);
      expect(original.result()).toEqual(whole.result());
      expect(state(original)).toEqual(state(whole));
    },
  );

  test.prop([arbitraryCase(), moments], runs(10))(
    "that goes another way leaves the original where it is",
    (each, moment) => {
      const original = prepared(each);
      original.run(moment);
      const before = structuredClone(state(original));
      const copy = original.fork();
      expect(state(copy)).toEqual(before);
      const now = copy.engine.now;
      copy.schedule([at(now + 1, fail.node(copy.nodes.name(0)))]);
      copy.run(now + 60_000_000);
      expect(copy.digest()).not.toBe(original.digest());
      expect(state(original)).toEqual(before);
    },
  );

  test.prop([arbitraryCase(), moments, moments], runs(8))(
    "of a fork is as good as the first",
    (each, x, y) => {
      const until = quietAfter(each[1], "2m");
      const whole = prepared(each);
      whole.run(until);
      const first = prepared(each);
      first.run(Math.min(x, y, until));
      const second = first.fork();
      second.run(Math.min(Math.max(x, y), until));
      const third = second.fork();
      third.run(until);
      expect(third.digest()).toBe(whole.digest());
    },
  );
});

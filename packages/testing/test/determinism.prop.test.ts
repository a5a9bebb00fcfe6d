import { simulate } from "@calico-sim/cluster";
import { quietAfter } from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { arbitraryCase, atRest, prepared } from "./support.js";

describe("a run", () => {
  test.prop([arbitraryCase()], runs(10))("is the same again with the same seed", (each) => {
    expect(atRest(each).result()).toEqual(atRest(each).result());
  });

  test.prop([arbitraryCase(), fc.integer({ min: 1, max: 1_000 })], runs(20))(
    "is another with another seed",
    ([spec, scenario, seed], further) => {
      const one = prepared([spec, scenario, seed]);
      const other = prepared([spec, scenario, seed + further]);
      // Start-up alone draws a dozen times a node.
      one.run(60_000_000);
      other.run(60_000_000);
      expect(other.digest()).not.toBe(one.digest());
    },
  );

  test.prop(
    [arbitraryCase(), fc.array(fc.integer({ min: 1, max: 100_000_000 }), { maxLength: 30 })],
    runs(15),
  )("is the same in slices as at once", (each, slices) => {
    const until = quietAfter(each[1]);
    const whole = prepared(each);
    whole.run(until);
    const sliced = prepared(each);
    for (const slice of slices) sliced.run(Math.min(until, sliced.engine.now + slice));
    sliced.run(until);
    expect(sliced.digest()).toBe(whole.digest());
    expect(sliced.result()).toEqual(whole.result());
  });

  test.prop([arbitraryCase({ during: "1m" })], runs(8))(
    "is the same with progress shown as without, and from `simulate` as from a Simulation",
    ([spec, scenario, seed]) => {
      const until = quietAfter(scenario, "1m");
      const shown: number[] = [];
      const progress = (share: number): void => {
        shown.push(share);
      };
      const result = simulate(spec, scenario, { seed, until, progress });
      const silent = prepared([spec, scenario, seed]);
      silent.run(until);
      expect(result).toEqual(silent.result());
      expect(shown[shown.length - 1]).toBe(1);
      expect(shown).toEqual([...shown].sort((x, y) => x - y));
    },
  );
});

describe("a Result", () => {
  test.prop([arbitraryCase({ healed: false })], runs(20))(
    "is plain data: it comes back from JSON as it was",
    ([spec, scenario, seed]) => {
      const simulation = prepared([spec, scenario, seed]);
      simulation.run(quietAfter(scenario, "10s"));
      const result = simulation.result();
      const unsafe = strange(result, "result");
      expect(unsafe).toEqual([]);
      expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    },
  );
});

/** Where there is something that JSON would lose. */
function strange(value: unknown, path: string): string[] {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? [] : [`${path}: ${String(value)}`];
    case "string":
    case "boolean":
    case "undefined":
      return [];
    case "object": {
      if (value === null) return [`${path}: null`];
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== Array.prototype) {
        return [`${path}: no plain object`];
      }
      return Object.entries(value).flatMap(([key, each]) => strange(each, `${path}.${key}`));
    }
    default:
      return [`${path}: ${typeof value}`];
  }
}

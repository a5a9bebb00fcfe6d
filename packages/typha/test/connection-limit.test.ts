import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { connectionLimit } from "../src/index.js";

describe("the connection limit (control-plane-behaviour §1.7)", () => {
  test("equals the log lines of old releases", () => {
    expect(connectionLimit(3, 252, 1, { lower: 0 })).toBe(152);
    expect(connectionLimit(20, 2_138, 3)).toBe(408);
  });

  test.each([
    [5, 3, 400],
    [200, 3, 484],
    [399, 3, 960],
    [400, 4, 644],
    [500, 4, 804],
    [600, 5, 724],
    [1_000, 7, 804],
    [1_500, 9, 904],
    [2_000, 12, 876],
    [3_000, 17, 904],
    [4_000, 22, 916],
    [5_000, 27, 924],
    [10_000, 52, 944],
  ])("%i nodes, %i Typhas: %i", (nodes, typhas, limit) => {
    expect(connectionLimit(typhas, nodes)).toBe(limit);
  });

  test("a lone Typha takes all", () => {
    expect(connectionLimit(1, 10)).toBe(10_000);
    expect(connectionLimit(0, 10)).toBe(10_000);
  });

  test.prop([fc.nat(20_000), fc.nat(20_000), fc.integer({ min: 2, max: 200 })])(
    "grows with the nodes, shrinks with the Typhas",
    (nodes, more, typhas) => {
      const limit = connectionLimit(typhas, nodes);
      expect(connectionLimit(typhas, nodes + more)).toBeGreaterThanOrEqual(limit);
      expect(connectionLimit(typhas + 1, nodes)).toBeLessThanOrEqual(limit);
    },
  );
});

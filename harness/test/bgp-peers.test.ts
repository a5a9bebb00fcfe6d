import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readCases } from "../conformance/case.js";
import { compareExpected } from "../conformance/compare.js";
import { CONFORMANCE_SETS } from "../conformance/registry.js";

const FOLDER = fileURLToPath(new URL("../../conformance/bgp-peers", import.meta.url));
const run = CONFORMANCE_SETS["bgp-peers"];

describe("conformance set bgp-peers", () => {
  const { cases } = readCases(FOLDER);

  test("holds 56 cases", () => {
    expect(readCases(FOLDER)).toMatchObject({ cases: { length: 56 }, broken: [], foreign: [] });
  });

  test.each(cases.map((one) => [one.id, one] as const))("%s", async (_, one) => {
    expect(await run?.(one)).toEqual({ status: "passed" });
  });

  test("finds a wrong expectation, and names what is not modelled", async () => {
    const directory = join(FOLDER, "cases", "mesh--hash");
    const one = { id: "x", features: [], file: "x.json", directory };
    const expecting = (ipv4: object) => ({
      ...one,
      json: { node: "kube-master", env: {}, expected: { ipv4 } },
    });
    expect(await run?.(expecting({ routerId: "10.192.0.2" }))).toEqual({ status: "passed" });
    expect(await run?.(expecting({ routerId: "25.79.212.8" }))).toEqual({
      status: "failed",
      why: 'ipv4.routerId is "10.192.0.2", expected "25.79.212.8"',
    });
    expect(await run?.(expecting({ bfd: true }))).toEqual({
      status: "unsupported",
      features: ["expected.ipv4.bfd"],
    });
  });
});

describe("comparing with an expectation", () => {
  test("takes a field too many for a difference, but where the expectation is open", () => {
    const actual = { a: { b: 1, c: [{ d: 1, e: 2 }] } };
    expect(compareExpected(actual, { a: { c: [{ d: 1, e: 2 }] } }, 2).status).toBe("passed");
    expect(compareExpected(actual, { a: { c: [{ d: 1 }] } }, 2)).toEqual({
      status: "failed",
      why: "a.c[0].e is 2, not expected",
    });
    expect(compareExpected(actual, { a: { b: 1 } }).status).toBe("failed");
  });

  test("takes a list of another length for a difference", () => {
    expect(compareExpected([1], [1, 2])).toMatchObject({ why: "[1] is missing, expected 2" });
    expect(compareExpected([1, 2], [1])).toMatchObject({ why: "[1] is 2, not expected" });
  });
});

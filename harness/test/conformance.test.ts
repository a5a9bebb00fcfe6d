import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCases } from "../conformance/case.js";
import { CONFORMANCE_SETS } from "../conformance/registry.js";
import { formatReport, runSet } from "../conformance/run.js";

/** The copies of the sets that this project keeps. */
const SETS = fileURLToPath(new URL("../../conformance", import.meta.url));

describe("conformance set encap-mtu", () => {
  const folder = join(SETS, "encap-mtu");

  test("holds 21 cases", () => {
    expect(readCases(folder)).toMatchObject({ cases: { length: 21 }, broken: [], foreign: [] });
  });

  test.each(readCases(folder).cases.map((one) => [one.id, one] as const))("%s", async (_, one) => {
    expect(await CONFORMANCE_SETS["encap-mtu"]?.(one)).toEqual({ status: "passed" });
  });
});

describe("the conformance harness", () => {
  let folder = "";
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text);
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "conformance-"));
    mkdirSync(join(folder, "cases", "one"), { recursive: true });
    write("cases/a.json", '{"id": "a", "features": ["x"]}');
    write("cases/one/input.yaml", "kind: Node");
    write("cases/one/expected.json", '{"id": "one", "features": ["y"]}');
    write("sequences.json", '{"sequences": [{"id": "s-0"}, {"id": "s-1"}]}');
    write("broken.json", '{"id": ');
    write("foreign.json", "[1, 2]");
    write("README.md", "not a case");
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test("reports every case of a set without a runner as unsupported, by name", async () => {
    const report = await runSet("ipam", folder, undefined);
    expect(report).toMatchObject({ set: "ipam", cases: 6, passed: 0 });
    expect(report.failed.map((f) => f.id)).toEqual(["broken.json"]);
    expect(report.unsupported).toEqual([
      { id: "a", features: ["x"] },
      { id: "one", features: ["y"] },
      { id: "s-0", features: ["sequences"] },
      { id: "s-1", features: ["sequences"] },
      { id: "foreign.json", features: ["unrecognised-file"] },
    ]);
  });

  test("counts a runner that throws as a failed case, with its reason", async () => {
    const report = await runSet("x", folder, (one) => {
      if (one.id === "a") throw new Error("no such pool");
      return { status: "passed" };
    });
    expect(report.passed).toBe(3);
    expect(report.failed).toContainEqual({ id: "a", why: "no such pool" });
    expect(formatReport(report)).toContain("a: no such pool");
  });

  test("finds a wrong expectation", () => {
    const run = CONFORMANCE_SETS["encap-mtu"];
    const input = { vxlanMode: "Always", interfaces: [{ name: "eth0", mtu: 1500, up: true }] };
    const one = { id: "x", features: [], file: "x.json", directory: folder };
    const json = { kind: "mtu", input, expected: { podMTU: 1400 } };
    expect(run?.({ ...one, json })).toEqual({
      status: "failed",
      why: "podMTU is 1450, expected 1400",
    });
    expect(run?.({ ...one, json: { ...json, expected: { jumbo: true } } })).toEqual({
      status: "unsupported",
      features: ["expected.jumbo"],
    });
  });
});

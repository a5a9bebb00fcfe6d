import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readCases } from "../conformance/case.js";
import { CONFORMANCE_SETS } from "../conformance/registry.js";

const FOLDER = fileURLToPath(new URL("../../conformance/calicoctl-output", import.meta.url));
const run = CONFORMANCE_SETS["calicoctl-output"];

describe("conformance set calicoctl-output", () => {
  const { cases } = readCases(FOLDER);

  test("holds 34 cases", () => {
    expect(readCases(FOLDER)).toMatchObject({ cases: { length: 34 }, broken: [], foreign: [] });
  });

  test.each(cases.map((one) => [one.id, one] as const))("%s", async (_, one) => {
    expect(await run?.(one)).toEqual({ status: "passed" });
  });

  test("finds a wrong expectation, and names what is not modelled", async () => {
    const one = (json: object) => ({
      id: "x",
      features: [],
      file: "x.json",
      directory: FOLDER,
      json: { ...json },
    });
    const line = "Mesh_10_0_0_5 BGP master up 16:17:26 Established";
    const status = (expected: object) =>
      run?.(one({ kind: "nodeStatusLine", line, separator: ".", expected }));
    expect(await status({ parsed: true, peer: { peerIP: "10.0.0.6" } })).toEqual({
      status: "failed",
      why: 'peer.peerip is "10.0.0.5", expected "10.0.0.6"',
    });
    expect(await status({ parsed: true, uptime: "1h" })).toEqual({
      status: "unsupported",
      features: ["expected.uptime"],
    });
    expect(await run?.(one({ kind: "nodeDiagnostics", expected: {} }))).toMatchObject({
      status: "unsupported",
      features: ["kind:nodeDiagnostics"],
    });
  });
});

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { BENCHES } from "../bench/registry.js";
import type { BenchResult } from "../bench/scenario.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The command as a person runs it, small sizes only. */
function bench(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const tsx = ["--import", "tsx", "--conditions", "@calico-sim/source"];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...tsx, "harness/bench/main.ts", ...words],
      { cwd: root },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
      },
    );
  });
}

describe("bench", () => {
  test("prints one result for each line, in the fixed form", async () => {
    const { code, stdout, stderr } = await bench("--json", "--small", "--runs", "1");
    expect([code, stderr]).toStrictEqual([0, ""]);
    const { results } = JSON.parse(stdout) as { results: BenchResult[] };
    expect([...new Set(results.map((r) => r.name))]).toStrictEqual(BENCHES.map((b) => b.name));
    for (const result of results) {
      expect(Object.keys(result)).toStrictEqual([
        "name",
        "size",
        "wallMs",
        "peakRssMb",
        "yardstick",
        "ratio",
      ]);
      for (const figure of [result.wallMs, result.peakRssMb, result.ratio]) {
        expect(figure).toBeGreaterThan(0);
        expect(Number.isFinite(figure)).toBe(true);
      }
      expect(result.yardstick.length).toBeGreaterThan(10);
    }
    expect(new Set(results.map((r) => `${r.name} ${r.size}`)).size).toBe(results.length);
  });

  test("prints a table for people, with the targets beside", async () => {
    const { code, stdout } = await bench("--only", "engine-tie-storm", "--runs", "1");
    expect(code).toBe(0);
    expect(stdout).toContain("engine-tie-storm");
    expect(stdout).toContain("1,000 nodes");
    expect(stdout).toMatch(/<= 1\.5x +(met|MISSED)/);
  });

  test("refuses a wrong call and says what is right", async () => {
    const wrong = [
      ["--only", "nothing"],
      ["--runs", "0"],
      ["--runs", "many"],
      ["--jsno"],
      ["--size", "5000/4"],
      ["extra"],
    ];
    for (const words of wrong) {
      const { code, stdout, stderr } = await bench(...words);
      expect([code, stdout]).toStrictEqual([2, ""]);
      expect(stderr).toContain("usage: npm run -s bench");
    }
    expect((await bench("--only", "nothing")).stderr).toContain("there are engine-hold,");
  });
});

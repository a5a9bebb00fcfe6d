// Every example prints what its expected-output.txt says, byte for byte.
// UPDATE_EXAMPLES=1 writes the files anew; the difference is the review.
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = `${root}examples/`;

/** Runs a TypeScript file as a person would, and resolves to what it printed. */
function output(args: readonly string[]): Promise<string> {
  const node = ["--import", "tsx", "--conditions", "@calico-sim/source", ...args];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, node, { cwd: root }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${args.join(" ")} failed:\n${stderr}`));
    });
  });
}

function compare(example: string, printed: string): void {
  const file = `${folder}${example}/expected-output.txt`;
  if (process.env["UPDATE_EXAMPLES"] === "1") writeFileSync(file, printed);
  expect(printed).toBe(readFileSync(file, "utf8"));
}

const examples = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
  .map((entry) => entry.name);

describe("examples", () => {
  const programs = examples.filter((name) => existsSync(`${folder}${name}/main.ts`));

  it.each(programs)("%s prints its expected output", async (name) => {
    compare(name, await output([`examples/${name}/main.ts`]));
  });

  it.each(programs)("%s has a README and at most 80 lines", (name) => {
    expect(existsSync(`${folder}${name}/README.md`)).toBe(true);
    const lines = readFileSync(`${folder}${name}/main.ts`, "utf8").trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(80);
  });

  it("prod-100 prints its expected page and writes a report that asks nothing of the network", async () => {
    const report = "out/test-prod-100.html";
    const run = ["packages/calico-sim/src/main.ts", "run", "examples/prod-100"];
    compare("prod-100", await output([...run, "--report", report]));
    const html = readFileSync(`${root}${report}`, "utf8");
    expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|<script|<link/);
  });

  it("prod-100/nodes.yaml is what its generator writes", async () => {
    const file = `${folder}prod-100/nodes.yaml`;
    const before = readFileSync(file, "utf8");
    await output(["examples/prod-100/generate.mjs"]);
    expect(readFileSync(file, "utf8")).toBe(before);
  });
});

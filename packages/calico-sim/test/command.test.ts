import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../src/cli/program.js";
import type { Result } from "../src/index.js";

let folder = "";
const path = (name: string): string => join(folder, name);

const NODES = `apiVersion: v1
kind: List
items:
${["a", "b", "c"]
  .map(
    (name, i) => `- apiVersion: v1
  kind: Node
  metadata:
    name: ${name}
    annotations: { projectcalico.org/IPv4Address: 10.0.${String(i % 2)}.${String(i + 1)}/24 }
`,
  )
  .join("")}`;
const POOL = `apiVersion: projectcalico.org/v3
kind: IPPool
metadata: { name: default-ipv4-ippool }
spec: { cidr: 10.244.0.0/16, ipipMode: CrossSubnet, natOutgoing: true }
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "calico-sim-"));
  writeFileSync(path("nodes.yaml"), NODES);
  writeFileSync(path("pool.yaml"), POOL);
  writeFileSync(path("quick.scenario"), "- { at: 0s, action: start }\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

async function calicoSim(
  ...argv: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ["", ""];
  const code = await main(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    parallel: false,
  });
  return { code, stdout, stderr };
}

const run = (...argv: string[]): ReturnType<typeof calicoSim> =>
  calicoSim("run", path("nodes.yaml"), path("pool.yaml"), ...argv);
const quick = ["--until", "30s"];

describe("calico-sim run", () => {
  it("prints one page, the default scenario included", async () => {
    const { code, stdout, stderr } = await calicoSim("run", folder, "--until", "6m", "--seed", "7");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("3 nodes · 2 subnets · no Typha");
    expect(stdout).toContain("seed 7");
    expect(stdout).toContain("schedule 90 pods");
    expect(stdout).toContain("crash c");
  });

  it("prints the whole result as JSON and nothing else", async () => {
    const { code, stdout, stderr } = await run("--json", ...quick);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const result = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(result)).toContain("digest");
    expect(result["violations"]).toEqual([]);
  });

  it("says which line of the scenario turned out to be impossible", async () => {
    const text =
      "- { at: 0s, action: start }\n- { at: 9s, action: block-add, node: a, count: 1025 }\n";
    writeFileSync(path("much.scenario"), text);
    const { code, stderr } = await run("--scenario", path("much.scenario"));
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /much\.scenario:2:21: error \[VALUE_UNKNOWN\] \[1\]\.action\n {2}IPPool default-ipv4-ippool \(10\.244\.0\.0\/16\) has no free block of \/26/,
    );
  });

  it("takes folders in a folder for no manifests, whatever their names", async () => {
    const other = mkdtempSync(join(tmpdir(), "calico-sim-"));
    mkdirSync(join(other, "old.yaml"));
    writeFileSync(join(other, "nodes.yaml"), `${NODES}---\n${POOL}`);
    const { code, stderr } = await calicoSim("run", other, "--until", "1s");
    rmSync(other, { recursive: true });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("reads a scenario as it reads manifests: UTF-16 as Windows writes it, and no binary file", async () => {
    const bytes = Buffer.from("\uFEFF- { at: 0s, action: start }\r\n", "utf16le");
    writeFileSync(path("windows.scenario"), bytes);
    writeFileSync(path("binary.scenario"), Buffer.from([0x2d, 0x20, 0xe9, 0x0a]));
    expect((await run("--scenario", path("windows.scenario"), ...quick)).code).toBe(0);
    const { code, stderr } = await run("--scenario", path("binary.scenario"), ...quick);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^scenario .*binary\.scenario is no UTF-8 text/);
  });

  it("asks which scenario is meant where there are two", async () => {
    const other = mkdtempSync(join(tmpdir(), "calico-sim-"));
    for (const name of ["scenario.yaml", "scenario.json"]) writeFileSync(join(other, name), "[]");
    const { code, stderr } = await run(other);
    rmSync(other, { recursive: true });
    expect(code).toBe(2);
    expect(stderr).toContain("are scenarios; name the one to run with --scenario");
  });

  it("gives the same bytes for the same seed", async () => {
    const [first, second, other] = [
      await run("--json", ...quick),
      await run("--json", ...quick),
      await run("--json", "--seed", "2", ...quick),
    ];
    expect(second.stdout).toBe(first.stdout);
    expect(other.stdout).not.toBe(first.stdout);
  });

  it("exits 1 when a threshold is missed, and says which", async () => {
    const { code, stderr } = await run(...quick, "--threshold", "convergence.max<1ms");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^threshold missed: convergence.max is .*, must be < 1ms/);
    expect((await run(...quick, "--threshold", "pods.failed==0")).code).toBe(0);
  });

  it("writes an HTML report and a JUnit report where it is told to", async () => {
    const [html, xml] = [path("deep/report.html"), path("junit.xml")];
    const { code } = await run(...quick, "--report", html, "--junit", xml);
    expect(code).toBe(0);
    expect(readFileSync(html, "utf8")).toMatch(/^<!doctype html>/);
    expect(readFileSync(xml, "utf8")).toContain('tests="0"');
  });

  it.each([
    ["/proc/x/y.html", "the report cannot be written to /proc/x/y.html: ENOENT"],
    ["", "the report needs the name of a file"],
    ["nodes.yaml/deep/report.html", "nodes.yaml/deep/report.html: EEXIST"],
    [".", "EISDIR"],
    ["pool.yaml", "pool.yaml, which is read"],
    ["junit.xml", "the report and the thresholds cannot both be written to"],
  ])("says before it simulates that it cannot write to %j", async (name, message) => {
    const report = name === "" || name.startsWith("/") ? name : path(name);
    const files = ["--report", report, "--junit", path("junit.xml")];
    // Nobody would wait for the end of such a run.
    const { code, stderr } = await run("--until", "2000000h", ...files);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect(readFileSync(path("pool.yaml"), "utf8")).toBe(POOL);
  });

  it("leaves what is there until the run is over", async () => {
    const html = path("kept.html");
    writeFileSync(html, "before");
    await run("--until", "1s", "--report", html, "--threshold", "x.y<3");
    expect(readFileSync(html, "utf8")).toBe("before");
  });

  it("lets the CNI plugin's own routes to pods reach BIRD's peers where it is told so", async () => {
    writeFileSync(
      path("pods.scenario"),
      "- { at: 0s, action: start }\n- { at: 40s, action: pods-create, count: 1, over: 1s }\n",
    );
    const updates = async (...more: string[]): Promise<number> => {
      const { stdout } = await run("--json", "--scenario", path("pods.scenario"), ...more);
      return (JSON.parse(stdout) as Result).bgp.messages.update;
    };
    expect((await updates("--cni-route-copies")) - (await updates())).toBe(2 * 2);
  });

  it.each([
    [["--bogus"], "unknown option '--bogus'"],
    [["--until", "5q"], "--until: "],
    [["--seed", ""], "--seed needs a number or a text"],
    [["--threshold", "convergence.toString<3", "--until", "1s"], 'has no "toString"'],
    [["--threshold", "__proto__.x<3", "--until", "1s"], 'has no "__proto__"'],
    [[""], '"" does not exist'],
    [["/dev/zero"], "/dev/zero is a device, no file"],
    [["--threshold", "x"], "is no comparison"],
    [["--threshold", "x.y<3", "--until", "1s"], 'has no "x"'],
    [["--scenario", "nowhere.yaml"], "scenario nowhere.yaml does not exist"],
    [["nowhere.yaml"], "nowhere.yaml does not exist"],
  ])("exits 2 for %j and says what is wrong", async (argv, message) => {
    const { code, stdout, stderr } = await run(...argv);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it("exits 2 for manifests that are wrong, with file, line and field", async () => {
    writeFileSync(path("bad.yml.txt"), POOL.replace("CrossSubnet", "crosssubnet"));
    const { code, stderr } = await calicoSim("run", path("nodes.yaml"), path("bad.yml.txt"));
    expect(code).toBe(2);
    expect(stderr).toContain("bad.yml.txt:4:");
    expect(stderr).toContain("spec.ipipMode");
    expect(stderr).toContain('did you mean "CrossSubnet"?');
  });

  it("exits 2 for files without a Node, and says how to get them", async () => {
    const { code, stderr } = await calicoSim("run", path("pool.yaml"));
    expect(code).toBe(2);
    expect(stderr).toContain('"kubectl get nodes -o yaml"');
  });

  it("shows version and help", async () => {
    expect(await calicoSim("--version")).toMatchObject({ code: 0, stdout: "0.1.0\n" });
    const help = await calicoSim("run", "--help");
    expect(help.code).toBe(0);
    for (const word of ["--threshold", "--report", "kubectl get nodes", "Exit code"]) {
      expect(help.stdout).toContain(word);
    }
  });
});

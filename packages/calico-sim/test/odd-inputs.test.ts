import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { main } from "../src/cli/program.js";

const top = mkdtempSync(join(tmpdir(), "calico-sim-odd-"));
afterAll(() => rmSync(top, { recursive: true }));

const node = (i: number): string => `apiVersion: v1
kind: Node
metadata:
  name: n${String(i)}
  annotations:
    projectcalico.org/IPv4Address: 10.0.0.${String(i)}/24
status:
  addresses:
    - type: InternalIP
      address: 10.0.0.${String(i)}
`;
const NODES = [1, 2, 3].map(node).join("---\n");
const POOL =
  "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: { name: p }\nspec: { cidr: 10.244.0.0/16, ipipMode: Always }\n";
/** A further Node that says this of itself. */
const and = (rest: string): string => `${NODES}---\napiVersion: v1\nkind: Node\n${rest}\n`;

type Files = Readonly<Record<string, string | Buffer>>;

let folders = 0;
function folderOf(files: Files): string {
  const folder = join(top, `f${String(folders++)}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Runs the command; what it prints, without the name of the folder. */
async function run(
  folder: string,
  ...options: readonly string[]
): Promise<{ readonly code: number; readonly printed: string }> {
  let printed = "";
  const stream = {
    write: (text: string): boolean => {
      printed += text;
      return true;
    },
  };
  const terminal = { stdout: stream, stderr: stream, parallel: false };
  const args = ["run", folder, "--until", "2m", "--no-compare", ...options];
  const code = await main(args, terminal);
  return { code, printed: printed.replaceAll(folder, "F").replace(/\s+/g, " ") };
}

describe("the command, on files that somebody tired made,", () => {
  it.each<[string, Files, string]>([
    ["indentation too deep", { "n.yaml": NODES.replace("  ann", "   ann") }, "n.yaml:4:9: error"],
    ["indentation missing", { "n.yaml": NODES.replace("  name", "name") }, "n.yaml:4:7: error"],
    ["a tab", { "n.yaml": NODES.replace("  name", "\tname") }, "this is a tab"],
    ["a key twice", { "n.yaml": NODES.replace("  name: n1", "  name: n1\n  name: n4") }, "twice"],
    [
      "Windows-1252",
      { "n.yaml": Buffer.from(NODES.replace("n1", "n1 # Grüße"), "latin1") },
      "F/n.yaml is no UTF-8 text from line 4 on; save it as UTF-8",
    ],
    ["gzip", { "n.yaml": gzipSync(NODES) }, "F/n.yaml is compressed (gzip); gunzip it first"],
    ["gzip by its name", { "n.yaml.gz": gzipSync(NODES) }, "holds no *.yaml, *.yml or *.json file"],
    ["nothing at all", {}, "holds no *.yaml"],
    ["an empty file", { "n.yaml": "" }, "there is no Node in F/n.yaml"],
    ["separators alone", { "n.yaml": "# none\n---\n---\n" }, "there is no Node"],
    ["no Node", { "p.yaml": POOL }, "there is no Node"],
    ["what kubectl prints", { "n.yaml": "NAME STATUS\nn1 Ready\n" }, "a manifest is an object"],
    [
      "a template with a value in it",
      { "n.yaml": NODES, "t.yaml": POOL.replace("10.244.0.0/16", "{{ .Values.cidr }}") },
      "F/t.yaml:4:15: error [YAML_SYNTAX] this is a template, which holds a manifest only once",
    ],
    [
      "a template with conditions",
      { "n.yaml": NODES, "t.yaml": "kind: ConfigMap\n{{- if .Values.x }}\ndata: {}\n{{- end }}\n" },
      "this is a template",
    ],
    [
      "folders in a folder",
      { "a/n.yaml": NODES, "b/p.yaml": POOL },
      "folder F holds no *.yaml, *.yml or *.json file; folders inside it are not entered: name a, b",
    ],
    [
      "an empty entry of a list",
      { "n.yaml": NODES.replace("- type", "-\n    - type") },
      "no empty",
    ],
    [
      "a Node without address",
      { "n.yaml": and("metadata: { name: n4 }") },
      "Node n4 has no address",
    ],
    [
      "an InternalIP that is a name",
      {
        "n.yaml": and(
          "metadata: { name: n4 }\nstatus: { addresses: [{ type: InternalIP, address: n4.lan }] }",
        ),
      },
      '"n4.lan" is not an IP address',
    ],
    [
      "an address of the other family",
      { "n.yaml": NODES.replace("10.0.0.1/24", "::ffff:10.0.0.1/120") },
      '"::ffff:10.0.0.1/120" is no IPv4 address',
    ],
    ["host bits", { "n.yaml": NODES, "p.yaml": POOL.replace("244.0.0", "244.1.1") }, "bits set"],
    ["an address twice", { "n.yaml": NODES.replace("10.0.0.2", "10.0.0.1") }, "is node"],
    ["a Node twice", { "a.yaml": NODES, "b.yaml": NODES }, "defined more than once"],
    ["JSON with a comma too many", { "n.json": '{"kind":"Node",}' }, "error [JSON_SYNTAX]"],
    ["lists within lists", { "x.yaml": "[".repeat(5_000) + "]".repeat(5_000) }, "nested deeper"],
    [
      "no scenario in scenario.yaml",
      { "n.yaml": NODES, "scenario.yaml": "" },
      "a scenario is a list of steps",
    ],
    [
      "two scenarios",
      { "n.yaml": NODES, "scenario.yaml": "[]", "scenario.yml": "[]" },
      "name the one to run with --scenario",
    ],
  ])("refuses %s and says where", async (_, files, message) => {
    const { code, printed } = await run(folderOf(files));
    expect(printed).toContain(message);
    expect(code).toBe(2);
    expect(printed).not.toMatch(/ at \S+ \(|defect/);
  });

  it.each<[string, Files]>([
    ["CRLF", { "n.yaml": NODES.replaceAll("\n", "\r\n"), "p.yaml": POOL }],
    ["a byte order mark", { "n.yaml": `\uFEFF${NODES}`, "p.yaml": POOL }],
    [
      "anchors and merge keys",
      {
        "n.yaml": `apiVersion: v1\nkind: List\nitems:\n  - &a\n    apiVersion: v1\n    kind: Node\n    metadata: { name: n1, annotations: { projectcalico.org/IPv4Address: 10.0.0.1/24 } }\n  - <<: *a\n    metadata: { name: n2, annotations: { projectcalico.org/IPv4Address: 10.0.0.2/24 } }\n`,
        "p.yaml": POOL,
      },
    ],
    ["one Node", { "n.yaml": node(1), "p.yaml": POOL }],
    ["documents that are null", { "n.yaml": `null\n---\n~\n---\n${NODES}`, "p.yaml": POOL }],
    ["an empty folder within", { "n.yaml": NODES, "p.yaml": POOL, "notes/readme.md": "" }],
  ])("takes %s without a word", async (_, files) => {
    const { code, printed } = await run(folderOf(files));
    expect(code).toBe(0);
    expect(printed).toMatch(/^\d nodes? ·.* converged at the end/);
    expect(printed).not.toMatch(/warning|not-|failed - /);
  });

  it.each<[string, Files, string]>([
    [
      "a kustomization that nobody applies",
      { "kustomization.yaml": "resources: [n.yaml]\nnamePrefix: x-\n" },
      "without what this Kustomization would change in them",
    ],
    [
      "a folder that is not entered",
      { "more/q.yaml": POOL },
      "F/more: warning [FOLDER_NOT_READ] this folder holds manifests, and is not entered",
    ],
    [
      "settings that nobody reads",
      {
        "b.yaml":
          "apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata: { name: mine }\nspec: { nodeToNodeMeshEnabled: false }\n",
      },
      "nobody reads a BGPConfiguration of this name, so that it changes nothing",
    ],
    [
      "the broadcast address",
      { "n.yaml": NODES.replace("10.0.0.1/24", "10.0.0.255/24") },
      "10.0.0.255/24 is the address of the subnet itself or its broadcast address",
    ],
    [
      "nodes that are all cordoned",
      { "n.yaml": NODES.replaceAll("status:", "spec: { unschedulable: true }\nstatus:") },
      '"schedule 90 pods" at 60s: no node that runs takes pods',
    ],
    [
      "a pool over the nodes' own subnet",
      { "p.yaml": POOL.replace("10.244", "10.0") },
      "IPPool p (10.0.0.0/16) holds the addresses of 3 of the nodes, such as n1 (10.0.0.1/24)",
    ],
    [
      "a field at the wrong place",
      { "n.yaml": NODES.replace("status:\n  addr", "status:\naddr") },
      'Node has no field "addresses" here; it is ignored',
    ],
  ])("runs with %s, and says what comes of it", async (_, files, message) => {
    const { code, printed } = await run(folderOf({ "n.yaml": NODES, "p.yaml": POOL, ...files }));
    expect(printed).toContain(message);
    expect(code).toBe(0);
  });

  it("waits for no pipe in a folder, and runs in no circle of links", async () => {
    const piped = folderOf({ "n.yaml": NODES });
    execFileSync("mkfifo", [join(piped, "x.yaml")]);
    expect(await run(piped)).toEqual({
      code: 2,
      printed: "F/x.yaml is a pipe or socket, no file ",
    });
    const loop = folderOf({ "n.yaml": NODES });
    symlinkSync("x.yaml", join(loop, "x.yaml"));
    expect((await run(loop)).printed).toContain("F/x.yaml cannot be read: ELOOP");
    const circle = folderOf({ "n.yaml": NODES, "p.yaml": POOL });
    symlinkSync(circle, join(circle, "self"));
    expect((await run(circle)).code).toBe(0);
    const dangling = folderOf({ "n.yaml": NODES });
    symlinkSync("nowhere", join(dangling, "x.yaml"));
    expect((await run(dangling)).printed).toContain("F/x.yaml does not exist");
  });

  it("names the folder that was not entered where a Node is missing", async () => {
    const { printed } = await run(folderOf({ "p.yaml": POOL, "nodes/n.yaml": NODES }));
    expect(printed).toMatch(/F\/nodes: warning .*there is no Node in F\/p\.yaml/);
  });
});

describe("the options of the command", () => {
  const folder = folderOf({ "n.yaml": NODES, "p.yaml": POOL });

  it.each([
    ...["5 min", "-1s", "0", "1e3", "inf", "1d", "5M", "1.5h30", "5m30", ""].map((text) => [
      ["--until", text],
      `--until: "${text}" is not a duration`,
    ]),
    [["--until", "99999999h"], "is longer than the clock can count"],
    [["--seed", " "], "--seed needs a number or a text"],
    [["--report", "-"], 'the report needs the name of a file, not "-"'],
    [["--junit", ""], 'the thresholds needs the name of a file, not ""'],
    [["--scenario", "/dev/null"], "is a device, no file"],
    [["--threshold", "x<"], 'threshold "x<" is no comparison'],
  ] as [string[], string][])("%j is refused", async (options, message) => {
    const { code, printed } = await run(folder, ...options);
    expect(printed).toContain(message);
    expect(code).toBe(2);
  });

  it.each(["-1", "1.5", "1e309", "0x10", "99999999999999999999", "abc"])(
    "a seed may be any text: %s",
    async (seed) => {
      const { code, printed } = await run(folder, "--seed", seed);
      expect(printed).toContain(`seed ${seed} · 2m simulated`);
      expect(code).toBe(0);
    },
  );
});

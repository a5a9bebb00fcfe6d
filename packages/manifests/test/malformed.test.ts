import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatIssue, loadManifestFiles, ManifestFileError, readManifests } from "../src/index.js";

function read(text: string, name = "a.yaml"): string[] {
  return readManifests([{ name, text }]).issues.map((i) =>
    `${i.severity} ${i.code} ${String(i.line)}:${String(i.column)} ${i.field ?? ""}`.trimEnd(),
  );
}

const POOL = `apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: a
spec:
  cidr: 10.0.0.0/16
`;

describe("text that is no YAML", () => {
  test("cut in the middle of a value", () => {
    expect(read(`${POOL}---\nkind: "IPPo`)).toEqual(["error YAML_SYNTAX 8:12"]);
  });

  test("cut between fields", () => {
    expect(read(POOL.slice(0, POOL.indexOf("spec:")))).toEqual(["error FIELD_REQUIRED 1:1 spec"]);
  });

  test("cut inside a flow map", () => {
    expect(read("kind: {a: 1")).toEqual(["error YAML_SYNTAX 1:12"]);
  });

  test("the same key twice", () => {
    expect(read(`${POOL}  cidr: 10.1.0.0/16\n`)).toEqual(["error YAML_DUPLICATE_KEY 7:3"]);
  });

  test("an empty entry of a list, but for the free addresses of a block", () => {
    const node = "apiVersion: v1\nkind: Node\nmetadata: { name: n }\nstatus:\n  addresses:\n  -\n";
    expect(read(node)).toEqual(["error TYPE_WRONG 6:4 status.addresses[0]"]);
    const block = `apiVersion: crd.projectcalico.org/v1
kind: IPAMBlock
metadata: { name: 10-0-0-0-30 }
spec: { cidr: 10.0.0.0/30, allocations: [null, null, null, null], unallocated: [0, 1, 2, 3], attributes: [] }
`;
    expect(read(block)).toEqual([]);
  });

  test("a BGPFilter whose rules are none", () => {
    const filter = (rules: string): string =>
      `apiVersion: projectcalico.org/v3\nkind: BGPFilter\nmetadata: { name: f }\nspec: { exportV4: ${rules} }\n`;
    expect(read(filter("[{ action: Accept, cidr: 10.0.0.0/8, matchOperator: In }]"))).toEqual([]);
    expect(read(filter("[{ action: 5 }]"))).toEqual([
      "error TYPE_WRONG 4:30 spec.exportV4[0].action",
    ]);
    expect(read(filter("[{ action: Accept, cidr: 10.0.0.0/33 }]"))).toEqual([
      "error CIDR_INVALID 4:44 spec.exportV4[0].cidr",
    ]);
    expect(read(filter("{}"))).toEqual(["error TYPE_WRONG 4:9 spec.exportV4"]);
    expect(read(filter("[{ acton: Accept }]"))).toEqual([
      "warning FIELD_UNKNOWN 4:29 spec.exportV4[0].acton",
    ]);
  });

  test("what is no text at all", () => {
    for (const sources of [5n, [null], [{ name: "a" }], new Map()])
      expect(() => readManifests(sources as never)).toThrow(/takes a list of sources|a source is/);
    const options = { calicoVersion: 5n } as never;
    expect(() => readManifests([], options)).toThrow("calicoVersion: 5 is no text");
  });

  test("tabs", () => {
    expect(read("kind: IPPool\nmetadata:\n\tname: a\n")).toEqual(["error YAML_TAB 3:1"]);
  });

  test("an alias without anchor, and a bomb of aliases", () => {
    expect(read("kind: *nothing")).toEqual(["error YAML_SYNTAX 1:1"]);
    const lines = ["a0: &a0 [x, x]"];
    for (let i = 1; i < 40; i++)
      lines.push(`a${String(i)}: &a${String(i)} [*a${String(i - 1)}, *a${String(i - 1)}]`);
    expect(read(lines.join("\n"))).toEqual(["error YAML_SYNTAX 1:1"]);
  });

  test.each([
    ["a.yaml", `${"[".repeat(20_000)}${"]".repeat(20_000)}`],
    ["a.json", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["a.json", `${'{"a":'.repeat(300)}1${"}".repeat(300)}`],
    ["a.yaml", "a: &a { b: *a }"],
    ["a.yaml", "a: &a [*a, *a]"],
  ])("without an end to its levels", (name, text) => {
    expect(read(text, name)).toEqual(["error YAML_SYNTAX 1:1"]);
  });

  test("JSON that ends early", () => {
    expect(read('{"kind": "IPPool",\n "metadata": {', "a.json")).toEqual([
      "error JSON_SYNTAX 2:15",
    ]);
  });

  test("one broken document leaves the others readable, and the whole not to be applied", () => {
    const result = readManifests([
      {
        name: "a.yaml",
        text: `${POOL}---\na: [1\n---\n${POOL.replace("name: a", "name: b").replace("10.0", "10.1")}`,
      },
    ]);
    expect(result.ok).toBe(false);
    expect(result.resources.map((r) => r.metadata.name)).toEqual(["a", "b"]);
  });
});

describe("files with nothing to read", () => {
  test.each(["", "\n\n", "# only a comment\n", "---\n---\n", "\uFEFF"])("%j", (text) => {
    expect(readManifests([{ name: "a.yaml", text }]).issues).toMatchObject([
      { severity: "warning", code: "SOURCE_EMPTY", file: "a.yaml" },
    ]);
  });
});

describe("objects that are none", () => {
  test.each([
    ["- 1\n- text\n", ["error DOCUMENT_NOT_AN_OBJECT 1:3", "error DOCUMENT_NOT_AN_OBJECT 2:3"]],
    ["just text", ["error DOCUMENT_NOT_AN_OBJECT 1:1"]],
    ["kind: IPPool\n", ["error FIELD_REQUIRED 1:1 apiVersion"]],
    ["apiVersion: v1\nkind: [Node]\n", ["error TYPE_WRONG 2:1 kind"]],
    ["apiVersion: v1\nkind: Node\nmetadata: 3\n", ["error FIELD_REQUIRED 3:11 metadata.name"]],
    ["apiVersion: v1\nkind: List\nitems: 3\n", ["error TYPE_WRONG 3:8 items"]],
  ])("%j", (text, want) => {
    expect(read(text)).toEqual(want);
  });
});

describe("kinds", () => {
  const object = (apiVersion: string, kind: string): string =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: a\n`;

  test.each([
    ["rbac.authorization.k8s.io/v1", "ClusterRole"],
    ["policy/v1", "PodDisruptionBudget"],
    ["v1", "ServiceAccount"],
    ["v1", "Event"],
    ["apiextensions.k8s.io/v1", "CustomResourceDefinition"],
    ["operator.tigera.io/v1", "APIServer"],
  ])("%s %s is left out in silence", (apiVersion, kind) => {
    expect(read(object(apiVersion, kind))).toEqual([]);
  });

  test("a kind of somebody else is left out with a note", () => {
    expect(read(object("example.com/v1", "IPPool"))).toEqual(["note KIND_UNKNOWN 2:7 kind"]);
  });

  test("a kind that Calico or Kubernetes does not have is an error, with what may be meant", () => {
    const [issue] = readManifests([
      { name: "a", text: object("projectcalico.org/v3", "IPPol") },
    ]).issues;
    expect(issue).toMatchObject({ severity: "error", code: "KIND_UNKNOWN" });
    expect(issue?.message).toContain('did you mean "IPPool"?');
    expect(read(object("v1", "Nod"))).toEqual(["error KIND_UNKNOWN 2:7 kind"]);
  });

  test("a kind under the wrong API version is an error that names the right one", () => {
    expect(readManifests([{ name: "a", text: object("v1", "IPPool") }]).issues).toMatchObject([
      {
        code: "API_VERSION_WRONG",
        field: "apiVersion",
        want: "projectcalico.org/v3 or crd.projectcalico.org/v1",
      },
    ]);
    expect(read(object("projectcalico.org/v1", "IPPool"))).toEqual([
      "error API_VERSION_WRONG 1:13 apiVersion",
    ]);
    expect(read(object("projectcalco.org/v3", "IPPool"))).toEqual([
      "error API_VERSION_WRONG 1:13 apiVersion",
    ]);
  });

  test("what is not simulated yet is noted once a kind", () => {
    const policy = object("networking.k8s.io/v1", "NetworkPolicy");
    expect(read(`${policy}---\n${policy}`)).toEqual(["note KIND_NOT_MODELLED 2:7 kind"]);
  });
});

describe("resources that Calico refuses", () => {
  test("point to the field, in the source's own words", () => {
    const { issues } = readManifests([
      { name: "pools.yaml", text: POOL.replace("10.0.0.0/16", "010.0.0.0/8") },
    ]);
    expect(issues.map(formatIssue)).toEqual([
      [
        "pools.yaml:6:9: error [CIDR_INVALID] IPPool/a spec.cidr",
        '  "010.0.0.0/8" is not a CIDR (leading zeros are refused, as Go refuses them)',
        "  want: address/prefix-length, such as 10.244.0.0/16",
        "    6 |   cidr: 010.0.0.0/8",
        "      |         ^^^^^^^^^^^",
      ].join("\n"),
    ]);
  });

  test("overlapping pools across files name each other's place", () => {
    const result = readManifests([
      { name: "a.yaml", text: POOL },
      { name: "b.yaml", text: POOL.replace("name: a", "name: b").replace("/16", "/24") },
    ]);
    expect(result.ok).toBe(false);
    expect(result.resources).toHaveLength(2);
    expect(result.issues).toMatchObject([
      { file: "b.yaml", line: 6, rule: "L19", code: "POOL_OVERLAP" },
    ]);
    expect(result.issues[0]?.message).toContain("(see a.yaml:6)");
  });

  test("duplicate nodes and duplicate node addresses, as kubectl prints them", () => {
    const node = (name: string, address: string): string => `- apiVersion: v1
  kind: Node
  metadata:
    name: ${name}
    annotations:
      projectcalico.org/IPv4Address: ${address}/24
  status:
    images: []
`;
    const text = `apiVersion: v1\nkind: List\nitems:\n${node("n1", "10.0.0.1")}${node("n1", "10.0.0.2")}${node("n2", "10.0.0.1")}metadata:\n  resourceVersion: ""\n`;
    expect(read(text)).toEqual([
      "error RESOURCE_DUPLICATE 15:11 metadata.name",
      'error NODE_ADDRESS_DUPLICATE 25:38 metadata.annotations["projectcalico.org/IPv4Address"]',
    ]);
  });

  test("YAML 1.2 reads yes as text: said so", () => {
    const [issue] = readManifests([{ name: "a", text: `${POOL}  natOutgoing: yes\n` }]).issues;
    expect(issue).toMatchObject({ code: "TYPE_WRONG", line: 7, column: 16 });
    expect(issue?.message).toContain("write true or false");
  });

  test("JSON has places too", () => {
    const text = `{"apiVersion": "v1", "kind": "NodeList", "items": [
  {"metadata": {"name": "n1"}},
  {"metadata": {"name": "n2", "labels": {"a\\"b": 7}}}]}`;
    expect(read(text, "nodes.json")).toEqual(['error TYPE_WRONG 3:50 metadata.labels["a\\"b"]']);
  });

  test("a label that is no text is calicoctl's to accept, not kubectl's", () => {
    const node = "kind: Node\nmetadata:\n  name: a\n  labels:\n    rr: true\n";
    const calico = readManifests([
      { name: "a", text: `apiVersion: projectcalico.org/v3\n${node}` },
    ]);
    expect(calico).toMatchObject({ ok: true, issues: [{ severity: "warning", line: 6 }] });
    expect(calico.resources[0]?.metadata.labels).toEqual({ rr: "true" });
    expect(readManifests([{ name: "a", text: `apiVersion: v1\n${node}` }]).ok).toBe(false);
  });
});

describe("files", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "manifests-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const failure = async (paths: string[], maxBytes?: number): Promise<ManifestFileError> => {
    const error: unknown = await loadManifestFiles(
      paths,
      maxBytes === undefined ? {} : { maxBytes },
    ).catch((reason: unknown) => reason);
    if (error instanceof ManifestFileError) return error;
    throw new Error("expected a ManifestFileError");
  };

  test("of 100 MB are refused at once, unread", async () => {
    const path = join(folder, "dump.yaml");
    const handle = openSync(path, "w");
    ftruncateSync(handle, 100_000_000);
    closeSync(handle);
    const started = performance.now();
    const error = await failure([path]);
    expect(error.code).toBe("FILE_TOO_LARGE");
    expect(error.message).toContain("95.4 MiB, more than the 64.0 MiB that are read");
    expect(performance.now() - started).toBeLessThan(1000);
    rmSync(path);
  });

  test("that cannot be read are named", async () => {
    expect(await failure([join(folder, "nothing.yaml")])).toMatchObject({ code: "FILE_MISSING" });
    expect(await failure([])).toMatchObject({ code: "NO_FILES" });
    expect(await failure([file("small.yaml", POOL)], 10)).toMatchObject({ code: "FILE_TOO_LARGE" });
    const gzip = file("nodes.yaml", Buffer.from([0x1f, 0x8b, 0x08, 0xff, 0xfe, 0x80]));
    expect(await failure([gzip])).toMatchObject({ code: "FILE_NOT_TEXT", path: gzip });
  });

  test("of a folder are read in name order, UTF-16 included", async () => {
    const inner = mkdtempSync(join(folder, "set-"));
    writeFileSync(
      join(inner, "b.yml"),
      Buffer.from(`\uFEFF${POOL.replace("name: a", "name: b").replace("10.0", "10.1")}`, "utf16le"),
    );
    writeFileSync(join(inner, "a.yaml"), POOL);
    writeFileSync(join(inner, "readme.txt"), "not a manifest");
    const result = await loadManifestFiles([inner]);
    expect(result.issues).toEqual([]);
    expect(result.resources.map((r) => r.metadata.name)).toEqual(["a", "b"]);
  });
});

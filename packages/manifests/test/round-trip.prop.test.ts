import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Resource } from "@calico-sim/core";
import { fc, test as propertyTest } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { formatIssue, readManifests, writeManifests } from "../src/index.js";

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/);
// Texts that YAML would like to read as something else, or that need quotes and blocks.
const awkward = fc.constantFrom(
  "yes",
  "no",
  "on",
  "0123",
  "1e3",
  "null",
  "~",
  "",
  " a ",
  "a: b",
  "- x",
  "#x",
  "línea",
  "a\nb\n",
  "\ttab",
  "2024-01-01",
  "65000:10",
  "'",
  '"',
  "{}",
  "*a",
  "&a",
  "!t",
  "%d",
  "@h",
);
const value = fc.oneof(awkward, fc.string({ maxLength: 20 }));
const labels = fc.dictionary(fc.stringMatching(/^[a-z][a-z./-]{0,12}[a-z]$/), value, {
  maxKeys: 4,
});
const octet = fc.nat(255);
const mode = fc.constantFrom("Never", "Always", "CrossSubnet");

const pool: fc.Arbitrary<Resource> = fc
  .record({
    name,
    labels,
    a: octet,
    b: octet,
    mode,
    nat: fc.boolean(),
    size: fc.integer({ min: 20, max: 32 }),
  })
  .map(({ name, labels, a, b, mode, nat, size }) => ({
    apiVersion: "projectcalico.org/v3",
    kind: "IPPool",
    metadata: { name, labels },
    spec: {
      cidr: `${String(a)}.${String(b)}.0.0/16`,
      vxlanMode: mode,
      natOutgoing: nat,
      blockSize: size,
    },
  }));

const node: fc.Arbitrary<Resource> = fc
  .record({ name, labels, annotations: labels, a: octet, unschedulable: fc.boolean() })
  .map(({ name, labels, annotations, a, unschedulable }) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels,
      annotations: { ...annotations, "projectcalico.org/IPv4Address": `10.0.0.${String(a)}/24` },
      creationTimestamp: "2024-05-01T10:00:00Z",
      resourceVersion: "0123",
    },
    spec: { unschedulable, podCIDRs: [`10.244.${String(a)}.0/24`] },
    status: { addresses: [{ type: "InternalIP", address: `10.0.0.${String(a)}` }] },
  }));

const block: fc.Arbitrary<Resource> = fc
  .record({ a: octet, handle: value })
  .map(({ a, handle }) => ({
    apiVersion: "crd.projectcalico.org/v1",
    kind: "IPAMBlock",
    metadata: { name: `10-0-${String(a)}-0-30` },
    spec: {
      cidr: `10.0.${String(a)}.0/30`,
      affinity: "host:n1",
      allocations: [0, null, null, null],
      unallocated: [1, 2, 3],
      attributes: [{ handle_id: handle, secondary: { node: "n1" } }],
      strictAffinity: false,
    },
  }));

const configMap: fc.Arbitrary<Resource> = fc
  .record({ name, data: labels })
  .map(({ name, data }) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "kube-system" },
    data,
  }));

const resources = fc.array(fc.oneof(pool, node, block, configMap), { maxLength: 6 });

describe("what is written is read back", () => {
  propertyTest.prop([resources])("as YAML documents", (written) => {
    const read = readManifests([{ name: "a.yaml", text: writeManifests(written) }]);
    expect(read.resources).toEqual(written);
  });

  propertyTest.prop([resources])(
    "as a JSON list, with the same findings as from YAML",
    (written) => {
      const list = { apiVersion: "v1", kind: "List", items: written };
      const json = readManifests([{ name: "a.json", text: JSON.stringify(list, undefined, 1) }]);
      const yaml = readManifests([{ name: "a.yaml", text: writeManifests(written) }]);
      expect(json.resources).toEqual(written);
      if (written.length === 0) return;
      const brief = (result: typeof json): string[] =>
        result.issues.map(
          (i) => `${i.severity} ${i.code} ${i.resource?.name ?? ""} ${i.field ?? ""}`,
        );
      expect(brief(json)).toEqual(brief(yaml));
    },
  );

  test("the official manifests' ConfigMap, block texts and all", () => {
    const path = fileURLToPath(new URL("./fixtures/official/calico-typha.yaml", import.meta.url));
    const first = readManifests([{ name: "a", text: readFileSync(path, "utf8") }]);
    const second = readManifests([{ name: "a", text: writeManifests(first.resources) }]);
    expect(first.resources.map(({ kind }) => kind)).toEqual(["ConfigMap", "Service"]);
    expect(second.resources).toEqual(first.resources);
  });
});

describe("whatever the text", () => {
  const sample = `apiVersion: v1
kind: List
items:
- {apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: p}, spec: {cidr: 10.0.0.0/16, allowedUses: [Workload]}}
- apiVersion: v1
  kind: Node
  metadata:
    name: n1
    annotations:
      projectcalico.org/IPv4Address: 10.0.0.1/24
  status:
    addresses:
    - type: InternalIP
      address: 10.0.0.1
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: calico-config, namespace: kube-system}
  data:
    veth_mtu: "0"
    cni_network_config: |-
      {"plugins": [{"type": "calico", "mtu": __CNI_MTU__}]}
`;
  const slips = fc.array(
    fc.record({
      at: fc.nat(sample.length),
      remove: fc.nat(12),
      insert: fc.oneof(
        fc.constantFrom(
          "\n",
          " ",
          ":",
          "- ",
          "[",
          "{",
          '"',
          "null",
          "3",
          "\t",
          "---\n",
          "&a",
          "*a",
          "<<: ",
        ),
        fc.string({ maxLength: 3 }),
      ),
    }),
    { minLength: 1, maxLength: 4 },
  );

  propertyTest.prop([slips], runs(400))(
    "reading reports and never throws, and every finding has a place",
    (edits) => {
      let text = sample;
      for (const { at, remove, insert } of edits)
        text = text.slice(0, at) + insert + text.slice(at + remove);
      const { ok, issues } = readManifests([{ name: "a.yaml", text }]);
      expect(ok).toBe(!issues.some((i) => i.severity === "error"));
      const lines = text.split("\n");
      for (const issue of issues) {
        expect(formatIssue(issue)).toContain("a.yaml");
        if (issue.code === "SOURCE_EMPTY") continue;
        expect(issue.line).toBeGreaterThan(0);
        expect(issue.line).toBeLessThanOrEqual(lines.length);
        expect(issue.column).toBeGreaterThan(0);
      }
    },
  );
});

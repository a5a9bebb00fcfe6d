import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type ReadResult, readManifests } from "../src/index.js";

const official = readFileSync(
  fileURLToPath(new URL("./fixtures/official/calico.yaml", import.meta.url)),
  "utf8",
);

type Edit = readonly [from: string, to: string];

const ASSIGN: Edit = [
  '"type": "calico-ipam"',
  '"type": "calico-ipam", "assign_ipv4": "true", "assign_ipv6": "true"',
];
const FELIX: Edit = [
  'name: FELIX_IPV6SUPPORT\n              value: "false"',
  'name: FELIX_IPV6SUPPORT\n              value: "true"',
];
const env = (name: string, value: string): Edit => [
  "            # Cluster type to identify the deployment type\n",
  `            - name: ${name}\n              value: ${value}\n            # Cluster type to identify the deployment type\n`,
];
const DETECT = env("IP6", "autodetect");
const NODE = `apiVersion: v1
kind: Node
metadata: { name: a, annotations: { projectcalico.org/IPv4Address: 10.0.0.1/24 } }
status: { addresses: [{ type: InternalIP, address: 10.0.0.1 }, { type: InternalIP, address: "fd10::1" }] }
`;
const NODE_IPV6 = ', { type: InternalIP, address: "fd10::1" }';

/** The official manifest and one Node, with edits. */
function read(...edits: readonly Edit[]): ReadResult {
  const texts = [official, NODE];
  for (const [from, to] of edits) {
    const at = texts.findIndex((text) => text.includes(from));
    if (at < 0) throw new Error(`nothing to edit: ${from}`);
    texts[at] = texts[at]!.replace(from, to);
  }
  const [install = "", node = ""] = texts;
  return readManifests([
    { name: "calico.yaml", text: install },
    { name: "node.yaml", text: node },
  ]);
}

function told({ issues }: ReadResult): string[] {
  return issues
    .filter(({ severity }) => severity !== "note")
    .map(({ code, field, want }) => `${code} ${field ?? ""}: ${want ?? ""}`);
}

describe("the settings of dual stack", () => {
  test("pods get IPv4 addresses alone unless the CNI configuration says more", () => {
    expect(read().settings).toMatchObject({
      podFamilies: [4],
      addressDetection: { ip6: "" },
      cni: { families: [4] },
    });
    expect(told(read())).toEqual([]);
  });

  test("all four together leave nothing to say", () => {
    const result = read(ASSIGN, DETECT, FELIX);
    expect(told(result)).toEqual([]);
    expect(result.settings).toMatchObject({
      podFamilies: [4, 6],
      addressDetection: { ip6: "autodetect" },
      felixEnvironment: { ipv6Support: true },
    });
    expect(result.settings.derivedPools.map(({ metadata }) => metadata.name)).toEqual([
      "default-ipv4-ippool",
      "default-ipv6-ippool",
    ]);
  });

  test("a pool of which nobody asks for an address", () => {
    expect(told(read(DETECT, FELIX))).toEqual([
      'FAMILY_MISMATCH data.cni_network_config: "assign_ipv6": "true" under "ipam"',
    ]);
  });

  test("whatever one of them lacks, the others are told of too", () => {
    const pool = env("CALICO_IPV6POOL_CIDR", '"fd00:10:244::/64"');
    expect(told(read(pool))).toEqual([
      'FAMILY_MISMATCH data.cni_network_config: "assign_ipv6": "true" under "ipam"',
      "FAMILY_MISMATCH spec.template.spec.containers[0].env: IP6 autodetect",
      expect.stringMatching(/^FAMILY_MISMATCH .*env\[\d+\].*: FELIX_IPV6SUPPORT "true"$/),
    ]);
  });

  test("an address to look for where no Node reports one", () => {
    const { issues } = read(ASSIGN, DETECT, FELIX, [NODE_IPV6, ""]);
    expect(issues.filter(({ severity }) => severity === "warning")).toMatchObject([
      {
        code: "FAMILY_MISMATCH",
        message:
          "1 of the Nodes report no IPv6 address, so autodetection is taken to find none: BIRD of IPv6 has no peers there",
        got: '"autodetect"',
      },
    ]);
  });

  test("an address of which there is no pool", () => {
    expect(told(read(ASSIGN, FELIX))).toEqual([
      "FAMILY_MISMATCH data.cni_network_config: an IPPool of IPv6, or no assign_ipv6",
      "FAMILY_MISMATCH spec.template.spec.containers[0].env: IP6 autodetect",
    ]);
  });

  test("addresses that Felix does nothing for", () => {
    expect(told(read(ASSIGN, DETECT))).toEqual([
      expect.stringMatching(/^FAMILY_MISMATCH .*env\[\d+\].*: FELIX_IPV6SUPPORT "true"$/),
    ]);
  });

  test("Nodes that BIRD of IPv6 has no address of", () => {
    const pool = env("CALICO_IPV6POOL_CIDR", '"fd00:10:244::/64"');
    expect(told(read(ASSIGN, FELIX, pool))).toEqual([
      "FAMILY_MISMATCH spec.template.spec.containers[0].env: IP6 autodetect",
    ]);
  });

  test("a truth value without quotes is not what the plugin reads", () => {
    const bare: Edit = [
      ASSIGN[0],
      ASSIGN[1].replace('"assign_ipv6": "true"', '"assign_ipv6": true'),
    ];
    const result = read(bare, DETECT, FELIX);
    expect(told(result)).toEqual(['CNI_CONFIG_INVALID data.cni_network_config: "true" or "false"']);
    expect(result.settings.podFamilies).toEqual([4, 6]);
  });

  test("a cluster without IPv4 takes two more", () => {
    const addresses = "{ type: InternalIP, address: 10.0.0.1 }, ";
    const written = "annotations: { projectcalico.org/IPv4Address: 10.0.0.1/24 }";
    const bare: readonly Edit[] = [
      [addresses, ""],
      [written, "labels: {}"],
      [ASSIGN[0], ASSIGN[1].replace('"assign_ipv4": "true"', '"assign_ipv4": "false"')],
    ];
    const none: Edit = [
      '- name: IP\n              value: "autodetect"',
      '- name: IP\n              value: "none"',
    ];
    const hash = env("CALICO_ROUTER_ID", "hash");
    expect(told(read(...bare, DETECT, FELIX))).toEqual([
      "FAMILY_MISMATCH spec.template.spec.containers[0].env: CALICO_ROUTER_ID hash",
      expect.stringMatching(/^FAMILY_MISMATCH .*env\[\d+\].*: IP none$/),
    ]);
    const result = read(...bare, DETECT, FELIX, none, hash);
    expect(told(result)).toEqual([]);
    expect(result.settings).toMatchObject({
      podFamilies: [6],
      routerId: "hash",
      addressDetection: { ip: "none", ip6: "autodetect" },
    });
  });

  test("a router id that BIRD does not take", () => {
    expect(told(read(env("CALICO_ROUTER_ID", "name")))).toEqual([
      expect.stringMatching(/^SETTING_INVALID .*env\[\d+\].*: hash, or an IPv4 address$/),
    ]);
  });

  test("the operator sets both by pools of IPv6 alone", () => {
    const installation = `apiVersion: operator.tigera.io/v1
kind: Installation
metadata: { name: default }
spec: { calicoNetwork: { ipPools: [{ cidr: "fd00:48::/64" }] } }
`;
    const result = readManifests([{ name: "installation.yaml", text: installation }]);
    expect(result.settings).toMatchObject({
      podFamilies: [6],
      routerId: "hash",
      addressDetection: { ip: "none", ip6: "autodetect" },
    });
  });

  test("the operator sets them by its pools", () => {
    const installation = `apiVersion: operator.tigera.io/v1
kind: Installation
metadata: { name: default }
spec: { calicoNetwork: { ipPools: [{ cidr: 10.48.0.0/16 }, { cidr: "fd00:48::/64" }] } }
`;
    const { settings } = readManifests([{ name: "installation.yaml", text: installation }]);
    expect(settings).toMatchObject({
      podFamilies: [4, 6],
      addressDetection: { ip6: "autodetect" },
    });
  });
});

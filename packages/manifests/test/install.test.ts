import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { formatIssue, type ReadResult, readManifests } from "../src/index.js";

const fixture = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url)), "utf8");

/** An official manifest with edits: each pattern must be there. */
function edited(
  name: string,
  ...edits: readonly (readonly [string | RegExp, string])[]
): ReadResult {
  let text = fixture(`official/${name}`);
  for (const [from, to] of edits) {
    const next = text.replace(from, to);
    if (next === text) throw new Error(`nothing to edit: ${String(from)}`);
    text = next;
  }
  return readManifests([{ name, text }]);
}

function told(result: ReadResult): string[] {
  return result.issues
    .filter((i) => i.severity !== "note")
    .map((i) => `${i.severity} ${i.rule ?? i.code} ${i.resource?.kind ?? ""} ${i.field ?? ""}`);
}

const env = (name: string, value: string): readonly [string, string] => [
  "            # Cluster type to identify the deployment type\n",
  `            - name: ${name}\n              value: ${value}\n`,
];

describe("the ConfigMaps of the incident", () => {
  test("a mistyped backend runs as bird, and is told with a caret", () => {
    const result = readManifests([
      { name: "config.yaml", text: fixture("incident/calico-config-after.yaml") },
    ]);
    expect(result.ok).toBe(true);
    expect(result.settings).toMatchObject({
      backend: "bird",
      backendWritten: "brid",
      datastore: "etcdv3",
      vethMTU: 1440,
      cni: { mtu: 1500, plugins: ["calico", "portmap", "bandwidth"] },
    });
    const [backend] = result.issues;
    expect(backend === undefined ? "" : formatIssue(backend)).toBe(
      [
        "config.yaml:3:19: warning [L01] ConfigMap/kube-system/calico-config data.calico_backend",
        '  "brid" is none of bird, vxlan, none; every value but vxlan and none starts BIRD, so this runs as bird; did you mean "bird"?',
        "  want: bird, vxlan, none",
        "    3 |   calico_backend: brid",
        "      |                   ^^^^",
      ].join("\n"),
    );
  });

  test("the pods' MTU is not the tunnels', and one annotation is broken JSON", () => {
    const codes = ["after", "before"].map((when) => {
      const name = `incident/calico-config-${when}.yaml`;
      return readManifests([{ name, text: fixture(name) }]).issues.map((i) => i.code);
    });
    const shared = ["BACKEND_UNKNOWN", "MTU_MISMATCH"];
    expect(codes.map((list) => list.filter((code) => shared.includes(code)))).toEqual([
      shared,
      shared,
    ]);
    expect(codes.flat().filter((code) => !shared.includes(code))).toEqual(["LAST_APPLIED_BROKEN"]);
  });

  test("the broken annotation is shown around the place, not in full", () => {
    const broken = ["after", "before"]
      .map((when) => fixture(`incident/calico-config-${when}.yaml`))
      .flatMap((text) => readManifests([{ name: "config.yaml", text }]).issues)
      .find((i) => i.code === "LAST_APPLIED_BROKEN");
    expect(broken?.severity).toBe("warning");
    const lines = broken === undefined ? [] : formatIssue(broken).split("\n");
    expect(lines.at(-2)).toContain('2379\\"etcd_key_file');
    expect(Math.max(...lines.slice(-2).map((line) => line.length))).toBeLessThan(120);
  });

  test("both at once are one object twice", () => {
    const sources = ["after", "before"].map((when) => ({
      name: `${when}.yaml`,
      text: fixture(`incident/calico-config-${when}.yaml`),
    }));
    expect(told(readManifests(sources))).toContain(
      "error RESOURCE_DUPLICATE ConfigMap metadata.name",
    );
  });
});

describe("settings that contradict each other", () => {
  test("L05: two etcd clusters", () => {
    const result = edited(
      "calico-etcd.yaml",
      ['"etcd_endpoints": "__ETCD_ENDPOINTS__"', '"etcd_endpoints": "http://10.0.0.9:2379"'],
      [/http:..<ETCD_IP>:<ETCD_PORT>/, "http://10.0.0.1:2379"],
    );
    expect(told(result)).toEqual(["error L05 ConfigMap data.cni_network_config"]);
  });

  test("L06: https without certificates, certificates without https", () => {
    const endpoints = (text: string): [RegExp, string] => [/http:..<ETCD_IP>:<ETCD_PORT>/, text];
    expect(told(edited("calico-etcd.yaml", endpoints("https://10.0.0.1:2379")))).toEqual([
      "error L06 ConfigMap data.etcd_endpoints",
    ]);
    const key: [string, string] = ['etcd_key: ""', 'etcd_key: "/calico-secrets/etcd-key"'];
    expect(told(edited("calico-etcd.yaml", endpoints("http://10.0.0.1:2379"), key))).toEqual([
      "error L06 ConfigMap data.etcd_endpoints",
    ]);
  });

  test("L07: components on different datastores", () => {
    const result = edited(
      "calico-typha.yaml",
      ['            - name: TYPHA_DATASTORETYPE\n              value: "kubernetes"\n', ""],
      ['"datastore_type": "kubernetes",', ""],
    );
    expect(told(result)).toEqual([
      "error L07 ConfigMap data.cni_network_config",
      "error L07 Deployment spec.template.spec.containers[0].env",
    ]);
  });

  test.each([
    ["broken JSON", /"log_level": "info",/, '"log_level": "info"', 82],
    ["a placeholder that nobody replaces", "__KUBERNETES_NODE_NAME__", "__NODE_NAME__", 84],
    ["no plugins", '"plugins"', '"plugin"', 75],
    ["a plugin without type", '"type": "portmap",', "", 78],
  ])("L08: a CNI configuration with %s", (_, from, to, line) => {
    const result = edited("calico-typha.yaml", [from, to]);
    expect(told(result)).toEqual(["error L08 ConfigMap data.cni_network_config"]);
    expect(result.issues.find((i) => i.rule === "L08")?.line).toBe(line);
  });

  test("L09: an MTU that is no number", () => {
    expect(told(edited("calico.yaml", ['"mtu": __CNI_MTU__', '"mtu": "__CNI_MTU__"']))).toEqual([
      "warning L09 ConfigMap data.cni_network_config",
    ]);
    expect(told(edited("calico.yaml", ['veth_mtu: "0"', 'veth_mtu: "auto"']))).toContain(
      "warning L09 ConfigMap data.veth_mtu",
    );
  });

  test("L14 to L18: default pools that calico-node could not create", () => {
    const ipip = (value: string): [string, string] => ['value: "Always"', `value: "${value}"`];
    expect(
      told(
        edited("calico-vxlan.yaml", [
          '            - name: CALICO_IPV4POOL_IPIP\n              value: "Never"',
          '            - name: CALICO_IPV4POOL_IPIP\n              value: "Always"',
        ]),
      ),
    ).toEqual([expect.stringMatching(/^error L14 DaemonSet .*env\[\d+\]\.value$/)]);
    expect(told(edited("calico.yaml", ipip("Sometimes")))).toEqual([
      expect.stringContaining("error L15 DaemonSet"),
    ]);
    expect(
      edited("calico.yaml", ipip("cross-subnet")).settings.derivedPools[0]?.spec.ipipMode,
    ).toBe("CrossSubnet");
    expect(told(edited("calico.yaml", env("CALICO_IPV4POOL_CIDR", "10.1.2.3/16")))).toEqual([
      expect.stringContaining("error L17"),
    ]);
    expect(told(edited("calico.yaml", env("CALICO_IPV4POOL_BLOCK_SIZE", '"19"')))).toEqual([
      expect.stringContaining("error L18"),
    ]);
    expect(told(edited("calico.yaml", env("CALICO_IPV4POOL_CIDR", "10.0/8")))).toEqual([
      expect.stringContaining("error CIDR_INVALID"),
    ]);
  });

  test("a pool in the manifests replaces the default one", () => {
    const pool =
      "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata:\n  name: mine\nspec:\n  cidr: 10.0.0.0/16\n";
    const result = readManifests([
      { name: "calico.yaml", text: fixture("official/calico.yaml") },
      { name: "pool.yaml", text: pool },
    ]);
    expect(result.ok).toBe(true);
    expect(result.settings.derivedPools).toEqual([]);
  });

  test("an IPv6 default pool only where IPv6 is asked for", () => {
    const pools = edited("calico.yaml", env("IP6", "autodetect")).settings.derivedPools;
    expect(pools.map((p) => p.metadata.name)).toEqual([
      "default-ipv4-ippool",
      "default-ipv6-ippool",
    ]);
    expect(pools[1]?.spec).toMatchObject({ blockSize: 122, natOutgoing: false, ipipMode: "Never" });
  });

  test("L28: podCIDRs with calico-ipam, host-local without", () => {
    expect(told(edited("calico.yaml", env("USE_POD_CIDR", '"true"')))).toEqual([
      expect.stringContaining("error L28 DaemonSet"),
    ]);
    expect(told(edited("calico.yaml", ['"type": "calico-ipam"', '"type": "host-local"']))).toEqual([
      expect.stringContaining("error L28 DaemonSet"),
    ]);
  });

  test("L31: Typha wanted and not there", () => {
    expect(
      told(
        edited("calico-typha.yaml", ["\n  replicas: 1\n  revision", "\n  replicas: 0\n  revision"]),
      ),
    ).toEqual(["error L31 Deployment spec.replicas"]);
    const without = (kind: string): [RegExp, string] => [
      new RegExp(`kind: ${kind}\\nmetadata:\\n  name: calico-typha`),
      `kind: ${kind}\nmetadata:\n  name: other`,
    ];
    expect(told(edited("calico-typha.yaml", without("Deployment")))).toEqual([
      "error L31 ConfigMap data.typha_service_name",
    ]);
    expect(told(edited("calico-typha.yaml", without("Service")))).toEqual([
      "error L31 ConfigMap data.typha_service_name",
    ]);
    expect(
      told(
        edited("calico-typha.yaml", [
          'typha_service_name: "calico-typha"',
          'typha_service_name: "none"',
        ]),
      ),
    ).toEqual(["warning TYPHA_UNUSED Deployment spec.replicas"]);
  });

  test("L53: a default pool that is wanted and forbidden", () => {
    const [from, to] = env("NO_DEFAULT_POOLS", '"true"');
    const result = edited("calico.yaml", [
      from,
      to + env("CALICO_IPV4POOL_CIDR", '"10.0.0.0/16"')[1],
    ]);
    expect(told(result)).toEqual([expect.stringContaining("error L53 DaemonSet")]);
    expect(edited("calico.yaml", [from, to]).settings.derivedPools).toEqual([]);
  });

  test("L62: a backend that the ConfigMap cannot change", () => {
    const reference =
      /valueFrom:\s+configMapKeyRef:\s+name: calico-config\s+key: calico_backend\s+# Cluster type/;
    const result = edited("calico.yaml", [reference, 'value: "vxlan"\n            # Cluster type']);
    expect(told(result)).toEqual([expect.stringContaining("warning L62 DaemonSet")]);
    expect(result.settings.backend).toBe("vxlan");
  });
});

describe("settings nobody knows", () => {
  test("are told with what may be meant", () => {
    const result = edited(
      "calico-typha.yaml",
      ["veth_mtu:", "vethmtu:"],
      ["TYPHA_HEALTHENABLED", "TYPHA_HEALTENABLED"],
      ["FELIX_HEALTHENABLED", "FELIX_HEALTHYENABLED"],
      ["CALICO_IPV4POOL_IPIP", "CALICO_IPV4POOL_IPPI"],
    );
    const unknown = result.issues.filter((i) => i.code === "SETTING_UNKNOWN").map((i) => i.message);
    expect(unknown).toEqual([
      expect.stringContaining('did you mean "veth_mtu"'),
      expect.stringContaining('did you mean "CALICO_IPV4POOL_IPIP"'),
      expect.stringContaining('did you mean "HEALTHENABLED"'),
      expect.stringContaining('did you mean "TYPHA_HEALTHENABLED"'),
    ]);
    // veth_mtu is gone, so what refers to it cannot be resolved either.
    expect(told(result)).toContain(
      "error CONFIG_MAP_MISSING DaemonSet spec.template.spec.initContainers[1].env[3].valueFrom.configMapKeyRef.key",
    );
  });

  test("a number of Typha's that is none leaves its default, and a warning says so", () => {
    const from = "TYPHA_SHUTDOWNTIMEOUTSECS";
    const spoilt = (value: string): string[] =>
      edited("calico-typha.yaml", [
        new RegExp(`- name: ${from}\\s+value: "300"`),
        `- name: ${from}\n              value: "${value}"`,
      ])
        .issues.filter((i) => i.code.startsWith("SETTING"))
        .map((i) => `${i.code} ${i.message}`);
    expect(spoilt("300.5")).toEqual([]);
    for (const value of ["soon", "-5", "5m"])
      expect(spoilt(value)).toEqual([
        `SETTING_INVALID ${from} cannot be "${value}"; Typha takes its default`,
      ]);
  });

  test("Felix's variables are read in its own notation", () => {
    const more = [
      env("FELIX_REPORTINGINTERVALSECS", '"0"')[1],
      env("FELIX_VXLANVNI", '"4097"')[1],
      env("FELIX_BPFENABLED", '"maybe"')[1],
      env("FELIX_PROGRAMCLUSTERROUTES", '"enabledipiponly"')[1],
    ].join("");
    const result = edited("calico.yaml", [env("", "")[0], more]);
    expect(result.settings.felixEnvironment).toMatchObject({
      reportingInterval: "0s",
      vxlanVNI: 4097,
      programClusterRoutes: "EnabledIPIPOnly",
    });
    expect(told(result)).toEqual([expect.stringContaining("warning SETTING_INVALID")]);
  });

  test("a number where text belongs is told", () => {
    expect(told(edited("calico.yaml", env("FELIX_VXLANVNI", "4097")))).toEqual([
      expect.stringContaining("error TYPE_WRONG DaemonSet"),
    ]);
  });
});

describe("versions", () => {
  test("come from the image of calico-node, and a component of another release is told", () => {
    const result = edited("calico-typha.yaml", [/calico\/node:master/g, "calico/node:v3.32.1"]);
    expect(result.settings.calicoVersion).toBe("v3.32.1");
    expect(told(result)).toEqual([
      expect.stringContaining("warning VERSION_SKEW DaemonSet"),
      expect.stringContaining("warning VERSION_SKEW Deployment"),
      expect.stringContaining("warning VERSION_SKEW Deployment"),
    ]);
  });

  test("may be set by the caller", () => {
    const text = fixture("official/calico.yaml");
    const result = readManifests([{ name: "a", text }], { calicoVersion: "3.32" });
    expect(result.settings.calicoVersion).toBe("3.32");
    expect(result.issues).toEqual([]);
  });
});

describe("the operator's Installation", () => {
  test("without pools gets the operator's: IP-in-IP", () => {
    const text =
      "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata:\n  name: default\n";
    const { settings } = readManifests([{ name: "a", text }]);
    expect(settings.derivedPools).toMatchObject([
      {
        metadata: { name: "default-ipv4-ippool" },
        spec: { cidr: "192.168.0.0/16", ipipMode: "Always" },
      },
    ]);
  });

  test("without BGP runs VXLAN; its routing mode decides who programs routes", () => {
    const result = edited("custom-resources.yaml", [
      "  calicoNetwork:\n",
      "  calicoNetwork:\n    bgp: Disabled\n    mtu: 1400\n    clusterRoutingMode: Felix\n",
    ]);
    expect(result.settings).toMatchObject({
      backend: "vxlan",
      vethMTU: 1400,
      programClusterRoutes: { felix: "Enabled", bgp: "Disabled" },
    });
  });

  test("is checked like the pools it makes", () => {
    const at = (from: string, to: string): string[] =>
      told(edited("custom-resources.yaml", [from, to]));
    expect(at("VXLANCrossSubnet", "VXLANCrosSubnet")).toEqual([
      "error VALUE_UNKNOWN Installation spec.calicoNetwork.ipPools[0].encapsulation",
    ]);
    expect(at("192.168.0.0/16", "192.168.0.1/16")).toEqual([
      "error L17 Installation spec.calicoNetwork.ipPools[0].cidr",
    ]);
    expect(at("blockSize: 26", "blockSize: 33")).toEqual([
      "error L18 Installation spec.calicoNetwork.ipPools[0].blockSize",
    ]);
    expect(
      at(
        "192.168.0.0/16\n        encapsulation: VXLANCrossSubnet",
        "fd00::/48\n        encapsulation: IPIP",
      ),
    ).toEqual([
      "error L18 Installation spec.calicoNetwork.ipPools[0].blockSize",
      "error L16 Installation spec.calicoNetwork.ipPools[0].encapsulation",
    ]);
  });
});

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  at,
  ClusterError,
  clusterFromManifests,
  ManifestError,
  micros,
  pods,
  Simulation,
  start,
} from "../src/index.js";

const example = fileURLToPath(new URL("../../../examples/prod-100", import.meta.url));
/** Calico's own manifests are of its `master`. */
const MASTER = 'no defaults are known for Calico "master"; those of 3.33 are used';
let folder = "";
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "calico-sim-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a cluster from manifests", () => {
  it("has the settings that the manifests carry", async () => {
    const spec = await clusterFromManifests([example]);
    expect(spec).toMatchObject({
      backend: "bird",
      calicoVersion: "master",
      datastore: "kubernetes",
      typhas: 3,
    });
    expect(spec.fabric.nodes).toHaveLength(100);
    expect(spec.fabric.racks.map(({ name }) => name)).toContain("10.20.5.0/24");
    const pools = spec.resources.filter(({ kind }) => kind === "IPPool");
    expect(pools.map(({ metadata }) => metadata.name)).toEqual(["default-ipv4-ippool"]);
  });

  it("lets FELIX_ variables win over FelixConfiguration", async () => {
    const spec = await clusterFromManifests([example]);
    const felix = spec.resources.find(({ kind }) => kind === "FelixConfiguration");
    expect(felix?.spec).toMatchObject({
      defaultEndpointToHostAction: "Accept",
      ipv6Support: false,
    });
  });

  it("takes the release that is nearest to a tag or an option of ours, and says so as cluster() does", async () => {
    const nodes = join(example, "nodes.yaml");
    const tag = file(
      "node.yaml",
      `apiVersion: apps/v1
kind: DaemonSet
metadata: { name: calico-node, namespace: kube-system }
spec:
  template:
    spec:
      containers: [{ name: calico-node, image: "registry.local/calico/node:ours-7" }]
`,
    );
    const told = async (paths: readonly string[], options = {}): Promise<readonly string[]> => {
      const spec = await clusterFromManifests(paths, options);
      const { findings } = new Simulation(spec).result();
      return findings.map(({ text }) => text).filter((text) => text.includes("defaults"));
    };
    const nearest = (asked: string, taken: string): readonly string[] => [
      `no defaults are known for Calico "${asked}"; those of ${taken} are used`,
    ];
    expect(await told([nodes, tag])).toEqual(nearest("ours-7", "3.33"));
    expect(await told([nodes], { calicoVersion: "3.1" })).toEqual(nearest("3.1", "3.32"));
    expect(await told([nodes], { calicoVersion: "v3.33.2" })).toEqual([]);
  });

  it("does without Typha when told so", async () => {
    expect((await clusterFromManifests([example], { typhas: 0 })).typhas).toBe(0);
  });

  it("has the CNI plugin's own routes to pods only when told so", async () => {
    expect(await clusterFromManifests([example])).not.toHaveProperty("cniRouteCopies");
    const spec = await clusterFromManifests([example], { cniRouteCopies: true });
    expect(spec.cniRouteCopies).toBe(true);
  });

  it("carries warnings and notes, and is refused for errors", async () => {
    const { issues } = await clusterFromManifests([example]);
    expect(issues.every(({ severity }) => severity !== "error")).toBe(true);
    const pool = file(
      "pool.yaml",
      "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: { name: p }\nspec: { cidr: 10.0.0.0/33 }\n",
    );
    const failure = clusterFromManifests([join(example, "nodes.yaml"), pool]);
    await expect(failure).rejects.toThrow(ManifestError);
    await expect(failure).rejects.toThrow(/pool\.yaml:4:\d+: error .*spec\.cidr/);
  });

  it("needs nodes", async () => {
    await expect(clusterFromManifests([join(example, "ippool.yaml")])).rejects.toThrow(
      ClusterError,
    );
  });

  it("is dual-stack where all settings of dual stack are there", async () => {
    const official = new URL("../../manifests/test/fixtures/official/calico.yaml", import.meta.url);
    const text = readFileSync(fileURLToPath(official), "utf8")
      .replace('"type": "calico-ipam"', '"type": "calico-ipam", "assign_ipv6": "true"')
      .replace(
        'name: FELIX_IPV6SUPPORT\n              value: "false"',
        'name: FELIX_IPV6SUPPORT\n              value: "true"\n            - name: IP6\n              value: autodetect',
      );
    const node = (i: number): string =>
      `apiVersion: v1\nkind: Node\nmetadata: { name: n${String(i)} }\nstatus: { addresses: [{ type: InternalIP, address: 10.0.0.${String(i)} }, { type: InternalIP, address: "fd10::${String(i)}" }] }\n`;
    const files = [
      file("dual-calico.yaml", text),
      file("dual-nodes.yaml", [1, 2, 3].map(node).join("---\n")),
    ];
    const spec = await clusterFromManifests(files);
    expect(spec).toMatchObject({ podFamilies: [4, 6], detectIpv6: true });
    const simulation = new Simulation(spec);
    simulation.schedule([at("0s", start()), at("20s", pods.create(3))]);
    simulation.run(micros("1m"));
    // calico-node's start-up found the addresses that the kubelets report.
    expect(
      simulation.views.peers("n1", 6).map(({ peerIP, state }) => `${peerIP} ${state}`),
    ).toEqual(["fd10::2 up", "fd10::3 up"]);
    expect(simulation.result().findings.map(({ text }) => text)).toEqual([MASTER]);
    expect(simulation.result().bgp.ipv6?.update.nlri).toBeGreaterThan(0);
  });

  describe("without IPv4", () => {
    const official = new URL("../../manifests/test/fixtures/official/calico.yaml", import.meta.url);
    const pool =
      'apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: { name: v6 }\nspec: { cidr: "fd00:10:244::/64" }\n';
    /** The official manifest as the documentation of Calico edits it, and three Nodes. */
    const files = (name: string, node: (i: number) => string, env: Record<string, string>) => {
      const variables = Object.entries({ IP6: "autodetect", ...env })
        .filter(([variable]) => variable !== "IP")
        .map(
          ([variable, value]) => `\n            - name: ${variable}\n              value: ${value}`,
        );
      const text = readFileSync(fileURLToPath(official), "utf8")
        .replace(
          '"type": "calico-ipam"',
          '"type": "calico-ipam", "assign_ipv4": "false", "assign_ipv6": "true"',
        )
        .replace(
          'name: FELIX_IPV6SUPPORT\n              value: "false"',
          `name: FELIX_IPV6SUPPORT\n              value: "true"${variables.join("")}`,
        )
        .replace(
          'name: IP\n              value: "autodetect"',
          `name: IP\n              value: ${env["IP"] ?? "autodetect"}`,
        );
      return [
        file(`${name}-calico.yaml`, text),
        file(`${name}-pool.yaml`, pool),
        file(`${name}-nodes.yaml`, [1, 2, 3].map(node).join("---\n")),
      ];
    };
    const annotated = (i: number): string =>
      `apiVersion: v1\nkind: Node\nmetadata: { name: n${String(i)}, annotations: { projectcalico.org/IPv6Address: "fd10::${String(i)}/64" } }\n`;
    const reported = (i: number): string =>
      `apiVersion: v1\nkind: Node\nmetadata: { name: n${String(i)} }\nstatus: { addresses: [{ type: InternalIP, address: "fd10::${String(i)}" }] }\n`;
    const ran = async (paths: readonly string[]): Promise<Simulation> => {
      const simulation = new Simulation(await clusterFromManifests(paths));
      simulation.schedule([at("0s", start()), at("20s", pods.create(3))]);
      simulation.run(micros("1m"));
      return simulation;
    };

    it.each([
      ["Nodes with an IPv6 annotation alone", annotated],
      ["Nodes whose kubelets report IPv6 alone", reported],
    ])("%s run bird6, by a hash for a router id", async (_, node) => {
      const paths = files("bare", node, { IP: "none", CALICO_ROUTER_ID: "hash" });
      const spec = await clusterFromManifests(paths);
      expect(spec).toMatchObject({ podFamilies: [6], detectIpv4: false, routerId: "hash" });
      expect(spec.fabric.racks.map(({ name }) => name)).toEqual(["fd10::/64"]);
      const simulation = await ran(paths);
      const { views } = simulation;
      expect(views.peers("n1", 6).map(({ peerIP, state }) => `${peerIP} ${state}`)).toEqual([
        "fd10::2 up",
        "fd10::3 up",
      ]);
      expect(views.calicoctlNodeStatus("n1")).toContain("IPv4 BGP status\nNo IPv4 peers found.\n");
      // The first four bytes of SHA-256 of the name (calico: confd/pkg/resource/template/template_funcs.go).
      expect(views.showStatus("n1", 6)).toContain(`Router ID is ${hashOf("n1")}\n`);
      expect(views.birdFiles("n1", 6)[0]?.text).toContain(`router id ${hashOf("n1")};`);
      expect(simulation.result().findings.map(({ text }) => text)).toEqual([MASTER]);
      expect(simulation.result().converged).toBe(true);
    });

    it("starts no BIRD without a router id, and says what to set", async () => {
      const simulation = await ran(files("idless", annotated, { IP: "none" }));
      expect(simulation.views.calicoctlNodeStatus("n1")).toContain(
        "The BGP backend process (BIRD) is not running.",
      );
      expect(simulation.result().findings.map(({ text }) => text)).toEqual([
        MASTER,
        'neither bird nor bird6 runs on 3 of the nodes, which have no IPv4 address to be their router id: n1, n2, n3; CALICO_ROUTER_ID "hash" (routerId) gives them one',
      ]);
    });

    it("does not start calico-node where IP asks for an address that there is not", async () => {
      const simulation = await ran(files("seeking", annotated, { CALICO_ROUTER_ID: "hash" }));
      expect(simulation.views.calicoctlNodeStatus("n1")).toBe("Calico process is not running.\n");
      expect(simulation.result().findings.map(({ text }) => text)).toContainEqual(
        expect.stringMatching(
          /^calico-node did not start \(\d times\) on n1: IP autodetection finds no IPv4 address \(IP is not none\)$/,
        ),
      );
    });
  });
});

/** What `CALICO_ROUTER_ID=hash` makes of a name that needs no correction. */
function hashOf(name: string): string {
  return [...createHash("sha256").update(name).digest().subarray(0, 4)].join(".");
}

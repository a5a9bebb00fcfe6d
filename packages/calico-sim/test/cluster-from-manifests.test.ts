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
      calicoVersion: "3.33",
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
    expect(simulation.result().findings).toEqual([]);
    expect(simulation.result().bgp.ipv6?.update.nlri).toBeGreaterThan(0);
  });
});

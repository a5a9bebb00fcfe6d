import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  at,
  clusterFromManifests,
  ManifestError,
  readExternalRouters,
  readScenario,
  simulate,
  start,
} from "../src/index.js";

const NODES = ["a", "b"]
  .map(
    (name, i) =>
      `apiVersion: v1\nkind: Node\nmetadata:\n  name: ${name}\n  annotations: { projectcalico.org/IPv4Address: 10.0.0.${String(i + 1)}/24 }\n`,
  )
  .join("---\n");
const PEER =
  "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: { name: tor }\nspec: { peerIP: 10.0.0.254, asNumber: 65001 }\n";

let folder = "";
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "calico-sim-"));
  write("nodes.yaml", NODES);
  write("peer.yaml", PEER);
});
afterAll(() => rmSync(folder, { recursive: true }));

function findings(text: string): readonly string[] {
  try {
    readExternalRouters({ name: "f.yaml", text });
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return error.issues.map(
      ({ line, field, message }) => `${String(line)} ${field ?? ""}: ${message}`,
    );
  }
  return [];
}

describe("a file that describes external routers", () => {
  it("is read with every field, and taken from a folder of manifests", async () => {
    write(
      "external-routers.yaml",
      "undescribedPeers: absent\nexternalRouters:\n  - name: tor-a\n    ip: 10.0.0.254\n    ipv6: fd10::fe\n    asNumber: 65001\n    prefixes: [0.0.0.0/0, '::/0']\n    peersWith: [a]\n    passive: true\n    multihop: true\n    gracefulRestart: true\n    gracefulRestartSeconds: 60\n    holdSeconds: 90\n",
    );
    const spec = await clusterFromManifests([folder]);
    expect(spec.undescribedPeers).toBe("absent");
    expect(spec.externalRouters).toEqual([
      {
        name: "tor-a",
        ip: "10.0.0.254",
        ipv6: "fd10::fe",
        asNumber: 65_001,
        prefixes: ["0.0.0.0/0", "::/0"],
        peersWith: ["a"],
        passive: true,
        multihop: true,
        gracefulRestart: true,
        gracefulRestartSeconds: 60,
        holdSeconds: 90,
      },
    ]);
    const result = simulate(spec, [at("0s", start())], { until: "1m" });
    // Node a has a session with the router, and node b is turned away by it.
    expect(result.bgp.sessionEndsEstablished).toBe(4);
  });

  it("may hold pods that speak BGP, whose findings have their lines too", async () => {
    const apart = mkdtempSync(join(tmpdir(), "calico-sim-"));
    const path = join(apart, "external-routers.yaml");
    const pod = "{ pod: net/bird, asNumber: 65010, prefixes: [10.77.0.0/24] }";
    writeFileSync(path, `workloadRouters:\n  - ${pod}\n`);
    const spec = await clusterFromManifests([join(folder, "nodes.yaml"), path]);
    expect(spec.workloadRouters).toEqual([
      { pod: "net/bird", asNumber: 65_010, prefixes: ["10.77.0.0/24"] },
    ]);
    rmSync(apart, { recursive: true });
    expect(findings("workloadRouters:\n  - { pod: bird, asNumber: 1 }\n")).toEqual([
      '2 workloadRouters[0].pod: "bird" names no pod',
    ]);
    const text = "workloadRouters: [{ pod: net/bird, asNumber: 1 }]";
    expect(readExternalRouters({ name: "f.yaml", text }).externalRouters).toEqual([]);
  });

  it("may be given by its path", async () => {
    const other = join(folder, "external-routers.yaml");
    const spec = await clusterFromManifests([join(folder, "nodes.yaml"), other]);
    expect(spec.externalRouters).toHaveLength(1);
  });

  it("is refused with line and field for what is wrong in it", () => {
    expect(
      findings("externalRouters:\n  - { name: t, ip: 10.0.0.9, asNumber: 1, passiv: true }\n"),
    ).toEqual([
      '2 externalRouters[0].passiv: an external router has no field "passiv"; did you mean "passive"?',
    ]);
    expect(findings("externalRouter: []\n")).toEqual([
      '1 externalRouter: the file has no field "externalRouter"; did you mean "externalRouters"?',
    ]);
    expect(findings("undescribedPeers: absent\n")).toEqual([]);
    expect(findings("externalRouters:\n  - { name: t, ip: 10.0.0, asNumber: x }\n")).toHaveLength(
      2,
    );
    expect(findings("externalRouters:\n  - name: t\n")).toHaveLength(2);
    expect(findings("- name: t\n")).toEqual([
      expect.stringMatching(/^1 : the file holds external/),
    ]);
    expect(findings("externalRouters: [\n")).toHaveLength(1);
    expect(findings("undescribedPeers: maybe\nexternalRouters: []\n")).toHaveLength(1);
  });

  it("is one document: a second one is refused, not passed over", () => {
    const one = "externalRouters: [{ name: tor, ip: 10.0.0.254, asNumber: 65001 }]\n";
    expect(findings(one)).toEqual([]);
    expect(findings(`${one}---\n${one}`).join()).toContain("a second YAML document begins here");
  });

  it("is refused with its line where it contradicts the manifests", async () => {
    const wrong = mkdtempSync(join(tmpdir(), "calico-sim-"));
    const path = join(wrong, "external-routers.yaml");
    writeFileSync(path, "externalRouters:\n  - name: tor\n    ip: 10.0.0.2\n    asNumber: 65001\n");
    const failure = clusterFromManifests([join(folder, "nodes.yaml"), path]);
    await expect(failure).rejects.toThrow(
      /external-routers\.yaml:3:9: error .*\n.*address of node b/,
    );
    rmSync(wrong, { recursive: true });
  });

  it("tells all that is wrong in it at once, each with its line and what would do", async () => {
    const wrong = mkdtempSync(join(tmpdir(), "calico-sim-"));
    const path = join(wrong, "external-routers.yaml");
    writeFileSync(
      path,
      `undescribedPeers: perhaps
externalRouters:
  - name: a
    ip: 10.0.0.2
    asNumber: 65001
    peersWith: [a, bb]
    multihop: false
    ttlSecurity: 3
  - { name: tor, ip: 10.0.0, ipv6: "fd00::1/64", asNumber: 65001, passiv: true, prefixes: [10.9.9.9/16, "fd00:::/48"] }
`,
    );
    const failure = await clusterFromManifests([join(folder, "nodes.yaml"), path]).catch(
      (error: unknown) => error,
    );
    rmSync(wrong, { recursive: true });
    if (!(failure instanceof ManifestError)) throw failure;
    expect(
      failure.issues.map(
        ({ line, field, message, want }) =>
          `${String(line)} ${field ?? ""}: ${message} — ${want ?? "?"}`,
      ),
    ).toEqual([
      '1 undescribedPeers: "perhaps" is not a value this field knows — accept, absent',
      '3 externalRouters[0].name: "a" is taken; nodes, racks and routers share one set of names — a name of its own',
      "4 externalRouters[0].ip: 10.0.0.2 is the address of node b — an address of its own",
      '6 externalRouters[0].peersWith[0]: there is no node or other external router "a"; did you mean "b"? — b, tor',
      '6 externalRouters[0].peersWith[1]: there is no node or other external router "bb"; did you mean "b"? — b, tor',
      "8 externalRouters[0].ttlSecurity: more than 1 needs neighbours that may be behind routers: multihop is false — 1, or multihop true",
      '9 externalRouters[1].ip: "10.0.0" is not an IP address — an IPv4 or IPv6 address',
      '9 externalRouters[1].ipv6: "fd00::1/64" is not an IPv6 address — an IPv6 address such as fd00::254',
      expect.stringMatching(
        /^9 externalRouters\[1\]\.passiv: an external router has no field "passiv"; did you mean "passive"\? — name, ip/,
      ),
      '9 externalRouters[1].prefixes[1]: "fd00:::/48" is not a CIDR — address/prefix-length, such as 10.244.0.0/16',
    ]);
    expect(failure.message).toContain("external-routers.yaml:9:22: error [ADDRESS_INVALID]");
  });

  it("has a line even where it holds nothing", () => {
    expect(findings("")).toEqual([expect.stringMatching(/^1 : the file holds external/)]);
  });

  it("may leave fields empty", () => {
    const text =
      "undescribedPeers:\nexternalRouters:\n  - name: tor\n    ip: 10.0.0.9\n    asNumber: 1\n    peersWith:\n";
    expect(readExternalRouters({ name: "f.yaml", text })).toEqual({
      externalRouters: [{ name: "tor", ip: "10.0.0.9", asNumber: 1 }],
    });
  });

  it("alone is no cluster, and two of them are no description", async () => {
    const alone = mkdtempSync(join(tmpdir(), "calico-sim-"));
    writeFileSync(join(alone, "external-routers.yaml"), "externalRouters: []\n");
    writeFileSync(join(alone, "scenario.yaml"), "- { at: 0s, action: start }\n");
    await expect(clusterFromManifests([alone])).rejects.toThrow(
      /: external-routers\.yaml and scenario\.yaml alone is no cluster; its Nodes and Calico resources are missing \("kubectl get nodes/,
    );
    await expect(clusterFromManifests([join(alone, "external-routers.yaml")])).rejects.toThrow(
      /external-routers\.yaml alone is no cluster/,
    );
    // Beside a folder of manifests it may stand in one of its own.
    const spec = await clusterFromManifests([join(folder, "nodes.yaml"), alone]);
    expect(spec.externalRouters).toEqual([]);
    await expect(clusterFromManifests([folder, alone])).rejects.toThrow(
      /^both .*external-routers\.yaml and .*external-routers\.yaml describe external routers; put all of them into one file$/,
    );
    rmSync(alone, { recursive: true });
  });

  it("is read even where the manifests are wrong, so that all is told at once", async () => {
    const wrong = mkdtempSync(join(tmpdir(), "calico-sim-"));
    writeFileSync(join(wrong, "nodes.yaml"), NODES.replace("10.0.0.1/24", "10.0.0.1/42"));
    writeFileSync(join(wrong, "external-routers.yaml"), "externalRouters: [{ name: t, ip: x }]\n");
    const message = await clusterFromManifests([wrong]).catch((error: unknown) => String(error));
    rmSync(wrong, { recursive: true });
    expect(message).toMatch(/nodes\.yaml:5.*10\.0\.0\.1\/42/s);
    expect(message).toMatch(/external-routers\.yaml:1:.*externalRouters\[0\]\.ip/s);
    expect(message).toMatch(/"asNumber" is required/);
  });

  it("lends its names to scenarios", async () => {
    const spec = await clusterFromManifests([folder]);
    const read = (text: string): unknown => readScenario({ name: "s.yaml", text }, spec);
    expect(
      read(
        "- { at: 0s, action: start }\n- { at: 1m, action: router-crash, router: tor-a }\n- { at: 2m, action: router-reboot, router: tor-a }\n- { at: 3m, action: node-cut, node: tor-a }\n- { at: 4m, action: packets-drop, from: a, to: tor-a, port: 179 }\n",
      ),
    ).toHaveLength(5);
    expect(() => read("- { at: 1m, action: router-crash, router: tor-b }\n")).toThrow(
      /did you mean "tor-a"/,
    );
    expect(() => read("- { at: 1m, action: node-crash, node: tor-a }\n")).toThrow(
      /cannot be "tor-a"/,
    );
  });
});

describe("a folder with mistakes in several parts of what is beside the manifests", () => {
  it("is told of all of them at once", async () => {
    const own = mkdtempSync(join(tmpdir(), "calico-sim-"));
    writeFileSync(join(own, "nodes.yaml"), NODES);
    writeFileSync(
      join(own, "external-routers.yaml"),
      "externalRouters:\n  - { name: tor, ip: 10.0.0.254, asNumber: 65001, holdSeconds: soon }\nworkloadRouters:\n  - { pod: bird, asNumber: 1 }\n",
    );
    writeFileSync(join(own, "underlay.yaml"), "links:\n  - { between: [a, b], loss: 2 }\n");
    const error: unknown = await clusterFromManifests([own]).catch((reason: unknown) => reason);
    rmSync(own, { recursive: true });
    if (!(error instanceof ManifestError)) throw error;
    const fields = error.issues.map(({ field }) => field);
    expect(fields).toEqual([
      "externalRouters[0].holdSeconds",
      "workloadRouters[0].pod",
      "links[0].loss",
    ]);
  });
});

describe("the Secret of a BGP password", () => {
  it("is read from manifests, and looked up where calico-node runs", async () => {
    const secret = (namespace: string): string =>
      `apiVersion: v1\nkind: Secret\nmetadata: { name: bgp, namespace: ${namespace} }\nstringData: { password: p }\n`;
    const peer = PEER.replace(
      "65001 }",
      "65001, password: { secretKeyRef: { name: bgp, key: password } } }",
    );
    const routers =
      "externalRouters:\n  - { name: tor-a, ip: 10.0.0.254, asNumber: 65001, password: p }\n";
    const ends = async (namespace: string): Promise<number> => {
      const own = mkdtempSync(join(tmpdir(), "calico-sim-"));
      writeFileSync(join(own, "nodes.yaml"), NODES);
      writeFileSync(join(own, "peer.yaml"), `${peer}---\n${secret(namespace)}`);
      writeFileSync(join(own, "external-routers.yaml"), routers);
      const spec = await clusterFromManifests([own]);
      rmSync(own, { recursive: true });
      return simulate(spec, [at("0s", start())], { until: "1m" }).bgp.sessionEndsEstablished;
    };
    expect(await ends("kube-system")).toBe(6);
    expect(await ends("default")).toBe(2);
  });
});

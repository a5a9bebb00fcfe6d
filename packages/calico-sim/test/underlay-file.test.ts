import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clusterFromManifests, ManifestError, readUnderlay } from "../src/index.js";

const NODES = ["a", "b"]
  .map(
    (name, i) =>
      `apiVersion: v1\nkind: Node\nmetadata:\n  name: ${name}\n  annotations: { projectcalico.org/IPv4Address: 10.0.${String(i)}.1/24 }\n`,
  )
  .join("---\n");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "calico-sim-"));
  writeFileSync(join(folder, "nodes.yaml"), NODES);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Line, field and message of what is wrong in a file, alone or with its cluster. */
async function findings(text: string): Promise<readonly string[]> {
  const file = join(folder, "underlay.yaml");
  writeFileSync(file, text);
  try {
    await clusterFromManifests([folder]);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return error.issues.map(
      ({ line, field, message }) => `${String(line)} ${field ?? ""}: ${message}`,
    );
  }
  return [];
}

describe("a file that describes an underlay", () => {
  const TEXT =
    "rackLink: { jitterUs: 20 }\nlinks:\n  - { between: [10.0.0.0/24, spine-0], loss: 0.01, bandwidthMbps: 2.5 }\n";

  it("is taken from a folder of manifests, or by its path", async () => {
    const beside = join(folder, "underlay.yaml");
    writeFileSync(beside, TEXT);
    const specs = [
      await clusterFromManifests([folder]),
      await clusterFromManifests([join(folder, "nodes.yaml"), beside]),
    ];
    for (const { fabric } of specs) {
      expect(fabric.links[0]).toEqual({
        between: ["10.0.0.0/24", "spine-0"],
        loss: 0.01,
        bandwidthMbps: 2.5,
      });
      expect(fabric.switchLink).toEqual({ jitterUs: 20 });
    }
  });

  it("says where something is wrong", async () => {
    expect(await findings(TEXT)).toEqual([]);
    expect(await findings("links:\n  - { between: [a, 10.0.0.0/24], los: 1 }\n")).toEqual([
      '2 links[0].los: a link has no field "los"; did you mean "loss"?',
    ]);
    expect(await findings("link: []\n")).toEqual([
      '1 link: the file has no field "link"; did you mean "links"?',
    ]);
    expect(await findings("links:\n  - { loss: 0.1 }\n")).toEqual([
      '2 links[0].between: "between" is required',
    ]);
    expect(
      await findings("links:\n  - { between: [a, 10.0.0.0/24] }\n  - { between: [a, b] }\n"),
    ).toEqual([expect.stringMatching(/^3 links\[1\]\.between: there is no link between a and b/)]);
    expect(
      await findings('links:\n  - { between: [a, 10.0.0.0/24], bandwidthMbps: "5" }\n'),
    ).toEqual([expect.stringContaining("must be a number, not the text")]);
    expect(
      await findings(
        "links:\n  - { between: [a, 10.0.0.0/24] }\n  - { between: [10.0.0.0/24, a] }\n",
      ),
    ).toEqual([
      "3 links[1].between: links[0] describes the link between 10.0.0.0/24 and a already",
    ]);
    expect(await findings("5\n")).toHaveLength(1);
  });

  it("tells all that is wrong in it and in external-routers.yaml at once, with what would do", async () => {
    const outside = join(folder, "external-routers.yaml");
    writeFileSync(
      outside,
      "undescribedPeers: maybe\nexternalRouters:\n  - { name: tor, ip: 10.0.0.1, asNumber: 65001 }\n",
    );
    const found = await findings(
      "rackLink: { los: 1 }\nhostlink: {}\nlinks:\n  - { between: [tor, 10.0.0.0/24], loss: 2 }\n  - { between: [a, 10.0.1.0/24] }\n",
    );
    writeFileSync(join(folder, "nodes.yaml"), `${NODES}---\nkind: Node\n`);
    const besideBadManifests = await findings("links: 5\n");
    writeFileSync(join(folder, "nodes.yaml"), NODES);
    rmSync(outside);
    expect(found).toEqual([
      '1 undescribedPeers: "maybe" is not a value this field knows',
      "3 externalRouters[0].ip: 10.0.0.1 is the address of node a",
      '1 rackLink.los: a link has no field "los"; did you mean "loss"?',
      '2 hostlink: the file has no field "hostlink"; did you mean "hostLink"?',
      "4 links[0].loss: 2 is out of range",
      "5 links[1].between: there is no link between a and 10.0.1.0/24",
    ]);
    expect(besideBadManifests.slice(-2)).toEqual([
      '1 undescribedPeers: "maybe" is not a value this field knows',
      "1 links: must be a list, not the number 5",
    ]);
  });

  it("is one document and one file, and may leave fields empty", async () => {
    expect(await findings("links: []\n---\nlinks: []\n")).toEqual([
      expect.stringContaining("a second YAML document begins here"),
    ]);
    expect(await findings("links:\nhostLink: { loss: }\n")).toEqual([]);
    writeFileSync(join(folder, "underlay.json"), "{}");
    const both = clusterFromManifests([folder]);
    await expect(both).rejects.toThrow(/both .*underlay.* and .*underlay.* describe the underlay/);
    rmSync(join(folder, "underlay.json"));
  });

  it("may say nothing", () => {
    expect(readUnderlay({ name: "u.yaml", text: "{}" })).toEqual({});
    expect(readUnderlay({ name: "u.yaml", text: "rackLink: { loss: }\nlinks:\n" })).toEqual({
      rackLink: {},
    });
  });
});

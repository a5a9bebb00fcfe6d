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
    ).toEqual([expect.stringContaining("bandwidthMbps must be above 0")]);
    expect(await findings("5\n")).toHaveLength(1);
  });

  it("may say nothing", () => {
    expect(readUnderlay({ name: "u.yaml", text: "{}" }).underlay).toEqual({});
  });
});

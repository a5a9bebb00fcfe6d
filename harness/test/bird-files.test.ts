// The texts that confd's configurations stand for, read by real BIRD (Debian: package bird, 1.6.8) as confd
// has them checked before it installs them: `bird -p -c`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BirdConfiguration, birdFiles } from "@calico-sim/bgp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCases } from "../conformance/case.js";
import { renderCase } from "../conformance/sets/bgp-peers.js";

const FOLDER = fileURLToPath(new URL("../../conformance/bgp-peers", import.meta.url));

/** Where Debian's BIRD of a family is; undefined where it is not installed. */
function findBird(family: 4 | 6): string | undefined {
  const name = family === 4 ? "bird" : "bird6";
  return [name, `/usr/sbin/${name}`].find((path) => spawnSync(path, ["--version"]).status === 0);
}

const BIRD = { 4: findBird(4), 6: findBird(6) } as const;
const missing = BIRD[4] === undefined || BIRD[6] === undefined;

describe.skipIf(missing)("BIRD 1.6 reads the files (skipped without bird and bird6)", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bird-files-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** What BIRD has against a configuration; empty for nothing. */
  function objections(config: BirdConfiguration): string {
    const files = birdFiles(config);
    for (const { name, text } of files) {
      // Known to Calico's BIRD alone; Debian's has every other word.
      const known = text.replace(/^.*krt_tunnel = .*\n/gm, "");
      // It also insists on a router id where it finds no address; confd leaves it out where a node has none.
      const id =
        name === files[0]?.name && config.routerId === undefined ? "router id 192.0.2.1;\n" : "";
      writeFileSync(join(folder, name), id + known);
    }
    const bird = BIRD[config.family] ?? "";
    const { status, stdout, stderr } = spawnSync(bird, [
      "-p",
      "-c",
      join(folder, files[0]?.name ?? ""),
    ]);
    return status === 0 ? "" : `${String(stdout)}${String(stderr)}`;
  }

  const cases = readCases(FOLDER).cases.map((one) => [one.id, one] as const);

  test.each(cases)("%s", (_, one) => {
    const { ipv4, ipv6 } = renderCase(one, String(one.json["node"]));
    expect(objections(ipv4)).toBe("");
    expect(objections(ipv6)).toBe("");
  });

  test("and would object to a word that it does not know", () => {
    const [, one] = cases[0]!;
    const { ipv4 } = renderCase(one, String(one.json["node"]));
    expect(objections({ ...ipv4, debug: ["nonsense"] })).toContain("syntax error");
  });
});

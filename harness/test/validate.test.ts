import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { disagreement, judged } from "../validate/agreement.js";
import type { GroundTruthFile, Measured, Summary } from "../validate/ground-truth.js";
import { fidelityPage } from "../validate/markdown.js";
import { predict } from "../validate/predict.js";
import { judge } from "../validate/verdicts.js";

const DATA = fileURLToPath(new URL("../../ground-truth/bird", import.meta.url));

/** Counts that depend on nothing but the configuration, and so never varied. */
const EXACT = [
  "messages_total",
  "bgp_bytes_total",
  "open",
  "update",
  "keepalive",
  "update_reach",
  "update_nlri",
  "end_of_rib",
];

function measured(id: string): GroundTruthFile {
  return JSON.parse(readFileSync(join(DATA, `${id}.json`), "utf8")) as GroundTruthFile;
}

/** Every judged metric that does not agree with the file, and why. */
function differences(id: string, seeds: number): unknown[] {
  const file = measured(id);
  const { predicted } = predict(`${id}.json`, file, seeds);
  return Object.entries(file.summary)
    .filter(([metric, value]) => judged(metric, value))
    .map(([metric, value]) => [
      metric,
      disagreement(id, metric, value as Measured, predicted[metric]),
    ])
    .filter(([, why]) => why !== undefined);
}

describe("cold starts of real BIRD", () => {
  test.each([
    ["s1-mesh-n5-b4", 20],
    ["s1-mesh-n10-b1-spread10", 20],
    ["s1-mesh-n20-b1", 20],
  ])("%s: every count is predicted exactly, whatever the seed", (id, seeds) => {
    const file = measured(id);
    const { predicted } = predict(`${id}.json`, file, seeds);
    for (const metric of EXACT) {
      const { min, max } = file.summary[metric] as Summary;
      expect([metric, predicted[metric]?.min, predicted[metric]?.max]).toEqual([metric, min, max]);
    }
  });

  test.each([
    ["s1-mesh-n2-b1", 200],
    ["s1-mesh-n5-b1", 100],
    ["s1-mesh-n10-b2", 100],
    ["s1-mesh-n20-b1", 60],
    ["s1-mesh-n40-b1", 200],
  ])("%s: every figure agrees", (id, seeds) => {
    expect(differences(id, seeds)).toEqual([]);
  });
});

describe("what else was measured of a mesh", () => {
  test.each([
    ["s1-missing1-n5-wait20", 40],
    ["s2-join-n3", 40],
    ["s2-join-n10-joiner-first-3s", 20],
    ["s3-block-n10-b2", 10],
    ["s4-kill-gr120-n8", 20],
    ["s4-kill-no-gr-n6", 20],
    ["s4-term-restart3s-n6", 20],
    ["s6-refused-n5-lowest-ip", 20],
    ["s6-unreachable-n5-lowest-ip", 20],
    ["s8-keepalive-default-n8", 5],
  ])("%s: every figure agrees", (id, seeds) => {
    expect(differences(id, seeds)).toEqual([]);
  });

  test("what is not modelled is named, and nothing is predicted for it", () => {
    const file = measured("s2-join-n3");
    const strange = { ...file, parameters: { ...file.parameters, weather: "rain" } };
    const { predicted, notes } = predict("strange.json", strange, 5);
    expect(predicted).toEqual({});
    expect(notes[0]).toContain('parameter "weather"');
  });
});

describe("the page of verdicts", () => {
  const verdictsOf = (id: string, change: object = {}) => {
    const file = { ...measured(id), ...change };
    return judge(file, predict(`${id}.json`, file, 5));
  };

  test("counts what agrees, and says of the rest what was measured, predicted, and why", () => {
    const { summary } = measured("s3-block-n10-b2");
    const wrong = { ...(summary["messages_add"] as Summary), min: 46, max: 46 };
    const page = fidelityPage([
      verdictsOf("s2-join-n3"),
      verdictsOf("s3-block-n10-b2", { summary: { ...summary, messages_add: wrong } }),
    ]);
    expect(page).toContain("| s2-join-n3 | 17 of 17 | 5 |");
    expect(page).toContain("| s3-block-n10-b2 | 5 of 6 | 5 |");
    expect(page).toContain(
      "| s3-block-n10-b2 | messages_add | 45 [46..46] | 45 [45..45] | not explained |",
    );
  });

  test("names what is not modelled", () => {
    const { parameters } = measured("s2-join-n3");
    const page = fidelityPage([
      verdictsOf("s2-join-n3", { parameters: { ...parameters, topology: "ring" } }),
    ]);
    expect(page).toContain("| s2-join-n3 | 0 of 17 | not modelled |");
    expect(page).toContain('not modelled yet: topology "ring"');
  });
});

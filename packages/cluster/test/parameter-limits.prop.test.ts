import { isRecord, type Resource } from "@calico-sim/core";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import {
  apply,
  at,
  cluster,
  fail,
  heal,
  type Parameters,
  pods,
  type Scenario,
  simulate,
  start,
} from "../src/index.js";
import { rangeOf, unfit } from "../src/parameter-limits.js";
import { EXAMPLE, WHOLE } from "../src/simulate-options-check.js";

type Path = readonly string[];

/** The paths of all parameters that are numbers. */
function* numbers(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value === "number") yield path;
  if (!isRecord(value)) return;
  for (const [name, part] of Object.entries(value)) yield* numbers(part, [...path, name]);
}

/** Parameters of which one number is set, and what has to be given together with it. */
function withNumber(path: Path, number: number): Parameters {
  const set = (example: unknown, depth: number, whole: boolean): unknown => {
    const name = path[depth];
    if (name === undefined || !isRecord(example)) return number;
    const all = whole || WHOLE.has(path.slice(0, depth).join("."));
    return { ...(all ? example : {}), [name]: set(example[name], depth + 1, all) };
  };
  return set(EXAMPLE, 0, false) as Parameters;
}

const PATHS: readonly Path[] = [...numbers(EXAMPLE)];
const FAR: readonly number[] = [0, 1e-9, 0.001, 0.5, 1, 2, 1e3, 1e6, 1e9, 1e12, 1e15, 1e18, 1e300];

/** A parameter with a number that it takes, most often one at the edge of what it takes. */
const extreme = fc
  .tuple(
    fc.constantFrom(...PATHS),
    fc.constantFrom<"low" | "high" | number>("low", "high", ...FAR, Number.POSITIVE_INFINITY),
  )
  .map(([path, edge]): readonly [Path, number] => {
    const place = path.join(".");
    return [path, typeof edge === "string" ? rangeOf(place)[edge] : edge];
  })
  .filter(([path, number]) => unfit(path.join("."), number) === undefined);

const SPEC = cluster({ nodes: 3, racks: 2, typhas: 1 });
const SERVICE: Resource = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "shop", namespace: "default" },
  spec: { clusterIP: "10.96.0.1", selector: { app: "shop" } },
};
/** All that is tried again when it fails does fail. */
const SCENARIO: Scenario = [
  at("0s", start()),
  at("20s", apply(SERVICE)),
  at("25s", pods.create(6, { over: "5s", labels: { app: "shop" } })),
  at("40s", fail.cut("node-2")),
  at("45s", fail.process("typha", "0")),
  at("50s", fail.datastore()),
  at("50s", pods.create(2, { over: "1s", labels: { app: "shop" } })),
  at("55s", fail.process("calico-node", "node-1")),
  at("70s", heal.datastore()),
  at("80s", heal.cut("node-2")),
];

describe("a parameter at the edge of what it takes", () => {
  test.prop([extreme], runs(60))(
    "ends in a run that is over, within a number of events",
    ([path, number]) => {
      const parameters = withNumber(path, number);
      const { findings, events } = simulate(SPEC, SCENARIO, {
        until: "6m",
        eventsMax: 3_000_000,
        parameters,
      });
      expect(findings.map(({ code }) => code)).not.toContain("event-limit");
      expect(events).toBeGreaterThan(0);
    },
  );
});

import { BIRD_COSTS, CONFD_COSTS, SESSION_TIMERS } from "@calico-sim/bgp";
import {
  DEFAULT_SIZES,
  didYouMean,
  type FieldSchema,
  type Issue,
  isRecord,
  KUBERNETES_PROFILE,
  micros,
  type ObjectSchema,
  type PathSegment,
  SECOND,
  showValue,
} from "@calico-sim/core";
import { FELIX_COSTS } from "@calico-sim/felix";
import { TYPHA_CONFIG, TYPHA_COSTS } from "@calico-sim/typha";
import { faultAt, fieldIssues } from "./check-fields.js";
import { ClusterError } from "./cluster-error.js";
import { ENDPOINT_SLICE_DEFAULTS } from "./endpoint-slices/index.js";
import { NODE_SERVICE_DEFAULTS } from "./node-services/index.js";
import { unfit } from "./parameter-limits.js";
import type { Parameters, SimulateOptions } from "./simulate-options.js";
import { WORKLOAD_DEFAULTS } from "./workloads/index.js";

const OPTIONS: ObjectSchema & { readonly fields: Record<keyof SimulateOptions, FieldSchema> } = {
  type: "object",
  fields: {
    seed: { type: "any" },
    until: { type: "any" },
    eventsMax: { type: "integer", min: 1 },
    parameters: { type: "any" },
    progress: { type: "any" },
  },
};

/** Every parameter with its default, or a value of its type. */
export const EXAMPLE: Record<keyof Parameters, object> = {
  bird: {
    timers: SESSION_TIMERS,
    costs: BIRD_COSTS,
    bfd: { interval: 300_000, multiplier: 3 },
    ttlLimitAfterOpen: false,
    eventPerKeepalive: false,
    routeLog: false,
    routeStats: false,
  },
  confd: CONFD_COSTS,
  felix: FELIX_COSTS,
  typha: { config: TYPHA_CONFIG, costs: TYPHA_COSTS },
  datastore: { profile: KUBERNETES_PROFILE, sizes: DEFAULT_SIZES, requestTimeout: 30 * SECOND },
  workloads: WORKLOAD_DEFAULTS,
  nodeServices: NODE_SERVICE_DEFAULTS,
  endpointSlices: ENDPOINT_SLICE_DEFAULTS,
};

/** Parameters that are given whole, with all that is in them: no default stands in for what they leave out. */
export const WHOLE: ReadonlySet<string> = new Set([
  "felix",
  "bird.bfd",
  "typha.costs",
  "datastore.profile",
  "datastore.sizes",
]);

/** Checks what a run is to be. @throws ClusterError with every option that is wrong. */
export function checkSimulateOptions(options: SimulateOptions): void {
  const issues = [...fieldIssues(options, OPTIONS, [], "the options of a run")];
  if (isRecord(options)) {
    const { seed, until, parameters, progress } = options as SimulateOptions;
    const sown: unknown = seed;
    if (sown !== undefined && typeof sown !== "string" && !Number.isFinite(sown))
      issues.push(
        faultAt("TYPE_WRONG", ["seed"], `${showValue(sown)} is no seed`, "a number or a text"),
      );
    if (progress !== undefined && typeof progress !== "function")
      issues.push(
        faultAt("TYPE_WRONG", ["progress"], `${showValue(progress)} is no function`, "a function"),
      );
    if (until !== undefined) issues.push(...untilIssues(until));
    if (parameters !== undefined) issues.push(...unlike(parameters, EXAMPLE, ["parameters"]));
  }
  if (issues.length > 0) throw new ClusterError(issues);
}

function untilIssues(until: unknown): readonly Issue[] {
  try {
    micros(until as string);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [faultAt("TYPE_WRONG", ["until"], message, "a time of the run, e.g. 20m")];
  }
}

/** Where a value departs from an example: other names, other types, numbers that are none or below 0. */
function unlike(value: unknown, example: unknown, path: readonly PathSegment[]): readonly Issue[] {
  if (Array.isArray(example)) {
    const fits =
      Array.isArray(value) && value.length === example.length && value.every(Number.isFinite);
    return fits ? [] : [mistyped(value, `a list of ${String(example.length)} numbers`, path)];
  }
  if (isRecord(example))
    return isRecord(value) ? within(value, example, path) : [mistyped(value, "an object", path)];
  if (typeof value !== typeof example) return [mistyped(value, `a ${typeof example}`, path)];
  if (typeof value !== "number") return [];
  const want = unfit(path.slice(1).join("."), value);
  return want === undefined
    ? []
    : [faultAt("TYPE_WRONG", path, `${String(value)} is out of range`, want)];
}

function within(
  value: Readonly<Record<string, unknown>>,
  example: Readonly<Record<string, unknown>>,
  path: readonly PathSegment[],
): readonly Issue[] {
  const known = Object.keys(example);
  const issues = Object.entries(value).flatMap(([name, part]) => {
    const place = [...path, name];
    if (Object.hasOwn(example, name))
      return part === undefined ? [] : unlike(part, example[name], place);
    const message = `there is no parameter ${JSON.stringify(name)} here${didYouMean(name, known)}`;
    return [faultAt("TYPE_WRONG", place, message, known.join(", "))];
  });
  if (!isWhole(path)) return issues;
  const missing = known.filter((name) => value[name] === undefined);
  return [
    ...issues,
    ...missing.map((name) =>
      faultAt(
        "TYPE_WRONG",
        [...path, name],
        "these parameters are given whole, and this one is missing",
        "a value",
      ),
    ),
  ];
}

function isWhole(path: readonly PathSegment[]): boolean {
  return path.some((_, i) => WHOLE.has(path.slice(1, i + 1).join(".")));
}

function mistyped(value: unknown, want: string, path: readonly PathSegment[]): Issue {
  return faultAt("TYPE_WRONG", path, `${showValue(value)} is not ${want}`, want);
}

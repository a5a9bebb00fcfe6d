import type { Result } from "@calico-sim/cluster";
import { didYouMean, isRecord, micros, showValue } from "@calico-sim/core";
import { bytes, count, percent, seconds } from "./format/quantity.js";
import { type Figure, resolveFigure } from "./threshold-path.js";

/** A limit on a figure of a result. */
export interface Threshold {
  /** As written. */
  readonly expression: string;
  readonly path: string;
  readonly operator: Operator;
  /** In the unit of the figure: seconds, bytes, share of one, or a plain number; true and false are 1 and 0. */
  readonly limit: number;
  readonly unit: "seconds" | "bytes" | "share" | "number" | "boolean";
}

/** How a figure is held against its limit. */
export type Operator = "<" | "<=" | ">" | ">=" | "==" | "!=";

/** A limit that a result does not keep. */
export interface Violation {
  readonly expression: string;
  readonly path: string;
  readonly actual: number;
  readonly limit: number;
  /** For people: `convergence.p99 is 12.1s, must be < 5s (change "start all nodes")`. */
  readonly text: string;
}

/** A threshold that cannot be read or names no figure; the message says what would be right. */
export class ThresholdError extends Error {
  override readonly name = "ThresholdError";
}

const OPERATORS: Readonly<Record<Operator, (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

const BYTES: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/**
 * Reads a threshold: a path of the result, a comparison, a limit with its unit.
 *
 * @throws ThresholdError when it is no such thing.
 * @example parseThreshold("convergence.p99<5s")
 */
export function parseThreshold(expression: string): Threshold {
  const match = /^\s*(.+?)\s*(<=|>=|==|!=|<|>)\s*(\S+)\s*$/.exec(expression);
  if (match === null) {
    const single = /[^<>!=]=[^=]/.test(expression) ? '; write "==" for equality' : "";
    throw new ThresholdError(
      `threshold ${JSON.stringify(expression)} is no comparison${single}; write for example "convergence.p99<5s" or "blackholes.total==0"`,
    );
  }
  const [, path = "", operator = "", text = ""] = match;
  return { expression, path, operator: operator as Operator, ...limitOf(expression, text) };
}

function limitOf(expression: string, text: string): Pick<Threshold, "limit" | "unit"> {
  if (text === "true" || text === "false")
    return { limit: text === "true" ? 1 : 0, unit: "boolean" };
  const number = /^(-?\d+(?:[_,]\d{3})*(?:\.\d+)?(?:e\d+)?)(%|[kMGT]?B)?$/.exec(text);
  if (number !== null) {
    const value = Number((number[1] ?? "").replace(/[_,]/g, ""));
    const unit = number[2];
    if (unit === undefined) return { limit: value, unit: "number" };
    if (unit === "%") return { limit: value / 100, unit: "share" };
    return { limit: value * (BYTES[unit] ?? 1), unit: "bytes" };
  }
  try {
    return { limit: micros(text) / 1e6, unit: "seconds" };
  } catch {
    throw new ThresholdError(
      `threshold ${JSON.stringify(expression)}: ${JSON.stringify(text)} is no limit; write a number, a duration ("5s", "90ms"), a share ("80%"), an amount ("10MB"), true or false`,
    );
  }
}

/**
 * Holds a result against limits; those it does not keep, in the order given.
 *
 * Paths are those of {@link Result}; `Seconds` at the end of a name may be left out, and a
 * step of `changes` is named by index or label: `changes[2].dataPlane.max<1s`. In short,
 * `controlPlane`, `dataPlane` and `convergence` (the worse of both) stand for the worst change:
 * `dataPlane.p99<5s`. Nodes that never converge count as infinitely late there.
 *
 * @throws ThresholdError when a path names no figure, or the limit has another unit than the figure.
 * @example checkThresholds(result, ["convergence.p99<5s", "blackholes.total==0"])
 */
export function checkThresholds(
  result: Result,
  thresholds: readonly (string | Threshold)[],
): readonly Violation[] {
  return listOf(thresholds).flatMap((given) => {
    const threshold = typeof given === "string" ? parseThreshold(given) : sound(given);
    const figure = figureOf(result, threshold);
    const { expression, path, operator, limit } = threshold;
    // Nobody was touched: there is nothing that could be too late.
    if (Number.isNaN(figure.value) || OPERATORS[operator](figure.value, limit)) return [];
    const where = figure.where === undefined ? "" : ` (${figure.where})`;
    const text = `${path} is ${show(figure.value, figure.unit)}, must be ${operator} ${show(limit, figure.unit)}${where}`;
    return [{ expression, path, actual: figure.value, limit, text }];
  });
}

/** Limits as a list. @throws ThresholdError when they are none. */
export function listOf<T>(thresholds: readonly T[]): readonly T[] {
  const given: unknown = thresholds;
  if (Array.isArray(given)) return [...thresholds];
  throw new ThresholdError(
    `thresholds are a list such as ["convergence.p99<5s"], not ${showValue(given)}`,
  );
}

function sound(threshold: Threshold): Threshold {
  const given: unknown = threshold;
  if (
    isRecord(given) &&
    [given["expression"], given["path"]].every((part) => typeof part === "string") &&
    Object.hasOwn(OPERATORS, String(given["operator"])) &&
    typeof given["limit"] === "number"
  )
    return threshold;
  throw new ThresholdError(
    `${showValue(given)} is no threshold; write for example "convergence.p99<5s"`,
  );
}

function figureOf(result: Result, { expression, path, unit }: Threshold): Figure {
  const figure = resolveFigure(result, path);
  if ("unknown" in figure) {
    const { unknown, under, candidates } = figure;
    const place = under === "" ? "a result" : under;
    const there = `there ${candidates.length === 1 ? "is" : "are"}: ${candidates.join(", ")}`;
    if (unknown === "") {
      throw new ThresholdError(
        `threshold ${JSON.stringify(expression)}: ${place} is no single figure (${there})`,
      );
    }
    throw new ThresholdError(
      `threshold ${JSON.stringify(expression)}: ${place} has no ${JSON.stringify(unknown)}${didYouMean(unknown, candidates)} (${there})`,
    );
  }
  if (unit !== "number" && unit !== figure.unit) {
    throw new ThresholdError(
      `threshold ${JSON.stringify(expression)}: ${path} is ${MEANS[figure.unit]}, its limit is ${MEANS[unit]}`,
    );
  }
  return figure;
}

const MEANS: Readonly<Record<Threshold["unit"], string>> = {
  seconds: "a time",
  bytes: "an amount of data",
  share: "a share",
  number: "a plain number",
  boolean: "true or false",
};

function show(value: number, unit: Threshold["unit"]): string {
  switch (unit) {
    case "seconds":
      return seconds(value);
    case "bytes":
      return bytes(value);
    case "share":
      return percent(value);
    case "boolean":
      return value === 1 ? "true" : "false";
    case "number":
      return Number.isInteger(value) ? count(value) : String(value);
  }
}

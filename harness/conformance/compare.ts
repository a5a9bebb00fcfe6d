import { isRecord } from "@calico-sim/core";
import type { CaseResult } from "./run.js";

/** Differences that a report names at most. */
const SHOWN = 8;

/**
 * Compares a computed document with the expected one, field by field. An expected field that the
 * computed one does not have is not modelled, and named. A computed field that is not expected is a
 * difference, but for the outer `open` levels of objects, where an expectation may leave parts out.
 * Null stands for nothing: it may be left out on either side.
 */
export function compareExpected(actual: unknown, expected: unknown, open = 0): CaseResult {
  const differences = new Differences();
  differences.compare(actual, expected, "", open);
  const { wrong, unknown } = differences;
  if (wrong.length > 0) {
    const more = wrong.length > SHOWN ? [`and ${String(wrong.length - SHOWN)} more`] : [];
    return { status: "failed", why: [...wrong.slice(0, SHOWN), ...more].join("; ") };
  }
  if (unknown.size > 0) return { status: "unsupported", features: [...unknown].sort() };
  return { status: "passed" };
}

class Differences {
  readonly wrong: string[] = [];
  /** Expected fields without a computed one, list positions left out. */
  readonly unknown: Set<string> = new Set();

  compare(actual: unknown, expected: unknown, path: string, open: number): void {
    if (isRecord(expected) && isRecord(actual)) this.fields(actual, expected, path, open);
    else if (Array.isArray(expected) && Array.isArray(actual)) this.members(actual, expected, path);
    else if (!Object.is(actual, expected))
      this.wrong.push(`${path} is ${show(actual)}, expected ${show(expected)}`);
  }

  private fields(
    actual: Readonly<Record<string, unknown>>,
    expected: Readonly<Record<string, unknown>>,
    path: string,
    open: number,
  ): void {
    for (const field of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const below = path === "" ? field : `${path}.${field}`;
      const [is, wanted] = [actual[field], expected[field]];
      if (Object.hasOwn(expected, field) && Object.hasOwn(actual, field))
        this.compare(is, wanted, below, open - 1);
      else if (Object.hasOwn(actual, field)) {
        if (open <= 0 && is !== null && is !== undefined)
          this.wrong.push(`${below} is ${show(is)}, not expected`);
      } else if (wanted !== null) {
        this.unknown.add(`expected.${below.replace(/\[\d+\]/g, "[]")}`);
      }
    }
  }

  private members(actual: readonly unknown[], expected: readonly unknown[], path: string): void {
    for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
      const below = `${path}[${String(i)}]`;
      if (i >= expected.length) this.wrong.push(`${below} is ${show(actual[i])}, not expected`);
      else if (i >= actual.length)
        this.wrong.push(`${below} is missing, expected ${show(expected[i])}`);
      else this.compare(actual[i], expected[i], below, 0);
    }
  }
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "absent";
}

import { type Micros, SECOND } from "@calico-sim/core";

/**
 * One run's figures by the names of the ground truth's `summary`: one number, or several where the summary
 * pools the values of all runs; undefined where a run has none.
 */
export type RunMetrics = Readonly<Record<string, number | readonly number[] | undefined>>;

/** Seconds between two moments. */
export function seconds(at: Micros, zero: Micros = 0): number {
  return (at - zero) / SECOND;
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((x, y) => x - y);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}

/** The greatest value. */
export function maximum(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((x, y) => Math.max(x, y));
}

/** The least value. */
export function minimum(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((x, y) => Math.min(x, y));
}

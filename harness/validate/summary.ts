import type { Measured, Summary } from "./ground-truth.js";
import { median, type RunMetrics } from "./metrics/run-metrics.js";

/** Quantiles of type 7, as the files have them. */
export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((x, y) => x - y);
  const at = (q: number): number => {
    const h = (sorted.length - 1) * q;
    const low = Math.floor(h);
    const a = sorted[low] ?? Number.NaN;
    const b = sorted[Math.min(low + 1, sorted.length - 1)] ?? Number.NaN;
    return rounded(a + (h - low) * (b - a));
  };
  return {
    n: sorted.length,
    min: at(0),
    p05: at(0.05),
    p25: at(0.25),
    median: at(0.5),
    p75: at(0.75),
    p95: at(0.95),
    max: at(1),
    mean: rounded(sorted.reduce((x, y) => x + y, 0) / sorted.length),
  };
}

/**
 * Summarises runs as the measurement was: the values of all runs pooled, or where the file has
 * `median_of_runs`, the least and greatest of them and the median of the runs' medians.
 *
 * @param like the `summary` of the file, for its form
 */
export function summariseRuns(
  runs: readonly RunMetrics[],
  like: Readonly<Record<string, unknown>>,
): Record<string, Measured> {
  const columns = new Map<string, number[][]>();
  for (const run of runs) {
    for (const [metric, value] of Object.entries(run)) {
      const values = value === undefined ? [] : typeof value === "number" ? [value] : [...value];
      if (values.length === 0) continue;
      const column = columns.get(metric);
      if (column === undefined) columns.set(metric, [values]);
      else column.push(values);
    }
  }
  const summaries: Record<string, Measured> = {};
  for (const [metric, values] of columns) {
    const whole = summarise(values.flat());
    const { n, min, max } = whole;
    const medians = values.map((run) => median(run) ?? Number.NaN);
    summaries[metric] = hasMedianOfRuns(like[metric])
      ? { n, min, median_of_runs: rounded(median(medians) ?? Number.NaN), max }
      : whole;
  }
  return summaries;
}

function hasMedianOfRuns(summary: unknown): boolean {
  return typeof summary === "object" && summary !== null && "median_of_runs" in summary;
}

/** To a tenth of a millisecond, the finest that the files have. */
function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

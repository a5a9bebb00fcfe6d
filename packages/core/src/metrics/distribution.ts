/** Summary of a sample; quantiles are type 7 (linear interpolation). Units are those of the values. */
export interface Distribution {
  readonly n: number;
  readonly min: number;
  readonly p05: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
}

/** Quantile `q` (0–1) of a sorted sample, type 7; NaN when it is empty. */
export function quantileSorted(sorted: ArrayLike<number>, q: number): number {
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  const h = (n - 1) * Math.min(1, Math.max(0, q));
  const low = Math.floor(h);
  const a = sorted[low]!;
  if (low + 1 >= n) return a;
  const b = sorted[low + 1]!;
  // Equal neighbours first: infinity − infinity is not a number.
  return a === b || h === low ? a : a + (h - low) * (b - a);
}

/** Summarises a sample; the input is not changed. Every figure of an empty sample is NaN. */
export function distribution(values: ArrayLike<number>): Distribution {
  return summarize(Float64Array.from(values).sort());
}

/** As {@link distribution}, for values that are sorted already. */
export function summarize(sorted: Float64Array): Distribution {
  let sum = 0;
  for (const v of sorted) sum += v;
  return {
    n: sorted.length,
    min: quantileSorted(sorted, 0),
    p05: quantileSorted(sorted, 0.05),
    p25: quantileSorted(sorted, 0.25),
    median: quantileSorted(sorted, 0.5),
    p75: quantileSorted(sorted, 0.75),
    p95: quantileSorted(sorted, 0.95),
    p99: quantileSorted(sorted, 0.99),
    max: quantileSorted(sorted, 1),
    mean: sorted.length === 0 ? Number.NaN : sum / sorted.length,
  };
}

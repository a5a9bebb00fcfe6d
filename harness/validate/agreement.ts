/**
 * The rule by which a prediction agrees with a measurement; the same as in the tool that ships with the
 * ground truth, so that the table printed here and that tool never differ.
 */

import type { Measured } from "./ground-truth.js";

const MARKS = ["min", "p05", "p25", "median", "p75", "p95", "max"] as const;
const NOT_JUDGED = /^cpu_|peer_states_seen/;
const COUNT = /messages|bytes|^open$|update|keepalive$|end_of_rib|tcp_|nlri|notification/;
const HEAVY_TAILED = /-rr-|both-active/;

/** Whether the rule looks at a metric at all. */
export function judged(metric: string, measured: unknown): measured is Measured {
  if (NOT_JUDGED.test(metric) || typeof measured !== "object" || measured === null) return false;
  return Number.isFinite(medianOf(measured));
}

/** The median of a distribution, under either of the names that the files use. */
export function medianOf(of: Measured): number {
  return of.median ?? of.median_of_runs ?? Number.NaN;
}

/** Why a prediction does not agree; undefined when it does. */
export function disagreement(
  file: string,
  metric: string,
  measured: Measured,
  predicted: Measured | undefined,
): string | undefined {
  if (predicted === undefined || !Number.isFinite(medianOf(predicted))) return "not predicted";
  const isCount = COUNT.test(metric);
  const heavy = HEAVY_TAILED.test(file);
  const value = (of: Measured, mark: (typeof MARKS)[number]): number =>
    mark === "median" ? medianOf(of) : (of[mark] ?? Number.NaN);
  if (isCount && measured.min === measured.max && !heavy) {
    const exact = predicted.min === measured.min && predicted.max === measured.max;
    return exact
      ? undefined
      : `measured ${String(measured.min)}, predicted ${String(predicted.min)}..${String(predicted.max)}`;
  }
  const middle = medianOf(measured);
  const tolerance = Math.max(isCount ? 1 : 0.05, (heavy ? 0.2 : 0.05) * Math.abs(middle));
  const guess = medianOf(predicted);
  const inQuartiles =
    guess >= value(measured, "p25") - 1e-9 && guess <= value(measured, "p75") + 1e-9;
  if (!inQuartiles && Math.abs(guess - middle) > tolerance) {
    return `median measured ${String(middle)}, predicted ${String(guess)}`;
  }
  const marks = MARKS.filter((mark) => Number.isFinite(value(measured, mark)));
  const outside = marks.filter((mark) => {
    const at = value(measured, mark);
    return at < value(predicted, "min") - tolerance || at > value(predicted, "max") + tolerance;
  });
  if (outside.length > (marks.length > 5 ? 1 : 0)) {
    return `measured ${String(measured.min)}..${String(measured.max)} against predicted ${String(predicted.min)}..${String(predicted.max)}`;
  }
  const width = value(predicted, "p95") - value(predicted, "p05");
  const measuredWidth = value(measured, "p95") - value(measured, "p05");
  const room = Math.max(1.5 * measuredWidth, isCount ? 4 : 0.1) * (heavy ? 1.5 : 1);
  if ((measured.n ?? 0) >= 20 && Number.isFinite(measuredWidth) && width > room) {
    return `predicted spread ${width.toFixed(3)}, measured ${measuredWidth.toFixed(3)}`;
  }
  return undefined;
}

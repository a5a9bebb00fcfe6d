import { disagreement, judged } from "./agreement.js";
import type { GroundTruthFile } from "./ground-truth.js";
import { predict } from "./predict.js";
import { simulateRun } from "./run.js";
import { summariseRuns } from "./summary.js";

/** Seeds of the pseudo-measurements; far from those of predictions. */
const OTHER_SEEDS = 1_000_000;

/** How often the rule would speak of a difference if the simulator were the truth itself. */
export interface SelfCheck {
  readonly file: string;
  /** Metrics judged, over all pseudo-measurements. */
  readonly judged: number;
  /** Of those, found to differ. */
  readonly differ: number;
}

/**
 * Measures with the simulator itself, with as many runs as the file has, and judges the usual prediction
 * by those: what differs then differs by the chance of few runs alone.
 */
export function selfCheck(
  name: string,
  file: GroundTruthFile,
  seeds: number,
  times: number,
): SelfCheck | undefined {
  const prediction = predict(name, file, seeds);
  if (prediction.seeds === 0) return undefined;
  const runs = file.runs?.length ?? 1;
  let count = 0;
  let differ = 0;
  for (let k = 0; k < times; k++) {
    const measured = summariseRuns(
      Array.from({ length: runs }, (_, r) => simulateRun(file, OTHER_SEEDS + k * runs + r)),
      file.summary,
    );
    for (const metric of Object.keys(prediction.predicted)) {
      const summary = measured[metric];
      if (summary === undefined || !judged(metric, summary)) continue;
      count++;
      if (disagreement(name, metric, summary, prediction.predicted[metric]) !== undefined) differ++;
    }
  }
  return { file: name, judged: count, differ };
}

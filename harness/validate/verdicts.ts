import { basename } from "node:path";
import { disagreement, judged } from "./agreement.js";
import type { GroundTruthFile, Measured } from "./ground-truth.js";
import type { Prediction } from "./predict.js";

/** One metric of one file: what was measured, what was predicted, and why the two do not agree. */
export interface Verdict {
  readonly metric: string;
  readonly measured: Measured;
  readonly predicted: Measured | undefined;
  /** Undefined when they agree. */
  readonly differs: string | undefined;
}

/** The verdicts on one file. */
export interface FileVerdicts {
  readonly file: string;
  readonly prediction: Prediction;
  readonly verdicts: readonly Verdict[];
}

/** Judges every metric of a file that the rule looks at. */
export function judge(file: GroundTruthFile, prediction: Prediction): FileVerdicts {
  const verdicts: Verdict[] = [];
  for (const [metric, measured] of Object.entries(file.summary)) {
    if (!judged(metric, measured)) continue;
    const predicted = prediction.predicted[metric];
    const differs = disagreement(prediction.file, metric, measured, predicted);
    verdicts.push({ metric, measured, predicted, differs });
  }
  return { file: basename(prediction.file, ".json"), prediction, verdicts };
}

/** How many agree, of how many. */
export function count(verdicts: readonly Verdict[]): { agree: number; all: number } {
  return {
    agree: verdicts.filter(({ differs }) => differs === undefined).length,
    all: verdicts.length,
  };
}

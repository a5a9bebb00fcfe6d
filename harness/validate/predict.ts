import type { GroundTruthFile, Measured } from "./ground-truth.js";
import { notModelled, simulateRun } from "./run.js";
import { summariseRuns } from "./summary.js";

/** The prediction for one ground-truth file. */
export interface Prediction {
  readonly file: string;
  readonly predicted: Readonly<Record<string, Measured>>;
  readonly seeds: number;
  /** What is not modelled, and what the set-up took from the file. */
  readonly notes: readonly string[];
}

/** Simulates a configuration over a number of seeds and summarises the runs as the measurement was. */
export function predict(name: string, file: GroundTruthFile, seeds: number): Prediction {
  const missing = notModelled(file.parameters);
  if (missing.length > 0) {
    return {
      file: name,
      predicted: {},
      seeds: 0,
      notes: [`not modelled yet: ${missing.join(", ")}; every metric is absent`],
    };
  }
  const all = summariseRuns(
    Array.from({ length: seeds }, (_, seed) => simulateRun(file, seed)),
    file.summary,
  );
  const predicted: Record<string, Measured> = {};
  const absent: string[] = [];
  for (const metric of Object.keys(file.summary)) {
    const summary = all[metric];
    if (summary === undefined) absent.push(metric);
    else predicted[metric] = summary;
  }
  const notes = [
    "start times take start_spread_s of the measured runs in turn (set-up, not result)",
  ];
  if (absent.length > 0) notes.push(`not modelled: ${absent.join(", ")}`);
  return { file: name, predicted, seeds, notes };
}

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { disagreement, judged, medianOf } from "./agreement.js";
import type { GroundTruthFile, Measured } from "./ground-truth.js";
import { type Prediction, predict } from "./predict.js";
import { type SelfCheck, selfCheck } from "./self-check.js";

/**
 * `npm run -s validate -- --data DIR [--seeds N] [--only TEXT] [--json]`: predicts every ground-truth file of a
 * folder. `--self K` measures K times with the simulator itself instead and tells how often the rule finds a
 * difference by the chance of few runs alone. Exit 0: every judged metric agrees; 1: some do not; 2: the call was wrong. With `--json` the
 * verdict is left to the caller and the exit is 0.
 */
function main(): number {
  let args: {
    data?: string | undefined;
    json?: boolean | undefined;
    seeds?: string | undefined;
    only?: string | undefined;
    self?: string | undefined;
  };
  try {
    args = parseArgs({
      options: {
        data: { type: "string" },
        json: { type: "boolean" },
        seeds: { type: "string" },
        only: { type: "string" },
        self: { type: "string" },
      },
    }).values;
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
  const dir = args.data ?? "ground-truth/bird";
  if (!existsSync(dir) || !statSync(dir).isDirectory())
    return usage(`--data ${dir} is not a folder`);
  const seeds = args.seeds === undefined ? undefined : Number(args.seeds);
  if (seeds !== undefined && (!Number.isInteger(seeds) || seeds < 1))
    return usage(`--seeds ${String(args.seeds)} is not a whole number above 0`);

  const names = readdirSync(dir)
    .filter(
      (name) => name.endsWith(".json") && (args.only === undefined || name.includes(args.only)),
    )
    .sort();
  const predictions: { file: GroundTruthFile; prediction: Prediction }[] = [];
  for (const name of names) {
    if (process.stderr.isTTY) process.stderr.write(`\r${name.padEnd(60)}`);
    let file: GroundTruthFile;
    try {
      file = JSON.parse(readFileSync(join(dir, name), "utf8")) as GroundTruthFile;
    } catch (error) {
      return usage(`${join(dir, name)}: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (typeof file.parameters !== "object" || typeof file.summary !== "object") {
      return usage(
        `${join(dir, name)} has no "parameters" or no "summary": not a ground-truth file`,
      );
    }
    if (args.self !== undefined) {
      printSelf(
        selfCheck(name, file, seeds ?? seedsFor(file), Math.max(1, Number(args.self) || 1)),
      );
      continue;
    }
    predictions.push({ file, prediction: predict(name, file, seeds ?? seedsFor(file)) });
  }
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  if (args.self !== undefined) return 0;
  if (args.json === true) {
    process.stdout.write(`${JSON.stringify({ files: predictions.map((p) => p.prediction) })}\n`);
    return 0;
  }
  return printTable(predictions);
}

/** Enough runs that the median of the prediction stands still: small clusters vary more, and cost less. */
function seedsFor(file: GroundTruthFile): number {
  return Math.min(400, Math.max(40, Math.round(4000 / file.parameters.nodes)));
}

function printSelf(check: SelfCheck | undefined): void {
  if (check === undefined) return;
  const share = ((100 * check.differ) / Math.max(1, check.judged)).toFixed(1);
  process.stdout.write(
    `${check.file.padEnd(48)} ${String(check.differ).padStart(5)} of ${String(check.judged).padStart(6)} differ by chance (${share} %)\n`,
  );
}

function usage(problem: string): number {
  process.stderr.write(
    `validate: ${problem}\nusage: npm run -s validate -- --data DIR [--seeds N] [--only TEXT] [--json | --self K]\n`,
  );
  return 2;
}

function printTable(
  predictions: readonly { file: GroundTruthFile; prediction: Prediction }[],
): number {
  let agree = 0;
  let differ = 0;
  for (const { file, prediction } of predictions) {
    process.stdout.write(`${basename(prediction.file)} (${String(prediction.seeds)} seeds)\n`);
    for (const [metric, measured] of Object.entries(file.summary)) {
      if (!judged(metric, measured)) continue;
      const predicted = prediction.predicted[metric];
      const why = disagreement(prediction.file, metric, measured, predicted);
      if (why === undefined) agree++;
      else differ++;
      process.stdout.write(
        `  ${metric.padEnd(32)} ${cell(measured)} ${cell(predicted)}  ${why === undefined ? "agrees" : `DIFFERS: ${why}`}\n`,
      );
    }
    for (const note of prediction.notes) process.stdout.write(`  note: ${note}\n`);
  }
  process.stdout.write(
    `\n${String(agree)} of ${String(agree + differ)} metrics agree (measured | predicted: median [min..max])\n`,
  );
  return differ === 0 && agree > 0 ? 0 : 1;
}

function cell(of: Measured | undefined): string {
  if (of === undefined) return "–".padEnd(30);
  const text = (value: number | undefined): string => (value === undefined ? "?" : String(value));
  return `${text(medianOf(of))} [${text(of.min)}..${text(of.max)}]`.padEnd(30);
}

process.exitCode = main();

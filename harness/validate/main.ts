import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { GroundTruthFile } from "./ground-truth.js";
import { fidelityPage } from "./markdown.js";
import { predict } from "./predict.js";
import { type SelfCheck, selfCheck } from "./self-check.js";
import { verdictTable } from "./table.js";
import { count, type FileVerdicts, judge } from "./verdicts.js";

/**
 * `npm run -s validate -- --data DIR [--seeds N] [--only TEXT] [--json | --markdown]`: predicts every ground-truth file of a
 * folder and prints measured, predicted and verdict, or the page docs/model/fidelity-bgp.md. `--self K` measures K times with the simulator itself instead and tells how often the rule finds a
 * difference by the chance of few runs alone. Exit 0: every judged metric agrees; 1: some do not; 2: the call was wrong. With `--json` and
 * `--markdown` the verdict is left to the reader and the exit is 0. Progress goes to stderr.
 */
function main(): number {
  let args: {
    data?: string | undefined;
    json?: boolean | undefined;
    markdown?: boolean | undefined;
    seeds?: string | undefined;
    only?: string | undefined;
    self?: string | undefined;
  };
  try {
    args = parseArgs({
      options: {
        data: { type: "string" },
        json: { type: "boolean" },
        markdown: { type: "boolean" },
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
  const files: FileVerdicts[] = [];
  for (const [k, name] of names.entries()) {
    process.stderr.write(`${String(k + 1).padStart(3)} of ${String(names.length)}  ${name}\n`);
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
    files.push(judge(file, predict(name, file, seeds ?? seedsFor(file))));
  }
  if (args.self !== undefined) return 0;
  if (args.json === true) {
    const predictions = files.map(({ prediction }) => prediction);
    process.stdout.write(`${JSON.stringify({ files: predictions })}\n`);
    return 0;
  }
  if (args.markdown === true) {
    process.stdout.write(fidelityPage(files));
    return 0;
  }
  process.stdout.write(verdictTable(files));
  const { agree, all } = count(files.flatMap(({ verdicts }) => verdicts));
  return agree === all && agree > 0 ? 0 : 1;
}

/** Runs a file, if the call does not say. */
const SEEDS = 200;

/** Enough runs that the median of the prediction stands still: small clusters vary more, and cost less. */
function seedsFor(file: GroundTruthFile): number {
  return Math.min(2 * SEEDS, Math.max(SEEDS, Math.round(4000 / file.parameters.nodes)));
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
    `validate: ${problem}\nusage: npm run -s validate -- --data DIR [--seeds N] [--only TEXT] [--json | --markdown | --self K]\n`,
  );
  return 2;
}

process.exitCode = main();

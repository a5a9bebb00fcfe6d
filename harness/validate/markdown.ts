import { knownDifference } from "./known-differences.js";
import { cell } from "./table.js";
import { count, type FileVerdicts } from "./verdicts.js";

/** The page `docs/model/fidelity-bgp.md`: every verdict, compactly. */
export function fidelityPage(files: readonly FileVerdicts[]): string {
  const all = count(files.flatMap(({ verdicts }) => verdicts));
  const modelled = files.filter(({ prediction }) => prediction.seeds > 0);
  const ofModelled = count(modelled.flatMap(({ verdicts }) => verdicts));
  return [
    "# Fidelity of BGP, file by file",
    "",
    "Written by a command; edit `harness/validate` instead, and write it anew with",
    "",
    "```sh",
    "npm run -s validate -- --data DIR --markdown > docs/model/fidelity-bgp.md",
    "```",
    "",
    "`DIR` holds measured runs of Calico's BIRD, one file a configuration, in the form of `ground-truth/bird` (which has a",
    "part of them). Each configuration is simulated as often as the column says and judged by the rule in",
    "[Fidelity](fidelity.md).",
    "",
    `**${String(all.agree)} of ${String(all.all)} metrics agree**; of the ${String(modelled.length)} files that are modelled, ${String(ofModelled.agree)} of ${String(ofModelled.all)}.`,
    "",
    "| file | agree | seeds |",
    "|---|---|---|",
    ...files.map(({ file, prediction, verdicts }) => {
      const { agree, all: judged } = count(verdicts);
      const seeds = prediction.seeds > 0 ? String(prediction.seeds) : "not modelled";
      return `| ${file} | ${String(agree)} of ${String(judged)} | ${seeds} |`;
    }),
    "",
    "## What does not agree",
    "",
    "Median [least..greatest], times in seconds. The last column says what is known of the reason.",
    "",
    "| file | metric | measured | predicted | why |",
    "|---|---|---|---|---|",
    ...modelled.flatMap(differences),
    "",
    "## What is not modelled",
    "",
    ...notModelled(files),
    "",
    ...ASSUMED,
    "",
  ].join("\n");
}

function differences({ file, verdicts }: FileVerdicts): string[] {
  return verdicts
    .filter(({ differs }) => differs !== undefined)
    .map(({ metric, measured, predicted }) => {
      const why = knownDifference(file, metric);
      return `| ${file} | ${metric} | ${cell(measured)} | ${cell(predicted)} | ${why} |`;
    });
}

function notModelled(files: readonly FileVerdicts[]): string[] {
  const lines = new Map<string, string[]>();
  for (const { file, prediction } of files) {
    for (const note of prediction.notes) {
      if (!note.startsWith("not modelled")) continue;
      const named = lines.get(note);
      if (named === undefined) lines.set(note, [file]);
      else named.push(file);
    }
  }
  return [...lines].map(([note, named]) => `- ${note} (${named.join(", ")})`);
}

/** What the simulated lab takes for granted. */
const ASSUMED: readonly string[] = [
  "## Taken from the files, and assumed",
  "",
  "From the measured runs, in turn, as set-up: `start_spread_s`, `joiner_spawn_s` and `restart_at_s`. Assumed, each a",
  "constant beside the scenario that uses it:",
  "",
  "| what | value | where |",
  "|---|---|---|",
  "| from the last awaited event of a cold start to the end of the capture | 2 s and up to 10 ms | `scenarios/cold.ts` |",
  "| the same when a node joins | 1.5 s | `scenarios/addnode.ts` |",
  "| from convergence to the fault, beyond the 2 s of rest | up to 0.1 s | `scenarios/converge.ts` |",
  "| logs are read on after the capture of refused peers | 1 s | `scenarios/refused.ts` |",
  "| the watch after a failure ends when a look each 0.5 s finds no route left, and 1 s later | | `scenarios/fail.ts` |",
  "| between two starts where the file does not say | 6 ms | `lab/starts.ts` |",
  "| delay of the bridge | 2 µs | `lab/bridge.ts` |",
  "| cores | all, but other work has those beyond the first for one CPU's worth, shared evenly (half of the time of two); and a stranger while daemons are spawned together | `lab/lab.ts` |",
];

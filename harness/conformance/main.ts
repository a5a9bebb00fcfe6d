// npm run -s conformance -- --set NAME --data DIR [--json]
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { nearestName } from "@calico-sim/core";
import { CONFORMANCE_SETS } from "./registry.js";
import { formatReport, runSet } from "./run.js";

const USAGE = `usage: npm run -s conformance -- --set NAME --data DIR [--json]

  --set NAME   ${Object.keys(CONFORMANCE_SETS).join(", ")}
  --data DIR   folder of cases: the set's own folder, or any of the same format
  --json       print {set, cases, passed, failed, unsupported}

exit status: 0 nothing failed, 1 a case failed, 2 the command could not run`;

/** Bad usage: what is wrong, in words a person can act on. */
class UsageError extends Error {}

interface Command {
  readonly set: string;
  readonly folder: string;
  readonly json: boolean;
}

function readCommand(args: readonly string[]): Command | "help" {
  let values: { set?: string; data?: string; json?: boolean; help?: boolean };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        set: { type: "string" },
        data: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return "help";
  const { set, data } = values;
  if (set === undefined || data === undefined)
    throw new UsageError("--set and --data are required");
  if (!Object.hasOwn(CONFORMANCE_SETS, set)) {
    const known = Object.keys(CONFORMANCE_SETS);
    const near = nearestName(set, known);
    const hint = near === undefined ? `known sets: ${known.join(", ")}` : `did you mean "${near}"?`;
    throw new UsageError(`there is no conformance set "${set}"; ${hint}`);
  }
  // npm runs scripts in the project's root; a relative folder is meant from where npm was called.
  const folder = resolve(process.env["INIT_CWD"] ?? process.cwd(), data);
  if (!existsSync(folder)) throw new UsageError(`folder ${data} does not exist`);
  if (!statSync(folder).isDirectory()) throw new UsageError(`${data} is not a folder`);
  return { set, folder, json: values.json === true };
}

async function main(): Promise<number> {
  try {
    const command = readCommand(process.argv.slice(2));
    if (command === "help") {
      process.stdout.write(`${USAGE}\n`);
      return 0;
    }
    const report = await runSet(command.set, command.folder, CONFORMANCE_SETS[command.set]);
    if (report.cases === 0)
      throw new UsageError(`no case (*.json with an id) below ${command.folder}`);
    process.stdout.write(
      command.json ? `${JSON.stringify(report, undefined, 1)}\n` : formatReport(report),
    );
    return report.failed.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`conformance: ${error.message}\n\n${USAGE}\n`);
    return 2;
  }
}

process.exitCode = await main();

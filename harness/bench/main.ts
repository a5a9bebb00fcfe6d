import { parseArgs } from "node:util";
import { BENCHES } from "./registry.js";
import { type Line, runSize } from "./run.js";
import { table } from "./table.js";

/** What a call asks for, or what is wrong with it. */
type Call =
  | {
      readonly json: boolean;
      readonly only: string | undefined;
      readonly runs: number;
      readonly small: boolean;
      /** Of the benchmark in `only`; need not be one of its sizes. */
      readonly size: string | undefined;
    }
  | { readonly problem: string };

/**
 * `npm run -s bench -- [--json] [--only NAME [--size SIZE]] [--runs N] [--small]`: measures speed and memory. Exit 0:
 * measured, whatever the figures; 1: something did not run; 2: the call was wrong.
 */
async function main(words: readonly string[]): Promise<number> {
  const call = read(words);
  if ("problem" in call) {
    process.stderr.write(
      `bench: ${call.problem}\nusage: npm run -s bench -- [--json] [--only NAME [--size SIZE]] [--runs N] [--small]\n`,
    );
    return 2;
  }
  const lines: Line[] = [];
  for (const bench of BENCHES) {
    if (call.only !== undefined && call.only !== bench.name) continue;
    const sizes = call.small ? bench.small : bench.sizes;
    for (const size of call.size === undefined ? sizes : [call.size]) {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${bench.name} ${size}`);
      try {
        lines.push(...(await runSize(bench, size, call.runs)));
      } catch (error) {
        process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
        return 1;
      }
    }
  }
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  const text = call.json
    ? `${JSON.stringify({ results: lines.map((line) => line.result) })}\n`
    : table(lines);
  process.stdout.write(text);
  return 0;
}

function read(words: readonly string[]): Call {
  let values: { json?: boolean; only?: string; runs?: string; small?: boolean; size?: string };
  try {
    values = parseArgs({
      args: [...words],
      options: {
        json: { type: "boolean" },
        only: { type: "string" },
        runs: { type: "string" },
        small: { type: "boolean" },
        size: { type: "string" },
      },
    }).values;
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  const { json = false, only, small = false, size } = values;
  if (only !== undefined && !BENCHES.some((bench) => bench.name === only)) {
    const names = BENCHES.map((bench) => bench.name).join(", ");
    return { problem: `there is no benchmark "${only}"; there are ${names}` };
  }
  if (size !== undefined && only === undefined) return { problem: "--size needs --only" };
  const runs = Number(values.runs ?? 3);
  if (!Number.isInteger(runs) || runs < 1 || runs > 1_000) {
    return { problem: `--runs ${String(values.runs)} is not a whole number from 1 to 1000` };
  }
  return { json, only, runs, small, size };
}

process.exitCode = await main(process.argv.slice(2));

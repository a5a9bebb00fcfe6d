import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ChildReport } from "./child.js";
import { type Bench, type BenchResult, median, type Sample, type Target } from "./scenario.js";

/** A result, and what the table says beside it. */
export interface Line {
  readonly result: BenchResult;
  readonly detail: string;
  readonly target: Target | undefined;
}

/** Runs one size of a benchmark in processes of its own and takes medians. */
export async function runSize(bench: Bench, size: string, runs: number): Promise<Line[]> {
  const reports: ChildReport[] = [];
  for (let i = 0; i < (bench.fresh ? runs : 1); i++) {
    reports.push(await child(bench.name, size, bench.fresh ? 1 : runs));
  }
  const samples = reports.flatMap((report) => report.runs);
  const peakRssMb = Math.round(Math.max(...reports.map((report) => report.peakRssMb)));
  return (samples[0] ?? []).map((first, line) => {
    const all = samples.map((run) => run[line]!);
    const { size: label, yardstick } = first;
    const result: BenchResult = {
      name: bench.name,
      size: label,
      wallMs: rounded(median(all.map((sample) => sample.wallMs))),
      peakRssMb,
      yardstick,
      ratio: rounded(median(all.map((sample) => sample.ratio))),
    };
    return { result, detail: middle(all).detail, target: first.target };
  });
}

/** The run whose time is the median, for its details. */
function middle(samples: readonly Sample[]): Sample {
  return [...samples].sort((x, y) => x.wallMs - y.wallMs)[(samples.length - 1) >> 1]!;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function child(name: string, size: string, runs: number): Promise<ChildReport> {
  return new Promise((resolve, reject) => {
    const process = fork(
      fileURLToPath(new URL("./child.ts", import.meta.url)),
      [name, size, String(runs)],
      {
        execArgv: ["--import", import.meta.resolve("tsx"), "--conditions", "@calico-sim/source"],
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      },
    );
    let report: ChildReport | undefined;
    process.on("message", (message) => {
      report = message as ChildReport;
    });
    process.on("error", reject);
    process.on("exit", (code, signal) => {
      if (report !== undefined) resolve(report);
      else reject(new Error(`${name} ${size} ended with ${String(signal ?? code)} and no result`));
    });
  });
}

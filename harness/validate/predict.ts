import { type Summary, summarise } from "./agreement.js";
import { type ColdStart, coldStart } from "./lab.js";
import { type GroundTruthFile, notModelled } from "./parameters.js";

/** The prediction for one ground-truth file. */
export interface Prediction {
  readonly file: string;
  readonly predicted: Readonly<Record<string, Summary>>;
  readonly seeds: number;
  /** What is not modelled, and what the set-up took from the file. */
  readonly notes: readonly string[];
}

/** Simulates a configuration over a number of seeds and summarises each run as the measurement was. */
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
    Array.from({ length: seeds }, (_, seed) => metricsOf(coldStart(file, seed))),
  );
  const predicted: Record<string, Summary> = {};
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

/** One run's figures by the names of the ground truth's `summary`; undefined where a run has none. */
export type RunMetrics = Readonly<Record<string, number | undefined>>;

/** Summarises runs as the measurement was. */
export function summariseRuns(runs: readonly RunMetrics[]): Record<string, Summary> {
  const columns = new Map<string, number[]>();
  for (const run of runs) {
    for (const [metric, value] of Object.entries(run)) {
      if (value === undefined) continue;
      const column = columns.get(metric);
      if (column === undefined) columns.set(metric, [value]);
      else column.push(value);
    }
  }
  return Object.fromEntries([...columns].map(([metric, values]) => [metric, summarise(values)]));
}

/** The figures of one simulated run. */
export function metricsOf(run: ColdStart): RunMetrics {
  const { wire } = run;
  return {
    session_established_median_s: median(run.established),
    session_established_last_s: maximum(run.established),
    session_established_first_s: minimum(run.established),
    fib_complete_median_s: median(run.fibComplete),
    fib_complete_last_s: maximum(run.fibComplete),
    recovery_done_last_s: maximum(run.recoveryDone),
    messages_total: wire.messages.total,
    bgp_bytes_total: wire.bytes.total,
    open: wire.messages.open,
    update: wire.messages.update,
    keepalive: wire.messages.keepalive,
    notification: wire.messages.notification,
    update_reach: wire.update.reach,
    update_nlri: wire.update.nlri,
    update_withdraw: wire.update.withdraw,
    end_of_rib: wire.update.endOfRib,
    tcp_connects: wire.tcp.connects,
    tcp_refused: wire.tcp.refused,
    cpu_seconds_all_daemons: run.cpuSeconds,
  };
}

function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((x, y) => x - y);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}

function maximum(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((x, y) => Math.max(x, y));
}

function minimum(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((x, y) => Math.min(x, y));
}

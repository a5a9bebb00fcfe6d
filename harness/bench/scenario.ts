/** One line of the benchmark; the form that `npm run -s bench -- --json` prints. */
export interface BenchResult {
  readonly name: string;
  readonly size: string;
  /** Median over the runs, milliseconds. */
  readonly wallMs: number;
  /** Peak resident memory of the process that ran it, megabytes (2^20 bytes). */
  readonly peakRssMb: number;
  /** What `ratio` compares with; measured in the same process as what it is compared with. */
  readonly yardstick: string;
  readonly ratio: number;
}

/** What one run of one line gives; the parent takes medians over runs. */
export interface Sample {
  readonly size: string;
  readonly wallMs: number;
  readonly yardstick: string;
  readonly ratio: number;
  /** What happened, for the table: sessions, events, rates. */
  readonly detail: string;
  /** Whether a figure meets the project's own target; undefined = there is none for this line. */
  readonly target?: Target;
}

/** A bound on one figure of a line. */
export interface Target {
  readonly figure: "wallMs" | "peakRssMb" | "ratio";
  readonly atLeast?: number;
  readonly atMost?: number;
  /** A second bound, on memory. */
  readonly rssMbAtMost?: number;
}

/** A benchmark; each is run in a process of its own. */
export interface Bench {
  readonly name: string;
  /** Sizes that can be asked for one by one; each is a process. */
  readonly sizes: readonly string[];
  /** Sizes small enough for a smoke test. */
  readonly small: readonly string[];
  /**
   * `fresh`: every run is the first of its process, as a user meets it. Otherwise the runs of a size
   * share a process, after a warm-up.
   */
  readonly fresh: boolean;
  /** One run of a size. Called once more before the first measured run, unless `fresh`. */
  run(size: string): Sample[];
}

/** Milliseconds that something takes. */
export function timed(work: () => void): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}

/** The middle value; the mean of both for an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}

/** `1234567` as `1,234,567`. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

import { BENCHES } from "./registry.js";
import type { Sample } from "./scenario.js";

/** What a child tells its parent. */
export interface ChildReport {
  /** By run, then line. */
  readonly runs: readonly (readonly Sample[])[];
  readonly peakRssMb: number;
}

/** One size of one benchmark, in a process of its own: `child.ts NAME SIZE RUNS`. */
function main([name, size = "", runs = "1"]: readonly string[]): void {
  const bench = BENCHES.find((each) => each.name === name);
  if (bench === undefined) throw new Error(`there is no benchmark "${String(name)}"`);
  if (!bench.fresh) bench.run(size);
  const report: ChildReport = {
    runs: Array.from({ length: Number(runs) }, () => bench.run(size)),
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  };
  process.send?.(report);
}

main(process.argv.slice(2));

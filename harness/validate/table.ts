import { medianOf } from "./agreement.js";
import type { Measured } from "./ground-truth.js";
import { count, type FileVerdicts } from "./verdicts.js";

/** Every metric of every file, for people at a terminal. */
export function verdictTable(files: readonly FileVerdicts[]): string {
  const lines: string[] = [];
  for (const { file, prediction, verdicts } of files) {
    lines.push(`${file} (${String(prediction.seeds)} seeds)`);
    for (const { metric, measured, predicted, differs } of verdicts) {
      const verdict = differs === undefined ? "agrees" : `DIFFERS: ${differs}`;
      const cells = `${cell(measured).padEnd(30)} ${cell(predicted).padEnd(30)}`;
      lines.push(`  ${metric.padEnd(32)} ${cells}  ${verdict}`);
    }
    for (const note of prediction.notes) lines.push(`  note: ${note}`);
  }
  const { agree, all } = count(files.flatMap(({ verdicts }) => verdicts));
  lines.push("");
  lines.push(
    `${String(agree)} of ${String(all)} metrics agree (measured | predicted: median [min..max])`,
  );
  return `${lines.join("\n")}\n`;
}

/** Median and range of a distribution. */
export function cell(of: Measured | undefined): string {
  if (of === undefined) return "–";
  const text = (value: number | undefined): string => (value === undefined ? "?" : String(value));
  return `${text(medianOf(of))} [${text(of.min)}..${text(of.max)}]`;
}

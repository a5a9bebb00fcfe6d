import type { Line } from "./run.js";
import type { Target } from "./scenario.js";

const HEAD = ["", "size", "wall", "peak RSS", "ratio", "target", ""] as const;

/** The lines as a table for people, yardsticks and details below. */
export function table(lines: readonly Line[]): string {
  const rows = lines.map(({ result, target }, i) => {
    const above = lines[i - 1]?.result.name;
    return [
      result.name === above ? "" : result.name,
      result.size,
      result.wallMs >= 10_000
        ? `${(result.wallMs / 1_000).toFixed(1)} s`
        : `${result.wallMs.toFixed(0)} ms`,
      `${String(result.peakRssMb)} MB`,
      `${result.ratio >= 100 ? result.ratio.toFixed(0) : result.ratio.toFixed(2)}x`,
      targetText(target),
      verdict(lines[i]!),
    ];
  });
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]!.length)),
  );
  const text = [[...HEAD], ...rows].map((row) =>
    row
      .map((cell, c) => (c >= 2 && c <= 4 ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)))
      .join("  ")
      .trimEnd(),
  );
  const notes = lines.map(({ result, detail }) => `  ${result.name}, ${result.size}: ${detail}`);
  const yardsticks = [...new Map(lines.map(({ result }) => [result.name, result.yardstick]))].map(
    ([name, yardstick]) => `  ${name}: ${yardstick}`,
  );
  return [...text, "", "ratio", ...yardsticks, "", "details", ...notes, ""].join("\n");
}

function targetText(target: Target | undefined): string {
  if (target === undefined) return "";
  const unit = target.figure === "wallMs" ? " ms" : target.figure === "peakRssMb" ? " MB" : "x";
  const bound =
    target.atLeast === undefined ? `<= ${String(target.atMost)}` : `>= ${String(target.atLeast)}`;
  const memory = target.rssMbAtMost === undefined ? "" : `, <= ${String(target.rssMbAtMost)} MB`;
  return `${bound}${unit}${memory}`;
}

function verdict({ result, target }: Line): string {
  if (target === undefined) return "";
  const value = result[target.figure];
  const met =
    value >= (target.atLeast ?? 0) &&
    value <= (target.atMost ?? Number.POSITIVE_INFINITY) &&
    result.peakRssMb <= (target.rssMbAtMost ?? Number.POSITIVE_INFINITY);
  return met ? "met" : "MISSED";
}

/** Of Go's text/tabwriter as `calicoctl get` sets it up (calico: calicoctl/calicoctl/commands/common/printer.go). */
const COLUMN = { min: 5, padding: 3 } as const;

/**
 * A table without lines: columns as wide as their longest cell and three blanks, the last one too, and an empty
 * line behind the table (control-plane-behaviour §6.5).
 */
export function formatTabTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, i) =>
    Math.max(COLUMN.min, ...all.map((row) => (row[i] ?? "").length + COLUMN.padding)),
  );
  const line = (row: readonly string[]): string =>
    widths.map((width, i) => (row[i] ?? "").padEnd(width)).join("");
  return `${all.map(line).join("\n")}\n\n`;
}

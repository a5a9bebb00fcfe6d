/** How calicoctl's boxed tables look. */
export type BoxStyle =
  /** Everything to the left, as today's library does it. */
  | "left"
  /** Headings centred, figures to the right, cells wrapped at 30 characters: the library before. */
  | "centred";

/** A table in a box of `+`, `-` and `|` (control-plane-behaviour §6.1). */
export interface BoxTable {
  /** Printed in capitals. */
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns whose cells stand to the right, in the style `left`. */
  readonly right?: readonly number[];
}

/** Cells wider than this are wrapped at blanks (tablewriter: MAX_ROW_WIDTH). */
const WRAP_WIDTH = 30;

/** What the older library takes for a figure and puts to the right (tablewriter: table.go). */
const FIGURE = /^-?(?:\d{1,3}(?:,\d{3})*|\d+)(?:\.\d+)?%?$/;

/** Lays a table out; the last line has no newline behind it. */
export function formatBoxTable(table: BoxTable, style: BoxStyle = "left"): string {
  const centred = style === "centred";
  const headings = table.headings.map((heading) => heading.toUpperCase());
  const rows = table.rows.map((row) => row.map((cell) => (centred ? wrap(cell) : [cell])));
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => cellWidth(row[i] ?? [""]))),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+`;
  const heading = headings.map((text, i) => {
    const width = widths[i] ?? 0;
    return centred ? centre(text, width) : text.padEnd(width);
  });
  const body = rows.flatMap((row) => {
    const height = Math.max(...row.map((cell) => cell.length));
    return Array.from({ length: height }, (_, y) =>
      line(
        widths.map((width, i) => {
          const text = row[i]?.[y] ?? "";
          const right = centred ? FIGURE.test(text) : table.right?.includes(i) === true;
          return right ? text.padStart(width) : text.padEnd(width);
        }),
      ),
    );
  });
  return [rule, line(heading), rule, ...body, rule].join("\n");
}

/** A wrapped cell makes its column as wide as the limit, however short its lines came out. */
function cellWidth(lines: readonly string[]): number {
  const longest = Math.max(...lines.map((text) => text.length));
  return lines.length > 1 ? Math.max(longest, WRAP_WIDTH) : longest;
}

function wrap(cell: string): readonly string[] {
  const lines: string[] = [];
  for (const word of cell.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WRAP_WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Of an odd number of blanks the one more stands right. */
function centre(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return text.padStart(text.length + left).padEnd(width);
}

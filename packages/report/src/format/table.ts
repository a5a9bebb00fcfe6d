/** A column of a {@link Table}. */
export interface Column {
  readonly label: string;
  /** A heading over neighbouring columns that name the same one. */
  readonly group?: string;
  /** @defaultValue `right`, as figures want it */
  readonly align?: "left" | "right";
  /** This column gives way, by wrapping at spaces, when the table is wider than the page. */
  readonly wrap?: boolean;
}

/** A row of a {@link Table}. */
export interface Row {
  readonly cells: readonly string[];
  /** Sentences that stand under the row. */
  readonly notes?: readonly string[];
  /** Draws the eye: something in this row is wrong. */
  readonly alarm?: boolean;
}

/** Figures in rows and columns, for the page of text and for the page of HTML alike. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** Between two columns; twice as much between two groups. */
const GAP = 2;
const WRAP_MIN = 16;

/** How to mark parts of a text; each takes a text and returns it marked. picocolors fits. */
export interface Palette {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
}

const same = (text: string): string => text;

/** Marks nothing: for files and pipes. */
export const PLAIN: Palette = Object.freeze({
  bold: same,
  dim: same,
  red: same,
  yellow: same,
  green: same,
});

/** Lays a table out in a monospaced font. Lines carry no trailing spaces. */
export function formatTable(table: Table, width: number, palette: Palette = PLAIN): string[] {
  const { columns, rows } = table;
  const widths = columns.map((column, i) =>
    Math.max(textWidth(column.label), ...rows.map((row) => textWidth(row.cells[i] ?? ""))),
  );
  const gaps = columns.map((column, i) =>
    i === 0 ? 0 : column.group === columns[i - 1]?.group ? GAP : GAP + 1,
  );
  fit(columns, widths, gaps, width);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => " ".repeat(gaps[i] ?? 0) + pad(cell, widths[i] ?? 0, columns[i]?.align))
      .join("")
      .trimEnd();
  const lines: string[] = [];
  if (columns.some((column) => column.group !== undefined)) {
    lines.push(palette.dim(groupLine(columns, widths, gaps)));
  }
  lines.push(palette.dim(line(columns.map((column) => column.label))));
  for (const row of rows) {
    const cells = columns.map((column, i) => {
      const text = row.cells[i] ?? "";
      return column.wrap === true ? wrap(text, widths[i] ?? text.length) : [text];
    });
    const height = Math.max(...cells.map((cell) => cell.length));
    for (let y = 0; y < height; y++) {
      const text = line(cells.map((cell) => cell[y] ?? ""));
      lines.push(row.alarm === true ? palette.yellow(text) : text);
    }
    for (const note of row.notes ?? []) {
      lines.push(...wrap(note, width - 4).map((text) => palette.dim(`    ${text}`)));
    }
  }
  return lines;
}

/** Narrows the columns that may wrap until the table fits the page, as far as that goes. */
function fit(
  columns: readonly Column[],
  widths: number[],
  gaps: readonly number[],
  width: number,
): void {
  const sum = (of: readonly number[]): number => of.reduce((a, b) => a + b, 0);
  let excess = sum(widths) + sum(gaps) - width;
  columns.forEach((column, i) => {
    if (column.wrap !== true || excess <= 0) return;
    const now = widths[i] ?? 0;
    const narrower = Math.max(Math.min(now, WRAP_MIN), now - excess);
    excess -= now - narrower;
    widths[i] = narrower;
  });
}

function groupLine(
  columns: readonly Column[],
  widths: readonly number[],
  gaps: readonly number[],
): string {
  let text = "";
  let at = 0;
  for (let i = 0; i < columns.length; ) {
    const { group } = columns[i] ?? {};
    at += gaps[i] ?? 0;
    const from = at;
    at += widths[i] ?? 0;
    for (i++; i < columns.length && columns[i]?.group === group; i++) {
      at += (gaps[i] ?? 0) + (widths[i] ?? 0);
    }
    if (group === undefined) continue;
    const room = at - from;
    const rest = Math.max(0, room - textWidth(group) - 2);
    const left = "─".repeat(Math.floor(rest / 2));
    const right = "─".repeat(Math.ceil(rest / 2));
    text = `${text.padEnd(from)}${left === "" ? group.padStart(room) : `${left} ${group} ${right}`}`;
  }
  return text.trimEnd();
}

/** Breaks a text at spaces into lines of at most `width` characters; longer words stay whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line === "") line = word;
    else if (textWidth(line) + 1 + textWidth(word) <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function pad(text: string, width: number, align: Column["align"]): string {
  const space = " ".repeat(Math.max(0, width - textWidth(text)));
  return align === "left" ? text + space : space + text;
}

/** Characters as people count them: none of our texts holds wide or combining ones but as whole code points. */
function textWidth(text: string): number {
  return Array.from(text).length;
}

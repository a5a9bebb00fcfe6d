import type { Column, Row, Table } from "../format/table.js";
import { escapeXml } from "../format/xml.js";

/** A table as HTML; notes become rows of their own. */
export function htmlTable({ columns, rows }: Table): string {
  const head = columns
    .map((column) => `<th scope="col"${classOf(column)}>${escapeXml(column.label)}</th>`)
    .join("");
  return `<div class="scroll"><table><thead>${groupRow(columns)}<tr>${head}</tr></thead><tbody>
${rows.map((row) => htmlRow(columns, row)).join("\n")}
</tbody></table></div>`;
}

function htmlRow(columns: readonly Column[], row: Row): string {
  const cells = columns
    .map((column, i) => `<td${classOf(column)}>${escapeXml(row.cells[i]?.trim() ?? "")}</td>`)
    .join("");
  const notes = (row.notes ?? []).map(
    (note) =>
      `<tr class="note"><td colspan="${String(columns.length)}">${escapeXml(note)}</td></tr>`,
  );
  return `<tr${row.alarm === true ? ' class="alarm"' : ""}>${cells}</tr>${notes.join("")}`;
}

function groupRow(columns: readonly Column[]): string {
  if (!columns.some((column) => column.group !== undefined)) return "";
  const groups: { label: string | undefined; span: number }[] = [];
  for (const { group } of columns) {
    const last = groups.at(-1);
    if (last !== undefined && last.label === group) last.span += 1;
    else groups.push({ label: group, span: 1 });
  }
  const cells = groups.map(({ label, span }) =>
    label === undefined
      ? `<td colspan="${String(span)}"></td>`
      : `<th class="group" scope="colgroup" colspan="${String(span)}">${escapeXml(label)}</th>`,
  );
  return `<tr>${cells.join("")}</tr>`;
}

function classOf(column: Column): string {
  const classes = [
    column.align === "left" ? "left" : "",
    column.wrap === true ? "wrap" : "",
  ].filter((name) => name !== "");
  return classes.length === 0 ? "" : ` class="${classes.join(" ")}"`;
}

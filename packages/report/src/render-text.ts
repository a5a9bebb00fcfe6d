import { type Result, withoutNulls } from "@calico-sim/cluster";
import { advise } from "./advise.js";
import { formatTable, type Palette, PLAIN, wrap } from "./format/table.js";
import { checkTextOptions } from "./options-check.js";
import { heading, sectionsOf } from "./sections.js";

/** Options of {@link renderText}. */
export interface TextOptions {
  /** The same cluster without Typha (or with), shown beside. */
  readonly compare?: Result;
  /** Characters a line may have; tables with long names may be wider. @defaultValue 110 */
  readonly width?: number;
  /** Marks parts of the page, e.g. picocolors. @defaultValue plain text */
  readonly colour?: Palette;
}

/**
 * A run as one page of text, ending in a newline.
 *
 * Same result, same bytes. Nothing but text unless a palette is given.
 *
 * @throws ClusterError when an option is wrong.
 */
export function renderText(result: Result, options: TextOptions = {}): string {
  checkTextOptions(result, options);
  const { compare, width = 110, colour = PLAIN } = withoutNulls(options);
  const [first = "", ...rest] = heading(result);
  const lines: string[] = [
    ...wrap(first, width).map((line) => colour.bold(line)),
    ...rest.flatMap((line) => wrap(line, width)),
  ];
  for (const section of sectionsOf(result, compare)) {
    lines.push("", colour.bold(section.title));
    for (const sentence of section.lead) {
      lines.push(...wrap(sentence, width - 2).map((line) => colour.dim(`  ${line}`)));
    }
    if (section.table !== undefined) {
      lines.push(...formatTable(section.table, width - 2, colour).map((line) => `  ${line}`));
    }
  }
  if (result.findings.length > 0) {
    lines.push("", colour.bold("Findings"));
    for (const finding of result.findings) {
      lines.push(...bullet(finding.code, finding.text, width).map((line) => colour.yellow(line)));
    }
  }
  lines.push("", colour.bold("Advice"));
  const advice = advise(result, compare);
  for (const { text, because } of advice) {
    const [head = "", ...more] = wrap(`${text} ${because}`, width - 4);
    lines.push(`  - ${head}`, ...more.map((line) => `    ${line}`));
  }
  if (advice.length === 0) lines.push("  - Nothing in this run calls for a change.");
  lines.push("", colour.dim(`digest ${result.digest}`), "");
  return lines.join("\n");
}

function bullet(head: string, text: string, width: number): string[] {
  const [first = "", ...more] = wrap(`${head}: ${text}`, width - 4);
  return [`  - ${first}`, ...more.map((line) => `    ${line}`)];
}

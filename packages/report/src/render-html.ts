import { type Result, withoutNulls } from "@calico-sim/cluster";
import { advise } from "./advise.js";
import { describeCluster } from "./cluster-line.js";
import { most } from "./datastore-section.js";
import { clock, count, counted, seconds } from "./format/quantity.js";
import { escapeXml } from "./format/xml.js";
import { blackholeChart } from "./html/blackhole-chart.js";
import { datastoreChart, stateChart } from "./html/charts.js";
import { convergenceChart } from "./html/convergence-chart.js";
import { STYLE } from "./html/style.js";
import { htmlTable } from "./html/table.js";
import { checkHtmlOptions } from "./options-check.js";
import type { Section } from "./section.js";
import { sectionsOf } from "./sections.js";

/** Options of {@link renderHtml}. */
export interface HtmlOptions {
  /** The same cluster without Typha (or with), shown beside. */
  readonly compare?: Result;
  /** @defaultValue `calico-sim` and the size of the cluster */
  readonly title?: string;
}

/**
 * A run as one HTML file: no script, nothing loaded from anywhere, light and dark.
 *
 * Same result, same bytes.
 *
 * @throws ClusterError when an option is wrong.
 */
export function renderHtml(result: Result, options: HtmlOptions = {}): string {
  checkHtmlOptions(result, options);
  const { compare, title: wanted } = withoutNulls(options);
  const title =
    wanted ?? `calico-sim: ${counted(result.cluster.nodes, "node")}, seed ${result.seed}`;
  const body = [
    `<h1>${escapeXml(title)}</h1>`,
    `<p>${escapeXml(describeCluster(result))}</p>`,
    tiles(result),
    adviceHtml(result, compare),
    ...result.findings.map(
      ({ code, text }) => `<p class="finding"><b>${escapeXml(code)}</b> ${escapeXml(text)}</p>`,
    ),
    steps(result),
    ...sectionsOf(result, compare).map((section) => sectionHtml(section, result, compare)),
    `<h2>Sessions, routes and pods</h2>`,
    figure(stateChart(result), "The fewest of each second (or column, in long runs)."),
    `<footer>calico-sim · seed ${escapeXml(result.seed)} · ${counted(result.events, "event")} · digest <code>${escapeXml(result.digest)}</code></footer>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="generator" content="calico-sim">
<title>${escapeXml(title)}</title>
<style>
${STYLE}
</style>
</head>
<body>
<main>
${body.filter((part) => part !== "").join("\n")}
</main>
</body>
</html>
`;
}

function tiles(result: Result): string {
  const late = Math.max(0, ...result.changes.map((c) => worst(c.controlPlane.maxSeconds)));
  const items: [string, string][] = [
    [result.converged ? "yes" : "no", "converged at the end"],
    [seconds(late), "slowest node after any change"],
    [count(result.blackholes.pairSeconds), "black-holed pair-seconds"],
    [
      count(result.pods.running),
      result.pods.failed > 0 ? `pods running, ${count(result.pods.failed)} failed` : "pods running",
    ],
    [count(most(result.datastore, "watchEvents")), "datastore events in the worst second"],
    [clock(result.simulatedSeconds), "simulated"],
  ];
  const rows = items.map(
    ([figure_, label]) => `<li><b>${escapeXml(figure_)}</b><span>${escapeXml(label)}</span></li>`,
  );
  return `<ul class="tiles">${rows.join("")}</ul>`;
}

function worst(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

function adviceHtml(result: Result, compare: Result | undefined): string {
  const advice = advise(result, compare);
  const items = advice.map(
    ({ text, because, source }) =>
      `<li><b>${escapeXml(text)}</b> ${escapeXml(because)} <span class="source">(${escapeXml(source)})</span></li>`,
  );
  if (items.length === 0) items.push("<li>Nothing in this run calls for a change.</li>");
  return `<h2>Advice</h2>\n<ul class="advice">${items.join("\n")}</ul>`;
}

function steps(result: Result): string {
  const items = result.changes.map(
    (change) =>
      `<li>${escapeXml(change.label)} <span class="soft">at ${clock(change.atSeconds)}</span></li>`,
  );
  return `<h2>What happened</h2>\n<ol class="steps">${items.join("")}</ol>`;
}

function sectionHtml(section: Section, result: Result, compare: Result | undefined): string {
  return [
    `<h2 id="${section.id}">${escapeXml(section.title)}</h2>`,
    ...section.lead.map((text) => `<p class="soft">${escapeXml(text)}</p>`),
    figureOf(section, result, compare),
    section.table === undefined ? "" : htmlTable(section.table),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function figureOf(section: Section, result: Result, compare: Result | undefined): string {
  switch (section.id) {
    case "convergence":
      return figure(
        convergenceChart(result),
        "How long each of the nodes touched was wrong, logarithmic.",
      );
    case "datastore":
      return figure(
        datastoreChart(result, compare),
        "The most of each second (or column, in long runs); numbers on top are the steps above.",
      );
    case "blackholes":
      return result.blackholes.total === 0
        ? ""
        : figure(
            blackholeChart(result),
            "A bar spans the intervals that one change caused for one reason.",
          );
    case "pods":
    case "typha":
    case "utilisation":
      return "";
  }
}

function figure(svg: string, caption: string): string {
  return `<figure>${svg}<figcaption>${escapeXml(caption)}</figcaption></figure>`;
}

import type { ChangeResult, Convergence, Result } from "@calico-sim/cluster";
import { type ScaleLogarithmic, scaleLog } from "d3-scale";
import { count, seconds } from "../format/quantity.js";
import { plot, WIDTH } from "./frame.js";
import { content, element } from "./svg.js";

const NAMES = 250;
const RIGHT = 90;
const TOP = 34;
const ROW = 46;
/** Seconds; faster is drawn at the edge. */
const FASTEST = 0.001;

const TICKS = [0.001, 0.01, 0.1, 1, 10, 60, 300, 1800];

/** For each change, how long it took: p50, p99 and the slowest, on a logarithmic axis. */
export function convergenceChart(result: Result): string {
  const changes = result.changes.map((change, i) => ({ change, number: i + 1 }));
  const shown = changes.filter(
    ({ change }) => touched(change.controlPlane) || touched(change.dataPlane),
  );
  const slowest = Math.max(
    1,
    ...shown.flatMap(({ change: { controlPlane, dataPlane } }) =>
      [controlPlane, dataPlane].map((c) => (c.nodes > 0 ? c.maxSeconds : 0)),
    ),
  );
  const fastest = Math.min(
    0.1,
    ...shown.flatMap(({ change: { controlPlane, dataPlane } }) =>
      [controlPlane, dataPlane].map((c) => (c.nodes > 0 ? c.p50Seconds : 0.1)),
    ),
  );
  const first = TICKS.findLast((tick) => tick <= fastest) ?? FASTEST;
  const x = scaleLog()
    .domain([first, slowest * 1.3])
    .range([NAMES, WIDTH - RIGHT])
    .clamp(true);
  const bottom = TOP + shown.length * ROW;
  const grid = TICKS.filter((tick) => tick >= first && tick <= slowest * 1.3).map(
    (tick) =>
      element("line", { class: "grid", x1: x(tick), x2: x(tick), y1: TOP - 8, y2: bottom }) +
      element(
        "text",
        { class: "tick", x: x(tick), y: bottom + 16, "text-anchor": "middle" },
        seconds(tick),
      ),
  );
  return plot(
    "convergence",
    bottom + 26,
    "Convergence of each change",
    shown.map(({ change }) => describe(change)).join(" "),
    ...grid,
    legend(),
    ...shown.map(({ change, number }, i) => drawRow(change, number, x, TOP + i * ROW)),
  );
}

function touched({ nodes, unconverged }: Convergence): boolean {
  return nodes + unconverged > 0;
}

function describe({ label, controlPlane, dataPlane }: ChangeResult): string {
  const of = (name: string, c: Convergence): string =>
    c.nodes === 0
      ? ""
      : `, ${name} p50 ${seconds(c.p50Seconds)}, p99 ${seconds(c.p99Seconds)}, max ${seconds(c.maxSeconds)}`;
  return `${label}${of("control plane", controlPlane)}${of("data plane", dataPlane)}.`;
}

function legend(): string {
  return element(
    "g",
    {},
    element("text", { class: "name c1", x: NAMES, y: 14 }, "control plane"),
    element("text", { class: "name c2", x: NAMES + 100, y: 14 }, "data plane"),
    element("text", { class: "tick", x: NAMES + 190, y: 14 }, "● p50   ◦ p99   | slowest node"),
  );
}

function drawRow(
  change: ChangeResult,
  number: number,
  x: ScaleLogarithmic<number, number>,
  top: number,
): string {
  const { label, controlPlane, dataPlane } = change;
  const short = label.length > 34 ? `${label.slice(0, 33)}…` : label;
  return element(
    "g",
    {},
    element("title", {}, content(describe(change))),
    element(
      "text",
      { class: "name", x: NAMES - 14, y: top + 22, "text-anchor": "end" },
      content(`${String(number)}  ${short}`),
    ),
    strip(controlPlane, "c1", x, top + 10),
    strip(dataPlane, "c2", x, top + 26),
  );
}

function strip(
  c: Convergence,
  colour: string,
  x: ScaleLogarithmic<number, number>,
  y: number,
): string {
  if (!touched(c)) return "";
  const late = c.unconverged > 0 ? `, ${count(c.unconverged)} late` : "";
  if (c.nodes === 0) {
    return element(
      "text",
      { class: `name ${colour}`, x: x.range()[0] ?? 0, y: y + 4 },
      `all ${count(c.unconverged)} late`,
    );
  }
  const [p50, p99, max] = [c.p50Seconds, c.p99Seconds, c.maxSeconds].map((s) =>
    x(Math.max(FASTEST, s)),
  );
  return (
    element("line", { class: `line ${colour}`, x1: p50, x2: max, y1: y, y2: y }) +
    element("circle", { class: `dot ${colour}`, cx: p50, cy: y, r: 4 }) +
    element("circle", { class: `ring ${colour}`, cx: p99, cy: y, r: 3.5 }) +
    element("line", { class: `line ${colour}`, x1: max, x2: max, y1: y - 5, y2: y + 5 }) +
    element(
      "text",
      { class: "tick", x: (max ?? 0) + 8, y: y + 4 },
      content(`${seconds(c.maxSeconds)}${late}`),
    )
  );
}

import type { Result } from "@calico-sim/cluster";
import { scaleLinear, scaleSymlog } from "d3-scale";
import { area, curveStepAfter, line } from "d3-shape";
import { count } from "../format/quantity.js";
import {
  apart,
  LEFT,
  plot,
  RIGHT,
  stepMarks,
  type TimeScale,
  TOP,
  timeAxis,
  timeScale,
  WIDTH,
} from "./frame.js";
import { content, element } from "./svg.js";

/** A value that holds for a second, or longer where a run is long. */
export interface TimeValue {
  readonly second: number;
  readonly value: number;
}

/** A line of a {@link Panel}. */
export interface Line {
  /** Stands at the end of the line. */
  readonly label: string;
  /** A second line of the label, smaller. */
  readonly note?: string;
  /** Class of the style sheet that colours it. */
  readonly colour: string;
  readonly values: readonly TimeValue[];
  readonly fill?: boolean;
}

/** One pair of axes; panels of a chart share the time axis. */
export interface Panel {
  readonly title: string;
  readonly height: number;
  /** @defaultValue `linear` */
  readonly scale?: "linear" | "symlog";
  readonly lines: readonly Line[];
}

const PANEL_GAP = 34;
/** Columns that a plot can show; longer runs are thinned to these. */
const COLUMNS = 300;

/** Panels over one time axis, with the scenario's steps as marks through all of them. */
export function timeChart(
  result: Result,
  chart: {
    readonly id: string;
    readonly title: string;
    readonly description: string;
    readonly panels: readonly Panel[];
  },
): string {
  const x = timeScale(result);
  const parts: string[] = [];
  let top = TOP + 14;
  for (const panel of chart.panels) {
    parts.push(drawPanel(panel, x, top));
    top += panel.height + PANEL_GAP;
  }
  const bottom = top - PANEL_GAP;
  const axis = timeAxis(x, TOP, bottom);
  const marks = stepMarks(result, x, bottom);
  return plot(chart.id, bottom + 26, chart.title, chart.description, axis, marks, ...parts);
}

function drawPanel(panel: Panel, x: TimeScale, top: number): string {
  const bottom = top + panel.height;
  const most = Math.max(1, ...panel.lines.flatMap((l) => l.values.map((v) => v.value)));
  const symlog = panel.scale === "symlog";
  const y = symlog
    ? scaleSymlog().domain([0, most]).range([bottom, top])
    : scaleLinear().domain([0, most]).nice(3).range([bottom, top]);
  const ticks = symlog ? powersOfTen(most) : y.ticks(3).filter(Number.isInteger);
  const grid = ticks.map((tick) => {
    const at = y(tick);
    return (
      element("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: at, y2: at }) +
      element("text", { class: "tick", x: LEFT - 8, y: at + 4, "text-anchor": "end" }, count(tick))
    );
  });
  const end = x.domain()[1] ?? 1;
  const drawn = panel.lines.map(({ values, colour, fill }) => {
    const points = [...values, { second: end, value: values.at(-1)?.value ?? 0 }];
    const path = line<TimeValue>(
      (v) => x(v.second),
      (v) => y(v.value),
    )
      .curve(curveStepAfter)
      .digits(1)(points);
    const filled = area<TimeValue>(
      (v) => x(v.second),
      y(0),
      (v) => y(v.value),
    )
      .curve(curveStepAfter)
      .digits(1)(points);
    return (
      (fill === true ? element("path", { class: `area ${colour}`, d: filled ?? "" }) : "") +
      element("path", { class: `line ${colour}`, d: path ?? "" })
    );
  });
  const wishes = panel.lines.map((l) => y(l.values.at(-1)?.value ?? 0));
  const noted = panel.lines.some((l) => l.note !== undefined);
  const labels = apart(wishes, noted ? 32 : 15, bottom - (noted ? 16 : 0));
  const names = panel.lines.map(({ label, note, colour }, i) => {
    const at = labels[i] ?? 0;
    const attributes = { x: WIDTH - RIGHT + 8, class: `name ${colour}` };
    return (
      element("text", { ...attributes, y: at + 4 }, content(label)) +
      (note === undefined
        ? ""
        : element("text", { x: WIDTH - RIGHT + 8, y: at + 18, class: "tick" }, content(note)))
    );
  });
  const title = element("text", { class: "panel", x: LEFT, y: top - 8 }, content(panel.title));
  return [...grid, ...drawn, ...names, title].join("");
}

function powersOfTen(most: number): number[] {
  const ticks = [0];
  for (let power = 1; power <= most; power *= 10) ticks.push(power);
  return ticks.length > 6 ? ticks.filter((_, i) => i === 0 || i % 2 === 1) : ticks;
}

/** At most {@link COLUMNS} values, each the chosen one of the seconds it stands for; equal neighbours once. */
export function thin(
  values: readonly TimeValue[],
  choose: (a: number, b: number) => number,
): readonly TimeValue[] {
  const width = Math.max(1, Math.ceil(values.length / COLUMNS));
  const thinned: TimeValue[] = [];
  for (let i = 0; i < values.length; i += width) {
    const bucket = values.slice(i, i + width).map((v) => v.value);
    const value = bucket.reduce((a, b) => choose(a, b));
    if (thinned.at(-1)?.value !== value) thinned.push({ second: values[i]?.second ?? 0, value });
  }
  return thinned;
}

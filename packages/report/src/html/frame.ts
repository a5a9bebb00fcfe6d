import type { Result } from "@calico-sim/cluster";
import { type ScaleLinear, scaleLinear } from "d3-scale";
import { clock } from "../format/quantity.js";
import { content, element } from "./svg.js";

/** Width of every plot, in the units of its view box. */
export const WIDTH = 960;
/** Room for the labels of the y axis, and for the names at the ends of lines. */
export const LEFT = 64;
export const RIGHT = 150;
/** Room for the numbers of the scenario steps. */
export const TOP = 26;

const TICK_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];
const TICKS_MAX = 11;
/** Nearer marks share one number. */
const MARK_GAP = 16;

/** Simulated seconds to x. */
export type TimeScale = ScaleLinear<number, number>;

/** The time axis that all plots of a run share. */
export function timeScale(result: Result): TimeScale {
  return scaleLinear()
    .domain([0, Math.max(1, result.simulatedSeconds)])
    .range([LEFT, WIDTH - RIGHT]);
}

/** Ticks of the time axis at round minutes, with grid lines from `top` to `bottom`. */
export function timeAxis(x: TimeScale, top: number, bottom: number): string {
  const end = x.domain()[1] ?? 1;
  const step = TICK_SECONDS.find((s) => end / s <= TICKS_MAX) ?? Math.ceil(end / 36_000) * 3600;
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
  return ticks
    .map((tick) => {
      const at = x(tick);
      return (
        element("line", { class: "grid", x1: at, x2: at, y1: top, y2: bottom }) +
        element(
          "text",
          { class: "tick", x: at, y: bottom + 16, "text-anchor": "middle" },
          clock(tick),
        )
      );
    })
    .join("");
}

/** The scenario: a numbered vertical mark for each step. */
export function stepMarks(result: Result, x: TimeScale, bottom: number): string {
  const marks: { at: number; numbers: number[]; labels: string[] }[] = [];
  result.changes.forEach((change, i) => {
    const at = x(change.atSeconds);
    const last = marks.at(-1);
    const label = `${String(i + 1)}: ${change.label} at ${clock(change.atSeconds)}`;
    if (last !== undefined && at - last.at < MARK_GAP) {
      last.numbers.push(i + 1);
      last.labels.push(label);
    } else marks.push({ at, numbers: [i + 1], labels: [label] });
  });
  return marks
    .map(({ at, numbers, labels }) => {
      const [first = 0] = numbers;
      const last = numbers.at(-1) ?? first;
      const text = numbers.length === 1 ? String(first) : `${String(first)}–${String(last)}`;
      return element(
        "g",
        { class: "step" },
        element("title", {}, content(labels.join("; "))),
        element("line", { x1: at, x2: at, y1: TOP - 6, y2: bottom }),
        element("rect", {
          x: at - 4 - 3.5 * text.length,
          y: 3,
          width: 8 + 7 * text.length,
          height: 16,
          rx: 8,
        }),
        element("text", { x: at, y: 15, "text-anchor": "middle" }, text),
      );
    })
    .join("");
}

/** A plot with its text for those who cannot see it. */
export function plot(
  id: string,
  height: number,
  title: string,
  description: string,
  ...children: readonly string[]
): string {
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${String(WIDTH)} ${String(Math.round(height))}`,
      role: "img",
      "aria-labelledby": `${id}-title ${id}-desc`,
    },
    element("title", { id: `${id}-title` }, content(title)),
    element("desc", { id: `${id}-desc` }, content(description)),
    ...children,
  );
}

/** Moves labels apart that would stand on one another; keeps their order, and none below `lowest`. */
export function apart(positions: readonly number[], gap: number, lowest: number): number[] {
  const order = positions.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y || a.i - b.i);
  const placed = [...positions];
  let last = Number.NEGATIVE_INFINITY;
  for (const { y, i } of order) placed[i] = last = Math.max(y, last + gap);
  let next = lowest + gap;
  for (const { i } of order.toReversed()) placed[i] = next = Math.min(placed[i] ?? 0, next - gap);
  return placed;
}

import type { BlackholeReason, Result } from "@calico-sim/cluster";
import { scaleLinear } from "d3-scale";
import { area, curveStepAfter } from "d3-shape";
import { type BlackholeGroup, byLength, groupsOf } from "../blackhole-groups.js";
import { count, counted, seconds } from "../format/quantity.js";
import { LEFT, plot, RIGHT, stepMarks, TOP, timeAxis, timeScale, WIDTH } from "./frame.js";
import { content, element } from "./svg.js";
import { type TimeValue, thin } from "./time-chart.js";

const PAIRS_HEIGHT = 120;
const BAR = 12;
const ROW = 34;
/** Width of a character in labels, about. */
const CHARACTER = 6.4;
const ROWS_MAX = 10;

/** Each reason keeps its colour in every report. */
const COLOUR: Readonly<Record<BlackholeReason, string>> = {
  "no route": "c2",
  "blackhole route": "c5",
  "unreachable route": "c7",
  "stale route": "c4",
  "destination node down": "c6",
  "underlay path cut": "c1",
  "underlay has no route to pods": "c3",
};

/** Black-holed pairs over time, and the longest intervals as bars below. */
export function blackholeChart(result: Result): string {
  const x = timeScale(result);
  const top = TOP + 14;
  const pairsBottom = top + PAIRS_HEIGHT;
  const groups = groupsOf(result)
    .sort((a, b) => byLength(a.longest, b.longest))
    .slice(0, ROWS_MAX)
    .sort((a, b) => a.beginSeconds - b.beginSeconds);
  const bottom = pairsBottom + 36 + groups.length * ROW;
  const values = result.series.map((s) => ({ second: s.second, value: s.blackholedPairs }));
  const most = Math.max(1, ...values.map((v) => v.value));
  const y = scaleLinear().domain([0, most]).nice(3).range([pairsBottom, top]);
  const points = [
    ...thin(values, Math.max),
    { second: result.simulatedSeconds, value: values.at(-1)?.value ?? 0 },
  ];
  const shape = area<TimeValue>(
    (v) => x(v.second),
    pairsBottom,
    (v) => y(v.value),
  )
    .curve(curveStepAfter)
    .digits(1);
  const grid = y
    .ticks(3)
    .filter(Number.isInteger)
    .map(
      (tick) =>
        element("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }) +
        element(
          "text",
          { class: "tick", x: LEFT - 8, y: y(tick) + 4, "text-anchor": "end" },
          count(tick),
        ),
    );
  const { total, pairSeconds, intervals } = result.blackholes;
  // Only the longest intervals are kept: then the paths are more than can be counted here.
  const more = total > intervals.length ? "at least " : "";
  return plot(
    "blackholes",
    bottom + 26,
    "Black holes over time",
    `${count(total)} intervals, ${count(pairSeconds)} pair-seconds, at most ${count(most)} pairs at once.`,
    timeAxis(x, TOP, bottom),
    stepMarks(result, x, bottom),
    ...grid,
    element("path", { class: "area line alarm", d: shape(points) ?? "" }),
    element("text", { class: "panel", x: LEFT, y: top - 8 }, "Node–block pairs without delivery"),
    element(
      "text",
      { class: "panel", x: LEFT, y: pairsBottom + 22 },
      "Longest intervals, by change and reason",
    ),
    ...groups.map((group, i) =>
      drawBar(group, x(group.beginSeconds), x(group.endSeconds), pairsBottom + 44 + i * ROW, more),
    ),
  );
}

function drawBar(
  group: BlackholeGroup,
  from: number,
  to: number,
  top: number,
  more: string,
): string {
  const { reason, owners, longest, alike, open } = group;
  const where = owners === 1 ? longest.owner : counted(owners, "node");
  const length = seconds(longest.endSeconds - longest.beginSeconds);
  const text = `${reason}: ${more}${counted(alike, "path")} to ${where}, up to ${length}${open ? ", still open" : ""}`;
  // The name stands above its bar, from the side that leaves it room.
  const begins = from + CHARACTER * text.length < WIDTH;
  const width = Math.max(2, to - from);
  return element(
    "g",
    {},
    element("title", {}, content(text)),
    element("rect", {
      class: `bar ${COLOUR[reason]}`,
      x: from,
      y: top + 6,
      width,
      height: BAR,
      rx: 2,
    }),
    element(
      "text",
      { class: "name", x: begins ? from : to, y: top + 1, "text-anchor": begins ? "start" : "end" },
      content(text),
    ),
  );
}

import { type Micros, type RandomStream, SECOND } from "@calico-sim/core";
import type { LabParameters, MeasuredRun } from "../ground-truth.js";

/** Time between two starts when a file does not say how long starting all took (ground-truth/bird README: "some ms each"). */
const SPAWN_SECONDS = 0.006;

/** When each of `count` daemons starts, the first at 0. `start_spread_s` of the measured runs is part of the set-up and taken from there. */
export function startTimes(
  parameters: LabParameters,
  run: MeasuredRun,
  count: number,
  random: RandomStream,
): readonly Micros[] {
  const { stagger, spread } = parameters;
  if (stagger !== undefined)
    return Array.from({ length: count }, (_, k) => Math.round(k * stagger * SECOND));
  const measured = run.start_spread_s;
  if (spread !== undefined) {
    const drawn = Array.from({ length: count }, () => random.next() * spread).sort((x, y) => x - y);
    const first = drawn[0] ?? 0;
    const width = (drawn[count - 1] ?? 0) - first;
    const scale = measured === undefined || width === 0 ? 1 : measured / width;
    return drawn.map((x) => Math.round((x - first) * scale * SECOND));
  }
  const total = measured ?? SPAWN_SECONDS * (count - 1);
  return Array.from({ length: count }, (_, k) =>
    Math.round((k / Math.max(1, count - 1)) * total * SECOND),
  );
}

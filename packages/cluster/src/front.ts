import type { Micros } from "@calico-sim/core";

/** One node's way to convergence within the present window. */
export interface Front {
  /** Destinations whose state is wrong now. */
  wrong: number;
  /** Since when something is wrong without a break, at earliest the begin of the window. */
  since: Micros;
  /** Longest such time that ended in this window; −1 = nothing was wrong. */
  longest: Micros;
  /** Row of the destination that ended it. */
  last: number;
}

/** Nothing is wrong, and nothing was. */
export function newFront(): Front {
  return { wrong: 0, since: 0, longest: -1, last: -1 };
}

/** A new window: what is wrong now counts from here. */
export function beginWindow(front: Front, now: Micros): void {
  front.since = now;
  front.longest = -1;
  front.last = -1;
}

/** A destination became wrong (+1) or right (−1). */
export function move(front: Front, by: 1 | -1, row: number, at: Micros): void {
  if (by > 0 && front.wrong === 0) front.since = at;
  front.wrong += by;
  if (by > 0 || front.wrong > 0) return;
  const took = Math.max(0, at - front.since);
  if (took < front.longest) return;
  front.longest = took;
  front.last = row;
}

import type { Micros } from "@calico-sim/core";
import type { Arrival } from "./delivery.js";
import type { Destinations } from "./destinations.js";

/** A pair that worked before and does not now. */
interface Broken {
  readonly since: Micros;
  readonly reason: number;
  /** Who had the destination when it began. */
  readonly owner: string;
  /** Share of the flows that is lost now, and since when. */
  lost: number;
  at: Micros;
  /** The largest share so far that lasted. */
  worst: number;
  /** Time so far, each moment by the share that was lost. */
  micros: Micros;
}

/** An interval without delivery. */
export interface BrokenInterval {
  readonly node: number;
  readonly since: Micros;
  readonly reason: number;
  /** Largest share of the flows that was lost, 0 to 1. */
  readonly share: number;
  /** Time without delivery, each moment by the share that was lost. */
  readonly micros: Micros;
  readonly block: string;
  readonly owner: string;
  readonly until: Micros;
  readonly open: boolean;
}

/** Keeps at most this many closed intervals, the longest. */
const INTERVALS_MAX = 2_000;

/** A node and a row as one number: row × this + node. */
const PAIR = 0x100000;

/** Pairs of a host and a destination that worked before: since when they do not, and how long they did not. */
export class BrokenPairs {
  /** Intervals that ended, and their pair-seconds in microseconds. */
  closedIntervals = 0;
  closedMicros = 0;
  /** Pairs that went dark in this window. */
  darkened = 0;
  private readonly destinations: Destinations;
  private readonly broken: Map<number, Broken> = new Map();
  private intervals: BrokenInterval[] = [];

  constructor(destinations: Destinations) {
    this.destinations = destinations;
  }

  /** Pairs that do not work now. */
  get size(): number {
    return this.broken.size;
  }

  /** What becomes of a pair's flows from now on; undefined when nobody has to complain. */
  note(node: number, row: number, arrival: Arrival | undefined, at: Micros): void {
    const pair = row * PAIR + node;
    const held = this.broken.get(pair);
    if (arrival !== undefined && held === undefined) {
      const { code: reason, lost } = arrival;
      const owner = this.destinations.ownerName(row);
      this.broken.set(pair, { since: at, reason, owner, lost, at, worst: 0, micros: 0 });
      this.darkened++;
    } else if (arrival !== undefined && held !== undefined) {
      held.micros = darkness(held, at);
      held.worst = worstUntil(held, at);
      held.at = at;
      held.lost = arrival.lost;
    } else if (held !== undefined) {
      this.broken.delete(pair);
      // BIRD deletes a route and adds its successor in one breath: no packet falls in between.
      if (held.since === at) this.darkened = Math.max(0, this.darkened - 1);
      else this.close(this.interval(pair, held, at, false));
    }
  }

  /** Intervals that ended and those still open at `now`, longest first. */
  until(now: Micros): BrokenInterval[] {
    const open: BrokenInterval[] = [];
    for (const [pair, broken] of this.broken) open.push(this.interval(pair, broken, now, true));
    return [...this.intervals, ...open].sort(
      (x, y) =>
        y.until - y.since - (x.until - x.since) ||
        x.since - y.since ||
        x.node - y.node ||
        (x.block < y.block ? -1 : 1),
    );
  }

  /** Pair-microseconds of darkness up to `now`. */
  micros(now: Micros): Micros {
    let sum = this.closedMicros;
    for (const broken of this.broken.values()) sum += darkness(broken, now);
    return sum;
  }

  private interval(pair: number, broken: Broken, until: Micros, open: boolean): BrokenInterval {
    const row = Math.floor(pair / PAIR);
    const block = this.destinations.blocks[row]!;
    return {
      node: pair % PAIR,
      block: block.text,
      owner: block.owner ?? broken.owner,
      since: broken.since,
      until,
      open,
      reason: broken.reason,
      share: worstUntil(broken, until) || broken.lost,
      micros: darkness(broken, until),
    };
  }

  private close(interval: BrokenInterval): void {
    this.closedIntervals++;
    this.closedMicros += interval.micros;
    this.intervals.push(interval);
    if (this.intervals.length < 2 * INTERVALS_MAX) return;
    this.intervals.sort((x, y) => y.until - y.since - (x.until - x.since) || x.since - y.since);
    this.intervals.length = INTERVALS_MAX;
  }
}

/** Time without delivery up to a moment, each moment by the share that was lost. */
function darkness({ micros, at, lost }: Broken, now: Micros): Micros {
  return micros + (now - at) * lost;
}

/** What is lost for no time at all, as while a route is replaced (law 8 g), does not count. */
function worstUntil({ worst, at, lost }: Broken, now: Micros): number {
  return now > at ? Math.max(worst, lost) : worst;
}

import type { Micros } from "../engine/index.js";
import { withRoom } from "./growable.js";

/** A count that only grows. */
export class Counter {
  /** The count. */
  value = 0;

  /** Adds; negative amounts are refused. */
  add(amount = 1): void {
    if (!(amount >= 0)) throw new RangeError(`a counter cannot grow by ${amount}`);
    this.value += amount;
  }
}

/** A point of a {@link TimeSeries}: the value from this time on. */
export interface TimePoint {
  readonly at: Micros;
  readonly value: number;
}

/** A step function of simulated time, kept as its changes. */
export class TimeSeries {
  private times: Float64Array<ArrayBuffer> = new Float64Array(64);
  private values: Float64Array<ArrayBuffer> = new Float64Array(64);
  private used = 0;

  /** Number of changes kept. */
  get length(): number {
    return this.used;
  }

  /** The value from `at` on; `at` never goes back. Several changes at one time leave the last. */
  set(at: Micros, value: number): void {
    const last = this.used - 1;
    if (last >= 0) {
      const before = this.times[last]!;
      if (at < before) throw new RangeError(`time series at ${before}us cannot go back to ${at}us`);
      if (this.values[last] === value) return;
      if (at === before) {
        this.values[last] = value;
        return;
      }
    }
    this.times = withRoom(this.times, this.used);
    this.values = withRoom(this.values, this.used);
    this.times[this.used] = at;
    this.values[this.used++] = value;
  }

  /** The value at a time; 0 before the first change. */
  at(time: Micros): number {
    let low = 0;
    let high = this.used;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.times[middle]! <= time) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.values[low - 1]!;
  }

  /** Mean over a span, each value weighed by how long it held. */
  mean(from: Micros, to: Micros): number {
    if (!(to > from)) return this.at(from);
    let area = 0;
    let since = from;
    let value = this.at(from);
    for (let i = 0; i < this.used; i++) {
      const t = this.times[i]!;
      if (t <= from) continue;
      if (t >= to) break;
      area += value * (t - since);
      since = t;
      value = this.values[i]!;
    }
    return (area + value * (to - since)) / (to - from);
  }

  /** All changes, as plain data. */
  points(): TimePoint[] {
    const points: TimePoint[] = [];
    for (let i = 0; i < this.used; i++) points.push({ at: this.times[i]!, value: this.values[i]! });
    return points;
  }
}

/** A value that goes up and down, with its history and its peak. */
export class Gauge {
  /** The value. */
  value = 0;
  /** The highest value so far. */
  peak = 0;
  /** Every change. */
  readonly history: TimeSeries = new TimeSeries();

  /** Sets the value at a time. */
  set(at: Micros, value: number): void {
    this.value = value;
    if (value > this.peak) this.peak = value;
    this.history.set(at, value);
  }

  /** Changes the value at a time. */
  add(at: Micros, by: number): void {
    this.set(at, this.value + by);
  }
}

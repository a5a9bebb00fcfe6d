import { type Distribution, quantileSorted, summarize } from "./distribution.js";
import { withRoom } from "./growable.js";

/** Every value of a quantity, for exact quantiles. Times are in microseconds. */
export class Histogram {
  private values: Float64Array<ArrayBuffer> = new Float64Array(64);
  private used = 0;
  private sorted = true;

  /** Number of values. */
  get count(): number {
    return this.used;
  }

  /** Adds one value. */
  record(value: number): void {
    this.values = withRoom(this.values, this.used);
    if (this.used > 0 && value < this.values[this.used - 1]!) this.sorted = false;
    this.values[this.used++] = value;
  }

  /** Quantile `q` in 0–1, type 7; NaN when there is no value. */
  quantile(q: number): number {
    return quantileSorted(this.inOrder(), q);
  }

  /** The usual figures. */
  summary(): Distribution {
    return summarize(this.inOrder());
  }

  /** Adds all values of another histogram. */
  merge(other: Histogram): void {
    for (let i = 0; i < other.used; i++) this.record(other.values[i]!);
  }

  private inOrder(): Float64Array {
    const values = this.values.subarray(0, this.used);
    if (!this.sorted) values.sort();
    this.sorted = true;
    return values;
  }
}

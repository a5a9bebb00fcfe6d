import type { FelixCounts } from "./options.js";

/** Columns of {@link Tally}. */
export const TALLY = {
  starts: 0,
  restarts: 1,
  flushes: 2,
  messages: 3,
  applies: 4,
  routesProgrammed: 5,
  endpointsProgrammed: 6,
  calcMicros: 7,
  dataplaneMicros: 8,
} as const;

const COLUMNS = 9;

/** Counts of every Felix. */
export class Tally {
  /** Batches and pairs received, by node: written once a delivery, millions of times. */
  batches: Float64Array = new Float64Array(0);
  kvs: Float64Array = new Float64Array(0);
  /** Everything else; row-major: node × column. */
  private table: Float64Array = new Float64Array(0);

  /** Makes room for node ids below `nodes`. */
  reserve(nodes: number): void {
    if (nodes <= this.batches.length) return;
    const wider = (from: Float64Array, length: number): Float64Array => {
      const to = new Float64Array(length);
      to.set(from);
      return to;
    };
    this.batches = wider(this.batches, nodes);
    this.kvs = wider(this.kvs, nodes);
    this.table = wider(this.table, nodes * COLUMNS);
  }

  /** Adds to one cell. */
  add(node: number, column: number, amount = 1): void {
    this.table[node * COLUMNS + column]! += amount;
  }

  /** Counts of one node, or the sums over all. */
  counts(node?: number): FelixCounts {
    const cells = new Array<number>(COLUMNS).fill(0);
    const first = node ?? 0;
    const end = node === undefined ? this.batches.length : Math.min(node + 1, this.batches.length);
    let batches = 0;
    let kvs = 0;
    for (let i = first; i < end; i++) {
      batches += this.batches[i]!;
      kvs += this.kvs[i]!;
      for (let column = 0; column < COLUMNS; column++) {
        cells[column]! += this.table[i * COLUMNS + column]!;
      }
    }
    const of = (column: number): number => cells[column]!;
    return {
      starts: of(TALLY.starts),
      restarts: of(TALLY.restarts),
      batches,
      kvs,
      flushes: of(TALLY.flushes),
      messages: of(TALLY.messages),
      applies: of(TALLY.applies),
      routesProgrammed: of(TALLY.routesProgrammed),
      endpointsProgrammed: of(TALLY.endpointsProgrammed),
      calcMicros: of(TALLY.calcMicros),
      dataplaneMicros: of(TALLY.dataplaneMicros),
    };
  }
}

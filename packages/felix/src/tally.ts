import type { FelixCounts } from "./options.js";

/** Columns of {@link Tally}. */
export const TALLY = {
  starts: 0,
  restarts: 1,
  batches: 2,
  kvs: 3,
  flushes: 4,
  messages: 5,
  applies: 6,
  routesProgrammed: 7,
  endpointsProgrammed: 8,
  calcMicros: 9,
  dataplaneMicros: 10,
} as const;

const COLUMNS = 11;

/** Counts of every Felix, as one table. */
export class Tally {
  /** Row-major: node × column. Read and written directly where it is hot. */
  table: Float64Array = new Float64Array(0);

  /** First cell of a node's row; makes room for it. */
  row(node: number): number {
    const need = (node + 1) * COLUMNS;
    if (need > this.table.length) {
      const wider = new Float64Array(need * 2);
      wider.set(this.table);
      this.table = wider;
    }
    return node * COLUMNS;
  }

  /** Adds to one cell. */
  add(node: number, column: number, amount = 1): void {
    this.table[this.row(node) + column]! += amount;
  }

  /** Counts of one node, or the sums over all. */
  counts(node?: number): FelixCounts {
    const cells = new Array<number>(COLUMNS).fill(0);
    const first = node === undefined ? 0 : this.row(node);
    const end = node === undefined ? this.table.length : first + COLUMNS;
    for (let i = first; i < end; i++) cells[i % COLUMNS]! += this.table[i]!;
    const of = (column: number): number => cells[column]!;
    return {
      starts: of(TALLY.starts),
      restarts: of(TALLY.restarts),
      batches: of(TALLY.batches),
      kvs: of(TALLY.kvs),
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

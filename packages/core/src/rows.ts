/**
 * Integers by row and column, 0 where nothing was written; a row takes memory from its first write on.
 *
 * For what many nodes hold of one destination: a change that reaches thousands of nodes goes from neighbour to neighbour of
 * one row, where an array for each node would be a line of cache for each.
 */
export class Rows {
  private readonly cells: (Int32Array | Uint8Array | undefined)[] = [];
  private readonly bytes: 1 | 4;
  /** Columns that a new row has room for. */
  private columns: number;

  /**
   * @param bytes 4 for integers of 32 bits with a sign, 1 for integers of 8 bits without one.
   * @param columns Columns that are expected; more may come.
   */
  constructor(bytes: 1 | 4, columns: number) {
    this.bytes = bytes;
    this.columns = columns;
  }

  /** Rows up to which there may be something. */
  get length(): number {
    return this.cells.length;
  }

  /** What was written last. */
  get(row: number, column: number): number {
    const cells = this.cells[row];
    return cells === undefined || column >= cells.length ? 0 : cells[column]!;
  }

  /** Writes an integer. */
  set(row: number, column: number, value: number): void {
    const cells = this.cells[row];
    if (cells !== undefined && column < cells.length) cells[column] = value;
    else if (value !== 0) this.widened(row, column)[column] = value;
  }

  private widened(row: number, column: number): Int32Array | Uint8Array {
    if (column >= this.columns) this.columns = Math.ceil((column + 1) * 1.25);
    const wider = this.bytes === 4 ? new Int32Array(this.columns) : new Uint8Array(this.columns);
    const before = this.cells[row];
    if (before !== undefined) wider.set(before);
    while (this.cells.length < row) this.cells.push(undefined);
    this.cells[row] = wider;
    return wider;
  }
}

/** Who has which piece of a memory that many small queues share; pieces that were outgrown are given out again. */
export class Pieces {
  /** Where the memory in use ends. */
  end = 0;
  /** Where pieces begin that nobody has; key: their length. */
  private readonly free: Map<number, number[]> = new Map();

  /** Where a piece of this length begins. The memory must reach up to {@link end} before it is used. */
  take(length: number): number {
    const begin = this.free.get(length)?.pop();
    if (begin !== undefined) return begin;
    this.end += length;
    return this.end - length;
  }

  /** Gives a piece back. */
  giveBack(begin: number, length: number): void {
    const free = this.free.get(length);
    if (free === undefined) this.free.set(length, [begin]);
    else free.push(begin);
  }
}

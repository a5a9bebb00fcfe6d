/**
 * The timers of one BIRD process: they count whole seconds of its clock and are looked at only when
 * the main loop turns (bird: sysdep/unix/io.c; ground-truth/bird law 1). An entry is an integer that
 * the daemon understands; entries that were overtaken are skipped by the daemon when they come up.
 */
export class SecondTimers {
  /** Earliest second with an entry, or infinity. */
  next: number = Number.POSITIVE_INFINITY;
  private readonly bySecond: Map<number, number[]> = new Map();

  /** Adds an entry for a second. */
  add(second: number, entry: number): void {
    const bucket = this.bySecond.get(second);
    if (bucket === undefined) {
      this.bySecond.set(second, [entry]);
      if (second < this.next) this.next = second;
    } else bucket.push(entry);
  }

  /** Removes and returns the entries of the earliest second if it is due, else undefined. */
  take(second: number): number[] | undefined {
    if (this.next > second) return undefined;
    const due = this.bySecond.get(this.next);
    this.bySecond.delete(this.next);
    this.next = Number.POSITIVE_INFINITY;
    for (const key of this.bySecond.keys()) if (key < this.next) this.next = key;
    return due;
  }

  /** Forgets everything. */
  clear(): void {
    this.bySecond.clear();
    this.next = Number.POSITIVE_INFINITY;
  }
}

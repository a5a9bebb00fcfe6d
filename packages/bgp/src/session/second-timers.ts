import { widened } from "./connections.js";

/**
 * The timers of BIRD processes: they count whole seconds of a process's clock and are looked at only when
 * its main loop turns (bird: sysdep/unix/io.c; ground-truth/bird law 1). An entry is an integer that
 * the daemon understands; entries that were overtaken are skipped by the daemon when they come up.
 */
export class SecondTimers {
  /** Earliest second with an entry, or infinity; index: daemon. */
  next: Float64Array = new Float64Array(16);
  private readonly bySecond: Map<number, number[]>[] = [];

  /** Makes room for one more daemon. */
  addDaemon(): void {
    const daemon = this.bySecond.length;
    if (daemon === this.next.length) this.next = widened(this.next, 2 * daemon);
    this.next[daemon] = Number.POSITIVE_INFINITY;
    this.bySecond.push(new Map());
  }

  /** Adds an entry for a second. */
  add(daemon: number, second: number, entry: number): void {
    const bySecond = this.bySecond[daemon]!;
    const bucket = bySecond.get(second);
    if (bucket === undefined) {
      bySecond.set(second, [entry]);
      if (second < this.next[daemon]!) this.next[daemon] = second;
    } else bucket.push(entry);
  }

  /** Removes and returns the entries of the earliest second if it is due, else undefined. */
  take(daemon: number, second: number): number[] | undefined {
    const earliest = this.next[daemon]!;
    if (earliest > second) return undefined;
    const bySecond = this.bySecond[daemon]!;
    const due = bySecond.get(earliest);
    bySecond.delete(earliest);
    let next = Number.POSITIVE_INFINITY;
    for (const key of bySecond.keys()) if (key < next) next = key;
    this.next[daemon] = next;
    return due;
  }

  /** Forgets everything. */
  clear(daemon: number): void {
    this.bySecond[daemon]!.clear();
    this.next[daemon] = Number.POSITIVE_INFINITY;
  }
}

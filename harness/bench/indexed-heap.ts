/** A binary heap of timers in typed arrays that knows the place of each: moving one is a sift. The yardstick for lazy re-arming. */
export class IndexedHeap {
  private readonly heap: Int32Array;
  private readonly place: Int32Array;
  private readonly due: Float64Array;
  private size = 0;

  constructor(timers: number) {
    this.heap = new Int32Array(timers);
    this.place = new Int32Array(timers).fill(-1);
    this.due = new Float64Array(timers);
  }

  /** Deadline of the timer that is due first. */
  get first(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.due[this.heap[0]!]!;
  }

  /** Removes a timer and inserts it with another deadline. */
  set(timer: number, at: number): void {
    if (this.place[timer]! >= 0) this.remove(timer);
    this.due[timer] = at;
    this.up(this.size++, timer);
  }

  private remove(timer: number): void {
    const hole = this.place[timer]!;
    const last = this.heap[--this.size]!;
    this.place[timer] = -1;
    if (last === timer) return;
    if (hole > 0 && this.due[last]! < this.due[this.heap[(hole - 1) >> 1]!]!) this.up(hole, last);
    else this.down(hole, last);
  }

  private up(from: number, timer: number): void {
    const at = this.due[timer]!;
    let i = from;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const other = this.heap[parent]!;
      if (this.due[other]! <= at) break;
      this.put(i, other);
      i = parent;
    }
    this.put(i, timer);
  }

  private down(from: number, timer: number): void {
    const at = this.due[timer]!;
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= this.size) break;
      if (
        child + 1 < this.size &&
        this.due[this.heap[child + 1]!]! < this.due[this.heap[child]!]!
      ) {
        child++;
      }
      if (this.due[this.heap[child]!]! >= at) break;
      this.put(i, this.heap[child]!);
      i = child;
    }
    this.put(i, timer);
  }

  private put(i: number, timer: number): void {
    this.heap[i] = timer;
    this.place[timer] = i;
  }
}

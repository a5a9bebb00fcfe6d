/** A first-in first-out queue of integers, in a ring of typed memory. */
export class SocketQueue {
  /** Items queued. */
  size = 0;
  private ring: Float64Array = new Float64Array(8);
  private head = 0;

  /** Whether nothing is queued. */
  get empty(): boolean {
    return this.size === 0;
  }

  /** Appends an item. */
  push(item: number): void {
    if (this.size === this.ring.length) this.grow();
    this.ring[(this.head + this.size++) & (this.ring.length - 1)] = item;
  }

  /** The oldest item but `index`, which must exist. */
  peek(index: number): number {
    return this.ring[(this.head + index) & (this.ring.length - 1)]!;
  }

  /** Sorts the oldest `count` items by a key that `keys` knows; equal ones stay in order. */
  sort(count: number, keys: { keyOf(item: number): number }): void {
    for (let i = 1; i < count; i++) {
      const item = this.peek(i);
      const key = keys.keyOf(item);
      let at = i;
      for (; at > 0 && keys.keyOf(this.peek(at - 1)) > key; at--) this.set(at, this.peek(at - 1));
      this.set(at, item);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.head = 0;
    this.size = 0;
  }

  private set(index: number, item: number): void {
    this.ring[(this.head + index) & (this.ring.length - 1)] = item;
  }

  /** Removes the oldest item; −1 if there is none. */
  shift(): number {
    if (this.size === 0) return -1;
    const item = this.ring[this.head]!;
    this.head = (this.head + 1) & (this.ring.length - 1);
    this.size--;
    return item;
  }

  private grow(): void {
    const wider = new Float64Array(2 * this.ring.length);
    for (let i = 0; i < this.size; i++) wider[i] = this.peek(i);
    this.ring = wider;
    this.head = 0;
  }
}

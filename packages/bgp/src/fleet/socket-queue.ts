/** A first-in first-out queue of integers. */
export class SocketQueue {
  private items: number[] = [];
  private head = 0;

  /** Whether nothing is queued. */
  get empty(): boolean {
    return this.head === this.items.length;
  }

  /** Appends an item. */
  push(item: number): void {
    this.items.push(item);
  }

  /** The oldest item but `index`, which must exist. */
  peek(index: number): number {
    return this.items[this.head + index]!;
  }

  /** Removes the oldest item; −1 if there is none. */
  shift(): number {
    if (this.head === this.items.length) return -1;
    const item = this.items[this.head++]!;
    if (this.head === this.items.length) {
      this.items = [];
      this.head = 0;
    }
    return item;
  }
}

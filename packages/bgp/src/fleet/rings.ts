import { widened } from "../session/connections.js";
import { Pieces } from "./pieces.js";

// A queue's record: where its ring begins, the ring's length less one, its oldest item, how many it holds.
const RECORD = 4;
const BEGIN = 0;
const MASK = 1;
const HEAD = 2;
const SIZE = 3;

/** Items a queue has room for at first: one cache line. */
const FIRST_LENGTH = 8;

/**
 * First-in first-out queues of integers, one for each daemon, as rings in memory that all share: a turn of any daemon
 * touches two cache lines of it, where an object for each queue would be six.
 */
export class Rings {
  private records: Int32Array = new Int32Array(16 * RECORD);
  private items: Float64Array = new Float64Array(16 * FIRST_LENGTH);
  private queues = 0;
  private readonly pieces: Pieces = new Pieces();

  /** Makes room for one more queue, which gets the next number. */
  add(): void {
    const r = this.queues++ * RECORD;
    if (r === this.records.length) this.records = widened(this.records, 2 * r);
    this.records[r + BEGIN] = this.room(FIRST_LENGTH);
    this.records[r + MASK] = FIRST_LENGTH - 1;
  }

  /** Items that a queue holds. */
  size(queue: number): number {
    return this.records[queue * RECORD + SIZE]!;
  }

  /** Appends an item. */
  push(queue: number, item: number): void {
    const { records } = this;
    const r = queue * RECORD;
    const size = records[r + SIZE]!;
    if (size > records[r + MASK]!) this.grow(r);
    this.items[records[r + BEGIN]! + ((records[r + HEAD]! + size) & records[r + MASK]!)] = item;
    records[r + SIZE] = size + 1;
  }

  /** The oldest item but `index`, which must exist. */
  peek(queue: number, index: number): number {
    return this.items[this.place(queue, index)]!;
  }

  /** Removes the oldest item; −1 if there is none. */
  shift(queue: number): number {
    const { records } = this;
    const r = queue * RECORD;
    if (records[r + SIZE] === 0) return -1;
    const head = records[r + HEAD]!;
    const size = records[r + SIZE]! - 1;
    records[r + SIZE] = size;
    // Empty, it goes on from its begin: a ring that turns and turns is in no cache.
    records[r + HEAD] = size === 0 ? 0 : (head + 1) & records[r + MASK]!;
    return this.items[records[r + BEGIN]! + head]!;
  }

  /** Forgets what a queue holds. */
  clear(queue: number): void {
    this.records[queue * RECORD + HEAD] = 0;
    this.records[queue * RECORD + SIZE] = 0;
  }

  /** Sorts the oldest `count` items by a key that `keys` knows; equal ones stay in order. */
  sort(queue: number, count: number, keys: { keyOf(item: number): number }): void {
    const { items } = this;
    for (let i = 1; i < count; i++) {
      const item = this.peek(queue, i);
      const key = keys.keyOf(item);
      let at = i;
      for (; at > 0; at--) {
        const before = this.peek(queue, at - 1);
        if (keys.keyOf(before) <= key) break;
        items[this.place(queue, at)] = before;
      }
      items[this.place(queue, at)] = item;
    }
  }

  private place(queue: number, index: number): number {
    const { records } = this;
    const r = queue * RECORD;
    return records[r + BEGIN]! + ((records[r + HEAD]! + index) & records[r + MASK]!);
  }

  /** Moves a full ring to one of twice its length. */
  private grow(r: number): void {
    const { records } = this;
    const length = records[r + MASK]! + 1;
    const from = records[r + BEGIN]!;
    const head = records[r + HEAD]!;
    const to = this.room(2 * length);
    for (let i = 0; i < length; i++)
      this.items[to + i] = this.items[from + ((head + i) & (length - 1))]!;
    records[r + BEGIN] = to;
    records[r + MASK] = 2 * length - 1;
    records[r + HEAD] = 0;
    this.pieces.giveBack(from, length);
  }

  private room(length: number): number {
    const begin = this.pieces.take(length);
    if (this.pieces.end > this.items.length)
      this.items = widened(this.items, Math.max(this.pieces.end, 2 * this.items.length));
    return begin;
  }
}

import { widened } from "../session/connections.js";
import { Pieces } from "./pieces.js";

// A daemon's record: its two heaps, sockets ahead of the place that its loop has reached and those behind; that place.
const RECORD = 8;
const AHEAD = 0;
const BEHIND = 3;
const AT = 6;

// A heap within the record: where it begins in memory, its length, how many sockets it holds.
const BEGIN = 0;
const LENGTH = 1;
const SIZE = 2;
const HEAP = 3;

// An entry of a heap: the age of a socket, and the socket.
const ENTRY = 2;

/** Sockets a heap has room for at first: one cache line. */
const FIRST_LENGTH = 8;

/**
 * Readable sockets of each daemon in the order in which its main loop looks at them: from the oldest to the
 * newest, some at a time, and then from the oldest again (bird: sysdep/unix/io.c, io_loop walks sock_list
 * and goes on where it stopped). Binary heaps by age, those of all daemons in one piece of memory.
 */
export class SocketWalks {
  private records: Int32Array = new Int32Array(16 * RECORD);
  private entries: Int32Array = new Int32Array(16 * FIRST_LENGTH * ENTRY);
  private daemons = 0;
  private readonly pieces: Pieces = new Pieces();

  /** Makes room for one more daemon. */
  addDaemon(): void {
    const r = this.daemons++ * RECORD;
    if (r === this.records.length) this.records = widened(this.records, 2 * r);
    const { records } = this;
    for (const heap of [r + AHEAD, r + BEHIND]) {
      records[heap + BEGIN] = this.room(FIRST_LENGTH);
      records[heap + LENGTH] = FIRST_LENGTH;
    }
    records[r + AT] = -1;
  }

  /** Whether no socket of a daemon is readable. */
  empty(daemon: number): boolean {
    const r = daemon * RECORD;
    return this.records[r + AHEAD + SIZE] === 0 && this.records[r + BEHIND + SIZE] === 0;
  }

  /** A socket becomes readable; `age` rises from socket to socket. */
  add(daemon: number, socket: number, age: number): void {
    const r = daemon * RECORD;
    this.push(r + (age > this.records[r + AT]! ? AHEAD : BEHIND), age, socket);
  }

  /** The process polls: behind the newest socket comes the oldest. */
  poll(daemon: number): void {
    const { records } = this;
    const r = daemon * RECORD;
    if (records[r + AHEAD + SIZE]! > 0) return;
    for (let i = r; i < r + HEAP; i++) {
      const ahead = records[i + AHEAD]!;
      records[i + AHEAD] = records[i + BEHIND]!;
      records[i + BEHIND] = ahead;
    }
    records[r + AT] = -1;
  }

  /** The next socket on the way to the newest; −1 when there is none. */
  take(daemon: number): number {
    const { records } = this;
    const r = daemon * RECORD;
    if (records[r + AHEAD + SIZE] === 0) return -1;
    records[r + AT] = this.entries[records[r + AHEAD + BEGIN]!]!;
    return this.pop(r + AHEAD);
  }

  private push(heap: number, age: number, socket: number): void {
    const { records } = this;
    let i = records[heap + SIZE]!;
    if (i === records[heap + LENGTH]) this.grow(heap);
    records[heap + SIZE] = i + 1;
    const { entries } = this;
    const begin = records[heap + BEGIN]!;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const from = begin + parent * ENTRY;
      if (entries[from]! <= age) break;
      const to = begin + i * ENTRY;
      entries[to] = entries[from]!;
      entries[to + 1] = entries[from + 1]!;
      i = parent;
    }
    entries[begin + i * ENTRY] = age;
    entries[begin + i * ENTRY + 1] = socket;
  }

  /** Removes the oldest socket of a heap, which holds one. */
  private pop(heap: number): number {
    const { entries, records } = this;
    const begin = records[heap + BEGIN]!;
    const oldest = entries[begin + 1]!;
    const size = records[heap + SIZE]! - 1;
    records[heap + SIZE] = size;
    const age = entries[begin + size * ENTRY]!;
    const socket = entries[begin + size * ENTRY + 1]!;
    let i = 0;
    for (let child = 1; child < size; child = 2 * i + 1) {
      let from = begin + child * ENTRY;
      if (child + 1 < size && entries[from + ENTRY]! < entries[from]!) {
        child++;
        from += ENTRY;
      }
      if (entries[from]! >= age) break;
      const to = begin + i * ENTRY;
      entries[to] = entries[from]!;
      entries[to + 1] = entries[from + 1]!;
      i = child;
    }
    entries[begin + i * ENTRY] = age;
    entries[begin + i * ENTRY + 1] = socket;
    return oldest;
  }

  private grow(heap: number): void {
    const { records } = this;
    const length = records[heap + LENGTH]!;
    const from = records[heap + BEGIN]!;
    const to = this.room(2 * length);
    this.entries.copyWithin(to, from, from + length * ENTRY);
    this.pieces.giveBack(from, length * ENTRY);
    records[heap + BEGIN] = to;
    records[heap + LENGTH] = 2 * length;
  }

  private room(length: number): number {
    const begin = this.pieces.take(length * ENTRY);
    if (this.pieces.end > this.entries.length)
      this.entries = widened(this.entries, Math.max(this.pieces.end, 2 * this.entries.length));
    return begin;
  }
}

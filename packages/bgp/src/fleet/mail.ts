import type { Micros } from "@calico-sim/core";
import { widened } from "../session/connections.js";
import { Pieces } from "./pieces.js";

// A daemon's record: where its ring begins, the ring's length less one, its first entry, how many it holds.
const RECORD = 4;
const BEGIN = 0;
const MASK = 1;
const HEAD = 2;
const SIZE = 3;

// An entry: its time (a double), then as integers its side and what it is.
const DOUBLES = 2;
const INTS = 4;
const SIDE = 2;
const WHAT = 3;

/** Entries a daemon has room for at first: two cache lines. */
const FIRST_LENGTH = 8;

/**
 * What is on its way to each daemon, or has reached its host since the daemon last looked: in the order of
 * arrival, and of sides among equal times, so that it does not matter who acted first in one microsecond.
 * A daemon takes it when its main loop turns, so that a storm of messages costs no event for each, only one for
 * each turn. All daemons' rings lie in one piece of memory.
 */
export class Mail {
  /** When the first arrives, infinity if there is none; index: daemon. */
  first: Float64Array = new Float64Array(16);
  private records: Int32Array = new Int32Array(16 * RECORD);
  private doubles: Float64Array = new Float64Array(16 * FIRST_LENGTH * DOUBLES);
  /** The same entries as integers. */
  private ints: Int32Array = new Int32Array(this.doubles.buffer);
  private daemons = 0;
  private readonly pieces: Pieces = new Pieces();

  /** Makes room for one more daemon. */
  addDaemon(): void {
    const daemon = this.daemons++;
    if (daemon === this.first.length) {
      this.first = widened(this.first, 2 * daemon);
      this.records = widened(this.records, 2 * daemon * RECORD);
    }
    this.first[daemon] = Number.POSITIVE_INFINITY;
    this.records[daemon * RECORD + BEGIN] = this.room(FIRST_LENGTH);
    this.records[daemon * RECORD + MASK] = FIRST_LENGTH - 1;
  }

  /** Side that the first is for. */
  side(daemon: number): number {
    return this.ints[this.entry(daemon * RECORD, 0) * INTS + SIDE]!;
  }

  /** What the first is (see segments.ts). */
  what(daemon: number): number {
    return this.ints[this.entry(daemon * RECORD, 0) * INTS + WHAT]!;
  }

  /** Removes the first. */
  shift(daemon: number): void {
    const { records } = this;
    const r = daemon * RECORD;
    const size = records[r + SIZE]! - 1;
    records[r + SIZE] = size;
    // Empty, it goes on from its begin: a ring that turns and turns is in no cache.
    records[r + HEAD] = size === 0 ? 0 : (records[r + HEAD]! + 1) & records[r + MASK]!;
    this.first[daemon] =
      size === 0 ? Number.POSITIVE_INFINITY : this.doubles[this.entry(r, 0) * DOUBLES]!;
  }

  /** Adds something behind everything that arrives earlier, or at the same time for a lower side or the same. */
  insert(daemon: number, at: Micros, side: number, what: number): void {
    const { records } = this;
    const r = daemon * RECORD;
    const size = records[r + SIZE]!;
    if (size > records[r + MASK]!) this.grow(r);
    records[r + SIZE] = size + 1;
    const { doubles, ints } = this;
    let i = size;
    let to = this.entry(r, i);
    // Senders act in the order of time but for the length of a turn, so this moves a few entries at most.
    while (i > 0) {
      const from = this.entry(r, i - 1);
      const time = doubles[from * DOUBLES]!;
      if (time < at || (time === at && ints[from * INTS + SIDE]! <= side)) break;
      doubles[to * DOUBLES] = time;
      ints[to * INTS + SIDE] = ints[from * INTS + SIDE]!;
      ints[to * INTS + WHAT] = ints[from * INTS + WHAT]!;
      to = from;
      i--;
    }
    doubles[to * DOUBLES] = at;
    ints[to * INTS + SIDE] = side;
    ints[to * INTS + WHAT] = what;
    if (i === 0) this.first[daemon] = at;
  }

  private entry(r: number, index: number): number {
    const { records } = this;
    return records[r + BEGIN]! + ((records[r + HEAD]! + index) & records[r + MASK]!);
  }

  /** Moves a full ring to one of twice its length. */
  private grow(r: number): void {
    const { records } = this;
    const length = records[r + MASK]! + 1;
    const to = this.room(2 * length);
    const { doubles } = this;
    for (let i = 0; i < length; i++) {
      const from = this.entry(r, i) * DOUBLES;
      doubles.copyWithin((to + i) * DOUBLES, from, from + DOUBLES);
    }
    this.pieces.giveBack(records[r + BEGIN]!, length);
    records[r + BEGIN] = to;
    records[r + MASK] = 2 * length - 1;
    records[r + HEAD] = 0;
  }

  private room(length: number): number {
    const begin = this.pieces.take(length);
    if (this.pieces.end * DOUBLES > this.doubles.length) {
      const doubles = Math.max(this.pieces.end * DOUBLES, 2 * this.doubles.length);
      this.doubles = widened(this.doubles, doubles);
      this.ints = new Int32Array(this.doubles.buffer);
    }
    return begin;
  }
}

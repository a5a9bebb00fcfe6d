import type { Micros } from "@calico-sim/core";
import { widened } from "../session/connections.js";

/**
 * What is on its way to each daemon, or has reached its host since the daemon last looked: in the order of
 * arrival, and of sides among equal times, so that it does not matter who acted first in one microsecond.
 * A daemon takes it when its main loop turns, so that a storm of
 * messages costs no event for each, only one for each turn.
 */
export class Mail {
  private readonly boxes: Box[] = [];

  /** Makes room for one more daemon. */
  addDaemon(): void {
    this.boxes.push(new Box());
  }

  /** What is on its way to a daemon, first to come first. */
  box(daemon: number): Box {
    return this.boxes[daemon]!;
  }
}

/** The mail of one daemon: a queue in typed arrays, sorted by time. */
export class Box {
  private time: Float64Array = new Float64Array(16);
  /** Side and what, in turn. */
  private item: Int32Array = new Int32Array(32);
  private head = 0;
  private tail = 0;

  /** When the first arrives; infinity if there is none. */
  get first(): Micros {
    return this.head === this.tail ? Number.POSITIVE_INFINITY : this.time[this.head]!;
  }

  /** Side that the first is for. */
  get side(): number {
    return this.item[2 * this.head]!;
  }

  /** What the first is (see segments.ts). */
  get what(): number {
    return this.item[2 * this.head + 1]!;
  }

  /** Removes the first. */
  shift(): void {
    if (++this.head === this.tail) {
      this.head = 0;
      this.tail = 0;
    }
  }

  /** Adds something behind everything that arrives earlier, or at the same time for a lower side or the same. */
  insert(at: Micros, side: number, what: number): void {
    if (this.tail === this.time.length) this.makeRoom();
    const { time, item } = this;
    let i = this.tail++;
    // Senders act in the order of time but for the length of a turn, so this moves a few entries at most.
    for (; i > this.head && time[i - 1]! >= at; i--) {
      if (time[i - 1] === at && item[2 * i - 2]! <= side) break;
      time[i] = time[i - 1]!;
      item[2 * i] = item[2 * i - 2]!;
      item[2 * i + 1] = item[2 * i - 1]!;
    }
    time[i] = at;
    item[2 * i] = side;
    item[2 * i + 1] = what;
  }

  private makeRoom(): void {
    const size = this.tail - this.head;
    if (this.head < this.tail / 2) {
      this.time = widened(this.time, 2 * this.time.length);
      this.item = widened(this.item, 2 * this.item.length);
    }
    this.time.copyWithin(0, this.head, this.tail);
    this.item.copyWithin(0, 2 * this.head, 2 * this.tail);
    this.head = 0;
    this.tail = size;
  }
}

import { widened } from "../session/connections.js";

/**
 * Paths that one integer of a {@link Rib} row cannot say: those with attributes of their own, and
 * those of prefixes with several paths. Lists of one prefix are linked by `next`.
 */
export class PathPool {
  /** Session end that it was learnt from, or OWN. */
  end: Int32Array = new Int32Array(64);
  /** Attribute set, as taken in. */
  attributes: Int32Array = new Int32Array(64);
  /** Path identifier of the sender (RFC 7911 §3): the node that it has the route from, OWN, or one beyond. */
  source: Int32Array = new Int32Array(64);
  /** Next path of the prefix, −1 = none. */
  next: Int32Array = new Int32Array(64);
  private free = -1;
  private used = 0;

  /** Takes a slot. */
  take(end: number, attributes: number, source: number): number {
    let slot = this.free;
    if (slot >= 0) this.free = this.next[slot]!;
    else {
      slot = this.used++;
      if (slot === this.end.length) this.grow();
    }
    this.end[slot] = end;
    this.attributes[slot] = attributes;
    this.source[slot] = source;
    this.next[slot] = -1;
    return slot;
  }

  /** Gives a slot back. */
  release(slot: number): void {
    this.next[slot] = this.free;
    this.free = slot;
  }

  private grow(): void {
    const n = this.end.length * 2;
    this.end = widened(this.end, n);
    this.attributes = widened(this.attributes, n);
    this.source = widened(this.source, n);
    this.next = widened(this.next, n);
  }
}

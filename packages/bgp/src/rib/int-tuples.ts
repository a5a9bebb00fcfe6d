import { widened } from "../session/connections.js";

/** Integers in a tuple. */
const WIDTH = 4;

/** Distinct tuples of four integers by dense id: equal tuples share one. */
export class IntTuples {
  /** Tuples so far; the next new one gets this id. */
  count = 0;
  private fields: Int32Array = new Int32Array(16 * WIDTH);
  /** Id + 1 by hash, 0 = free; at most half full. */
  private slots: Int32Array = new Int32Array(64);

  /** The id of a tuple. */
  intern(a: number, b: number, c: number, d: number): number {
    const { fields, slots } = this;
    const mask = slots.length - 1;
    let slot = hash(a, b, c, d) & mask;
    for (let id = slots[slot]!; id !== 0; id = slots[(slot = (slot + 1) & mask)]!) {
      const at = (id - 1) * WIDTH;
      if (fields[at] === a && fields[at + 1] === b && fields[at + 2] === c && fields[at + 3] === d)
        return id - 1;
    }
    return this.add(slot, a, b, c, d);
  }

  /** A field, 0 to 3, of the tuple with an id. */
  field(id: number, which: number): number {
    return this.fields[id * WIDTH + which]!;
  }

  private add(slot: number, a: number, b: number, c: number, d: number): number {
    const id = this.count++;
    const at = id * WIDTH;
    if (at === this.fields.length) this.fields = widened(this.fields, 2 * at);
    const { fields } = this;
    fields[at] = a;
    fields[at + 1] = b;
    fields[at + 2] = c;
    fields[at + 3] = d;
    this.slots[slot] = id + 1;
    if (2 * this.count >= this.slots.length) this.spread();
    return id;
  }

  private spread(): void {
    const { fields } = this;
    const slots = new Int32Array(2 * this.slots.length);
    const mask = slots.length - 1;
    for (let id = 0; id < this.count; id++) {
      const at = id * WIDTH;
      let slot = hash(fields[at]!, fields[at + 1]!, fields[at + 2]!, fields[at + 3]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.slots = slots;
  }
}

/** Mixes integers, as MurmurHash3 does. */
export function hash(a: number, b: number, c: number, d: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ c, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13) ^ d, 0x27d4eb2f);
  return h ^ (h >>> 16);
}

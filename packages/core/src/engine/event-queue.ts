/**
 * The future event list: a hierarchical timing wheel over integer microseconds.
 *
 * An event lives at the level of the highest byte in which its time differs from `base`, in the slot
 * that this byte names; levels 0..3 cover 32 bits (71 minutes), later events wait in one far list.
 * When level 0 runs dry the next occupied slot of a higher level is spread over the levels below, so
 * an event moves at most four times in its life, whatever the number pending. Slots are first-in
 * first-out lists and spreading keeps their order, so **equal times leave in the order of arrival**;
 * a thousand simultaneous events cost no more each than ten.
 *
 * Events are data in typed arrays (time, kind, two operands); `next` links them, free ones included.
 */
export class EventQueue {
  /** Events pending. */
  size = 0;
  /** Time of the event at each index. */
  time: Float64Array;
  /** Kind of the event at each index. */
  kind: Uint16Array;
  /** First operand of the event at each index. */
  a: Int32Array;
  /** Second operand of the event at each index. */
  b: Int32Array;

  private next: Int32Array;
  private free = -1;
  private used = 0;
  /** Low 32 bits of the wheel's position; no pending event is earlier. */
  private base = 0;
  /** The bits above. */
  private baseHigh = 0;
  private readonly head: Int32Array = new Int32Array(4 * 256).fill(-1);
  private readonly tail: Int32Array = new Int32Array(4 * 256).fill(-1);
  /** One bit for each occupied slot. */
  private readonly occupied: Int32Array = new Int32Array(4 * 8);
  /** By level, one bit for each word of {@link occupied} that is not 0. */
  private readonly words: Int32Array = new Int32Array(4);
  private farHead = -1;
  private farTail = -1;
  /** Upper bits of the earliest event in the far list. */
  private farHigh: number = Number.POSITIVE_INFINITY;

  constructor(capacity = 1024) {
    this.time = new Float64Array(capacity);
    this.kind = new Uint16Array(capacity);
    this.a = new Int32Array(capacity);
    this.b = new Int32Array(capacity);
    this.next = new Int32Array(capacity);
  }

  /** Adds an event. `at` must not be earlier than the last time that {@link first} returned or was limited to. */
  push(at: number, kind: number, a: number, b: number): void {
    let i = this.free;
    if (i >= 0) this.free = this.next[i]!;
    else {
      i = this.used++;
      if (i === this.time.length) this.grow();
    }
    this.time[i] = at;
    this.kind[i] = kind;
    this.a[i] = a;
    this.b[i] = b;
    this.size++;
    this.place(i, at);
  }

  /** Index of the earliest event if it is due at or before `limit`, else −1. Stays valid until {@link pop}. */
  first(limit: number): number {
    if (this.size === 0) return -1;
    for (;;) {
      const slot = this.occupiedFrom(0, this.base & 255);
      if (slot >= 0) {
        const low = ((this.base & ~255) | slot) >>> 0;
        if (this.baseHigh * 0x100000000 + low > limit) return -1;
        this.base = low;
        return this.head[slot]!;
      }
      if (!this.spread(limit)) return -1;
    }
  }

  /** Removes the event that {@link first} returned. Its fields stay readable until the next {@link push}. */
  pop(): void {
    const slot = this.base & 255;
    const i = this.head[slot]!;
    const after = this.next[i]!;
    this.head[slot] = after;
    if (after < 0) this.vacate(slot);
    this.next[i] = this.free;
    this.free = i;
    this.size--;
  }

  private place(i: number, at: number): void {
    this.next[i] = -1;
    const low = at >>> 0;
    const high = Math.floor(at / 0x100000000);
    if (high !== this.baseHigh) {
      if (high < this.farHigh) this.farHigh = high;
      if (this.farTail < 0) this.farHead = i;
      else this.next[this.farTail] = i;
      this.farTail = i;
      return;
    }
    const differs = (low ^ this.base) >>> 0;
    const level = differs < 256 ? 0 : (31 - Math.clz32(differs)) >> 3;
    const slot = (level << 8) | ((low >>> (level << 3)) & 255);
    const last = this.tail[slot]!;
    if (last < 0) {
      this.head[slot] = i;
      this.occupied[slot >> 5]! |= 1 << (slot & 31);
      this.words[level]! |= 1 << ((slot >> 5) & 7);
    } else this.next[last] = i;
    this.tail[slot] = i;
  }

  /** Spreads the next occupied slot of a higher level over those below; false if it holds nothing due by `limit`. */
  private spread(limit: number): boolean {
    const high = this.baseHigh * 0x100000000;
    for (let level = 1; level < 4; level++) {
      const shift = level << 3;
      const byte = this.occupiedFrom(level, (this.base >>> shift) & 255);
      if (byte < 0) continue;
      const slot = (level << 8) | byte;
      let i = this.head[slot]!;
      if (this.tail[slot] === i) {
        // Alone in its slot it is the earliest of all: it goes where it is taken from at once.
        const at = this.time[i]!;
        if (at > limit) return false;
        this.base = at >>> 0;
      } else {
        const above = level === 3 ? 0 : this.base & (-1 << (shift + 8));
        const start = (above | (byte << shift)) >>> 0;
        if (high + start > limit) return false;
        this.base = start;
      }
      this.head[slot] = -1;
      this.vacate(slot);
      while (i >= 0) {
        const after = this.next[i]!;
        this.place(i, this.time[i]!);
        i = after;
      }
      return true;
    }
    return this.approachFar(limit);
  }

  /** Marks a slot that has lost its last event. */
  private vacate(slot: number): void {
    this.tail[slot] = -1;
    const word = slot >> 5;
    if ((this.occupied[word]! &= ~(1 << (slot & 31))) === 0) {
      this.words[word >> 3]! &= ~(1 << (word & 7));
    }
  }

  private approachFar(limit: number): boolean {
    if (this.farHigh * 0x100000000 > limit) return false;
    this.baseHigh = this.farHigh;
    this.base = 0;
    let i = this.farHead;
    this.farHead = -1;
    this.farTail = -1;
    this.farHigh = Number.POSITIVE_INFINITY;
    while (i >= 0) {
      const after = this.next[i]!;
      this.place(i, this.time[i]!);
      i = after;
    }
    return true;
  }

  /** Lowest occupied slot of a level at or after `from`, or −1. */
  private occupiedFrom(level: number, from: number): number {
    const row = level << 3;
    let word = from >> 5;
    let bits = this.occupied[row + word]! & (-1 << (from & 31));
    if (bits === 0) {
      const later = this.words[level]! & (-2 << word);
      if (later === 0) return -1;
      word = 31 - Math.clz32(later & -later);
      bits = this.occupied[row + word]!;
    }
    return (word << 5) + 31 - Math.clz32(bits & -bits);
  }

  private grow(): void {
    const capacity = this.time.length * 2;
    this.time = grown(new Float64Array(capacity), this.time);
    this.kind = grown(new Uint16Array(capacity), this.kind);
    this.a = grown(new Int32Array(capacity), this.a);
    this.b = grown(new Int32Array(capacity), this.b);
    this.next = grown(new Int32Array(capacity), this.next);
  }
}

function grown<T extends Float64Array | Int32Array | Uint16Array>(to: T, from: T): T {
  to.set(from);
  return to;
}

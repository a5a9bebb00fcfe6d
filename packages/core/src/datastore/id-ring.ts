/**
 * Values by ids that are given in order and let go after a while: a ring of slots that grows when an
 * id meets one still held. A map of as many comings and goings spends its time rehashing.
 */
export class IdRing<T> {
  /** Values held. */
  size = 0;
  private ids: Float64Array = new Float64Array(256).fill(-1);
  private values: (T | undefined)[] = new Array<T | undefined>(256).fill(undefined);

  /** The value of an id, or undefined. */
  get(id: number): T | undefined {
    const slot = id & (this.ids.length - 1);
    return this.ids[slot] === id ? this.values[slot] : undefined;
  }

  /** Holds the value of a new id. */
  set(id: number, value: T): void {
    let slot = id & (this.ids.length - 1);
    while (this.ids[slot] !== -1) {
      this.grow();
      slot = id & (this.ids.length - 1);
    }
    this.ids[slot] = id;
    this.values[slot] = value;
    this.size++;
  }

  /** Lets an id go that is held. */
  delete(id: number): void {
    const slot = id & (this.ids.length - 1);
    if (this.ids[slot] !== id) return;
    this.ids[slot] = -1;
    this.values[slot] = undefined;
    this.size--;
  }

  private grow(): void {
    const { ids, values } = this;
    const length = ids.length * 2;
    this.ids = new Float64Array(length).fill(-1);
    this.values = new Array<T | undefined>(length).fill(undefined);
    for (const [at, id] of ids.entries()) {
      if (id === -1) continue;
      // Ids that differ modulo the old length differ modulo twice as much.
      const slot = id & (length - 1);
      this.ids[slot] = id;
      this.values[slot] = values[at];
    }
  }
}

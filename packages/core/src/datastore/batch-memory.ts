import type { UpdateBatch } from "./types.js";

/** Batches that are remembered of each sort; a handful of Typhas send the same few at a time. */
const REMEMBERED = 32;

/**
 * What was made of the latest batches. All clients of a fleet get the same few batch objects, each at
 * its own time, so that each batch need be read only once.
 *
 * Snapshots are dear to read and are shared for a second or more: deltas do not push them out.
 */
export class BatchMemory<Meaning> {
  private readonly deltas: Ring<Meaning> = new Ring();
  private readonly snapshots: Ring<Meaning> = new Ring();

  /** What was made of this very batch, unless it is forgotten. */
  get(batch: UpdateBatch): Meaning | undefined {
    return (batch.snapshot ? this.snapshots : this.deltas).get(batch);
  }

  /** Remembers what was made of a batch, and forgets the oldest. */
  set(batch: UpdateBatch, meaning: Meaning): void {
    (batch.snapshot ? this.snapshots : this.deltas).set(batch, meaning);
  }
}

class Ring<Meaning> {
  private readonly batches: UpdateBatch[] = [];
  private readonly meanings: Meaning[] = [];
  private newest = -1;

  get(batch: UpdateBatch): Meaning | undefined {
    const { batches, newest } = this;
    for (let at = newest; at >= 0; at--) if (batches[at] === batch) return this.meanings[at];
    for (let at = batches.length - 1; at > newest; at--) {
      if (batches[at] === batch) return this.meanings[at];
    }
    return undefined;
  }

  set(batch: UpdateBatch, meaning: Meaning): void {
    this.newest = (this.newest + 1) % REMEMBERED;
    this.batches[this.newest] = batch;
    this.meanings[this.newest] = meaning;
  }
}

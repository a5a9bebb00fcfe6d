/** One UPDATE, or one burst of a re-feed, as shared by every receiver. */
export interface UpdateRecord {
  readonly reach: readonly number[];
  readonly withdraw: readonly number[];
  /** Bytes of the UPDATE that announces `reach`. */
  readonly bytes: number;
  /** Messages that arrive with it, for the receiver's CPU. */
  readonly messages: number;
  /** Prefixes in it that change nothing. */
  readonly spurious: number;
}

/** UPDATE records by number, so that a segment in flight is one integer. */
export class UpdateTable {
  private readonly records: UpdateRecord[] = [];

  /** Keeps a record; returns its number. */
  add(update: UpdateRecord): number {
    this.records.push(Object.freeze(update));
    return this.records.length - 1;
  }

  /** The record with a number. */
  get(record: number): UpdateRecord {
    return this.records[record]!;
  }
}

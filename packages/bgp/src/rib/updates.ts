/** Prefixes announced with one attribute set. */
export interface Announcement {
  readonly attributes: number;
  readonly prefixes: readonly number[];
  /** Path identifier of each prefix; absent when all are the sender's own. */
  readonly sources?: readonly number[];
}

/** One UPDATE, or one burst of a re-feed, as shared by every receiver. */
export interface UpdateRecord {
  readonly reach: readonly Announcement[];
  readonly withdraw: readonly number[];
  /** Path identifier of each withdrawn prefix; absent when all are the sender's own. */
  readonly withdrawSources?: readonly number[];
  /** Messages that arrive with it, for the receiver's CPU. */
  readonly messages: number;
  /** Prefixes in it that change nothing. */
  readonly spurious: number;
}

/** An UPDATE as it counts. */
export interface Counted {
  /** It announces, rather than withdraws. */
  readonly reach: boolean;
  readonly prefixes: number;
  readonly bytes: number;
}

/** An UPDATE ready to go. */
export interface Prepared extends Counted {
  readonly record: number;
}

/** Prefixes up to which a record is worth remembering by its content. */
const INTERN_MAX = 64;

/** UPDATE records by number, so that a segment in flight is one integer. */
export class UpdateTable {
  private readonly records: UpdateRecord[] = [];
  private readonly known: Map<string, number> = new Map();

  /** Keeps a record; returns its number. */
  add(update: UpdateRecord): number {
    this.records.push(Object.freeze(update));
    return this.records.length - 1;
  }

  /** As {@link add}, but equal small records share a number: a reflector tells every client the same. */
  intern(update: UpdateRecord): number {
    const [reach] = update.reach;
    const prefixes = reach?.prefixes ?? update.withdraw;
    if (prefixes.length > INTERN_MAX) return this.add(update);
    const sources = reach === undefined ? update.withdrawSources : reach.sources;
    const key = `${reach?.attributes ?? "-"} ${prefixes.join()} ${sources?.join() ?? ""}`;
    let record = this.known.get(key);
    if (record === undefined) this.known.set(key, (record = this.add(update)));
    return record;
  }

  /** The record with a number. */
  get(record: number): UpdateRecord {
    return this.records[record]!;
  }
}

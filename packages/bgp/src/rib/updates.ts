import { widened } from "../session/connections.js";
import { IntTuples } from "./int-tuples.js";
import { NO_PATH } from "./paths.js";

/** Prefixes announced with one attribute set. */
export interface Announcement {
  readonly attributes: number;
  readonly prefixes: readonly number[];
  /** Path identifier of each prefix. */
  readonly sources: readonly number[];
}

/** What a part of a re-feed changes: its begin with the change itself, or a step of the table. */
export interface Refeed {
  readonly reach: readonly Announcement[];
  readonly withdraw: readonly number[];
  /** Path identifier of each withdrawn prefix. */
  readonly withdrawSources: readonly number[];
  /** Messages that arrive with it, for the receiver's CPU. */
  readonly messages: number;
  /** Of these, BoRR or EoRR. */
  readonly refreshes: number;
  /** Prefixes in it that change nothing. */
  readonly spurious: number;
  /** Only where changes of routes are counted: what it says beyond what it changes. */
  readonly repeats?: Repeats | undefined;
}

/** What a part of a re-feed says that its receiver has, or never had. */
export interface Repeats {
  readonly reach: readonly Announcement[];
  /** All withdrawn prefixes, those that change something included. */
  readonly withdrawn: number;
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

/** Stands for the attributes of a record that withdraws. */
export const WITHDRAWN = -1;

// Integers of a record and of an item: what is read together lies together.
const RECORD = 4;
const ITEM = 4;

/** Prefixes up to which a record is worth remembering by its content. */
const INTERN_MAX = 64;

/**
 * UPDATEs by number, so that a segment in flight is one integer. A record is a stretch of items, each a prefix
 * with its path identifier; equal small records share a number, since a reflector tells every client the same.
 */
export class UpdateTable {
  private count = 0;
  /** By record: attribute set, first item, behind the last. */
  private records: Int32Array = new Int32Array(16 * RECORD);
  private items = 0;
  /** By item: prefix, path identifier, path last taken. */
  private fields: Int32Array = new Int32Array(16 * ITEM);
  /** Content of records with one prefix. */
  private readonly single: IntTuples = new IntTuples();
  /** Their numbers. */
  private readonly singles: number[] = [];
  /** Numbers of other records by content. */
  private readonly known: Map<string, number> = new Map();
  private readonly refeeds: Refeed[] = [];

  /** The record that announces prefixes with one attribute set, or withdraws them if that is {@link WITHDRAWN}. */
  intern(attributes: number, prefixes: readonly number[], sources: readonly number[]): number {
    if (prefixes.length > INTERN_MAX) return this.add(attributes, prefixes, sources);
    if (prefixes.length === 1) {
      const id = this.single.intern(attributes, prefixes[0]!, sources[0]!, 0);
      if (id < this.singles.length) return this.singles[id]!;
      return (this.singles[id] = this.add(attributes, prefixes, sources));
    }
    const key = `${String(attributes)} ${prefixes.join()} ${sources.join()}`;
    let record = this.known.get(key);
    if (record === undefined)
      this.known.set(key, (record = this.add(attributes, prefixes, sources)));
    return record;
  }

  /** Keeps what a re-feed changes; numbered apart from records. */
  addRefeed(refeed: Refeed): number {
    this.refeeds.push(Object.freeze(refeed));
    return this.refeeds.length - 1;
  }

  /** The re-feed with a number. */
  refeed(number: number): Refeed {
    return this.refeeds[number]!;
  }

  /** Attribute set that a record announces, or {@link WITHDRAWN}. */
  attributes(record: number): number {
    return this.records[record * RECORD]!;
  }

  /** First item of a record. */
  begin(record: number): number {
    return this.records[record * RECORD + 1]!;
  }

  /** Behind the last item of a record. */
  end(record: number): number {
    return this.records[record * RECORD + 2]!;
  }

  /** Prefix of an item. */
  prefix(item: number): number {
    return this.fields[item * ITEM]!;
  }

  /** Path identifier of an item. */
  source(item: number): number {
    return this.fields[item * ITEM + 1]!;
  }

  /** The path that a receiver made of an item last, so that the next need not look for it; or {@link NO_PATH}. */
  lastTaken(item: number): number {
    return this.fields[item * ITEM + 2]!;
  }

  /** Notes what a receiver made of an item. */
  setTaken(item: number, path: number): void {
    this.fields[item * ITEM + 2] = path;
  }

  private add(attributes: number, prefixes: readonly number[], sources: readonly number[]): number {
    const record = this.count++;
    const at = record * RECORD;
    if (at === this.records.length) this.records = widened(this.records, 2 * at);
    this.records[at] = attributes;
    this.records[at + 1] = this.items;
    for (let i = 0; i < prefixes.length; i++) this.addItem(prefixes[i]!, sources[i]!);
    this.records[at + 2] = this.items;
    return record;
  }

  private addItem(prefix: number, source: number): void {
    const at = this.items++ * ITEM;
    if (at === this.fields.length) this.fields = widened(this.fields, 2 * at);
    this.fields[at] = prefix;
    this.fields[at + 1] = source;
    this.fields[at + 2] = NO_PATH;
  }
}

import { REJECTED } from "./exporter.js";

/** Prefixes of a bucket come from several nodes. */
export const SEVERAL = -4;

/** Routes for one peer, as BIRD sorts them before it sends: withdrawn ones, and a bucket for each attribute set. */
export class Buckets {
  readonly withdraw: Bucket = new Bucket();
  readonly reach: Map<number, Bucket> = new Map();

  /** Puts a route into the bucket of its attributes; `from` is the node that it was learnt from. */
  add(attributes: number, prefix: number, source: number, from: number): void {
    if (attributes === REJECTED) {
      this.withdraw.add(prefix, source, from);
      return;
    }
    let bucket = this.reach.get(attributes);
    if (bucket === undefined) this.reach.set(attributes, (bucket = new Bucket()));
    bucket.add(prefix, source, from);
  }
}

/** Prefixes that go together, each with its path identifier. */
export class Bucket {
  readonly prefixes: number[] = [];
  readonly sources: number[] = [];
  /** Node that all of them come from, or {@link SEVERAL}. */
  from: number = SEVERAL;
  /** If they come from several nodes: those. */
  several: Set<number> | undefined;

  /** Appends a prefix. */
  add(prefix: number, source: number, from: number): void {
    if (this.prefixes.length === 0) this.from = from;
    else if (this.from !== from) {
      // Most buckets come from one node: no set for those.
      this.several ??= new Set([this.from]);
      this.several.add(from);
      this.from = SEVERAL;
    }
    this.prefixes.push(prefix);
    this.sources.push(source);
  }
}

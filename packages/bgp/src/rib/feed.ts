import type { Batch } from "./batches.js";
import type { RibMark } from "./rib.js";
import type { Prepared } from "./updates.js";

/** What one step of a feed offers to a group of peers. */
export interface FeedStep {
  /** Prefix of the first offer. */
  readonly prefix: number;
  /** Prefix at which the next step begins; undefined for the last. */
  readonly behind: number | undefined;
  readonly messages: readonly Prepared[];
  readonly batch: Batch;
  /** By message: the node that all its prefixes come from, or SEVERAL. */
  readonly from: Int32Array;
  /** Nodes of which something shares a message with what comes from others. */
  readonly mixed: ReadonlySet<number>;
}

/** What a group's newest member is told at first: prepared once, and again from where the table changed since. */
export interface Feed extends RibMark {
  readonly steps: FeedStep[];
}

/** A feed that is not prepared yet. */
export function newFeed(): Feed {
  return { changed: 0, steps: [] };
}

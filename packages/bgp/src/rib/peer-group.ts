import type { ExportMemo } from "./export-memo.js";
import type { Feed } from "./feed.js";

/** One change of what a group may be told: the route before and after, and whom each came from. */
export interface Change {
  /** Attribute set as told, or REJECTED. */
  readonly before: number;
  readonly beforeFrom: number;
  readonly after: number;
  readonly afterFrom: number;
}

/** Waiting changes of one prefix, or of one of its paths where add-path is on. */
export interface Waiting {
  readonly prefix: number;
  readonly source: number;
  readonly changes: Change[];
}

/** Fed peers of one daemon that are told the same, but for what each said itself. */
export interface PeerGroup {
  readonly policy: number;
  /** They are of the daemon's own AS; where a policy takes any AS, some of its peers may be. */
  readonly internal: boolean;
  readonly addPath: boolean;
  readonly ends: number[];
  /** By prefix and source, in the order of the first change. */
  readonly waiting: Map<number, Waiting>;
  /** With which attributes paths go to them. */
  readonly exports: ExportMemo;
  /** What a new one among them is told at first. */
  readonly feed: Feed;
}

import type { RouteChanges } from "../rib/route-counters.js";
import type { Refeed } from "../rib/updates.js";

/** Counters of routes for each session; see `RouteStats`. */
export interface ChangeCounts {
  /** Counts for one more daemon. */
  watch(node: number): void;
  /** Routes came from a peer: withdrawn, or as such because they loop; or announced. */
  arrived(e: number, withdrawn: boolean, routes: number): void;
  /** The import filter refused a route. */
  filtered(e: number): void;
  /** The burst of a re-feed came. */
  refeedArrived(e: number, refeed: Refeed): void;
  /** An end is offered every change from now on. */
  link(node: number, e: number): void;
  /** A session is over. */
  unlink(node: number, e: number): void;
  /** The protocol of a peer is down, and forgets. */
  reset(node: number, e: number): void;
  /** A pod's route inside an own block came to the kernel, or went. */
  podChanged(node: number, came: boolean): void;
  /** The whole table goes to a peer: at first, or again. */
  feed(node: number, e: number, again: boolean): void;
  /** The counters of an end. */
  changes(e: number): RouteChanges;
  /** Routes told to the peer, as BIRD counts them. */
  exported(e: number): number;
}

/** Counters of routes for each kernel protocol; see `KernelStats`. */
export interface KernelCounts {
  /** Counts for one more daemon. */
  watch(node: number): void;
  /** The first scan of a process found its pods' routes. */
  scanned(node: number): void;
  /** A pod's route inside an own block came to the kernel, or went. */
  podChanged(node: number, came: boolean): void;
  /** The whole table goes to the kernel: at first, or again. */
  feed(node: number, again: boolean): void;
  /** The counters of a node. */
  changes(node: number): RouteChanges;
  /** Routes written to the kernel, as BIRD counts them. */
  exported(node: number): number;
}

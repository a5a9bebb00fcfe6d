import type { Micros, UpdateBatch } from "@calico-sim/core";
import { Load } from "../accounting.js";
import type { Input } from "../cache/input.js";
import { SnapshotCache } from "../cache/snapshot-cache.js";

/** A binary snapshot that new clients share (control-plane-behaviour §1.5). */
export interface LiveSnapshot {
  readonly position: number;
  readonly batch: UpdateBatch;
  /** After compression. */
  readonly bytes: number;
  /** When it is encoded. */
  readonly completeAt: Micros;
}

/** How long a finished snapshot stays shareable at least (calico: typha/pkg/syncserver/snap_precalc.go). */
const REUSE: Micros = 1_000_000;

/** One syncer type at one Typha: its cache, its connections, and how far they are. */
export class Server {
  cache: SnapshotCache = new SnapshotCache();
  readonly load: Load = new Load();
  /** Batches from upstream that the cache loop has yet to take in, and when each came. */
  inputs: Input[] = [];
  arrivals: Micros[] = [];
  inputWaiting = false;
  /** When the cache loop is free. */
  cacheUntil: Micros = 0;
  /** All connections. */
  connections: number[] = [];
  /** Clients at the head: they are sent each crumb together. */
  group: Int32Array = new Int32Array(16);
  groupCount = 0;
  /** Last crumb that the group was sent. */
  groupPosition = 0;
  sendWaiting = false;
  /** Clients served one by one. */
  behind: Set<number> = new Set();
  live: LiveSnapshot | undefined = undefined;

  /** The process starts with nothing. */
  reset(): void {
    this.cache = new SnapshotCache();
    this.inputs = [];
    this.arrivals = [];
    this.inputWaiting = false;
    this.cacheUntil = 0;
    this.connections = [];
    this.groupCount = 0;
    this.groupPosition = 0;
    this.sendWaiting = false;
    this.behind = new Set();
    this.live = undefined;
  }

  /** Takes out so many of the batches that came first. */
  drain(count: number): readonly Input[] {
    this.arrivals.splice(0, count);
    return this.inputs.splice(0, count);
  }

  /** Whether anybody may still ask for the next crumb. */
  get crumbsNeeded(): boolean {
    return this.connections.length > 0 || this.live !== undefined;
  }

  /** Forgets the shared snapshot when it may no longer be reused. */
  expireSnapshot(now: Micros): void {
    const { live } = this;
    if (live === undefined || live.position === this.cache.head) return;
    if (now >= live.completeAt + REUSE) this.live = undefined;
  }

  /** Lets go of crumbs that every client has. */
  trim(positionOf: readonly number[]): void {
    let floor = this.groupCount > 0 ? this.groupPosition : this.cache.head;
    for (const client of this.behind) floor = Math.min(floor, positionOf[client]!);
    if (this.live !== undefined) floor = Math.min(floor, this.live.position);
    this.cache.trim(floor);
  }
}

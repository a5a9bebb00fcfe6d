import type { Resource } from "../resources/index.js";

/** State of every stream of every client of a fleet of syncers; slot = client × streams + stream. */
export class SyncerSlots {
  /** Streams of one client. */
  readonly streams: number;
  /** 1 when the next try is a list, 0 when it is a watch from {@link revision}. */
  mustList: Int8Array = new Int8Array(0);
  /** 1 once listed, since the client began. */
  listed: Int8Array = new Int8Array(0);
  /** Watches refused since the last success. */
  errors: Int8Array = new Int8Array(0);
  /** The list under way. */
  request: Int32Array = new Int32Array(0);
  /** The watch, or −1. */
  watch: Int32Array = new Int32Array(0);
  /** Changes with every step, so that a retry that was overtaken does nothing. */
  token: Int32Array = new Int32Array(0);
  /** When the last list or watch began. */
  startedAt: Float64Array = new Float64Array(0);
  /** Revision of the list that the client's content began with. */
  listRevision: Float64Array = new Float64Array(0);
  /** Where a watch resumes. */
  revision: Float64Array = new Float64Array(0);
  /** What the client holds of this stream; known while it is not in sync, or not watching. */
  readonly held: (readonly Resource[] | undefined)[] = [];

  constructor(streams: number) {
    this.streams = streams;
  }

  /** Makes room for a client. */
  reserve(client: number): void {
    const needed = (client + 1) * this.streams;
    if (needed <= this.watch.length) return;
    const wider = Math.max(needed, this.watch.length * 2, 16 * this.streams);
    this.mustList = widen(new Int8Array(wider), this.mustList);
    this.listed = widen(new Int8Array(wider), this.listed);
    this.errors = widen(new Int8Array(wider), this.errors);
    this.request = widen(new Int32Array(wider), this.request);
    const watch = new Int32Array(wider).fill(-1);
    this.watch = widen(watch, this.watch);
    this.token = widen(new Int32Array(wider), this.token);
    this.startedAt = widen(new Float64Array(wider), this.startedAt);
    this.listRevision = widen(new Float64Array(wider), this.listRevision);
    this.revision = widen(new Float64Array(wider), this.revision);
    while (this.held.length < wider) this.held.push(undefined);
  }
}

/** Copies `from` into the wider `to`. */
export function widen<T extends Int8Array | Int32Array | Float64Array>(to: T, from: T): T {
  to.set(from);
  return to;
}

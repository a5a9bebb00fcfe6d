import type { FleetContext } from "../fleet/context.js";
import { COUNT, type WireCounters } from "../messages/counters.js";
import { MESSAGE_MAX, prefixBytes, reachBytes, withdrawBytes } from "../messages/sizes.js";
import { UPDATE } from "../session/segments.js";
import type { Transport } from "../session/transport.js";
import { type Exporter, REJECTED } from "./exporter.js";
import { isLocal } from "./origins.js";
import type { Change, PeerGroup } from "./peer-group.js";
import { OWN, type Path, type RibChange } from "./rib.js";
import type { Counted, Prepared, UpdateTable } from "./updates.js";

/** Routes for one peer, as BIRD sorts them before it sends: withdrawn ones, and a bucket for each attribute set. */
export class Buckets {
  readonly withdraw: Bucket = new Bucket();
  readonly reach: Map<number, Bucket> = new Map();

  /** Puts a route into the bucket of its attributes. */
  add(attributes: number, prefix: number, source: number): void {
    if (attributes === REJECTED) {
      this.withdraw.add(prefix, source);
      return;
    }
    let bucket = this.reach.get(attributes);
    if (bucket === undefined) this.reach.set(attributes, (bucket = new Bucket()));
    bucket.add(prefix, source);
  }
}

/** Prefixes that go together, each with its path identifier. */
export class Bucket {
  readonly prefixes: number[] = [];
  readonly sources: number[] = [];

  /** Appends a prefix. */
  add(prefix: number, source: number): void {
    this.prefixes.push(prefix);
    this.sources.push(source);
  }

  /** Empties it. */
  clear(): void {
    this.prefixes.length = 0;
    this.sources.length = 0;
  }
}

/**
 * Changes of the table on their way to peers: what a turn of the loop brought leaves at its end, withdrawn
 * prefixes first, then one UPDATE for each attribute set (bird: proto/bgp/packets.c, bgp_create_update).
 */
export class Outbox {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  private readonly updates: UpdateTable;
  private readonly exporter: Exporter;
  /** By peer and its own identifier. */
  private readonly identifiers: Map<number, number> = new Map();

  constructor(
    context: FleetContext,
    transport: Transport,
    updates: UpdateTable,
    exporter: Exporter,
  ) {
    this.x = context;
    this.transport = transport;
    this.updates = updates;
    this.exporter = exporter;
  }

  /**
   * The table changed: each group notes what it is to be told. With add-path it is told of every path,
   * otherwise of the best (bird: nest/rt-table.c, rt_notify_basic; the old route goes through the filter
   * too, to know whether it had been told).
   */
  changed(node: number, prefix: number, change: RibChange): void {
    const daemon = this.x.daemons[node]!;
    if (daemon.meshOnly) return;
    for (const group of daemon.groups) {
      if (group.ends.length === 0) continue;
      const [before, after] = group.addPath
        ? [change.before, change.after]
        : [change.bestBefore, change.bestAfter];
      if (samePath(before, after)) continue;
      const told = {
        before: this.told(node, group, prefix, before),
        beforeFrom: this.from(before),
        after: this.told(node, group, prefix, after),
        afterFrom: this.from(after),
      };
      if (told.before === REJECTED && told.after === REJECTED) continue;
      const source = group.addPath ? this.identifier(after ?? before) : OWN;
      this.note(group, prefix, source, told);
      daemon.unsent = true;
    }
  }

  private note(group: PeerGroup, prefix: number, source: number, change: Change): void {
    const key = prefix * SOURCES + (source - OWN);
    const waiting = group.waiting.get(key);
    if (waiting === undefined) group.waiting.set(key, { prefix, source, changes: [change] });
    else waiting.changes.push(change);
  }

  /** Attributes with which a group is told of a path. */
  told(node: number, group: PeerGroup, prefix: number, path: Path | undefined): number {
    const to = group.ends[0];
    if (path === undefined || to === undefined) return REJECTED;
    return this.exporter.attributes(node, to, prefix, path);
  }

  /** Node that a path was learnt from, or OWN. */
  from(path: Path | undefined): number {
    return path === undefined || isLocal(path) ? OWN : this.x.ends.peer[path.end]!;
  }

  /**
   * Path identifier that a route is told with (RFC 7911 §3): one for each path of each peer, since a peer may
   * have told several (bird: nest/rt-table.c, rt_get_source). A peer's own route has the peer's id.
   */
  identifier(path: Path | undefined): number {
    if (path === undefined || isLocal(path)) return OWN;
    const peer = this.x.ends.peer[path.end]!;
    if (path.source === OWN) return peer;
    const key = peer * SOURCES + path.source;
    let id = this.identifiers.get(key);
    if (id === undefined) {
      id = FIRST_IDENTIFIER + this.identifiers.size;
      if (id - OWN >= SOURCES)
        throw new RangeError("more path identifiers than the model can hold");
      this.identifiers.set(key, id);
    }
    return id;
  }

  /** Sends what waits. */
  send(node: number): void {
    const daemon = this.x.daemons[node]!;
    daemon.unsent = false;
    for (const group of daemon.groups) {
      if (group.waiting.size === 0) continue;
      const involved = new Set<number>();
      for (const { changes } of group.waiting.values())
        for (const { beforeFrom, afterFrom } of changes) involved.add(beforeFrom).add(afterFrom);
      const { addPath } = group;
      const common = this.prepare(this.collect(group, NOBODY), addPath);
      for (const e of group.ends) {
        const peer = this.x.ends.peer[e]!;
        const own = involved.has(peer);
        this.post(node, e, own ? this.prepare(this.collect(group, peer), addPath) : common);
      }
      group.waiting.clear();
    }
  }

  /** What a peer is told of the waiting changes. */
  private collect({ waiting }: PeerGroup, peer: number): Buckets {
    const buckets = new Buckets();
    for (const { prefix, source, changes } of waiting.values()) {
      let told: number | undefined;
      for (const { before, beforeFrom, after, afterFrom } of changes) {
        if (after !== REJECTED && afterFrom !== peer) told = after;
        else if (before !== REJECTED && beforeFrom !== peer) told = REJECTED;
      }
      if (told !== undefined) buckets.add(told, prefix, source);
    }
    return buckets;
  }

  /** Buckets as messages: withdrawn prefixes first. */
  prepare(buckets: Buckets, addPath: boolean): readonly Prepared[] {
    const messages: Prepared[] = [];
    for (const { prefixes, sources, bytes } of this.parts(buckets.withdraw, 0, addPath)) {
      const record = this.updates.intern({
        reach: [],
        withdraw: prefixes,
        withdrawSources: sources,
        messages: 1,
        spurious: 0,
      });
      const count = prefixes.length;
      messages.push({ record, reach: false, prefixes: count, bytes: withdrawBytes(bytes) });
    }
    for (const [attributes, bucket] of buckets.reach) {
      const shape = this.x.attributes.bytes(attributes);
      for (const { prefixes, sources, bytes } of this.parts(bucket, shape, addPath)) {
        const record = this.updates.intern({
          reach: [{ attributes, prefixes, sources }],
          withdraw: [],
          messages: 1,
          spurious: 0,
        });
        const count = prefixes.length;
        messages.push({ record, reach: true, prefixes: count, bytes: reachBytes(shape, bytes) });
      }
    }
    return messages;
  }

  /** Sends messages to a peer. */
  post(node: number, e: number, messages: readonly Prepared[]): void {
    const { x } = this;
    const side = x.ends.established[e]!;
    if (side < 0) return;
    for (const message of messages) {
      x.spend(node, x.costs.message);
      countUpdate(x.counters, message, 1);
      this.transport.send(side, UPDATE | (message.record << 4));
    }
  }

  /** The messages of buckets as they count, when what they bring is told otherwise; `extra` octets of routes not in the table are withdrawn with them. */
  measure(buckets: Buckets, addPath: boolean, extra: number): Counted[] {
    const counted: Counted[] = [];
    const withdrawn = [...this.parts(buckets.withdraw, 0, addPath)];
    if (extra > 0 && withdrawn.length === 0)
      withdrawn.push({ prefixes: [], sources: [], bytes: 0 });
    for (const [i, { prefixes, bytes }] of withdrawn.entries()) {
      const more = i === 0 && extra > 0;
      counted.push({
        reach: false,
        prefixes: prefixes.length + Number(more),
        bytes: withdrawBytes(bytes + (more ? extra : 0)),
      });
    }
    for (const [attributes, bucket] of buckets.reach) {
      const shape = this.x.attributes.bytes(attributes);
      for (const { prefixes, bytes } of this.parts(bucket, shape, addPath))
        counted.push({ reach: true, prefixes: prefixes.length, bytes: reachBytes(shape, bytes) });
    }
    return counted;
  }

  /** A bucket in messages of at most 4,096 bytes. */
  private *parts(bucket: Bucket, shape: number, addPath: boolean): Generator<Part> {
    const room = MESSAGE_MAX - reachBytes(shape, 0);
    let part: Part = { prefixes: [], sources: [], bytes: 0 };
    for (const [i, prefix] of bucket.prefixes.entries()) {
      const bytes = prefixBytes(this.x.prefixes.cidr(prefix).length, addPath);
      if (part.bytes + bytes > room) {
        yield part;
        part = { prefixes: [], sources: [], bytes: 0 };
      }
      part.prefixes.push(prefix);
      part.sources.push(bucket.sources[i]!);
      part.bytes += bytes;
    }
    if (part.prefixes.length > 0) yield part;
  }
}

/** Counts an UPDATE sent to a number of peers. */
export function countUpdate(counters: WireCounters, message: Counted, times: number): void {
  counters.count(COUNT.update, message.bytes, times);
  if (message.reach) {
    counters.reach += times;
    counters.nlri += message.prefixes * times;
  } else {
    counters.withdraw += times;
    counters.withdrawn += message.prefixes * times;
  }
}

interface Part {
  readonly prefixes: number[];
  readonly sources: number[];
  bytes: number;
}

/** Room for path identifiers beside a prefix in one integer: node ids, OWN, and those beyond. */
export const SOURCES: number = 2 ** 22;

/** First identifier that is no node's id: no fleet has as many nodes. */
const FIRST_IDENTIFIER = 2 ** 20;

/** No node: what peers are told that are not concerned themselves. */
export const NOBODY = -3;

function samePath(a: Path | undefined, b: Path | undefined): boolean {
  return a?.end === b?.end && a?.attributes === b?.attributes && a?.source === b?.source;
}

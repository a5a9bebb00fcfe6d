import type { FleetContext } from "../fleet/context.js";
import { prefixBytes, reachBytes, updateMax, withdrawBytes } from "../messages/sizes.js";
import type { Transport } from "../session/transport.js";
import { type Batch, countBatch } from "./batches.js";
import { type Bucket, Buckets } from "./buckets.js";
import { type Exporter, REJECTED } from "./exporter.js";
import type { RibChange } from "./path-lists.js";
import { KERNEL, NO_PATH, OWN, SOURCES } from "./paths.js";
import type { Change, PeerGroup } from "./peer-group.js";
import { UpdateSender } from "./update-sender.js";
import { type Counted, type Prepared, WITHDRAWN } from "./updates.js";

/**
 * Changes of the table on their way to peers: what a turn of the loop brought leaves at its end, withdrawn
 * prefixes first, then one UPDATE for each attribute set (bird: proto/bgp/packets.c, bgp_create_update).
 */
export class Outbox {
  private readonly x: FleetContext;
  private readonly sender: UpdateSender;
  private readonly exporter: Exporter;
  /** By peer and its own identifier. */
  private readonly identifiers: Map<number, number> = new Map();

  constructor(context: FleetContext, transport: Transport, exporter: Exporter) {
    this.x = context;
    this.sender = new UpdateSender(context, transport);
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
      const before = group.addPath ? change.before : change.bestBefore;
      const after = group.addPath ? change.after : change.bestAfter;
      if (before === after) continue;
      const toldBefore = this.told(node, group, prefix, before);
      const toldAfter = this.told(node, group, prefix, after);
      if (toldBefore === REJECTED && toldAfter === REJECTED) continue;
      const told = {
        before: toldBefore,
        beforeFrom: this.from(before),
        after: toldAfter,
        afterFrom: this.from(after),
      };
      const source = group.addPath ? this.identifier(after === NO_PATH ? before : after) : OWN;
      this.note(group, prefix, source, told);
      this.x.unsent[node] = 1;
    }
  }

  private note(group: PeerGroup, prefix: number, source: number, change: Change): void {
    const key = prefix * SOURCES + (source - OWN);
    const waiting = group.waiting.get(key);
    if (waiting === undefined) group.waiting.set(key, { prefix, source, changes: [change] });
    else waiting.changes.push(change);
  }

  /** Attributes with which a group is told of a path. */
  told(node: number, group: PeerGroup, prefix: number, path: number): number {
    const to = group.ends[0];
    if (path === NO_PATH || to === undefined) return REJECTED;
    const { identities, paths } = this.x;
    // Filters look at the interface of what comes from the kernel, which is no part of the path.
    if (paths.peer(path) === KERNEL) return this.exporter.attributes(node, to, prefix, path);
    const known = group.exports.get(prefix, path, identities);
    if (known !== undefined) return known;
    const told = this.exporter.attributes(node, to, prefix, path);
    group.exports.set(prefix, path, identities, told);
    return told;
  }

  /** Node that a path was learnt from, or OWN. */
  from(path: number): number {
    return path === NO_PATH || this.x.paths.isLocal(path) ? OWN : this.x.paths.peer(path);
  }

  /**
   * Path identifier that a route is told with (RFC 7911 §3): one for each path of each peer, since a peer may
   * have told several (bird: nest/rt-table.c, rt_get_source). A peer's own route has the peer's id.
   */
  identifier(path: number): number {
    const { paths } = this.x;
    if (path === NO_PATH || paths.isLocal(path)) return OWN;
    const peer = paths.peer(path);
    const source = paths.source(path);
    if (source === OWN) return peer;
    const key = peer * SOURCES + source;
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
    this.x.unsent[node] = 0;
    for (const group of daemon.groups) {
      if (group.waiting.size === 0) continue;
      const involved = new Set<number>();
      for (const { changes } of group.waiting.values())
        for (const { beforeFrom, afterFrom } of changes) involved.add(beforeFrom).add(afterFrom);
      const common = this.batch(this.waiting(group, NOBODY));
      for (const e of group.ends) {
        const peer = this.x.ends.peer[e]!;
        const own = involved.has(peer);
        this.post(node, e, own ? this.batch(this.waiting(group, peer)) : common);
      }
      group.waiting.clear();
    }
  }

  /** What a peer is told of the waiting changes. */
  private waiting({ waiting, addPath }: PeerGroup, peer: number): Prepared[] {
    const buckets = new Buckets();
    for (const { prefix, source, changes } of waiting.values()) {
      let told: number | undefined;
      for (const { before, beforeFrom, after, afterFrom } of changes) {
        if (after !== REJECTED && afterFrom !== peer) told = after;
        else if (before !== REJECTED && beforeFrom !== peer) told = REJECTED;
      }
      if (told !== undefined) buckets.add(told, prefix, source, NOBODY);
    }
    return this.prepare(buckets, addPath);
  }

  /** Buckets as messages: withdrawn prefixes first. */
  prepare(buckets: Buckets, addPath: boolean): Prepared[] {
    const messages = this.pack(WITHDRAWN, buckets.withdraw, addPath);
    for (const [attributes, bucket] of buckets.reach)
      for (const message of this.pack(attributes, bucket, addPath)) messages.push(message);
    return messages;
  }

  /** A bucket as messages. */
  pack(attributes: number, bucket: Bucket, addPath: boolean): Prepared[] {
    const reach = attributes !== WITHDRAWN;
    return this.parts(bucket, attributes, addPath).map(({ prefixes, sources, bytes }) => ({
      record: this.x.updates.intern(attributes, prefixes, sources),
      reach,
      prefixes: prefixes.length,
      bytes: this.size(attributes, bytes),
    }));
  }

  /** Messages that go together. */
  batch(messages: readonly Prepared[]): Batch {
    return this.x.batches.add(messages);
  }

  /** Sends a batch to a peer. */
  post(node: number, e: number, batch: Batch): void {
    if (this.x.ends.established[e]! < 0) return;
    countBatch(this.x.counters, batch, 1);
    this.postPart(node, e, batch.start, batch.length);
  }

  /** Sends a part of a batch, which the caller counts. */
  postPart(node: number, e: number, place: number, length: number): void {
    this.sender.send(node, this.x.ends.established[e]!, place, length);
  }

  /** The messages of buckets as they count, when what they bring is told otherwise; `extra` octets of routes not in the table are withdrawn with them. */
  measure(buckets: Buckets, addPath: boolean, extra: number): Counted[] {
    const counted: Counted[] = [];
    const withdrawn = this.parts(buckets.withdraw, WITHDRAWN, addPath);
    if (extra > 0 && withdrawn.length === 0)
      withdrawn.push({ prefixes: [], sources: [], bytes: 0 });
    for (const [i, { prefixes, bytes }] of withdrawn.entries()) {
      const more = i === 0 && extra > 0;
      counted.push({
        reach: false,
        prefixes: prefixes.length + Number(more),
        bytes: withdrawBytes(bytes + (more ? extra : 0), this.x.family),
      });
    }
    for (const [attributes, bucket] of buckets.reach) {
      for (const { prefixes, bytes } of this.parts(bucket, attributes, addPath)) {
        const size = this.size(attributes, bytes);
        counted.push({ reach: true, prefixes: prefixes.length, bytes: size });
      }
    }
    return counted;
  }

  /** A bucket in messages of at most 4,096 bytes. */
  private parts({ prefixes, sources }: Bucket, attributes: number, addPath: boolean): Part[] {
    const parts: Part[] = [];
    const room = this.room(attributes);
    let begin = 0;
    let bytes = 0;
    for (let i = 0; i < prefixes.length; i++) {
      const more = prefixBytes(this.x.prefixes.cidr(prefixes[i]!).length, addPath);
      if (bytes + more > room) {
        parts.push({ prefixes: prefixes.slice(begin, i), sources: sources.slice(begin, i), bytes });
        begin = i;
        bytes = 0;
      }
      bytes += more;
    }
    if (begin === 0 && bytes > 0) parts.push({ prefixes, sources, bytes });
    else if (bytes > 0)
      parts.push({ prefixes: prefixes.slice(begin), sources: sources.slice(begin), bytes });
    return parts;
  }

  /** Octets of prefixes that fit into one message. */
  private room(attributes: number): number {
    const { family } = this.x;
    const reach = attributes !== WITHDRAWN;
    const max = updateMax(reach, family, reach && this.x.attributes.get(attributes).linkLocal);
    // Of IPv6, counted with the longer header that many prefixes need.
    return max - this.size(attributes, 0) - (family === 6 ? 1 : 0);
  }

  /** Octets of a message with so many of prefixes. */
  private size(attributes: number, nlri: number): number {
    const { attributes: table, family } = this.x;
    if (attributes === WITHDRAWN) return withdrawBytes(nlri, family);
    return reachBytes(table.bytes(attributes), nlri, family, table.get(attributes).linkLocal);
  }
}

interface Part {
  readonly prefixes: readonly number[];
  readonly sources: readonly number[];
  readonly bytes: number;
}

/** First identifier that is no node's id: no fleet has as many nodes. */
const FIRST_IDENTIFIER = 2 ** 20;

/** No node: what peers are told that are not concerned themselves. */
export const NOBODY = -3;

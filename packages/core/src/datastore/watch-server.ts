import type { Engine, EventHandler, Micros } from "../engine/index.js";
import type { LoadMeter } from "../metrics/index.js";
import type { DatastoreProfile } from "./cost-profile.js";
import type { KindTable } from "./kind-table.js";
import type { ObjectStore } from "./object-store.js";
import type { ServerQueue } from "./server-queue.js";
import type { ClientKind, DatastorePath, StoredKind, WatchEvent, WatchReceiver } from "./types.js";
import { type WatchGroup, WatchTable } from "./watch-table.js";

const VERB_WATCH = 2;

/** One change on its way to the watches of one group, or one replayed change to one watch. */
interface Delivery {
  readonly table: KindTable;
  readonly group: WatchGroup;
  readonly event: WatchEvent;
  readonly watches: Int32Array;
  readonly closings: number;
  readonly perWatch: Micros;
  readonly replay: boolean;
}

/** Watches that ended together. */
interface Ending {
  readonly receiver: WatchReceiver;
  readonly watches: Int32Array;
  readonly reason: "too-old" | "closed";
  /** The watch was never accepted: if the client has given it up meanwhile, nobody is told. */
  readonly refused: boolean;
}

/** What {@link WatchServer} is made of. */
export interface WatchServerParts {
  readonly engine: Engine;
  readonly store: ObjectStore;
  readonly queue: ServerQueue;
  readonly profile: DatastoreProfile;
  readonly path: DatastorePath;
  readonly meter: LoadMeter;
  readonly requestTimeout: Micros;
}

/**
 * The watching half of a server: opens watches, replays what they missed, fans changes out.
 *
 * Changes of one kind go out one after another, as the one dispatcher of a watch cache does
 * (kubernetes: staging/src/k8s.io/apiserver/pkg/storage/cacher/cacher.go), so a watch never sees two
 * changes in the wrong order. A change costs one encoding and one write per watch, and one engine event
 * per group however many watches there are.
 */
export class WatchServer implements EventHandler {
  /** Watches that were ever opened. */
  readonly watches: WatchTable = new WatchTable();
  /** False during an outage. */
  up = true;

  private readonly parts: WatchServerParts;
  private readonly kindArrive: number;
  private readonly kindOpen: number;
  private readonly kindDeliver: number;
  private readonly kindEnd: number;
  private readonly kindBookmark: number;
  private readonly deliveries: (Delivery | undefined)[] = [];
  private readonly freeDeliveries: number[] = [];
  private readonly endings: Map<number, Ending> = new Map();
  private nextEnding = 0;
  private bookmarksStarted = false;
  /** Counts outages: what was queued before one does not survive it. */
  private outages = 0;
  private compactedPeriods = 0;
  private revisionAtPeriod = 0;

  constructor(parts: WatchServerParts) {
    this.parts = parts;
    const { engine } = parts;
    this.kindArrive = engine.defineKind("datastore.watch.arrive", this);
    this.kindOpen = engine.defineKind("datastore.watch.open", this);
    this.kindDeliver = engine.defineKind("datastore.watch.deliver", this);
    this.kindEnd = engine.defineKind("datastore.watch.end", this);
    this.kindBookmark = engine.defineKind("datastore.bookmark", this, { background: true });
  }

  /** A client asks for a watch; returns its id. */
  request(
    kind: StoredKind,
    client: ClientKind,
    node: number,
    fromRevision: number,
    receiver: WatchReceiver,
  ): number {
    const { engine, path, requestTimeout } = this.parts;
    const id = this.watches.add(this.groupFor(kind, client, receiver), node, fromRevision);
    const delay = path.delay(node);
    if (delay === Number.POSITIVE_INFINITY) this.endLater(id, "closed", requestTimeout);
    else engine.after(Math.ceil(delay), this.kindArrive, id);
    return id;
  }

  /** A client ends a watch. */
  close(id: number): void {
    const group = this.watches.group(id);
    if (group !== undefined && this.watches.close(id)) this.parts.meter.watches(group.pair, -1);
  }

  /** The server ends watches; each receiver is told once. */
  drop(ids: ArrayLike<number>): void {
    const byReceiver = new Map<WatchReceiver, number[]>();
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      const group = this.watches.group(id);
      if (group === undefined || !this.watches.isOpen(id)) continue;
      const list = byReceiver.get(group.receiver);
      if (list === undefined) byReceiver.set(group.receiver, [id]);
      else list.push(id);
      this.close(id);
    }
    for (const [receiver, list] of byReceiver) {
      this.end({ receiver, watches: Int32Array.from(list), reason: "closed", refused: false }, 0);
    }
  }

  /** Outage: every watch ends, whatever is queued is lost. */
  goDown(): void {
    this.up = false;
    this.outages++;
    const all: number[] = [];
    for (const table of this.parts.store.all()) {
      for (const group of table.groups) for (const id of this.watches.members(group)) all.push(id);
    }
    this.drop(all);
    this.parts.queue.reset(this.parts.engine.now);
  }

  /** Return. An apiserver fills its watch cache anew and knows nothing of before; etcd keeps history. */
  goUp(): void {
    this.up = true;
    const { store, queue, engine } = this.parts;
    queue.reset(engine.now);
    for (const table of store.all()) {
      table.laneUntil = engine.now;
      if (store.flavour === "kubernetes") table.floor = store.revision;
    }
  }

  /** Sends a change to every watch on its kind. */
  publish(event: WatchEvent): void {
    const { engine, store, queue, profile } = this.parts;
    const table = store.table(event.kind);
    this.trim(table, event.revision - 1);
    let watches = 0;
    for (const group of table.groups) watches += group.open;
    if (watches === 0) return;
    const write =
      profile.eventWriteMicros.value + event.bytes * profile.eventWriteMicrosPerByte.value;
    const encode = profile.eventEncodeMicros.value;
    const perWatch = write / queue.cores;
    const start = Math.max(queue.admit(engine.now, encode + watches * write), table.laneUntil);
    let at = start + encode;
    for (const group of table.groups) {
      if (group.open === 0) continue;
      at = Math.ceil(at);
      const members = this.watches.members(group);
      this.deliver(at, {
        table,
        group,
        event,
        watches: members,
        closings: group.closings,
        perWatch,
        replay: false,
      });
      at += members.length * perWatch;
    }
    table.laneUntil = at;
  }

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number, b: number): void {
    if (kind === this.kindDeliver) this.onDeliver(a);
    else if (kind === this.kindArrive) this.onArrive(a);
    else if (kind === this.kindOpen) this.onOpen(a, b);
    else if (kind === this.kindEnd) this.onEnd(a);
    else this.onBookmark();
  }

  private onArrive(id: number): void {
    const group = this.watches.group(id);
    if (group === undefined) return;
    if (!this.up) {
      this.endLater(id, "closed", this.delayBack(id));
      return;
    }
    const { engine, queue, profile, meter } = this.parts;
    meter.request(group.pair, VERB_WATCH, engine.now);
    const work = profile.watchOpenMicros.value;
    engine.schedule(
      Math.ceil(queue.admit(engine.now, work) + work),
      this.kindOpen,
      id,
      this.outages,
    );
  }

  private onOpen(id: number, outages: number): void {
    const group = this.watches.group(id);
    if (group === undefined) return;
    if (!this.up || outages !== this.outages) {
      this.endLater(id, "closed", this.delayBack(id));
      return;
    }
    const { engine, store, queue, profile, meter } = this.parts;
    const table = store.table(group.kind as StoredKind);
    this.trim(table, store.revision);
    const from = this.watches.revisionOf(id);
    if (from < table.floor) {
      this.endLater(id, "too-old", this.delayBack(id));
      return;
    }
    const missed = table.eventsAfter(from);
    this.watches.open(id, missed.length);
    meter.watches(group.pair, 1);
    if (!this.bookmarksStarted) {
      this.bookmarksStarted = true;
      engine.after(profile.bookmarkIntervalMicros.value, this.kindBookmark);
    }
    for (const event of missed) {
      const write =
        profile.eventWriteMicros.value + event.bytes * profile.eventWriteMicrosPerByte.value;
      const start = Math.max(queue.admit(engine.now, write), table.laneUntil);
      const at = Math.ceil(start + write);
      table.laneUntil = at;
      this.deliver(at, {
        table,
        group,
        event,
        watches: Int32Array.of(id),
        closings: group.closings,
        perWatch: 0,
        replay: true,
      });
    }
  }

  private deliver(at: Micros, delivery: Delivery): void {
    const slot = this.freeDeliveries.pop() ?? this.deliveries.length;
    this.deliveries[slot] = delivery;
    delivery.table.inFlight++;
    this.parts.engine.schedule(at, this.kindDeliver, slot);
  }

  private onDeliver(slot: number): void {
    const delivery = this.deliveries[slot]!;
    this.deliveries[slot] = undefined;
    this.freeDeliveries.push(slot);
    const { table, group, event, perWatch } = delivery;
    table.inFlight--;
    const watches =
      delivery.closings === group.closings
        ? delivery.watches
        : this.watches.stillOpen(delivery.watches);
    if (delivery.replay) {
      if (watches.length > 0) this.watches.replayed(watches[0]!, event.revision);
    } else if (event.revision > group.delivered) {
      group.delivered = event.revision;
    }
    if (watches.length === 0) return;
    const { now } = this.parts.engine;
    this.parts.meter.events(group.pair, watches.length, event.bytes, now);
    group.receiver.onWatchEvent(event, watches, now, perWatch);
  }

  /** Bookmarks to all watches: one event a minute for the whole server. */
  private onBookmark(): void {
    const { engine, store, queue, profile, meter } = this.parts;
    engine.after(profile.bookmarkIntervalMicros.value, this.kindBookmark);
    if (!this.up) return;
    for (const table of store.all()) {
      this.trim(table, store.revision);
      for (const group of table.groups) {
        if (group.open === 0) continue;
        meter.bookmarks(group.pair, group.open, store.sizes.bookmarkBytes, engine.now);
        queue.admit(engine.now, group.open * profile.eventWriteMicros.value);
        // A bookmark may not overtake a change that is still on its way.
        if (table.inFlight === 0) group.delivered = store.revision;
      }
    }
  }

  /** Drops history that has outlived its time; `revision` was the store's until now. */
  private trim(table: KindTable, revision: number): void {
    const { engine, store, profile } = this.parts;
    const interval = profile.compactionIntervalMicros.value;
    if (interval === Number.POSITIVE_INFINITY) {
      const before = engine.now - profile.windowAgeMicros.value;
      table.trimWindow(before, profile.windowEventsMin.value, profile.windowEventsMax.value);
      return;
    }
    // Each period compacts to the revision with which the period before it ended.
    const periods = Math.floor(engine.now / interval);
    if (periods === this.compactedPeriods) return;
    const older = periods - this.compactedPeriods > 1 ? revision : this.revisionAtPeriod;
    this.compactedPeriods = periods;
    this.revisionAtPeriod = revision;
    for (const each of store.all()) each.compact(older);
  }

  private groupFor(kind: StoredKind, client: ClientKind, receiver: WatchReceiver): WatchGroup {
    const { store, meter } = this.parts;
    const { groups } = store.table(kind);
    const pair = meter.pair(client, kind);
    const known = groups.find((group) => group.receiver === receiver && group.pair === pair);
    if (known !== undefined) return known;
    const group: WatchGroup = {
      kind,
      receiver,
      pair,
      ids: new Int32Array(0),
      added: [],
      dirty: false,
      open: 0,
      closings: 0,
      delivered: 0,
    };
    groups.push(group);
    return group;
  }

  private delayBack(id: number): Micros {
    const delay = this.parts.path.delay(this.watches.nodeOf(id));
    return delay === Number.POSITIVE_INFINITY ? this.parts.requestTimeout : Math.ceil(delay);
  }

  private endLater(id: number, reason: "too-old" | "closed", delay: Micros): void {
    const receiver = this.watches.group(id)!.receiver;
    this.end({ receiver, watches: Int32Array.of(id), reason, refused: true }, delay);
  }

  private end(ending: Ending, delay: Micros): void {
    const id = this.nextEnding++;
    this.endings.set(id, ending);
    this.parts.engine.after(delay, this.kindEnd, id);
  }

  private onEnd(id: number): void {
    const { receiver, watches, reason, refused } = this.endings.get(id)!;
    this.endings.delete(id);
    if (refused) {
      if (!this.watches.isAlive(watches[0]!)) return;
      this.close(watches[0]!);
    }
    receiver.onWatchClosed(watches, reason);
  }
}

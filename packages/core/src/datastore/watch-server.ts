import type { Engine, EventHandler, Micros } from "../engine/index.js";
import { type LoadMeter, METER_VERBS } from "../metrics/index.js";
import type { DatastoreProfile } from "./cost-profile.js";
import { FanOut } from "./fan-out.js";
import { History } from "./history.js";
import type { ObjectStore } from "./object-store.js";
import type { ServerQueue } from "./server-queue.js";
import {
  arrivalOver,
  type ClientKind,
  type DatastorePath,
  REQUEST_BYTES,
  type StoredKind,
  type WatchEvent,
  type WatchReceiver,
} from "./types.js";
import { type WatchGroup, WatchTable } from "./watch-table.js";

const VERB_WATCH = METER_VERBS.indexOf("watch");

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

/** The watching half of a server: opens watches, has them told what they missed, ends them. */
export class WatchServer implements EventHandler {
  /** Watches that were ever opened. */
  readonly watches: WatchTable = new WatchTable();
  /** False during an outage. */
  up = true;

  private readonly parts: WatchServerParts;
  private readonly kindArrive: number;
  private readonly kindOpen: number;
  private readonly kindEnd: number;
  private readonly kindBookmark: number;
  private readonly history: History;
  private readonly fanOut: FanOut;
  private readonly endings: Map<number, Ending> = new Map();
  private nextEnding = 0;
  private bookmarksStarted = false;
  /** Counts outages: what was queued before one does not survive it. */
  private outages = 0;

  constructor(parts: WatchServerParts) {
    this.parts = parts;
    const { engine, queue, profile, meter } = parts;
    this.history = new History(parts.store, profile);
    this.fanOut = new FanOut({ engine, queue, profile, meter, watches: this.watches });
    this.kindArrive = engine.defineKind("datastore.watch.arrive", this);
    this.kindOpen = engine.defineKind("datastore.watch.open", this);
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
    const arrival = arrivalOver(path, node, engine.now, REQUEST_BYTES, true);
    if (arrival === Number.POSITIVE_INFINITY) this.endLater(id, "closed", requestTimeout);
    else engine.schedule(Math.ceil(arrival), this.kindArrive, id);
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

  /** A change was committed: whoever watches its kind is told. */
  publish(event: WatchEvent): void {
    const table = this.parts.store.table(event.kind);
    this.history.trim(table, this.parts.engine.now, event.revision - 1);
    this.fanOut.publish(table, event);
  }

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number, b: number): void {
    if (kind === this.kindArrive) this.onArrive(a);
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
    const { engine, store, profile, meter } = this.parts;
    const table = store.table(group.kind as StoredKind);
    this.history.trim(table, engine.now, store.revision);
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
    this.fanOut.replay(table, group, id, missed);
  }

  /** Bookmarks to all watches: one event a minute for the whole server. */
  private onBookmark(): void {
    const { engine, store, queue, profile, meter } = this.parts;
    engine.after(profile.bookmarkIntervalMicros.value, this.kindBookmark);
    if (!this.up) return;
    for (const table of store.all()) {
      this.history.trim(table, engine.now, store.revision);
      for (const group of table.groups) {
        if (group.open === 0) continue;
        meter.bookmarks(group.pair, group.open, store.sizes.bookmarkBytes, engine.now);
        queue.admit(engine.now, group.open * profile.eventWriteMicros.value);
        // A bookmark may not overtake a change that is still on its way.
        if (table.inFlight === 0) group.delivered = store.revision;
      }
    }
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
    const { path, engine, requestTimeout } = this.parts;
    const arrival = arrivalOver(path, this.watches.nodeOf(id), engine.now, 0, false);
    return arrival === Number.POSITIVE_INFINITY ? requestTimeout : Math.ceil(arrival - engine.now);
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

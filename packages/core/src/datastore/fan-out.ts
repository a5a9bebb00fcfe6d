import type { Engine, EventHandler, Micros } from "../engine/index.js";
import type { LoadMeter } from "../metrics/index.js";
import type { DatastoreProfile } from "./cost-profile.js";
import type { KindTable } from "./kind-table.js";
import type { ServerQueue } from "./server-queue.js";
import type { WatchEvent } from "./types.js";
import type { WatchGroup, WatchTable } from "./watch-table.js";

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

/** What {@link FanOut} is made of. */
export interface FanOutParts {
  readonly engine: Engine;
  readonly queue: ServerQueue;
  readonly profile: DatastoreProfile;
  readonly meter: LoadMeter;
  readonly watches: WatchTable;
}

/**
 * Sends changes to watches.
 *
 * Changes of one kind go out one after another, as the one dispatcher of a watch cache does
 * (kubernetes: staging/src/k8s.io/apiserver/pkg/storage/cacher/cacher.go), so a watch never sees two
 * changes in the wrong order. A change costs one encoding and one write per watch, and one engine event
 * per group however many watches there are.
 */
export class FanOut implements EventHandler {
  private readonly parts: FanOutParts;
  private readonly kindDeliver: number;
  private readonly deliveries: (Delivery | undefined)[] = [];
  private readonly free: number[] = [];

  constructor(parts: FanOutParts) {
    this.parts = parts;
    this.kindDeliver = parts.engine.defineKind("datastore.watch.deliver", this);
  }

  /** Sends a change to every watch on its kind. */
  publish(table: KindTable, event: WatchEvent): void {
    const { engine, queue, profile, watches } = this.parts;
    let count = 0;
    for (const group of table.groups) count += group.open;
    if (count === 0) return;
    const encode = profile.eventEncodeMicros.value;
    const write = this.writeMicros(event);
    const perWatch = write / queue.cores;
    const start = Math.max(queue.admit(engine.now, encode + count * write), table.laneUntil);
    let at = start + encode;
    for (const group of table.groups) {
      if (group.open === 0) continue;
      at = Math.ceil(at);
      const members = watches.members(group);
      const { closings } = group;
      this.send(at, { table, group, event, watches: members, closings, perWatch, replay: false });
      at += members.length * perWatch;
    }
    table.laneUntil = at;
  }

  /** Sends one watch the changes that it missed. */
  replay(table: KindTable, group: WatchGroup, id: number, missed: readonly WatchEvent[]): void {
    const { engine, queue } = this.parts;
    const watches = Int32Array.of(id);
    const { closings } = group;
    for (const event of missed) {
      const write = this.writeMicros(event);
      const start = Math.max(queue.admit(engine.now, write), table.laneUntil);
      const at = Math.ceil(start + write);
      table.laneUntil = at;
      this.send(at, { table, group, event, watches, closings, perWatch: 0, replay: true });
    }
  }

  /** See {@link EventHandler}. */
  onEvent(_kind: number, slot: number): void {
    const { engine, meter, watches } = this.parts;
    const delivery = this.deliveries[slot]!;
    this.deliveries[slot] = undefined;
    this.free.push(slot);
    const { table, group, event, perWatch } = delivery;
    table.inFlight--;
    const members =
      delivery.closings === group.closings ? delivery.watches : watches.stillOpen(delivery.watches);
    if (delivery.replay) {
      if (members.length > 0) watches.replayed(members[0]!, event.revision);
    } else if (event.revision > group.delivered) {
      group.delivered = event.revision;
    }
    if (members.length === 0) return;
    meter.events(group.pair, members.length, event.bytes, engine.now);
    group.receiver.onWatchEvent(event, members, engine.now, perWatch);
  }

  private send(at: Micros, delivery: Delivery): void {
    const slot = this.free.pop() ?? this.deliveries.length;
    this.deliveries[slot] = delivery;
    delivery.table.inFlight++;
    this.parts.engine.schedule(at, this.kindDeliver, slot);
  }

  private writeMicros(event: WatchEvent): Micros {
    const { eventWriteMicros, eventWriteMicrosPerByte } = this.parts.profile;
    return eventWriteMicros.value + event.bytes * eventWriteMicrosPerByte.value;
  }
}

import type { Engine, EventHandler, Micros } from "../engine/index.js";
import type { Resource } from "../resources/index.js";
import type { Datastore } from "./datastore.js";
import { CLIENT, SyncerClients } from "./syncer-clients.js";
import { applyEvents, batchOf, EarlyEvents, SyncerContent } from "./syncer-content.js";
import { convert } from "./syncer-conversion.js";
import { syncerStreams } from "./syncer-kinds.js";
import { SyncerSlots } from "./syncer-slots.js";
import type {
  StoredKind,
  SyncerSource,
  SyncerType,
  SyncerUpdate,
  SyncStatus,
  UpdateBatch,
  WatchEvent,
  WatchReceiver,
} from "./types.js";
import { WATCHER_SYNCER, type WatcherSyncersOptions } from "./watcher-syncer-options.js";

/**
 * Watcher syncers of one type, one per client: all Felixes without Typha, or all Typhas.
 *
 * Each client lists and watches every kind of its syncer on its own, as a watcher cache does; the work on
 * the contents is done once for all. A change costs one conversion and, per client, a few operations of
 * arithmetic for its arrival.
 */
export class WatcherSyncers implements SyncerSource, WatchReceiver, EventHandler {
  readonly type: SyncerType;
  private readonly engine: Engine;
  private readonly datastore: Datastore;
  private readonly options: WatcherSyncersOptions;
  private readonly kindListed: number;
  private readonly kindRetry: number;
  /** Kind of each stream. */
  private readonly kinds: readonly StoredKind[];
  private readonly streamOf: Map<StoredKind, number> = new Map();
  private readonly slots: SyncerSlots;
  private readonly content: SyncerContent;
  private readonly early: EarlyEvents;
  private readonly slotOfWatch: Map<number, number> = new Map();
  /** Per stream, the members of its last event and the clients behind them. */
  private readonly fanOuts: ({ watches: Int32Array; clients: Int32Array } | undefined)[] = [];

  private readonly clients: SyncerClients = new SyncerClients();

  constructor(engine: Engine, datastore: Datastore, options: WatcherSyncersOptions) {
    this.engine = engine;
    this.datastore = datastore;
    this.options = options;
    this.type = options.type;
    this.kinds = syncerStreams(datastore.flavour, options.type);
    for (const [stream, kind] of this.kinds.entries()) this.streamOf.set(kind, stream);
    this.slots = new SyncerSlots(this.kinds.length);
    this.content = new SyncerContent(options.type, datastore.sizes);
    this.early = new EarlyEvents(this.kinds.length);
    const name = `syncer.${options.type}.${options.client}`;
    this.kindListed = engine.defineKind(`${name}.listed`, this);
    this.kindRetry = engine.defineKind(`${name}.retry`, this);
  }

  /** Status of a client's stream. */
  statusOf(client: number): SyncStatus {
    return this.clients.statusOf(client);
  }

  /** Number of watch streams of one client. */
  get streams(): number {
    return this.kinds.length;
  }

  /** The client starts: it lists and watches every kind. */
  connect(client: number): void {
    const { clients, slots } = this;
    const { nodeOf } = this.options;
    slots.reserve(client);
    clients.reserve(client);
    if (clients.state[client] !== CLIENT.gone) this.disconnect(client);
    clients.node[client] = "nodeOf" in nodeOf ? nodeOf.nodeOf(client) : nodeOf[client]!;
    clients.connected(client, this.engine.now);
    this.begin(client, CLIENT.waiting);
  }

  /** The client's process is gone: its watches end, its requests are forgotten. */
  disconnect(client: number): void {
    if ((this.clients.state[client] ?? CLIENT.gone) === CLIENT.gone) return;
    this.forget(client);
    this.clients.state[client] = CLIENT.gone;
  }

  /** See {@link WatchReceiver}. */
  onWatchEvent(event: WatchEvent, watches: Int32Array, sentAt: Micros, perWatch: Micros): void {
    const stream = this.streamOf.get(event.kind)!;
    this.early.add(stream, event);
    const update = convert(event, this.type, this.datastore.sizes);
    if (update === undefined) return;
    const { clients, datastore, options } = this;
    const members = this.clientsOf(stream, watches);
    const count = clients.spread(members, sentAt, perWatch, datastore.path, update.bytes);
    if (clients.lost.length > 0) {
      for (const client of clients.lost.splice(0)) this.loseConnection(client, event);
    }
    if (count > 0) clients.handOver(batchOf([update], false, "in-sync"), count, options.sink);
  }

  /** See {@link WatchReceiver}. */
  onWatchClosed(watches: Int32Array, reason: "too-old" | "closed"): void {
    const { slots, datastore, engine } = this;
    for (const watch of watches) {
      const slot = this.slotOfWatch.get(watch);
      if (slot === undefined) continue;
      const accepted = datastore.watchAccepted(watch);
      slots.errors[slot] = accepted ? 0 : slots.errors[slot]! + 1;
      const enough = slots.errors[slot] >= WATCHER_SYNCER.watchErrorsMax;
      if (!this.loseWatch(slot, datastore.watchRevision(watch), accepted)) continue;
      slots.mustList[slot] = reason === "too-old" || enough ? 1 : 0;
      this.retry(
        slot,
        Math.max(engine.now, slots.startedAt[slot]! + WATCHER_SYNCER.resyncInterval),
      );
    }
  }

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number, b: number): void {
    if (kind === this.kindListed) {
      this.onListed(a, b);
    } else if (this.slots.token[a] === b) {
      if (this.slots.mustList[a] === 1) this.startList(a);
      else this.startWatch(a);
    }
  }

  /** Lists everything; the client gets a snapshot when all is there. */
  private begin(client: number, status: number): void {
    const { slots } = this;
    this.clients.state[client] = status;
    this.clients.listedStreams[client] = 0;
    const first = client * slots.streams;
    for (let slot = first; slot < first + slots.streams; slot++) {
      slots.listed[slot] = 0;
      slots.errors[slot] = 0;
      this.startList(slot);
    }
  }

  private forget(client: number): void {
    const { slots } = this;
    const early = this.clients.state[client] !== CLIENT.inSync;
    for (let stream = 0; stream < slots.streams; stream++) {
      const slot = client * slots.streams + stream;
      if (early && slots.listed[slot] === 1) this.early.await(stream, -1);
      this.dropWatch(slot);
      slots.request[slot] = 0;
      slots.token[slot]!++;
      slots.held[slot] = undefined;
    }
  }

  private startList(slot: number): void {
    const { slots, engine, datastore, options } = this;
    const client = Math.floor(slot / slots.streams);
    slots.token[slot]!++;
    slots.startedAt[slot] = engine.now;
    slots.request[slot] = datastore.request(
      {
        verb: "list",
        kind: this.kinds[slot % slots.streams]!,
        client: options.client,
        node: this.clients.node[client]!,
      },
      this.kindListed,
      slot,
    );
  }

  private startWatch(slot: number): void {
    const { slots, engine, datastore, options } = this;
    const node = this.clients.node[Math.floor(slot / slots.streams)]!;
    const kind = this.kinds[slot % slots.streams]!;
    slots.token[slot]!++;
    slots.startedAt[slot] = engine.now;
    const watch = datastore.watch(kind, options.client, node, slots.revision[slot]!, this);
    slots.watch[slot] = watch;
    this.slotOfWatch.set(watch, slot);
  }

  private retry(slot: number, at: Micros): void {
    const { slots } = this;
    this.engine.schedule(at, this.kindRetry, slot, ++slots.token[slot]!);
  }

  private onListed(slot: number, request: number): void {
    const { slots, engine } = this;
    const outcome = this.datastore.takeOutcome(request);
    if (slots.request[slot] !== request) return;
    slots.request[slot] = 0;
    if (outcome.status !== "ok" || outcome.items === undefined) {
      slots.mustList[slot] = 1;
      this.retry(slot, engine.now + WATCHER_SYNCER.listRetryInterval);
      return;
    }
    const client = Math.floor(slot / slots.streams);
    if (this.clients.state[client] === CLIENT.waiting) {
      this.clients.state[client] = CLIENT.resync;
      this.options.sink.onStatus(client, "resync");
    }
    const before = slots.held[slot];
    slots.errors[slot] = 0;
    slots.revision[slot] = outcome.revision;
    slots.listRevision[slot] = outcome.revision;
    slots.held[slot] = outcome.items;
    this.startWatch(slot);
    if (this.clients.state[client] === CLIENT.inSync) {
      slots.held[slot] = undefined;
      this.send(client, this.content.diff(before ?? [], outcome.items, outcome.revision));
    } else if (slots.listed[slot] === 0) {
      slots.listed[slot] = 1;
      this.early.await(slot % slots.streams, 1);
      if (++this.clients.listedStreams[client]! === slots.streams) this.synchronise(client);
    }
  }

  /** All kinds are listed: the snapshot goes to the client, and what its watches brought meanwhile. */
  private synchronise(client: number): void {
    const { slots } = this;
    const first = client * slots.streams;
    const lists: (readonly Resource[])[] = [];
    const since: SyncerUpdate[] = [];
    for (let stream = 0; stream < slots.streams; stream++) {
      const slot = first + stream;
      const items = slots.held[slot]!;
      lists.push(items);
      const watch = slots.watch[slot]!;
      const received = watch < 0 ? slots.revision[slot]! : this.datastore.watchRevision(watch);
      const events = this.early.between(stream, slots.listRevision[slot]!, received);
      for (const event of events) {
        const update = convert(event, this.type, this.datastore.sizes);
        if (update !== undefined) since.push(update);
      }
      // A stream that is between two watches must know what it holds: the resync compares with it.
      slots.held[slot] = watch < 0 ? applyEvents(items, events) : undefined;
      this.early.await(stream, -1);
    }
    this.clients.state[client] = CLIENT.inSync;
    this.deliver(client, this.content.snapshot(lists));
    this.send(client, since);
  }

  private send(client: number, updates: readonly SyncerUpdate[]): void {
    for (let i = 0; i < updates.length; i += WATCHER_SYNCER.resultsPerCall) {
      const some = updates.slice(i, i + WATCHER_SYNCER.resultsPerCall);
      this.deliver(client, batchOf(some, false, "in-sync"));
    }
  }

  private deliver(client: number, batch: UpdateBatch): void {
    this.clients.tell(client, batch, this.engine.now, this.options.sink);
  }

  /** An event could not reach a client: TCP keeps trying, until the client gives the connection up. */
  private loseConnection(client: number, event: WatchEvent): void {
    const { slots, engine, datastore } = this;
    for (let stream = 0; stream < slots.streams; stream++) {
      const slot = client * slots.streams + stream;
      const watch = slots.watch[slot]!;
      if (watch < 0) continue;
      const told = datastore.watchRevision(watch);
      const received = this.kinds[stream] === event.kind ? event.revision - 1 : told;
      if (!this.loseWatch(slot, received, true)) return;
      slots.mustList[slot] = 0;
      this.retry(slot, engine.now + WATCHER_SYNCER.deadConnectionTimeout);
    }
  }

  /** A stream has no watch any more; false when the client had to begin anew. */
  private loseWatch(slot: number, received: number, accepted: boolean): boolean {
    const { slots } = this;
    const client = Math.floor(slot / slots.streams);
    this.dropWatch(slot);
    slots.revision[slot] = received;
    if (this.clients.state[client] !== CLIENT.inSync) return true;
    if (!accepted && slots.held[slot] !== undefined) return true;
    const kind = this.kinds[slot % slots.streams]!;
    slots.held[slot] = this.datastore.listAt(kind, received);
    if (slots.held[slot] !== undefined) return true;
    // History no longer tells what the client holds: the model falls back on a fresh snapshot.
    this.forget(client);
    this.options.sink.onStatus(client, "resync");
    this.begin(client, CLIENT.resync);
    return false;
  }

  private dropWatch(slot: number): void {
    const watch = this.slots.watch[slot]!;
    if (watch < 0) return;
    this.slotOfWatch.delete(watch);
    this.slots.watch[slot] = -1;
    this.datastore.closeWatch(watch);
  }

  /** The clients behind these watches; worked out once for as long as the members stay the same. */
  private clientsOf(stream: number, watches: Int32Array): Int32Array {
    const known = this.fanOuts[stream];
    if (known?.watches === watches) return known.clients;
    const { streams } = this.slots;
    const clients = watches.map((watch) => {
      const slot = this.slotOfWatch.get(watch);
      return slot === undefined ? -1 : Math.floor(slot / streams);
    });
    if (watches.length > 1) this.fanOuts[stream] = { watches, clients };
    return clients;
  }
}

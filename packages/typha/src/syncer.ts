import type {
  EventHandler,
  Micros,
  SyncerSink,
  SyncerSource,
  SyncerType,
  SyncerUpdate,
  SyncStatus,
  UpdateBatch,
} from "@calico-sim/core";
import { report, SentSeries } from "./accounting.js";
import { makeBatch } from "./cache/input.js";
import type { TyphaHosts } from "./hosts.js";
import type { DropReason, SentSecond, SyncerBinding, SyncerLoad } from "./options.js";
import { CacheLoops } from "./server/cache-loops.js";
import { CLIENT, Clients } from "./server/clients.js";
import { type Acceptor, Connector } from "./server/connector.js";
import { Sender } from "./server/sender.js";
import { Server } from "./server/server.js";

/** Messages of a binary snapshot hold this many pairs (control-plane-behaviour §1.5). */
const SNAPSHOT_MESSAGE_KVS = 1_000;
/** The pong checker runs each 5 s. */
const PONG_CHECK: Micros = 5_000_000;

/**
 * One syncer type in every Typha of the cluster: upstream a sink with Typha ids, downstream a source
 * with client ids (control-plane-behaviour §1.2–1.6).
 */
export class TyphaSyncer implements SyncerSink, SyncerSource, EventHandler, Acceptor {
  readonly type: SyncerType;
  private readonly hosts: TyphaHosts;
  private readonly servers: Server[] = [];
  private readonly clients: Clients = new Clients();
  private readonly connector: Connector;
  private readonly sender: Sender;
  private readonly sent: SentSeries = new SentSeries();
  private readonly cacheLoops: CacheLoops;
  private binding: SyncerBinding = {};

  private readonly kindSnapshot: number;
  private readonly kindSnapshotSent: number;
  private readonly kindReadTimeout: number;
  private readonly kindGhost: number;

  constructor(type: SyncerType, hosts: TyphaHosts) {
    const { engine } = hosts;
    this.type = type;
    this.hosts = hosts;
    for (let typha = 0; typha < hosts.count; typha++) this.servers.push(new Server());
    this.connector = new Connector(hosts, this.clients, this, type);
    this.sender = new Sender(hosts, this.servers, this.clients, this.sent, this, type);
    this.cacheLoops = new CacheLoops(hosts, this.servers, this.sender, type);
    this.kindSnapshot = engine.defineKind(`typha-${type}-snapshot`, this);
    this.kindSnapshotSent = engine.defineKind(`typha-${type}-snapshot-sent`, this);
    this.kindReadTimeout = engine.defineKind(`typha-${type}-read-timeout`, this);
    this.kindGhost = engine.defineKind(`typha-${type}-ghost`, this, { background: true });
  }

  /** Sets both ends. */
  bind(binding: SyncerBinding): void {
    this.binding = binding;
    this.sender.bind(binding);
  }

  onBatch(batch: UpdateBatch, typhas: Int32Array, arrivals: Float64Array, count: number): void {
    this.cacheLoops.receive(batch, typhas, arrivals, count);
  }

  onStatus(typha: number, status: SyncStatus): void {
    const now = this.hosts.engine.now;
    const batch = makeBatch([], status);
    this.cacheLoops.receive(batch, Int32Array.of(typha), Float64Array.of(now), 1);
  }

  connect(client: number): void {
    this.clients.ensure(client);
    if (this.clients.typha[client] !== -1) this.detach(client);
    this.connector.begin(client, 0);
  }

  disconnect(client: number): void {
    this.clients.ensure(client);
    if (this.clients.typha[client] !== -1) this.detach(client);
    this.connector.stop(client);
  }

  onEvent(kind: number, a: number, b: number): void {
    if (kind === this.kindGhost) {
      if (this.hosts.life[a] === b) this.endGhost(a);
    } else if (this.clients.life[a] === b) {
      if (kind === this.kindSnapshot) this.sendSnapshot(a);
      else if (kind === this.kindSnapshotSent) this.snapshotSent(a);
      else if (kind === this.kindReadTimeout) this.readTimeout(a);
    }
  }

  /** Typha that serves a client, or −1. */
  typhaOf(client: number): number {
    return this.clients.typha[client] ?? -1;
  }

  /** Connections of a Typha. */
  connectionsOf(typha: number): readonly number[] {
    return this.servers[typha]!.connections;
  }

  /** Resources in a Typha's cache, by key. */
  cacheOf(typha: number): ReadonlyMap<string, SyncerUpdate> {
    return this.servers[typha]!.cache.content();
  }

  /** Whether a Typha's cache has reached in-sync. */
  inSync(typha: number): boolean {
    return this.servers[typha]!.cache.status === "in-sync";
  }

  /** Nodes in a Typha's cache. */
  nodesIn(typha: number): number {
    return this.servers[typha]!.cache.nodes;
  }

  /** Load of one Typha, or of all. */
  load(typha?: number): SyncerLoad {
    const servers = typha === undefined ? this.servers : [this.servers[typha]!];
    return report(servers.map((server) => server.load));
  }

  /** What all Typhas sent, by second; seconds without are left out. */
  series(): SentSecond[] {
    return this.sent.seconds();
  }

  /** A Typha's process is up: its cache fills from upstream. @internal */
  startTypha(typha: number): void {
    this.servers[typha]!.reset();
    if (this.binding.upstream !== undefined) this.binding.upstream.connect(typha);
    else this.onStatus(typha, "in-sync");
  }

  /** A Typha's process ended. `silent`: nobody tells its clients. @internal */
  stopTypha(typha: number, silent: boolean): void {
    const server = this.servers[typha]!;
    const { clientRetryPause } = this.hosts.config;
    for (const client of [...server.connections]) {
      const delay = this.clients.delay[client]!;
      const unheard = silent || delay === Number.POSITIVE_INFINITY;
      const pause = unheard ? this.readDeadline(client) - this.hosts.engine.now : delay;
      this.lose(client, "typha-died", pause + clientRetryPause);
    }
    server.load.active = 0;
    server.reset();
    this.binding.upstream?.disconnect(typha);
  }

  /** Typha closes a connection; the client looks for another. @internal */
  drop(client: number, reason: DropReason): void {
    const delay = this.clients.delay[client]!;
    const heard = delay === Number.POSITIVE_INFINITY ? this.hosts.config.clientReadTimeout : delay;
    this.lose(client, reason, heard + this.hosts.config.clientRetryPause);
  }

  /** A client's node is gone: Typha keeps the connection until no pong has come for too long. @internal */
  clientGone(client: number): void {
    if (this.clients.stateOf(client) === CLIENT.none) return;
    if (this.clients.typha[client] !== -1) this.leaveGhost(client);
    this.connector.stop(client);
  }

  /** Delays or paths changed. @internal */
  linksChanged(): void {
    const { clients, hosts } = this;
    const { now } = hosts.engine;
    for (let client = 0; client < clients.size; client++) {
      const typha = clients.typha[client]!;
      if (typha < 0) continue;
      const roundTrip = hosts.roundTrip(typha, client);
      clients.delay[client] = hosts.delay.delay(hosts.nodes[typha]!, client);
      const cut = roundTrip === Number.POSITIVE_INFINITY;
      const state = clients.state[client]!;
      if (cut && state === CLIENT.opening) this.drop(client, "write-timeout");
      else if (cut && state !== CLIENT.unreachable) {
        clients.cutAt[client] = now;
        const deadline = Math.max(now, this.readDeadline(client));
        this.sender.suspend(client);
        hosts.engine.schedule(deadline, this.kindReadTimeout, client, clients.life[client]);
      } else if (!cut && state === CLIENT.unreachable) {
        this.sender.resume(client, retransmission(clients.cutAt[client]!, now));
      }
    }
  }

  /** The server's side of a new connection. @internal */
  accept(client: number, typha: number): void {
    const { clients, hosts } = this;
    const { engine } = hosts;
    const server = this.servers[typha]!;
    clients.state[client] = CLIENT.opening;
    clients.typha[client] = typha;
    clients.slot[client] = server.connections.length;
    clients.connectedAt[client] = engine.now;
    clients.delay[client] = hosts.delay.delay(hosts.nodes[typha]!, client);
    clients.lastArrival[client] = engine.now;
    server.connections.push(client);
    server.load.accepted++;
    server.load.active++;
    hosts.connections[typha]!++;
    const cost = hosts.costs.handshake.value;
    const begin = hosts.occupy(typha, engine.now, cost);
    const roundTrip = hosts.roundTrip(typha, client);
    if (roundTrip === Number.POSITIVE_INFINITY) this.drop(client, "write-timeout");
    else {
      // TLS and hello take a round trip each; decoder restart and its ACK another (§1.5).
      const ready = hosts.ways.any
        ? hosts.ways.handshaken(this.type, hosts.nodes[typha]!, client, begin + cost)
        : begin + cost + 3 * roundTrip;
      engine.schedule(ready, this.kindSnapshot, client, clients.life[client]);
    }
    hosts.watcher?.onConnections(typha);
  }

  /** Handshake done: the shared snapshot, or a new one, goes out. */
  private sendSnapshot(client: number): void {
    const { hosts, clients } = this;
    const { engine, costs } = hosts;
    if (clients.state[client] !== CLIENT.opening) return;
    const typha = clients.typha[client]!;
    const server = this.servers[typha]!;
    server.expireSnapshot(engine.now);
    if (server.live === undefined) {
      const batch = server.cache.snapshot();
      const cost = Math.ceil(batch.bytes / costs.snapshotBytesPerMicro.value);
      server.live = {
        position: server.cache.head,
        batch,
        bytes: Math.ceil(batch.bytes / costs.compressionRatio.value),
        completeAt: hosts.occupy(typha, engine.now, cost) + cost,
      };
      server.load.snapshotsGenerated++;
    } else server.load.snapshotsReused++;
    const { position, batch, bytes, completeAt } = server.live;
    clients.position[client] = position;
    server.behind.add(client);
    const left = Math.max(completeAt, hosts.transmit(typha, engine.now, bytes));
    server.load.messages += Math.ceil(batch.kvs / SNAPSHOT_MESSAGE_KVS);
    server.load.kvs += batch.kvs;
    server.load.bytes += bytes;
    this.sent.add(left, Math.ceil(batch.kvs / SNAPSHOT_MESSAGE_KVS), batch.kvs, bytes);
    this.sender.holdSnapshot(client, batch);
    const through = this.passes(client, typha, left, bytes);
    engine.schedule(through, this.kindSnapshotSent, client, clients.life[client]);
  }

  /** When a snapshot that leaves its host has got over the links but for their latency: until then its connection takes nothing else. */
  private passes(client: number, typha: number, left: Micros, bytes: number): Micros {
    const { ways, nodes } = this.hosts;
    const delay = this.clients.delay[client]!;
    if (!ways.any || delay === Number.POSITIVE_INFINITY) return left;
    return ways.arrival(this.type, nodes[typha]!, client, left, bytes) - delay;
  }

  private snapshotSent(client: number): void {
    if (this.clients.state[client] !== CLIENT.opening) return;
    this.clients.snapshotAt[client] = this.hosts.engine.now;
    this.sender.deliverSnapshot(client);
  }

  /** The client's end gives up after 30 s without data; the server's end still waits for a pong. */
  private readTimeout(client: number): void {
    if (this.clients.state[client] !== CLIENT.unreachable) return;
    this.leaveGhost(client);
    this.binding.downstream?.onStatus(client, "resync");
    this.connector.begin(client, this.hosts.config.clientRetryPause);
  }

  private lose(client: number, reason: DropReason, pause: Micros): void {
    const { load } = this.servers[this.clients.typha[client]!]!;
    load.dropped[reason] = (load.dropped[reason] ?? 0) + 1;
    this.detach(client);
    this.binding.downstream?.onStatus(client, "resync");
    this.connector.begin(client, Math.max(0, pause));
  }

  /** When a client stops waiting for data: pings arrive each 10 to 11 s on a healthy connection. */
  private readDeadline(client: number): Micros {
    const { engine, config } = this.hosts;
    const connected = this.clients.connectedAt[client]!;
    const ping = config.pingInterval * (1 + (client % 11) / 110);
    const last = connected + Math.floor(Math.floor((engine.now - connected) / ping) * ping);
    return Math.max(last, this.clients.lastArrival[client]!) + config.clientReadTimeout;
  }

  private leaveGhost(client: number): void {
    const typha = this.clients.typha[client]!;
    const { hosts } = this;
    this.detach(client);
    this.servers[typha]!.load.active++;
    hosts.connections[typha]!++;
    const ends = hosts.config.pongTimeout + PONG_CHECK;
    hosts.engine.after(ends, this.kindGhost, typha, hosts.life[typha]);
  }

  private endGhost(typha: number): void {
    const { load } = this.servers[typha]!;
    load.active--;
    load.dropped["pong-timeout"] = (load.dropped["pong-timeout"] ?? 0) + 1;
    this.hosts.connections[typha]!--;
  }

  /** Takes a connection out of the server's lists. */
  private detach(client: number): void {
    const { clients } = this;
    const typha = clients.typha[client]!;
    const server = this.servers[typha]!;
    this.sender.forget(client);
    const last = server.connections.pop()!;
    const slot = clients.slot[client]!;
    if (last !== client) {
      server.connections[slot] = last;
      clients.slot[last] = slot;
    }
    clients.typha[client] = -1;
    server.load.active--;
    this.hosts.connections[typha]!--;
  }
}

/** When TCP's next retransmission after `healed` is due: 200 ms after the cut, then doubling (RFC 6298). */
function retransmission(cutAt: Micros, healed: Micros): Micros {
  let wait = 200_000;
  let due = cutAt + wait;
  while (due < healed) {
    wait *= 2;
    due += wait;
  }
  return due;
}

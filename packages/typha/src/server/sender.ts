import type { EventHandler, Micros, SyncerType, UpdateBatch } from "@calico-sim/core";
import type { SentSeries } from "../accounting.js";
import type { TyphaHosts } from "../hosts.js";
import type { DropReason, SyncerBinding } from "../options.js";
import { CLIENT, type Clients } from "./clients.js";
import type { Server } from "./server.js";

/** Closes connections. */
export interface Dropper {
  drop(client: number, reason: DropReason): void;
}

/**
 * The sender loops of all connections of one syncer type (control-plane-behaviour §1.6).
 *
 * Clients that have had the same crumbs are a group and get the next message as one fan-out. A client
 * that just had its snapshot, whose CPU is far behind or that was cut off is served alone until it has
 * what the group has. Each message is counted on the Typha's CPU, client by client.
 */
export class Sender implements EventHandler {
  private readonly hosts: TyphaHosts;
  private readonly servers: readonly Server[];
  private readonly clients: Clients;
  private readonly sent: SentSeries;
  private readonly dropper: Dropper;
  private readonly type: SyncerType;
  private binding: SyncerBinding = {};
  private readonly snapshots: Map<number, UpdateBatch> = new Map();
  /** Clients behind that have every crumb there is, and wait for the group's next message. */
  private readonly parked: Set<number> = new Set();
  private receivers: Int32Array = new Int32Array(64);
  private arrivals: Float64Array = new Float64Array(64);
  private readonly one: Int32Array = new Int32Array(1);
  private readonly oneArrival: Float64Array = new Float64Array(1);
  private readonly kindGroup: number;
  private readonly kindAlone: number;

  constructor(
    hosts: TyphaHosts,
    servers: readonly Server[],
    clients: Clients,
    sent: SentSeries,
    dropper: Dropper,
    type: SyncerType,
  ) {
    this.hosts = hosts;
    this.servers = servers;
    this.clients = clients;
    this.sent = sent;
    this.dropper = dropper;
    this.type = type;
    this.kindGroup = hosts.engine.defineKind(`typha-${type}-send`, this);
    this.kindAlone = hosts.engine.defineKind(`typha-${type}-send-alone`, this);
  }

  /** Sets who consumes. */
  bind(binding: SyncerBinding): void {
    this.binding = binding;
  }

  onEvent(kind: number, a: number, b: number): void {
    if (kind === this.kindGroup) {
      if (this.hosts.life[a] !== b) return;
      this.servers[a]!.sendWaiting = false;
      this.pump(a);
    } else if (this.clients.life[a] === b) this.serveAlone(a);
  }

  /** Sends the group whatever it has not had, as far as the CPU allows now. */
  pump(typha: number): void {
    const server = this.servers[typha]!;
    const { engine, cpuUntil, life } = this.hosts;
    while (!server.sendWaiting && server.groupCount > 0) {
      if (server.groupPosition >= server.cache.head) break;
      const from = Math.max(engine.now, server.cacheUntil);
      if (cpuUntil[typha]! > from) {
        server.sendWaiting = true;
        engine.schedule(cpuUntil[typha]!, this.kindGroup, typha, life[typha]);
      } else this.sendToGroup(typha, server, from);
    }
    server.trim(this.clients.position);
  }

  /** Remembers a snapshot on its way to a client. */
  holdSnapshot(client: number, batch: UpdateBatch): void {
    this.snapshots.set(client, batch);
  }

  /** The snapshot has left: it arrives, and the client catches up with the crumbs since. */
  deliverSnapshot(client: number): void {
    const batch = this.snapshots.get(client)!;
    this.snapshots.delete(client);
    this.clients.state[client] = CLIENT.behind;
    // Of its octets the links have been told.
    this.deliverAlone(client, batch, this.hosts.engine.now + this.clients.delay[client]!);
    this.serveAlone(client);
  }

  /** No path to the client: its crumbs wait. */
  suspend(client: number): void {
    const { clients } = this;
    const server = this.servers[clients.typha[client]!]!;
    if (clients.state[client] === CLIENT.streaming) this.leaveGroup(client, server);
    server.behind.add(client);
    clients.state[client] = CLIENT.unreachable;
  }

  /** The path is back; TCP sends again at `at`. */
  resume(client: number, at: Micros): void {
    const { clients, hosts } = this;
    clients.state[client] = CLIENT.behind;
    hosts.engine.schedule(at, this.kindAlone, client, clients.life[client]);
  }

  /** The connection is gone. */
  forget(client: number): void {
    const server = this.servers[this.clients.typha[client]!]!;
    if (this.clients.state[client] === CLIENT.streaming) this.leaveGroup(client, server);
    server.behind.delete(client);
    this.parked.delete(client);
    this.snapshots.delete(client);
  }

  /** One turn of the loop of a client that is not in the group. */
  private serveAlone(client: number): void {
    const { clients, hosts } = this;
    if (clients.state[client] !== CLIENT.behind) return;
    const typha = clients.typha[client]!;
    const server = this.servers[typha]!;
    const { engine, config } = hosts;
    const position = clients.position[client]!;
    const grace = clients.snapshotAt[client]! + config.newClientFallBehindGracePeriod;
    if (server.cache.age(position) > config.maxFallBehind && engine.now > grace) {
      this.dropper.drop(client, "slow-client");
      return;
    }
    const late = this.lateness(client, engine.now);
    if (late > 0) {
      this.again(client, engine.now + late);
      return;
    }
    if (server.groupCount === 0 || position === server.groupPosition) {
      this.joinGroup(client, server);
      this.pump(typha);
      return;
    }
    // At the head before the group is: the group's next message brings both together, or passes it.
    if (position >= server.cache.head) {
      this.parked.add(client);
      return;
    }
    const { batch, position: after } = server.cache.next(
      position,
      config.minBatchingAgeThreshold,
      config.serverMaxMessageSize,
    );
    const cost = Math.ceil(this.cost(batch));
    const begin = hosts.occupy(typha, Math.max(engine.now, server.cacheUntil), cost);
    clients.position[client] = after;
    this.count(server, begin, batch, 1);
    this.deliverAlone(client, batch, this.arrival(client, typha, begin + cost, this.bytes(batch)));
    this.again(client, begin + cost);
  }

  private again(client: number, at: Micros): void {
    this.hosts.engine.schedule(at, this.kindAlone, client, this.clients.life[client]);
  }

  private sendToGroup(typha: number, server: Server, from: Micros): void {
    const { hosts, clients } = this;
    const { config } = hosts;
    const { batch, position } = server.cache.next(
      server.groupPosition,
      config.minBatchingAgeThreshold,
      config.serverMaxMessageSize,
    );
    const { pace, downstream } = this.binding;
    if (pace !== undefined || hosts.ways.any) this.dismissLate(server, from);
    const count = server.groupCount;
    if (count === 0) return;
    const cost = this.cost(batch);
    const begin = hosts.occupy(typha, from, Math.ceil(cost * count));
    server.groupPosition = position;
    this.count(server, begin, batch, count);
    if (downstream !== undefined) {
      if (count > this.receivers.length) {
        this.receivers = new Int32Array(count * 2);
        this.arrivals = new Float64Array(count * 2);
      }
      const { receivers, arrivals } = this;
      const { delay, lastArrival } = clients;
      const { group } = server;
      const rough = hosts.ways.any;
      const bytes = this.bytes(batch);
      // Nobody is always served first.
      let k = position % count;
      for (let i = 0; i < count; i++) {
        const client = group[k]!;
        if (++k === count) k = 0;
        const sent = begin + Math.ceil((i + 1) * cost);
        let at = rough ? this.arrival(client, typha, sent, bytes) : sent + delay[client]!;
        if (at < lastArrival[client]!) at = lastArrival[client]!;
        lastArrival[client] = at;
        receivers[i] = client;
        arrivals[i] = at;
      }
      downstream.onBatch(batch, receivers, arrivals, count);
    }
    this.adopt(server);
  }

  /** Clients that have exactly what the group has join it; those that waited at the head and were passed go on alone. */
  private adopt(server: Server): void {
    if (server.behind.size === 0) return;
    const { clients, hosts } = this;
    for (const client of [...server.behind]) {
      if (clients.state[client] !== CLIENT.behind) continue;
      const parked = this.parked.delete(client);
      const level = clients.position[client] === server.groupPosition;
      if (level && this.lateness(client, hosts.engine.now) === 0) this.joinGroup(client, server);
      else if (parked) this.again(client, hosts.engine.now);
    }
  }

  private dismissLate(server: Server, at: Micros): void {
    const limit = at + this.hosts.costs.socketWindow.value;
    const { group } = server;
    for (let i = server.groupCount - 1; i >= 0; i--) {
      const client = group[i]!;
      const late = this.takenBy(client) - limit;
      if (late <= 0) continue;
      this.leaveGroup(client, server);
      this.clients.state[client] = CLIENT.behind;
      server.behind.add(client);
      server.load.fellBehind++;
      this.again(client, at + late);
    }
  }

  /** How long until a client's backlog fits its socket and channels; 0 = it does. */
  private lateness(client: number, at: Micros): Micros {
    return Math.max(0, this.takenBy(client) - at - this.hosts.costs.socketWindow.value);
  }

  /** When a client has worked off what it was sent, and has it: over a narrow link its socket fills as well. */
  private takenBy(client: number): Micros {
    const busy = this.binding.pace?.busyUntil[client] ?? 0;
    return this.hosts.ways.any ? Math.max(busy, this.clients.lastArrival[client]!) : busy;
  }

  /** When octets reach a client that its Typha sends at a time. */
  private arrival(client: number, typha: number, sent: Micros, bytes: number): Micros {
    const { ways, nodes } = this.hosts;
    return ways.any
      ? ways.arrival(this.type, nodes[typha]!, client, sent, bytes)
      : sent + this.clients.delay[client]!;
  }

  private deliverAlone(client: number, batch: UpdateBatch, arrival: Micros): void {
    const { clients, one, oneArrival } = this;
    const at = Math.max(arrival, clients.lastArrival[client]!);
    clients.lastArrival[client] = at;
    one[0] = client;
    oneArrival[0] = at;
    this.binding.downstream?.onBatch(batch, one, oneArrival, 1);
  }

  private joinGroup(client: number, server: Server): void {
    const { clients } = this;
    if (server.groupCount === 0) server.groupPosition = clients.position[client]!;
    if (server.groupCount === server.group.length) {
      const wider = new Int32Array(server.groupCount * 2);
      wider.set(server.group);
      server.group = wider;
    }
    server.behind.delete(client);
    clients.state[client] = CLIENT.streaming;
    clients.place[client] = server.groupCount;
    server.group[server.groupCount++] = client;
  }

  private leaveGroup(client: number, server: Server): void {
    const { clients } = this;
    const last = server.group[--server.groupCount]!;
    const place = clients.place[client]!;
    server.group[place] = last;
    clients.place[last] = place;
    clients.position[client] = server.groupPosition;
    // Nobody is left whose next message would take along those who wait for it.
    if (server.groupCount > 0) return;
    for (const waiting of server.behind) {
      if (this.parked.delete(waiting)) this.again(waiting, this.hosts.engine.now);
    }
  }

  /** CPU time of one message to one client. */
  private cost(batch: UpdateBatch): number {
    const { encodePerMessage, encodePerKv } = this.hosts.costs;
    return this.messages(batch) * encodePerMessage.value + batch.kvs * encodePerKv.value;
  }

  private messages(batch: UpdateBatch): number {
    return Math.max(1, Math.ceil(batch.kvs / this.hosts.config.serverMaxMessageSize));
  }

  /** Octets of a message on the wire. */
  private bytes(batch: UpdateBatch): number {
    return Math.ceil(batch.bytes / this.hosts.costs.compressionRatio.value);
  }

  private count(server: Server, at: Micros, batch: UpdateBatch, clients: number): void {
    const messages = this.messages(batch) * clients;
    const kvs = batch.kvs * clients;
    const bytes = this.bytes(batch) * clients;
    server.load.messages += messages;
    server.load.kvs += kvs;
    server.load.bytes += bytes;
    this.sent.add(at, messages, kvs, bytes);
  }
}

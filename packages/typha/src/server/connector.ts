import type { EventHandler, Micros, SyncerType } from "@calico-sim/core";
import type { TyphaHosts } from "../hosts.js";
import { CLIENT, type Clients } from "./clients.js";

/** LIST of the service's EndpointSlices, as a client waits for it. Assumed. */
const DISCOVERY: Micros = 5_000;
/** Pause while the service has no ready endpoint. Assumed. */
const NO_ENDPOINTS_PAUSE: Micros = 1_000_000;

/** Takes a connection on the server's side. */
export interface Acceptor {
  accept(client: number, typha: number): void;
}

/** One sequence of attempts of a client. */
interface Search {
  since: Micros;
  attempts: number;
  tried: number[];
  target: number;
}

/**
 * How clients of one syncer type find a Typha (control-plane-behaviour §1.9; calico:
 * typha/pkg/discovery/discovery.go, typha/pkg/syncclient/sync_client.go): list the ready endpoints,
 * Felix takes one on its own node first, the others in random order, each once until all were tried,
 * 100 ms after each failure, up to 2 × max(3, endpoints) attempts; then the process exits.
 */
export class Connector implements EventHandler {
  private readonly hosts: TyphaHosts;
  private readonly clients: Clients;
  private readonly acceptor: Acceptor;
  private readonly type: SyncerType;
  private readonly searches: Map<number, Search> = new Map();
  private readonly kindDiscover: number;
  private readonly kindAccept: number;
  private readonly kindFail: number;

  constructor(hosts: TyphaHosts, clients: Clients, acceptor: Acceptor, type: SyncerType) {
    this.hosts = hosts;
    this.clients = clients;
    this.acceptor = acceptor;
    this.type = type;
    this.kindDiscover = hosts.engine.defineKind(`typha-${type}-discover`, this);
    this.kindAccept = hosts.engine.defineKind(`typha-${type}-accept`, this);
    this.kindFail = hosts.engine.defineKind(`typha-${type}-fail`, this);
  }

  /** The client looks for a Typha, from `pause` from now on. */
  begin(client: number, pause: Micros): void {
    const { engine } = this.hosts;
    this.clients.state[client] = CLIENT.connecting;
    const life = ++this.clients.life[client]!;
    this.searches.set(client, { since: engine.now + pause, attempts: 0, tried: [], target: -1 });
    engine.after(pause + DISCOVERY, this.kindDiscover, client, life);
  }

  /** The client stops looking. */
  stop(client: number): void {
    this.clients.state[client] = CLIENT.none;
    this.clients.life[client]!++;
    this.searches.delete(client);
  }

  onEvent(kind: number, client: number, life: number): void {
    if (this.clients.life[client] !== life) return;
    const search = this.searches.get(client)!;
    if (kind === this.kindDiscover) this.discover(client, life, search);
    else if (kind === this.kindFail) this.failed(client, life, search);
    else if (!this.hosts.listening[search.target]!) this.failed(client, life, search);
    else {
      this.searches.delete(client);
      this.acceptor.accept(client, search.target);
    }
  }

  private discover(client: number, life: number, search: Search): void {
    const { engine, config, ready } = this.hosts;
    const endpoints = ready.flatMap((isReady, typha) => (isReady ? [typha] : []));
    if (endpoints.length === 0) {
      if (engine.now - search.since >= config.clientStartTimeout) this.exit(client, life, search);
      else engine.after(NO_ENDPOINTS_PAUSE, this.kindDiscover, client, life);
      return;
    }
    const target = this.choose(client, endpoints, search);
    search.target = target;
    search.attempts++;
    const roundTrip = this.hosts.roundTrip(target, client);
    if (this.hosts.silent[target]! || roundTrip === Number.POSITIVE_INFINITY) {
      engine.after(config.clientDialTimeout, this.kindFail, client, life);
    } else {
      const kind = this.hosts.listening[target]! ? this.kindAccept : this.kindFail;
      const trip = this.firstTrip(client, target, roundTrip);
      if (trip <= config.clientDialTimeout) engine.after(trip, kind, client, life);
      else engine.after(config.clientDialTimeout, this.kindFail, client, life);
    }
  }

  /** How long the SYN and its answer take, and those that are lost before; Infinity if none gets through in time. */
  private firstTrip(client: number, target: number, roundTrip: Micros): Micros {
    const { ways, nodes, engine, config } = this.hosts;
    if (!ways.any) return roundTrip;
    const { now } = engine;
    const patience = config.clientDialTimeout;
    return ways.connected(this.type, client, nodes[target]!, now, patience) - now;
  }

  private choose(client: number, endpoints: readonly number[], search: Search): number {
    const { engine, names, nodes } = this.hosts;
    const stream = engine.stream("typha-discovery", this.type, names.name(client));
    // Only Felix passes its host name, and so prefers a Typha on its own node.
    const isLocal = (typha: number): boolean => this.type === "felix" && nodes[typha] === client;
    const local = stream.shuffle(endpoints.filter(isLocal));
    const others = stream.shuffle(endpoints.filter((typha) => !isLocal(typha)));
    const order = [...local, ...others];
    let target = order.find((typha) => !search.tried.includes(typha));
    if (target === undefined) {
      search.tried = [];
      target = order[0]!;
    }
    search.tried.push(target);
    return target;
  }

  private failed(client: number, life: number, search: Search): void {
    const discovered = this.hosts.ready.filter(Boolean).length;
    if (search.attempts >= 2 * Math.max(3, discovered)) this.exit(client, life, search);
    else
      this.hosts.engine.after(this.hosts.config.clientRetryPause, this.kindDiscover, client, life);
  }

  /** The process exits; its supervisor runs it again. */
  private exit(client: number, life: number, search: Search): void {
    const { engine, config, listener } = this.hosts;
    search.attempts = 0;
    search.tried = [];
    search.since = engine.now + config.clientRestartDelay;
    engine.after(config.clientRestartDelay, this.kindDiscover, client, life);
    listener?.onClientExit(this.type, client, engine.now);
  }
}

import type { EventHandler, Micros, SyncerType } from "@calico-sim/core";
import { type HostWatcher, TyphaHosts } from "./hosts.js";
import type { SyncerBinding, TyphaOptions } from "./options.js";
import { Rebalancer } from "./rebalancer.js";
import { TyphaSyncer } from "./syncer.js";

/** The four pipelines of every Typha, used or not (control-plane-behaviour §1.2). */
const TYPES: readonly SyncerType[] = ["felix", "bgp", "tunnel-ip-allocation", "node-status"];

/** All Typhas of a cluster. */
export class TyphaFleet implements EventHandler, HostWatcher {
  private readonly hosts: TyphaHosts;
  private readonly syncers: TyphaSyncer[] = [];
  private readonly rebalancer: Rebalancer;
  /** A Typha that is up, and whose readiness event is on its way. */
  private readonly probing: boolean[] = [];
  private readonly draining: boolean[] = [];
  private readonly kindStarted: number;
  private readonly kindReady: number;
  private readonly kindDrain: number;

  constructor(options: TyphaOptions) {
    const hosts = new TyphaHosts(options);
    this.hosts = hosts;
    for (const type of TYPES) this.syncers.push(new TyphaSyncer(type, hosts));
    this.rebalancer = new Rebalancer(hosts, this.syncers);
    hosts.watcher = this;
    this.kindStarted = hosts.engine.defineKind("typha-started", this);
    this.kindReady = hosts.engine.defineKind("typha-ready", this);
    this.kindDrain = hosts.engine.defineKind("typha-drain", this);
  }

  /** The syncer of a type: sink for the datastore's watcher syncers, source for the clients. */
  syncer(type: SyncerType): TyphaSyncer {
    return this.syncers[TYPES.indexOf(type)]!;
  }

  /** Connects a syncer type to its source and its consumers. Before the first start. */
  bind(type: SyncerType, binding: SyncerBinding): void {
    this.syncer(type).bind(binding);
  }

  /** Starts a Typha: lists, in-sync, ready, clients. */
  start(typha: number): void {
    const { hosts } = this;
    if (hosts.listening[typha]!) return;
    hosts.silent[typha] = false;
    hosts.life[typha]!++;
    hosts.cpuUntil[typha] = hosts.engine.now;
    hosts.egressUntil[typha] = hosts.engine.now;
    this.rebalancer.reset(typha);
    hosts.engine.after(hosts.costs.start.value, this.kindStarted, typha, hosts.life[typha]);
  }

  /** Node of each Typha now. */
  get nodes(): readonly number[] {
    return this.hosts.nodes;
  }

  /** Node of a Typha now. */
  nodeOf(typha: number): number {
    return this.hosts.nodes[typha]!;
  }

  /**
   * The pod is gone, and its Deployment's controller makes another, which the scheduler puts on this
   * node. Clients of a process that still ran see the reset at once.
   */
  replace(typha: number, node: number): void {
    this.kill(typha);
    this.hosts.nodes[typha] = node;
    this.start(typha);
  }

  /** The process dies; its clients see the reset at once. */
  kill(typha: number): void {
    this.stop(typha, false);
  }

  /** SIGTERM: no new connections; those it has are closed one by one within the shutdown timeout. */
  shutdown(typha: number): void {
    const { hosts } = this;
    if (!hosts.listening[typha]! || this.draining[typha] === true) return;
    hosts.ready[typha] = false;
    this.draining[typha] = true;
    this.drain(typha);
  }

  /**
   * A node is gone without a word: its Typhas, and the clients on it. Typhas keep the clients'
   * connections until pongs are missing; clients of its Typhas wait for their read timeout.
   */
  nodeDown(node: number): void {
    this.hosts.nodes.forEach((host, typha) => {
      if (host !== node) return;
      this.stop(typha, true);
      this.hosts.silent[typha] = true;
    });
    for (const syncer of this.syncers) syncer.clientGone(node);
  }

  /** Delays between nodes changed, or paths were cut or restored. */
  linksChanged(): void {
    for (const syncer of this.syncers) syncer.linksChanged();
  }

  onEvent(kind: number, typha: number, life: number): void {
    const { hosts } = this;
    if (hosts.life[typha] !== life) return;
    if (kind === this.kindStarted) {
      hosts.listening[typha] = true;
      for (const syncer of this.syncers) syncer.startTypha(typha);
    } else if (kind === this.kindReady) {
      if (this.draining[typha] === true) return;
      hosts.ready[typha] = true;
      hosts.listener?.onReady(typha, hosts.engine.now);
    } else if (hosts.connections[typha]! <= 1) this.stop(typha, false);
    else {
      this.rebalancer.dropOne(typha, "shutdown");
      this.drain(typha);
    }
  }

  onConnections(typha: number): void {
    this.rebalancer.onConnections(typha);
  }

  /** Ready when all four caches are in sync and the next probe has seen it (§1.2). */
  onCacheInSync(typha: number): void {
    const { hosts } = this;
    if (this.probing[typha] === true) return;
    if (!this.syncers.every((syncer) => syncer.inSync(typha))) return;
    this.probing[typha] = true;
    const period = hosts.config.readinessProbePeriod;
    const stream = hosts.engine.stream("typha", hosts.names.name(hosts.nodes[typha]!), "probe");
    // The kubelet spreads its probes over the period.
    const wait = period === 0 ? 0 : Math.floor(stream.next() * period);
    hosts.engine.after(wait, this.kindReady, typha, hosts.life[typha]);
  }

  /** Whether a Typha is in the service's ready endpoints. */
  ready(typha: number): boolean {
    return this.hosts.ready[typha]!;
  }

  /** Whether a Typha got SIGTERM and is still closing connections: it cannot be started yet. */
  isDraining(typha: number): boolean {
    return this.draining[typha] === true;
  }

  /** Connections of all types now. */
  connections(typha: number): number {
    return this.hosts.connections[typha]!;
  }

  /** Connections above which a Typha closes one a second. */
  connectionLimit(typha: number): number {
    return this.rebalancer.limit(typha);
  }

  /** Microseconds of CPU used by a Typha. */
  busy(typha: number): Micros {
    return this.hosts.busy[typha]!;
  }

  private stop(typha: number, silent: boolean): void {
    const { hosts } = this;
    const wasUp = hosts.listening[typha]!;
    hosts.life[typha]!++;
    hosts.listening[typha] = false;
    hosts.ready[typha] = false;
    this.probing[typha] = false;
    this.draining[typha] = false;
    if (!wasUp) return;
    for (const syncer of this.syncers) syncer.stopTypha(typha, silent);
    hosts.connections[typha] = 0;
  }

  /** 0.95 × the shutdown timeout shared among the connections, a second at most, up to 10 % jitter (§1.8). */
  private drain(typha: number): void {
    const { engine, config, connections, names, nodes, life } = this.hosts;
    const share = (0.95 * config.shutdownTimeout) / Math.max(1, connections[typha]!);
    const interval = Math.min(share, config.shutdownConnectionDropIntervalMax);
    const draw = engine.stream("typha", names.name(nodes[typha]!), "tickers").next();
    engine.after(
      Math.round(interval * 0.95 * (1 + 0.1 * draw)),
      this.kindDrain,
      typha,
      life[typha],
    );
  }
}

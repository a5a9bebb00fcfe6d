import type { EventHandler, Micros } from "@calico-sim/core";
import { connectionLimit } from "./connection-limit.js";
import type { TyphaHosts } from "./hosts.js";
import type { DropReason } from "./options.js";
import type { TyphaSyncer } from "./syncer.js";

/** Jitter of both tickers: up to a tenth. */
const JITTER = 0.1;
/** Syncer types the formula assumes a node to use, whatever it does (control-plane-behaviour §1.7). */
const SYNCER_TYPES = 4;

/**
 * Connection limit and governor (calico: typha/pkg/k8s/rebalance.go, control-plane-behaviour §1.7):
 * each 30 s the limit is computed, each second one connection in excess is closed.
 *
 * A Typha below the lower bound of the limit can never have an excess, so its tickers do not run.
 */
export class Rebalancer implements EventHandler {
  private readonly hosts: TyphaHosts;
  private readonly syncers: readonly TyphaSyncer[];
  private readonly limits: number[] = [];
  private readonly polling: boolean[] = [];
  private readonly governing: boolean[] = [];
  private readonly kindPoll: number;
  private readonly kindGovern: number;

  constructor(hosts: TyphaHosts, syncers: readonly TyphaSyncer[]) {
    this.hosts = hosts;
    this.syncers = syncers;
    this.kindPoll = hosts.engine.defineKind("typha-poll-service", this, { background: true });
    this.kindGovern = hosts.engine.defineKind("typha-governor", this, { background: true });
  }

  /** Connections that a Typha accepts before it closes some. */
  limit(typha: number): number {
    const { config } = this.hosts;
    const felix = this.syncers[0]!;
    return connectionLimit(this.hosts.count, felix.nodesIn(typha), SYNCER_TYPES, {
      lower: config.maxConnectionsLowerLimit,
      upper: config.maxConnectionsUpperLimit,
    });
  }

  /** A Typha's process starts anew: nothing of the old one's tickers remains. */
  reset(typha: number): void {
    this.polling[typha] = false;
    this.governing[typha] = false;
  }

  /** The number of connections grew. */
  onConnections(typha: number): void {
    const { config, connections } = this.hosts;
    if (config.connectionRebalancing === "none") return;
    if (connections[typha]! <= config.maxConnectionsLowerLimit) return;
    if (this.polling[typha] !== true) {
      this.polling[typha] = true;
      this.limits[typha] = this.limit(typha);
      this.after(config.k8sServicePollInterval, this.kindPoll, typha);
    }
    this.govern(typha);
  }

  onEvent(kind: number, typha: number, life: number): void {
    if (this.hosts.life[typha] !== life) return;
    const { config, connections } = this.hosts;
    if (kind === this.kindPoll) {
      this.polling[typha] = false;
      this.limits[typha] = this.limit(typha);
      this.onConnections(typha);
      return;
    }
    this.governing[typha] = false;
    if (connections[typha]! > this.limits[typha]!) this.dropOne(typha, "rebalance");
    if (connections[typha]! > config.maxConnectionsLowerLimit) this.govern(typha);
  }

  /** Closes one connection picked at random; false when there is none. */
  dropOne(typha: number, reason: DropReason): boolean {
    const total = this.syncers.reduce((n, s) => n + s.connectionsOf(typha).length, 0);
    if (total === 0) return false;
    const { engine, names, nodes } = this.hosts;
    let pick = engine.stream("typha", names.name(nodes[typha]!), "drop").below(total);
    for (const syncer of this.syncers) {
      const connections = syncer.connectionsOf(typha);
      if (pick < connections.length) {
        syncer.drop(connections[pick]!, reason);
        return true;
      }
      pick -= connections.length;
    }
    return false;
  }

  private govern(typha: number): void {
    if (this.governing[typha] === true) return;
    if (this.hosts.connections[typha]! <= this.limits[typha]!) return;
    this.governing[typha] = true;
    this.after(this.hosts.config.connectionDropInterval, this.kindGovern, typha);
  }

  private after(interval: Micros, kind: number, typha: number): void {
    const { engine, names, nodes, life } = this.hosts;
    const draw = engine.stream("typha", names.name(nodes[typha]!), "tickers").next();
    engine.after(Math.round(interval * (1 + JITTER * draw)), kind, typha, life[typha]);
  }
}

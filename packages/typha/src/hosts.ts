import type { Engine, Micros, NodeDirectory } from "@calico-sim/core";
import { TYPHA_CONFIG } from "./config.js";
import { TYPHA_COSTS, type TyphaCosts } from "./cost-profile.js";
import type { NodeDelay, TyphaConfig, TyphaListener, TyphaOptions } from "./options.js";
import { RoughWays } from "./rough-ways.js";

/** Told by the syncers what concerns a Typha as a whole. */
export interface HostWatcher {
  /** The number of connections of a Typha grew. */
  onConnections(typha: number): void;
  /** A cache of a Typha reached in-sync. */
  onCacheInSync(typha: number): void;
}

/** The Typha processes of a cluster, as far as all syncer types share them. */
export class TyphaHosts {
  readonly engine: Engine;
  readonly names: NodeDirectory;
  readonly delay: NodeDelay;
  readonly config: TyphaConfig;
  readonly costs: TyphaCosts;
  readonly listener: TyphaListener | undefined;
  watcher: HostWatcher | undefined = undefined;
  /** Node of each Typha; its Deployment may place it anew. */
  readonly nodes: number[];
  /** The process listens. */
  readonly listening: boolean[] = [];
  /** The Typha is in the service's ready endpoints. */
  readonly ready: boolean[] = [];
  /** The node is gone: nobody answers, not even with a reset. */
  readonly silent: boolean[] = [];
  /** Number of the process; what belongs to an earlier one is void. */
  readonly life: number[] = [];
  /** Asked only where a link has, or had, jitter, loss or a limited bandwidth. */
  readonly ways: RoughWays;
  /** When the CPU that the senders share is free. */
  readonly cpuUntil: Micros[] = [];
  /** When the node's network card is free. */
  readonly egressUntil: Micros[] = [];
  /** CPU time used. */
  readonly busy: Micros[] = [];
  /** Connections of all syncer types. */
  readonly connections: number[] = [];

  constructor(options: TyphaOptions) {
    this.engine = options.engine;
    this.names = options.nodes;
    this.delay = options.delay;
    this.ways = new RoughWays(options.engine, options.nodes, options.delay);
    this.config = Object.freeze({ ...TYPHA_CONFIG, ...options.config });
    this.costs = options.costs ?? TYPHA_COSTS;
    this.listener = options.listener;
    this.nodes = [...options.typhaNodes];
    for (let typha = 0; typha < this.nodes.length; typha++) {
      this.listening.push(false);
      this.ready.push(false);
      this.silent.push(false);
      this.life.push(0);
      this.cpuUntil.push(0);
      this.egressUntil.push(0);
      this.busy.push(0);
      this.connections.push(0);
    }
  }

  /** Number of Typhas, whatever their state: what the service's EndpointSlices name. */
  get count(): number {
    return this.nodes.length;
  }

  /** Round-trip time between a Typha and a node; infinity when either way is cut. */
  roundTrip(typha: number, node: number): Micros {
    const host = this.nodes[typha]!;
    return this.delay.delay(host, node) + this.delay.delay(node, host);
  }

  /** Occupies the senders' CPU from `from` on; returns when that work begins. */
  occupy(typha: number, from: Micros, cost: Micros): Micros {
    const begin = Math.max(from, this.cpuUntil[typha]!);
    this.cpuUntil[typha] = begin + cost;
    this.busy[typha]! += cost;
    return begin;
  }

  /** Sends bytes through the network card from `from` on; returns when the last one has left. */
  transmit(typha: number, from: Micros, bytes: number): Micros {
    const begin = Math.max(from, this.egressUntil[typha]!);
    const until = begin + Math.ceil(bytes / this.costs.egressBytesPerMicro.value);
    this.egressUntil[typha] = until;
    return until;
  }
}

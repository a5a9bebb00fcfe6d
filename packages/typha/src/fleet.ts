import type { EventHandler, Micros, SyncerType } from "@calico-sim/core";
import type { SyncerBinding, TyphaOptions } from "./options.js";
import { TyphaSyncer } from "./syncer.js";

/** All Typhas of a cluster. */
export class TyphaFleet implements EventHandler {
  private readonly syncers: Map<SyncerType, TyphaSyncer> = new Map();

  constructor(_options: TyphaOptions) {
    for (const type of ["felix", "bgp", "tunnel-ip-allocation", "node-status"] as const) {
      this.syncers.set(type, new TyphaSyncer(type));
    }
  }

  /** The syncer of a type: sink for the datastore's watcher syncers, source for the clients. */
  syncer(type: SyncerType): TyphaSyncer {
    return this.syncers.get(type)!;
  }

  /** Connects a syncer type to its source and its consumers. Before the first start. */
  bind(_type: SyncerType, _binding: SyncerBinding): void {}

  /** Starts a Typha: lists, in-sync, ready, clients. */
  start(_typha: number): void {}

  /** The process dies; its clients see the reset at once. */
  kill(_typha: number): void {}

  /** SIGTERM: no new connections; those it has are closed one by one within the shutdown timeout. */
  shutdown(_typha: number): void {}

  /** A node is gone without a word: its Typhas, and the clients on it. */
  nodeDown(_node: number): void {}

  /** Delays between nodes changed, or paths were cut or restored. */
  linksChanged(): void {}

  onEvent(_kind: number, _a: number, _b: number): void {}

  /** Whether a Typha is in the service's ready endpoints. */
  ready(_typha: number): boolean {
    return false;
  }

  /** Connections of all types now. */
  connections(_typha: number): number {
    return 0;
  }

  /** Microseconds of CPU used by a Typha. */
  busy(_typha: number): Micros {
    return 0;
  }
}

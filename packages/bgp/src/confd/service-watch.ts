import {
  BatchMemory,
  type Micros,
  type SyncerSink,
  type SyncStatus,
  type UpdateBatch,
} from "@calico-sim/core";
import type { RenderedPeers } from "./rendered-peers.js";

/** Told when a node's confd hears of services. */
export interface ServiceReader {
  servicesChanged(batch: UpdateBatch, node: number, arrival: Micros): void;
}

/**
 * confd's own watches of Services and EndpointSlices, straight from the datastore, with Typha or without
 * (control-plane-behaviour §2.4; calico: confd/pkg/backends/calico/routes.go).
 */
export class ServiceWatch implements SyncerSink {
  private readonly confd: ServiceReader;
  private readonly rendered: RenderedPeers[];
  private readonly memory: BatchMemory<true> = new BatchMemory();

  constructor(confd: ServiceReader, rendered: RenderedPeers[]) {
    this.confd = confd;
    this.rendered = rendered;
  }

  /** Another family is rendered from now on. */
  add(rendered: RenderedPeers): void {
    this.rendered.push(rendered);
  }

  /** See {@link SyncerSink}. */
  onBatch(batch: UpdateBatch, clients: Int32Array, arrivals: Float64Array, count: number): void {
    if (this.memory.get(batch) === undefined) {
      this.memory.set(batch, true);
      for (const one of this.rendered) one.servicesChanged(batch);
    }
    for (let i = 0; i < count; i++) this.confd.servicesChanged(batch, clients[i]!, arrivals[i]!);
  }

  /** See {@link SyncerSink}. A lost connection changes nothing in the files. */
  onStatus(_client: number, _status: SyncStatus): void {}
}

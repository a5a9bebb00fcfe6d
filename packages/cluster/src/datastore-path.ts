import type { DatastorePath, Fabric, Micros } from "@calico-sim/core";

/** From a node to an apiserver that is not one of the nodes, one way; assumed. */
const MANAGED_DELAY: Micros = 250;

/**
 * The way from the nodes to the datastore.
 *
 * With control-plane nodes the datastore runs on them, and the nearest that can be reached answers.
 * Without, it stands outside behind the underlay's core: whoever is cut off from every other rack
 * is cut off from it too.
 */
export class ClusterDatastorePath implements DatastorePath {
  private readonly fabric: Fabric;
  private readonly hosts: readonly number[];
  private readonly down: Set<number> = new Set();
  private epoch = -1;
  private delays: Float64Array = new Float64Array(0);

  constructor(fabric: Fabric, controlPlane: readonly number[]) {
    this.fabric = fabric;
    this.hosts = controlPlane;
  }

  /** A host stops or starts answering. */
  setDown(node: number, down: boolean): void {
    if (down) this.down.add(node);
    else this.down.delete(node);
    this.epoch = -1;
  }

  /** See {@link DatastorePath}. */
  delay(node: number): Micros {
    if (node < 0) return 0;
    if (this.epoch !== this.fabric.epoch || node >= this.delays.length) {
      this.epoch = this.fabric.epoch;
      this.delays = new Float64Array(this.fabric.nodeCount).fill(-1);
    }
    const known = this.delays[node]!;
    if (known >= 0) return known;
    const delay = this.hosts.length > 0 ? this.toControlPlane(node) : this.toCore(node);
    this.delays[node] = delay;
    return delay;
  }

  private toControlPlane(node: number): Micros {
    let best = Number.POSITIVE_INFINITY;
    for (const host of this.hosts) {
      if (!this.down.has(host)) best = Math.min(best, this.fabric.delay(node, host));
    }
    return best;
  }

  private toCore(node: number): Micros {
    const own = this.fabric.rackOf(node);
    const racks = this.fabric.racks.filter((rack) => rack !== own);
    if (racks.length === 0) {
      const other = node === 0 ? 1 : 0;
      return other >= this.fabric.nodeCount || this.fabric.reachable(node, other)
        ? MANAGED_DELAY
        : Number.POSITIVE_INFINITY;
    }
    const reaches = racks.some((rack) =>
      this.fabric.nodesInRack(rack).some((other) => this.fabric.reachable(node, other)),
    );
    return reaches ? MANAGED_DELAY : Number.POSITIVE_INFINITY;
  }
}

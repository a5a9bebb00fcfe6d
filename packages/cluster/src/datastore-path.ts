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
    const { fabric } = this;
    const own = fabric.rackOf(node);
    const others = fabric.racks.filter((rack) => rack !== own);
    // With one rack there is no core to be cut off from but the rack itself.
    const racks = others.length === 0 ? [own] : others;
    const reaches = racks.some((rack) =>
      fabric.nodesInRack(rack).some((other) => other !== node && fabric.reachable(node, other)),
    );
    return reaches || fabric.nodeCount === 1 ? MANAGED_DELAY : Number.POSITIVE_INFINITY;
  }
}

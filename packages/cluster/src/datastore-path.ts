import type { DatastorePath, Fabric, Micros } from "@calico-sim/core";

/** From a node to an apiserver that is not one of the nodes, one way; assumed. */
const MANAGED_DELAY: Micros = 250;

/**
 * The way from the nodes to the datastore.
 *
 * With control-plane nodes the datastore runs on them, and the nearest that can be reached answers.
 * Without, it stands outside behind the underlay's core: a node whose own uplink is cut is cut off from
 * it, and so is a rack that has lost all of its own.
 */
export class ClusterDatastorePath implements DatastorePath {
  private readonly fabric: Fabric;
  private readonly hosts: readonly number[];
  private readonly down: Set<number> = new Set();
  private epoch = -1;
  /** Nodes whose uplink works, and switches that are joined to the core. */
  private uplinks: Set<string> = new Set();
  private joined: Set<string> = new Set();
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
      if (this.hosts.length === 0) this.lookAround();
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
    const up = this.uplinks.has(fabric.nodeName(node)) && this.joined.has(fabric.rackOf(node));
    return up ? MANAGED_DELAY : Number.POSITIVE_INFINITY;
  }

  /** Reads the links once an epoch: asking for each node apart would cost the square of their number. */
  private lookAround(): void {
    const { fabric } = this;
    const switches = new Set(fabric.switches);
    // Routers are the core; so is a switch that has nothing behind it.
    this.joined = new Set(fabric.switches.filter((name) => !fabric.racks.includes(name)));
    if (switches.size === 1) this.joined = switches;
    this.uplinks = new Set();
    for (const { from, to, up } of fabric.links()) {
      if (!up) continue;
      if (!switches.has(from)) this.uplinks.add(from);
      else if (!switches.has(to)) this.uplinks.add(to);
      else this.joined.add(from).add(to);
    }
  }
}

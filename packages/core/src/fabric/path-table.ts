import { singleSource } from "graphology-shortest-path/dijkstra.js";
import type { FabricTopology } from "./fabric-topology.js";
import type { SwitchCuts } from "./switch-cuts.js";

/**
 * Shortest paths by latency between all pairs of switches, for one state of the links.
 *
 * Entry `from * size + to` of each array is about one pair. Rows are computed when first asked for; until then `distance`
 * is NaN. A change of the links calls for a new table: an old one is never cleared, so that forks may share it.
 *
 * The path of a pair is the one found from its lower id, in both directions, so that ties between equally long paths
 * cannot make loss or bandwidth asymmetric.
 */
export class PathTable {
  /** How many switches there are. */
  readonly size: number;
  /** One-way latency in microseconds; Infinity without a path, NaN while not computed. */
  readonly distance: Float64Array;
  /** Sum of the jitters on the path, in microseconds. */
  readonly jitter: Float64Array;
  /** The least bandwidth on the path, in megabits a second; Infinity if none is limited. */
  readonly bandwidth: Float64Array;
  /** The probability that no link of the path loses a packet. */
  readonly delivery: Float64Array;
  /** Whether any row has been computed. */
  used = false;

  constructor(size: number) {
    this.size = size;
    this.distance = new Float64Array(size * size).fill(Number.NaN);
    this.jitter = new Float64Array(size * size);
    this.bandwidth = new Float64Array(size * size);
    this.delivery = new Float64Array(size * size);
  }

  /**
   * Computes the row of a switch, and its column, from itself to all switches of higher id.
   */
  computeRow(topology: FabricTopology, source: number, cuts: SwitchCuts): void {
    this.used = true;
    this.set(source, source, cuts.switches[source] === 0 ? 0 : Infinity, 0, Infinity, 1);
    const paths = singleSource(topology.graph, String(source), (edge: string) =>
      cuts.latency(Number(edge)),
    );
    for (let target = source + 1; target < this.size; target++) {
      const path = paths[String(target)];
      if (path === undefined) this.set(source, target, Infinity, 0, Infinity, 0);
      else this.walk(topology, path, source, target, cuts);
    }
  }

  /** Sums up the links of a path. */
  private walk(
    topology: FabricTopology,
    path: readonly string[],
    source: number,
    target: number,
    cuts: SwitchCuts,
  ): void {
    let distance = 0;
    let jitter = 0;
    let bandwidth = Infinity;
    let delivery = 1;
    for (let i = 1; i < path.length; i++) {
      const link = topology.linkBetween(Number(path[i - 1]), Number(path[i]));
      const { attributes } = topology.links[link]!;
      distance += cuts.latency(link);
      jitter += attributes.jitterUs;
      bandwidth = Math.min(bandwidth, attributes.bandwidthMbps ?? Infinity);
      delivery *= 1 - attributes.loss;
    }
    this.set(source, target, distance, jitter, bandwidth, delivery);
  }

  private set(
    a: number,
    b: number,
    distance: number,
    jitter: number,
    bandwidth: number,
    delivery: number,
  ): void {
    for (const at of [a * this.size + b, b * this.size + a]) {
      this.distance[at] = distance;
      this.jitter[at] = jitter;
      this.bandwidth[at] = bandwidth;
      this.delivery[at] = delivery;
    }
  }
}

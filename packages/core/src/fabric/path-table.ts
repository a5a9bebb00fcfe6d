import { singleSource } from "graphology-shortest-path/dijkstra.js";
import type { FabricTopology } from "./fabric-topology.js";
import { QualitySum } from "./path-quality.js";
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
  /** The link with the least bandwidth, as {@link import("./path-quality.js").PathQuality.narrowest}; −1 if none is limited. */
  readonly narrowest: Int32Array;
  /** Whether any row has been computed. */
  used = false;

  constructor(size: number) {
    this.size = size;
    this.distance = new Float64Array(size * size).fill(Number.NaN);
    this.jitter = new Float64Array(size * size);
    this.bandwidth = new Float64Array(size * size);
    this.delivery = new Float64Array(size * size);
    this.narrowest = new Int32Array(size * size).fill(-1);
  }

  /**
   * Computes the row of a switch, and its column, from itself to all switches of higher id.
   */
  computeRow(topology: FabricTopology, source: number, cuts: SwitchCuts): void {
    this.used = true;
    this.set(source, source, cuts.switches[source] === 0 ? 0 : Infinity, NOTHING);
    const paths = singleSource(topology.graph, String(source), (edge: string) =>
      cuts.cost(Number(edge)),
    );
    for (let target = source + 1; target < this.size; target++) {
      const path = paths[String(target)];
      if (path === undefined) this.set(source, target, Infinity, NOTHING);
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
    const sum = new QualitySum();
    for (let i = 1; i < path.length; i++) {
      const link = topology.linkBetween(Number(path[i - 1]), Number(path[i]));
      const attributes = cuts.attributes[link]!;
      distance += cuts.linkUp(link) ? attributes.latencyUs : Infinity;
      sum.addLink(
        attributes,
        2 * link + Number(topology.links[link]!.from !== Number(path[i - 1])),
      );
    }
    this.set(source, target, distance, sum);
  }

  private set(a: number, b: number, distance: number, sum: Readonly<QualitySum>): void {
    for (const at of [a * this.size + b, b * this.size + a]) {
      this.distance[at] = distance;
      this.jitter[at] = sum.jitterUs;
      this.bandwidth[at] = sum.bandwidthMbps;
      this.delivery[at] = sum.delivery;
      this.narrowest[at] = sum.narrowest;
    }
    // On the way back the same link is passed in the other direction.
    if (sum.narrowest >= 0) this.narrowest[b * this.size + a] = sum.narrowest ^ 1;
  }
}

/** Of a path without links. */
const NOTHING: Readonly<QualitySum> = Object.freeze(new QualitySum());

import fc from "fast-check";

/** Bounds of {@link arbitraryTopology}. */
export interface TopologyConstraints {
  /** @defaultValue 2 */
  readonly nodesMin?: number;
  /** @defaultValue 8 */
  readonly nodesMax?: number;
  /** Never more than there are nodes. @defaultValue 4 */
  readonly racksMax?: number;
  /** Nodes that carry the datastore; with 0 it stands outside the cluster. @defaultValue 3 */
  readonly controlPlaneMax?: number;
}

/** Where the nodes of a cluster are. */
export interface Topology {
  readonly nodes: number;
  /** Subnets, one rack each, that nodes are dealt to in turn. */
  readonly racks: number;
  /** The first so many nodes are labelled as control plane. */
  readonly controlPlane: number;
}

/**
 * How many nodes, in how many racks, and where the datastore is. Shrinks to few nodes in one rack with
 * the datastore outside.
 */
export function arbitraryTopology(constraints: TopologyConstraints = {}): fc.Arbitrary<Topology> {
  const { nodesMin = 2, nodesMax = 8, racksMax = 4, controlPlaneMax = 3 } = constraints;
  return fc
    .record({
      nodes: fc.integer({ min: nodesMin, max: Math.max(nodesMin, nodesMax) }),
      racks: fc.integer({ min: 1, max: Math.max(1, racksMax) }),
      controlPlane: fc.nat({ max: controlPlaneMax }),
    })
    .map(({ nodes, racks, controlPlane }) => ({
      nodes,
      racks: Math.min(racks, nodes),
      // One node at least is a worker, as in every cluster with pods.
      controlPlane: Math.min(controlPlane, nodes - 1),
    }));
}

import { UndirectedGraph } from "graphology";
import type { Fabric } from "./fabric.js";
import type { FabricLink } from "./fabric-spec.js";

/** The attributes of a vertex of {@link fabricGraph}. */
export interface FabricVertex {
  readonly kind: "node" | "switch";
}

/**
 * The whole fabric as a new graphology graph, for layouts, metrics and export: vertices are nodes, racks and routers by
 * name; edges carry the attributes of {@link FabricLink}, `up` as it is now.
 *
 * A copy: changing it changes no fabric. Large fabrics make large graphs, so ask for it once, not per event.
 */
export function fabricGraph(fabric: Fabric): UndirectedGraph<FabricVertex, FabricLink> {
  const graph = new UndirectedGraph<FabricVertex, FabricLink>();
  for (const name of fabric.switches) graph.addNode(name, { kind: "switch" });
  for (let node = 0; node < fabric.nodeCount; node++) {
    graph.addNode(fabric.nodeName(node), { kind: "node" });
  }
  for (const link of fabric.links()) graph.addEdge(link.from, link.to, { ...link });
  return graph;
}

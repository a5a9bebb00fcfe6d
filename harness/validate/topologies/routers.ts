import type { LabParameters } from "../ground-truth.js";
import { addressNumber } from "./address.js";
import { MESH } from "./mesh.js";
import type { LabNode, Topology } from "./topology.js";

/** AS of the first router, of every node in a mesh, and of the first node where each has its own (ground-truth/bird README, Parameters). */
const ROUTER_AS = 65_001;
const MESH_AS = 64_512;
const NODE_AS = 64_600;

/** First address of the routers: 10.10.0.250. */
const ROUTER_HOST = 250;

/** A mesh, and every node a peer of every external router. */
export const MESH_AND_ROUTERS: Topology = {
  parameters: [...MESH.parameters, "tors"],
  nodes: (parameters, random) =>
    withRouters(parameters, MESH.nodes(parameters, random), () => MESH_AS),
};

/** Nodes that peer with external routers alone, each with an AS of its own. */
export const ROUTERS: Topology = {
  parameters: [...MESH.parameters, "tors"],
  nodes: (parameters, random) =>
    withRouters(
      parameters,
      MESH.nodes(parameters, random).map((node) => ({ ...node, peers: [] })),
      (i) => NODE_AS + i,
    ),
};

function withRouters(
  parameters: LabParameters,
  nodes: readonly LabNode[],
  asOf: (node: number) => number,
): readonly LabNode[] {
  const routers = Array.from({ length: parameters.tors ?? 1 }, (_, t) => t);
  const members = nodes.map(
    (node, i): LabNode => ({
      ...node,
      speaker: { address: addressNumber(node.address), asNumber: asOf(i) },
      peers: [
        ...node.peers,
        ...routers.map((t) => ({
          peer: nodes.length + t,
          passive: false,
          options: { remoteAS: ROUTER_AS + t },
        })),
      ],
    }),
  );
  return [...members, ...routers.map((t) => router(t, nodes.length, asOf))];
}

/** A plain BIRD: it waits, has neither `-R` nor add-path, and its peers are on its link. */
function router(t: number, nodes: number, asOf: (node: number) => number): LabNode {
  const address = `10.10.0.${String(ROUTER_HOST + t)}`;
  return {
    address,
    prefixes: [`10.200.${String(t)}.0/24`],
    external: true,
    speaker: { address: addressNumber(address), asNumber: ROUTER_AS + t, router: true },
    peers: Array.from({ length: nodes }, (_, peer) => ({
      peer,
      passive: true,
      options: { remoteAS: asOf(peer), addPath: false, onLink: true },
    })),
  };
}

import { type BGPPeer, type KubernetesNode, NODE_ANNOTATIONS } from "@calico-sim/core";
import type { RouteReflectorOptions } from "./cluster-options.js";

/** The label by which all nodes find the reflectors, as Calico's documentation has it ("Configure BGP peering"). */
export const REFLECTOR_LABEL = "route-reflector";

/** The first cluster id, that of Calico's documentation; further ones count up. */
const CLUSTER_ID = "244.0.0.";

/** How many of the first nodes are reflectors. */
export function reflectorCount(options: RouteReflectorOptions | number | null | undefined): number {
  return typeof options === "object" ? (options?.count ?? 0) : (options ?? 0);
}

/** A node of this place among the reflectors, as a reflector. */
export function asReflector(
  node: KubernetesNode,
  place: number,
  options: RouteReflectorOptions | number,
): KubernetesNode {
  const each = typeof options === "object" && options.clusterIds === "each";
  const { metadata } = node;
  return {
    ...node,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [REFLECTOR_LABEL]: "true" },
      annotations: {
        ...metadata.annotations,
        [NODE_ANNOTATIONS.routeReflectorClusterID]: `${CLUSTER_ID}${String(each ? place + 1 : 1)}`,
      },
    },
  };
}

/** Every node peers with the reflectors, and these with each other. */
export const TO_REFLECTORS: BGPPeer = Object.freeze({
  apiVersion: "projectcalico.org/v3",
  kind: "BGPPeer",
  metadata: { name: "route-reflectors" },
  spec: { nodeSelector: "all()", peerSelector: `${REFLECTOR_LABEL} == 'true'` },
});

import type { AddressFamily } from "@calico-sim/core";
import { asOf, type BgpNode, type ConfdInputs } from "./inputs.js";
import type { BirdPeer } from "./model.js";
import { passwordOf } from "./passwords.js";
import { peerName, seconds } from "./peer.js";

/** What the mesh looks at on either end. */
export interface MeshEnd {
  readonly address: string;
  /** Blank when the node is no route reflector. */
  readonly clusterId: string;
}

/**
 * Whether a node has a mesh session with another, and then whether it waits for it to open.
 *
 * Reflectors are left out on both sides. The addresses are compared as text: the end with the
 * greater one opens, so `10.0.0.9` opens to `10.0.0.10`
 * (calico: confd/pkg/backends/calico/bgp_processor.go:293-430).
 *
 * @returns `undefined` without a session.
 */
export function meshRole(own: MeshEnd, peer: MeshEnd): "active" | "passive" | undefined {
  if (own.clusterId !== "" || peer.clusterId !== "" || peer.address === own.address)
    return undefined;
  return peer.address > own.address ? "passive" : "active";
}

/** The mesh peers of a node (calico: confd/pkg/backends/calico/bgp_processor.go:293-430). */
export function meshPeers(
  inputs: ConfdInputs,
  node: BgpNode,
  family: AddressFamily,
): readonly BirdPeer[] {
  const address = node.address[family];
  if (!inputs.meshEnabled || address === undefined) return [];
  const own = { address, clusterId: node.clusterId };
  const asNumber = asOf(inputs, node);
  const gracefulRestartSeconds = seconds(inputs.global.nodeMeshMaxRestartTime);
  const password = passwordOf(inputs.secrets, inputs.global.nodeMeshPassword);
  const peers: BirdPeer[] = [];
  for (const other of inputs.nodes) {
    const peer = other.address[family];
    if (peer === undefined) continue;
    const role = meshRole(own, { address: peer, clusterId: other.clusterId });
    if (role === undefined) continue;
    // The fallback is this node's AS, not the global one (calico: …/bgp_processor.go:370-377).
    const peerAS = other.asNumber ?? asNumber;
    peers.push({
      // The port is no part of a mesh name.
      name: peerName("mesh", peer, undefined),
      type: "mesh",
      address: peer,
      port: other.listenPort,
      asNumber: peerAS,
      localAS: undefined,
      allowLocalAS: undefined,
      sourceAddress: address,
      passive: role === "passive",
      ttlSecurity: undefined,
      nextHop: "auto",
      reflectorClusterId: undefined,
      gracefulRestartSeconds,
      keepaliveSeconds: undefined,
      password,
      internal: peerAS === asNumber,
      importFilters: NO_FILTERS,
      exportFilters: NO_FILTERS,
    });
  }
  return peers;
}

/** The mesh has the built-in import and export alone. */
const NO_FILTERS: readonly [] = Object.freeze([]);

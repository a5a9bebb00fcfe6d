import type { BirdPeer } from "./render/model.js";

/** Peers of the nodes' BIRDs that are no nodes of the cluster: top-of-rack switches, routers, reflectors outside. */
export interface ExternalPeers {
  /**
   * Id of whoever stands at the IPv4 address of a peer that some node's configuration has, as the fleet of BIRDs
   * knows it; −1 leaves the peer out.
   */
  idOf(node: number, peer: BirdPeer): number;
  /** The address of a peer; undefined for a node. */
  addressOf(id: number): string | undefined;
}

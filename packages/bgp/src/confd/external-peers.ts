import type { AddressFamily } from "@calico-sim/core";
import type { BirdPeer } from "./render/model.js";

/** Peers of the nodes' BIRDs that are no nodes of the cluster: top-of-rack switches, routers, reflectors outside. */
export interface ExternalPeers {
  /**
   * Id of whoever stands at the address of a peer that some node's configuration has, as the fleet of BIRDs
   * knows it; −1 leaves the peer out.
   */
  idOf(node: number, peer: BirdPeer): number;
  /** The address of a peer in a family; undefined for a node, and where it has none. */
  addressOf(id: number, family: AddressFamily): string | undefined;
  /** The BGP identifier of a peer, as dotted quad in both families (RFC 6286); undefined for a node. */
  routerIdOf(id: number): string | undefined;
}

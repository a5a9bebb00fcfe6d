/** Peers of the nodes' BIRDs that are no nodes of the cluster: top-of-rack switches, routers, reflectors outside. */
export interface ExternalPeers {
  /**
   * Id of whoever stands at an IPv4 address, as the fleet of BIRDs knows it; −1 leaves the peer out.
   *
   * @param asNumber - the AS that the peering asks for.
   */
  idOf(address: string, asNumber: number): number;
  /** The address of a peer; undefined for a node. */
  addressOf(id: number): string | undefined;
}

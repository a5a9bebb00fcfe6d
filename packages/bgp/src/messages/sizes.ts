/**
 * Sizes of BGP messages on the wire, in bytes, headers included (RFC 4271 §4; RFC 7911 §3;
 * measured to the byte: ground-truth/bird, law 3).
 */

/** Common header: marker 16, length 2, type 1 (RFC 4271 §4.1). */
const HEADER = 19;

/** KEEPALIVE is a header alone (RFC 4271 §4.4). */
export const KEEPALIVE_BYTES: number = HEADER;

/** End-of-RIB: an UPDATE with both lengths zero (RFC 4724 §2). */
export const END_OF_RIB_BYTES: number = HEADER + 4;

/** ROUTE-REFRESH, and the BoRR and EoRR of RFC 7313: AFI, subtype, SAFI. */
export const ROUTE_REFRESH_BYTES: number = HEADER + 4;

/** NOTIFICATION without data (RFC 4271 §4.5). */
export const NOTIFICATION_BYTES: number = HEADER + 2;

/** An address family in the graceful restart capability: AFI, SAFI, flags (RFC 4724 §3). */
const RESTART_FAMILY = 4;

/**
 * OPEN as BIRD 1.6 sends it under Calico's configuration: fixed part 10, then capabilities for
 * multiprotocol, route refresh, graceful restart with one AFI, 4-octet AS, enhanced refresh, and
 * add-path when on. Measured: 63 with add-path, 57 without (ground-truth/bird, law 3), 53 from one that only
 * helps others to restart (BIRD 1.6.8 without `graceful restart`).
 */
export function openBytes(addPath: boolean, keepsForwarding = true): number {
  return (addPath ? 63 : 57) - (keepsForwarding ? 0 : RESTART_FAMILY);
}

/** A prefix in an UPDATE: length octet, the significant octets, and the 4-octet path id of RFC 7911 with add-path. */
export function prefixBytes(prefixLength: number, addPath: boolean): number {
  return 1 + ((prefixLength + 7) >> 3) + (addPath ? 4 : 0);
}

/** Longest message (RFC 4271 §4.1). */
export const MESSAGE_MAX = 4096;

/** UPDATE that announces prefixes sharing one attribute set; `nlri` is the sum of their {@link prefixBytes}. */
export function reachBytes(attributes: number, nlri: number): number {
  return HEADER + 2 + 2 + attributes + nlri;
}

/** UPDATE that withdraws; `withdrawn` is the sum of the prefixes' {@link prefixBytes}. */
export function withdrawBytes(withdrawn: number): number {
  return HEADER + 2 + 2 + withdrawn;
}

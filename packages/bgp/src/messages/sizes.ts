/**
 * Sizes of BGP messages on the wire, in bytes, headers included (RFC 4271 §4; RFC 7911 §3;
 * measured to the byte: ground-truth/bird, law 3).
 */

import { ABSENT, type AttributeSet } from "../rib/attributes.js";

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

/**
 * OPEN as BIRD 1.6 sends it under Calico's configuration: fixed part 10, then capabilities for
 * multiprotocol, route refresh, graceful restart with one AFI, 4-octet AS, enhanced refresh, and
 * add-path when on. Measured: 63 with add-path, 57 without (ground-truth/bird, law 3).
 */
export function openBytes(addPath: boolean): number {
  return addPath ? 63 : 57;
}

/** A prefix in an UPDATE: length octet, the significant octets, and the 4-octet path id of RFC 7911 with add-path. */
export function prefixBytes(prefixLength: number, addPath: boolean): number {
  return 1 + ((prefixLength + 7) >> 3) + (addPath ? 4 : 0);
}

/** Longest message (RFC 4271 §4.1). */
export const MESSAGE_MAX = 4096;

/**
 * Path attributes: ORIGIN 4, AS_PATH 3 + 2 + 4 n, NEXT_HOP 7, MED, LOCAL_PREF and ORIGINATOR_ID 7 each where they are,
 * CLUSTER_LIST 3 + 4 n, communities 3 + 4 n, large ones 3 + 12 n; each list has a fourth octet of header beyond 255
 * (RFC 4271 §4.3, RFC 6793, RFC 4456 §8, RFC 1997, RFC 8092).
 */
export function attributeBytes(set: AttributeSet): number {
  const single = (value: number): number => (value === ABSENT ? 0 : 7);
  const { asPath, clusterList, communities, largeCommunities } = set;
  return (
    4 +
    (asPath.length === 0 ? 3 : header(2 + 4 * asPath.length)) +
    7 +
    single(set.med) +
    single(set.localPref) +
    single(set.originatorId) +
    header(4 * clusterList.length) +
    header(4 * communities.length) +
    header(12 * largeCommunities.length)
  );
}

/** Length of a list attribute with its header; 0 for an empty one, which is not sent. */
function header(length: number): number {
  return length === 0 ? 0 : length + (length > 255 ? 4 : 3);
}

/** UPDATE that announces prefixes sharing one attribute set; `nlri` is the sum of their {@link prefixBytes}. */
export function reachBytes(attributes: number, nlri: number): number {
  return HEADER + 2 + 2 + attributes + nlri;
}

/** UPDATE that withdraws; `withdrawn` is the sum of the prefixes' {@link prefixBytes}. */
export function withdrawBytes(withdrawn: number): number {
  return HEADER + 2 + 2 + withdrawn;
}

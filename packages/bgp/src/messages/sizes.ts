import type { AddressFamily } from "@calico-sim/core";

/**
 * Sizes of BGP messages on the wire, in bytes, headers included (RFC 4271 §4; RFC 7911 §3; RFC 4760 §3, §4;
 * measured to the byte: ground-truth/bird, law 3, and bird6 1.6.8 with internal multihop peers for IPv6).
 */

/** Common header: marker 16, length 2, type 1 (RFC 4271 §4.1). */
const HEADER = 19;

/** KEEPALIVE is a header alone (RFC 4271 §4.4). */
export const KEEPALIVE_BYTES: number = HEADER;

/** AFI and SAFI, with which both attributes of multiprotocol BGP begin (RFC 4760 §3, §4). */
const FAMILY_CODES = 3;

/** NEXT_HOP, which IPv6 does without (RFC 4271 §4.3). */
const NEXT_HOP = 7;

/** The link-local address beside a next hop of IPv6, where both ends are on one link (RFC 2545 §3; bird: proto/bgp/packets.c). */
const LINK_LOCAL = 16;

/** What MP_REACH_NLRI has before its prefixes: AFI, SAFI, a next hop of 16 octets with its length, a reserved octet (RFC 4760 §3). */
const REACH_HEAD: number = FAMILY_CODES + 1 + 16 + 1;

/**
 * End-of-RIB: an UPDATE with both lengths zero; of IPv6 one with an MP_UNREACH_NLRI of no prefix (RFC 4724 §2).
 * Measured for IPv6: 29.
 */
export function endOfRibBytes(family: AddressFamily): number {
  return family === 4 ? HEADER + 4 : withdrawBytes(0, family);
}

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
 * helps others to restart (BIRD 1.6.8 without `graceful restart`); bird6 has the same lengths.
 */
export function openBytes(addPath: boolean, keepsForwarding = true): number {
  return (addPath ? 63 : 57) - (keepsForwarding ? 0 : RESTART_FAMILY);
}

/** A prefix in an UPDATE: length octet, the significant octets, and the 4-octet path id of RFC 7911 with add-path. */
export function prefixBytes(prefixLength: number, addPath: boolean): number {
  return 1 + ((prefixLength + 7) >> 3) + (addPath ? 4 : 0);
}

/** Longest message (RFC 4271 §4.1). */
const MESSAGE_MAX = 4096;

/**
 * Longest UPDATE of IPv6 that announces: BIRD sets room aside for a link-local address, used or not. Measured with bird6 1.6.8:
 * 191 prefixes with a path id and 235 without fill one of 4,073 and 4,057 octets; with that address one has 4,089.
 */
const REACH_MAX_6 = 4073;

/** Longest UPDATE that announces, or withdraws; of IPv6 the latter was measured at 4,083 of 4,096, where no further prefix fits. */
export function updateMax(reach: boolean, family: AddressFamily, linkLocal = false): number {
  return reach && family === 6 ? REACH_MAX_6 + (linkLocal ? LINK_LOCAL : 0) : MESSAGE_MAX;
}

/** An attribute of a length, with its header: flags, type, and one or two octets of length (RFC 4271 §4.3). */
function attributeBytes(length: number): number {
  return length + (length > 255 ? 4 : 3);
}

/**
 * UPDATE that announces prefixes sharing one attribute set; `nlri` is the sum of their {@link prefixBytes}. IPv6 has
 * its next hop and prefixes in MP_REACH_NLRI. Measured: 61 + 21 k for k blocks of /122 with add-path.
 *
 * @param attributes - their length with a NEXT_HOP among them, as IPv4 has it.
 * @param linkLocal - the next hop of IPv6 comes with its link-local address.
 */
export function reachBytes(
  attributes: number,
  nlri: number,
  family: AddressFamily,
  linkLocal = false,
): number {
  const bare = HEADER + 2 + 2 + attributes;
  if (family === 4) return bare + nlri;
  return bare - NEXT_HOP + attributeBytes(REACH_HEAD + (linkLocal ? LINK_LOCAL : 0) + nlri);
}

/**
 * UPDATE that withdraws; `withdrawn` is the sum of the prefixes' {@link prefixBytes}. IPv6 has them in
 * MP_UNREACH_NLRI. Measured: 29 and the prefixes, one more where they are longer than 252.
 */
export function withdrawBytes(withdrawn: number, family: AddressFamily): number {
  const bare = HEADER + 2 + 2;
  return bare + (family === 4 ? withdrawn : attributeBytes(FAMILY_CODES + withdrawn));
}

/**
 * IP addresses and prefixes with Go's strictness, and tables over them.
 *
 * @module
 */
export {
  type Address,
  type Address4,
  type Address6,
  type AddressFamily,
  address4,
  address6,
  addressBits,
  addressEquals,
  compareAddresses,
  formatAddress,
  parseAddress,
} from "./address.js";
export {
  addressCount,
  blockAt,
  blockCount,
  type Cidr,
  type Cidr4,
  type Cidr6,
  cidr4,
  cidr6,
  cidrAround,
  cidrContains,
  cidrEquals,
  cidrOverlaps,
  compareCidrs,
  formatCidr,
  formatCidrAddress,
  hostCidr,
  isHostCidr,
  networkAddress,
  nthAddress,
  parseCidr,
  writtenAddress,
} from "./cidr.js";
export { formatIPv4, netmaskIPv4, parseIPv4 } from "./ipv4.js";
export { formatIPv6, parseIPv6 } from "./ipv6.js";
export { LongestPrefixMatch, type PrefixEntry } from "./longest-prefix-match.js";
export { HOST_BASE, PrefixTable } from "./prefix-table.js";
export { sha256 } from "./sha256.js";

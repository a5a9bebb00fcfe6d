import {
  type Address,
  address4,
  address6,
  addressBits,
  formatAddress,
  parseAddress,
} from "./address.js";
import { netmaskIPv4 } from "./ipv4.js";

/** An IPv4 prefix. Frozen; made by {@link cidr4} and its kin, which see to the masking. */
export interface Cidr4 {
  readonly family: 4;
  /** The network: the address with its host bits cleared, as an unsigned 32-bit integer. */
  readonly value: number;
  /** Prefix length, 0 to 32. */
  readonly length: number;
  /** The address as written: `10.0.0.5/24` keeps `10.0.0.5` here. Equal to `value` for a plain network. */
  readonly address: number;
}

/** An IPv6 prefix. Frozen; made by {@link cidr6} and its kin, which see to the masking. */
export interface Cidr6 {
  readonly family: 6;
  /** The network: the address with its host bits cleared, as an unsigned 128-bit integer. */
  readonly value: bigint;
  /** Prefix length, 0 to 128. */
  readonly length: number;
  /** The address as written: `fd00::5/64` keeps `fd00::5` here. Equal to `value` for a plain network. */
  readonly address: bigint;
}

/**
 * An IP prefix (CIDR block, RFC 4632), as plain frozen data.
 *
 * Calico writes the address of a node with the length of its subnet (`Node.spec.bgp.ipv4Address: 10.0.0.5/24`), hence
 * both the network and the address as written are kept. Everything but {@link formatCidrAddress} looks at the network
 * alone.
 */
export type Cidr = Cidr4 | Cidr6;

/** Makes the IPv4 prefix of `length` bits (0 to 32) around an unsigned 32-bit address. */
export function cidr4(address: number, length: number): Cidr4 {
  const value = (address & netmaskIPv4(length)) >>> 0;
  return Object.freeze({ family: 4, value, length, address });
}

/** Makes the IPv6 prefix of `length` bits (0 to 128) around an unsigned 128-bit address. */
export function cidr6(address: bigint, length: number): Cidr6 {
  const hostBits = BigInt(128 - length);
  return Object.freeze({ family: 6, value: (address >> hostBits) << hostBits, length, address });
}

/** The host prefix of an address: /32 or /128. */
export function hostCidr(address: Address): Cidr {
  return address.family === 4 ? cidr4(address.value, 32) : cidr6(address.value, 128);
}

/** Whether a prefix holds a single address: /32 or /128. */
export function isHostCidr(cidr: Cidr): boolean {
  return cidr.length === addressBits(cidr.family);
}

/** The prefix length that `text` holds from `start` on, in decimal without sign or leading zero; -1 if invalid. */
function parseLength(text: string, start: number, max: number): number {
  const digits = text.length - start;
  if (digits < 1 || digits > 3) return -1;
  let length = 0;
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    if (i === start && digit === 0 && digits > 1) return -1;
    length = length * 10 + digit;
  }
  return length > max ? -1 : length;
}

/**
 * Reads a prefix such as `10.244.0.0/16`, `10.0.0.5/24` or `fd00::/64`, as strictly as Go's `netip.ParsePrefix`
 * (go: src/net/netip/netip.go): a length is required, and neither it nor an octet may have a leading zero.
 *
 * @returns `undefined` when `text` is no prefix.
 */
export function parseCidr(text: string): Cidr | undefined {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const cidr = read(text);
  if (cidr !== undefined) {
    if (parsed.size >= PARSED_MAX) parsed.clear();
    parsed.set(text, cidr);
  }
  return cidr;
}

/** Prefixes read lately. A cluster reads the same few, nodes' and blocks', a million times. */
const parsed: Map<string, Cidr> = new Map();
const PARSED_MAX = 8_192;

function read(text: string): Cidr | undefined {
  const slash = text.lastIndexOf("/");
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  if (address === undefined) return undefined;
  const length = parseLength(text, slash + 1, addressBits(address.family));
  if (length < 0) return undefined;
  return cidrAround(address, length);
}

/** The prefix of `length` bits around an address, which it remembers as its `address`. */
export function cidrAround(address: Address, length: number): Cidr {
  return address.family === 4 ? cidr4(address.value, length) : cidr6(address.value, length);
}

/** The network address of a prefix: `10.0.0.0` for `10.0.0.5/24`. */
export function networkAddress(cidr: Cidr): Address {
  return cidr.family === 4 ? address4(cidr.value) : address6(cidr.value);
}

/** The address a prefix was written with: `10.0.0.5` for `10.0.0.5/24`. */
export function writtenAddress(cidr: Cidr): Address {
  return cidr.family === 4 ? address4(cidr.address) : address6(cidr.address);
}

/** Prints the network of a prefix in canonical form: `10.0.0.0/24` for `10.0.0.5/24`. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(networkAddress(cidr))}/${cidr.length}`;
}

/** Prints a prefix with the address it was written with: `10.0.0.5/24`. */
export function formatCidrAddress(cidr: Cidr): string {
  return `${formatAddress(writtenAddress(cidr))}/${cidr.length}`;
}

/** Whether both are the same network of the same family and length. */
export function cidrEquals(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.length === b.length && a.value === b.value;
}

/** Whether every address of `inner` (a prefix or a single address) lies in `outer`. Families never mix. */
export function cidrContains(outer: Cidr, inner: Cidr | Address): boolean {
  if ("length" in inner && inner.length < outer.length) return false;
  if (outer.family === 4) {
    if (inner.family !== 4) return false;
    return ((inner.value ^ outer.value) & netmaskIPv4(outer.length)) === 0;
  }
  if (inner.family !== 6) return false;
  return (inner.value ^ outer.value) >> BigInt(128 - outer.length) === 0n;
}

/** Whether two prefixes share an address, that is, whether one contains the other. */
export function cidrOverlaps(a: Cidr, b: Cidr): boolean {
  return a.length <= b.length ? cidrContains(a, b) : cidrContains(b, a);
}

/** Orders prefixes: IPv4 before IPv6, then by network, then the shorter length first. For `Array.prototype.sort`. */
export function compareCidrs(a: Cidr, b: Cidr): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.value === b.value) return a.length - b.length;
  return a.value < b.value ? -1 : 1;
}

/**
 * How many addresses a prefix holds, network and broadcast included: 64 for a /26.
 *
 * Always a power of two, hence exact in a number up to the 2¹²⁸ of `::/0`.
 */
export function addressCount(cidr: Cidr): number {
  return 2 ** (addressBits(cidr.family) - cidr.length);
}

/**
 * The address at offset `n` of a prefix; 0 is the network address itself.
 *
 * @param n - offset, an integer from 0; a bigint where it may exceed 2⁵³.
 * @throws RangeError when the prefix holds no such address.
 */
export function nthAddress(cidr: Cidr, n: number | bigint): Address {
  const safe = typeof n === "bigint" || Number.isSafeInteger(n);
  if (!safe || n < 0 || n >= addressCount(cidr)) {
    throw new RangeError(`${formatCidr(cidr)} has no address number ${n}`);
  }
  return cidr.family === 4 ? address4(cidr.value + Number(n)) : address6(cidr.value + BigInt(n));
}

function assertBlockSize(pool: Cidr, blockSize: number): void {
  const max = addressBits(pool.family);
  if (!Number.isInteger(blockSize) || blockSize < pool.length || blockSize > max) {
    throw new RangeError(
      `a block of ${formatCidr(pool)} is /${pool.length} to /${max}, not /${blockSize}`,
    );
  }
}

/**
 * How many blocks of prefix length `blockSize` a pool divides into: 1,024 blocks of /26 in a /16.
 *
 * @param blockSize - prefix length of a block, as in Calico's `IPPool.spec.blockSize` (26 for IPv4, 122 for IPv6).
 * @throws RangeError when `blockSize` is shorter than the pool or longer than an address.
 */
export function blockCount(pool: Cidr, blockSize: number): number {
  assertBlockSize(pool, blockSize);
  return 2 ** (blockSize - pool.length);
}

/**
 * Block number `index` of a pool, counted in address order from 0.
 *
 * @param blockSize - prefix length of a block, as in Calico's `IPPool.spec.blockSize`.
 * @throws RangeError when the pool holds no such block, or `blockSize` does not suit it.
 */
export function blockAt(pool: Cidr, blockSize: number, index: number): Cidr {
  if (!Number.isSafeInteger(index) || index < 0 || index >= blockCount(pool, blockSize)) {
    throw new RangeError(`${formatCidr(pool)} has no block number ${index} of size /${blockSize}`);
  }
  return pool.family === 4
    ? cidr4(pool.value + index * 2 ** (32 - blockSize), blockSize)
    : cidr6(pool.value + (BigInt(index) << BigInt(128 - blockSize)), blockSize);
}

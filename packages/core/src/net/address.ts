import { formatIPv4, parseIPv4 } from "./ipv4.js";
import { formatIPv6, parseIPv6 } from "./ipv6.js";

/** 4 for IPv4, 6 for IPv6. */
export type AddressFamily = 4 | 6;

/** An IPv4 address; `value` is an unsigned 32-bit integer. Frozen. */
export interface Address4 {
  readonly family: 4;
  readonly value: number;
}

/** An IPv6 address; `value` is an unsigned 128-bit integer. Frozen. */
export interface Address6 {
  readonly family: 6;
  readonly value: bigint;
}

/**
 * An IP address without zone, as plain frozen data.
 *
 * An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) is IPv6, as in Go's `net/netip`: it neither equals nor matches
 * `10.0.0.1`.
 */
export type Address = Address4 | Address6;

/**
 * The width of an address in bits: 32 or 128.
 */
export function addressBits(family: AddressFamily): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** Wraps an unsigned 32-bit integer as an address. */
export function address4(value: number): Address4 {
  return Object.freeze({ family: 4, value });
}

/** Wraps an unsigned 128-bit integer as an address. */
export function address6(value: bigint): Address6 {
  return Object.freeze({ family: 6, value });
}

/**
 * Reads an IPv4 or IPv6 address with the strictness of Go's `net/netip`; zones are refused.
 *
 * @returns `undefined` when `text` is no address.
 */
export function parseAddress(text: string): Address | undefined {
  if (text.includes(":")) {
    const value = parseIPv6(text);
    return value < 0n ? undefined : address6(value);
  }
  const value = parseIPv4(text);
  return value < 0 ? undefined : address4(value);
}

/** Prints an address in its canonical form: dotted decimal, or RFC 5952. */
export function formatAddress(address: Address): string {
  return address.family === 4 ? formatIPv4(address.value) : formatIPv6(address.value);
}

/** Whether both are the same address of the same family. */
export function addressEquals(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value;
}

/** Orders addresses: IPv4 before IPv6, then by value. For `Array.prototype.sort`. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.value === b.value) return 0;
  return a.value < b.value ? -1 : 1;
}

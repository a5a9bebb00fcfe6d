/** What {@link parseIPv4} and {@link parseIPv4At} answer for a text that is no IPv4 address. */
const INVALID = -1;

const DOT = 0x2e;
const ZERO = 0x30;

/**
 * Reads the dotted-decimal address that fills `text` from `start` to its end.
 *
 * Kept apart from {@link parseIPv4} because an IPv6 address may end in one.
 *
 * @returns the address as an unsigned 32-bit integer, or -1.
 */
export function parseIPv4At(text: string, start: number): number {
  let address = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || dots === 3) return INVALID;
      address = address * 256 + octet;
      octet = 0;
      digits = 0;
      dots++;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9) return INVALID;
    // A leading zero would be octal to some readers and decimal to others; Go refuses it.
    if (digits > 0 && octet === 0) return INVALID;
    octet = octet * 10 + digit;
    if (octet > 255) return INVALID;
    digits++;
  }
  if (dots !== 3 || digits === 0) return INVALID;
  return address * 256 + octet;
}

/**
 * Reads an IPv4 address, exactly as strictly as Go's `net/netip` `ParseAddr` (go: src/net/netip/netip.go),
 * the parser under Calico: four decimal octets, no leading zero (`010.0.0.1`), no short form (`10.1`), no space.
 *
 * @returns the address as an unsigned 32-bit integer, or -1 when `text` is no IPv4 address.
 */
export function parseIPv4(text: string): number {
  return parseIPv4At(text, 0);
}

/** Prints an unsigned 32-bit integer as a dotted-decimal address: `0x0a000001` is `10.0.0.1`. */
export function formatIPv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/**
 * The netmask of a prefix length, as an unsigned 32-bit integer: 24 gives `0xffffff00`.
 *
 * @param length - prefix length, 0 to 32.
 */
export function netmaskIPv4(length: number): number {
  // JavaScript shifts by the count modulo 32, so that a length of 0 needs its own branch.
  return length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
}

import { formatIPv4, parseIPv4At } from "./ipv4.js";

const INVALID = -1n;

const COLON = 0x3a;
const DOT = 0x2e;

/**
 * Room for one address in network byte order, to go between groups and a big integer: a quarter of the time that shifts
 * of big integers take. Nothing outlives a call in it.
 */
const scratch: DataView = new DataView(new ArrayBuffer(16));

/** IPv4-mapped addresses are `::ffff:0:0/96` (RFC 4291 §2.5.5.2). */
const MAPPED_PREFIX = 0xffffn;

/** The value of a hexadecimal digit given by its character code; -1 for any other character. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

/**
 * Reads an IPv6 address, exactly as strictly as Go's `net/netip` `ParseAddr` (go: src/net/netip/netip.go): groups of at
 * most four digits, one `::` that stands for at least one group, a dotted IPv4 tail where it fits
 * (`::ffff:10.0.0.1`), upper and lower case.
 *
 * A zone (`fe80::1%eth0`) is refused: Go reads it, but no Calico resource may carry one.
 *
 * @returns the address as an unsigned 128-bit integer, or -1n when `text` is no IPv6 address.
 */
export function parseIPv6(text: string): bigint {
  const end = text.length;
  const groups = [0, 0, 0, 0, 0, 0, 0, 0];
  let count = 0;
  let ellipsis = -1;
  let at = 0;

  if (text.startsWith("::")) {
    ellipsis = 0;
    at = 2;
    if (end === 2) return 0n;
  }

  while (count < 8) {
    const start = at;
    let group = 0;
    for (; at < end; at++) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      if (at - start === 4) return INVALID;
      group = group * 16 + digit;
    }
    if (at === start) return INVALID;

    if (at < end && text.charCodeAt(at) === DOT) {
      // The tail takes the place of the last two groups, or of the last two that `::` leaves.
      if ((ellipsis < 0 && count !== 6) || count > 6) return INVALID;
      const tail = parseIPv4At(text, start);
      if (tail < 0) return INVALID;
      groups[count++] = tail >>> 16;
      groups[count++] = tail & 0xffff;
      at = end;
      break;
    }

    groups[count++] = group;
    if (at === end) break;
    if (text.charCodeAt(at) !== COLON || at + 1 === end) return INVALID;
    at++;
    if (text.charCodeAt(at) === COLON) {
      if (ellipsis >= 0) return INVALID;
      ellipsis = count;
      at++;
      if (at === end) break;
    }
  }
  if (at !== end) return INVALID;

  if (count < 8) {
    if (ellipsis < 0) return INVALID;
    const tail = count - ellipsis;
    groups.copyWithin(8 - tail, ellipsis, count);
    groups.fill(0, ellipsis, 8 - tail);
  } else if (ellipsis >= 0) {
    return INVALID;
  }
  return join(groups);
}

function join(groups: readonly number[]): bigint {
  for (let i = 0; i < 8; i++) scratch.setUint16(2 * i, groups[i]!);
  return (scratch.getBigUint64(0) << 64n) | scratch.getBigUint64(8);
}

/**
 * Prints an unsigned 128-bit integer as RFC 5952 §4 demands: lower case, no leading zeros, the longest run of at least
 * two zero groups (the first of equals) as `::`. An IPv4-mapped address keeps its dotted tail (RFC 5952 §5), as Go
 * prints it.
 */
export function formatIPv6(value: bigint): string {
  // Storing keeps the lowest 64 bits of what is stored.
  scratch.setBigUint64(0, value >> 64n);
  scratch.setBigUint64(8, value);
  if (value >> 32n === MAPPED_PREFIX) return `::ffff:${formatIPv4(scratch.getUint32(12))}`;

  let runStart = 8;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    const start = i;
    while (i < 8 && scratch.getUint16(2 * i) === 0) i++;
    if (i - start > runLength) {
      runStart = start;
      runLength = i - start;
    }
  }

  let text = "";
  for (let i = 0; i < 8; i++) {
    if (i === runStart) {
      text += "::";
      i += runLength - 1;
      continue;
    }
    if (i > 0 && i !== runStart + runLength) text += ":";
    text += scratch.getUint16(2 * i).toString(16);
  }
  return text;
}

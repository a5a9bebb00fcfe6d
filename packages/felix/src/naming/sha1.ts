import { hex32 } from "@calico-sim/core";

/**
 * SHA-1 (FIPS 180-4) of a text's UTF-8 bytes, in hexadecimal.
 *
 * Felix and the CNI plugin derive interface names and VTEP MACs from it; the simulated world has no
 * platform crypto, so the eighty rounds are here.
 */
export function sha1Hex(text: string): string {
  const words = padded(bytesOf(text));
  let h0 = 0x67452301;
  let h1 = 0xefcdab89 | 0;
  let h2 = 0x98badcfe | 0;
  let h3 = 0x10325476;
  let h4 = 0xc3d2e1f0 | 0;
  for (let block = 0; block < words.length; block += 16) {
    for (let t = 0; t < 16; t++) SCHEDULE[t] = words[block + t]!;
    for (let t = 16; t < 80; t++) {
      const mixed = SCHEDULE[t - 3]! ^ SCHEDULE[t - 8]! ^ SCHEDULE[t - 14]! ^ SCHEDULE[t - 16]!;
      SCHEDULE[t] = rotate(mixed, 1);
    }
    let a = h0;
    let b = h1;
    let c = h2;
    let d = h3;
    let e = h4;
    for (let t = 0; t < 80; t++) {
      const mixed = (rotate(a, 5) + round(t, b, c, d) + e + SCHEDULE[t]!) | 0;
      e = d;
      d = c;
      c = rotate(b, 30);
      b = a;
      a = mixed;
    }
    h0 = (h0 + a) | 0;
    h1 = (h1 + b) | 0;
    h2 = (h2 + c) | 0;
    h3 = (h3 + d) | 0;
    h4 = (h4 + e) | 0;
  }
  return hex32(h0) + hex32(h1) + hex32(h2) + hex32(h3) + hex32(h4);
}

const ENCODER = new TextEncoder();
/** Scratch of one block's rounds. */
const SCHEDULE = new Int32Array(80);

/** Names are ASCII, and the platform's encoder takes longer than the hash. */
function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return ENCODER.encode(text);
    bytes[i] = code;
  }
  return bytes;
}

/** f and K of round `t`. */
function round(t: number, b: number, c: number, d: number): number {
  if (t < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

/** Message, one bit, zeros, length in bits: whole blocks of sixteen big-endian words. */
function padded(bytes: Uint8Array): Int32Array {
  const words = new Int32Array(((bytes.length + 8) >> 6) * 16 + 16);
  for (let i = 0; i < bytes.length; i++) words[i >> 2]! |= bytes[i]! << (24 - 8 * (i & 3));
  words[bytes.length >> 2]! |= 0x80 << (24 - 8 * (bytes.length & 3));
  words[words.length - 1] = bytes.length * 8;
  return words;
}

import { hash32, type Micros } from "../engine/index.js";
import { addressBits, blockAt, blockCount, type Cidr } from "../net/index.js";

/** 32-bit FNV-1 (multiply, then xor) of a text in UTF-8: what Calico seeds a host's block order with. */
export function fnv1(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of utf8(text)) h = Math.imul(h, 0x01000193) ^ byte;
  return h >>> 0;
}

/**
 * Block numbers above this are never offered: an IPv6 pool may hold more blocks than a number can
 * count, and no host ever walks that far.
 */
const BLOCKS_MAX = 2 ** 48;

/**
 * Where a host begins to look for a free block in a pool (node-behaviour §2.3).
 *
 * Calico draws one number from Go's `math/rand` seeded with the {@link fnv1} of the host name. This
 * simulator draws it from its own mixing function of the same seed: the distribution is the same and
 * each host still has its own fixed start, but **the block that a given host name starts at differs
 * from a real cluster's**. A pool of single addresses is seeded with the clock, as there.
 */
export function startIndex(host: string, blocks: number, salt: Micros = 0): number {
  const seed = fnv1(host);
  const high = hash32(seed, salt % 0x1_0000_0000, 1);
  const low = hash32(seed, salt % 0x1_0000_0000, 2);
  // 48 uniform bits: the bias of the remainder is below one in 2^48 / blocks.
  return ((high & 0xffff) * 0x1_0000_0000 + low) % Math.min(blocks, BLOCKS_MAX);
}

/** The blocks of a pool in the order in which a host looks at them: each exactly once, start + 1 … wrapping. */
export class BlockOrder {
  /** Number of blocks in the walk. */
  readonly size: number;
  private readonly pool: Cidr;
  private readonly blockSize: number;
  private readonly start: number;

  constructor(pool: Cidr, blockSize: number, host: string, now: Micros = 0) {
    this.pool = pool;
    this.blockSize = blockSize;
    this.size = Math.min(blockCount(pool, blockSize), BLOCKS_MAX);
    const single = blockSize === addressBits(pool.family);
    this.start = startIndex(host, this.size, single ? now : 0);
  }

  /** The block at a position of the walk; 0 is the host's start. */
  at(position: number): Cidr {
    return blockAt(this.pool, this.blockSize, (this.start + position) % this.size);
  }
}

function utf8(text: string): Iterable<number> {
  const bytes: number[] = [];
  for (const character of text) {
    const c = character.codePointAt(0) ?? 0;
    if (c < 0x80) bytes.push(c);
    else if (c < 0x800) bytes.push(0xc0 | (c >> 6), 0x80 | (c & 63));
    else if (c < 0x1_0000) bytes.push(0xe0 | (c >> 12), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
    else {
      bytes.push(
        0xf0 | (c >> 18),
        0x80 | ((c >> 12) & 63),
        0x80 | ((c >> 6) & 63),
        0x80 | (c & 63),
      );
    }
  }
  return bytes;
}

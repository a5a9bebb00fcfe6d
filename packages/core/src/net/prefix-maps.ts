import type { Address } from "./address.js";
import type { Cidr } from "./cidr.js";

/** Masks per IPv4 prefix length, as signed integers. */
const MASKS_IPV4: Int32Array = Int32Array.from({ length: 33 }, (_, length) =>
  length === 0 ? 0 : -1 << (32 - length),
);

/** Host bits per IPv6 prefix length, ready to shift by. */
const HOST_BITS_IPV6: readonly bigint[] = Array.from({ length: 129 }, (_, length) =>
  BigInt(128 - length),
);

/**
 * Key of the /`length` network of an IPv4 address: the network as a *signed* integer. V8 keeps those inline, while an
 * unsigned 172.16.0.0 would be a heap number.
 */
function keyIPv4(value: number, length: number): number {
  return value & MASKS_IPV4[length]!;
}

/**
 * Key of the /`length` network of an IPv6 address: its network bits, arranged so that they hash well.
 *
 * V8 hashes a bigint by its lowest 64 bits alone (v8: src/objects/bigint.h, `BigInt::Hash`). In a network of /64 or
 * shorter those are all zero, hence the shift; in longer ones they may repeat from subnet to subnet (`::1` of each),
 * hence the xor, which is one-to-one and brings the low bits of the subnet down beside those of the host. Without them
 * all such keys share a bucket and each lookup is a linear scan.
 */
function keyIPv6(value: bigint, length: number): bigint {
  const network = value >> HOST_BITS_IPV6[length]!;
  return length > 64 ? network ^ (network >> 41n) : network;
}

/**
 * Values by prefix: one Map for each prefix length in use, longest first. What `LongestPrefixMatch` and `PrefixTable`
 * are made of.
 *
 * Maps exist only for lengths in use: every node of a cluster may own such a table, and an empty Map is not free.
 */
export class PrefixMaps<V> {
  /** Lengths in use, longest first, and the map of each at the same index. */
  private readonly lengths4: number[] = [];
  private readonly maps4: Map<number, V>[] = [];
  private readonly lengths6: number[] = [];
  private readonly maps6: Map<bigint, V>[] = [];

  /** The value of exactly this prefix. */
  get(cidr: Cidr): V | undefined {
    if (cidr.family === 4) {
      const map = this.maps4[this.lengths4.indexOf(cidr.length)];
      return map?.get(keyIPv4(cidr.value, cidr.length));
    }
    const map = this.maps6[this.lengths6.indexOf(cidr.length)];
    return map?.get(keyIPv6(cidr.value, cidr.length));
  }

  /** Stores or replaces the value of a prefix. */
  set(cidr: Cidr, value: V): void {
    if (cidr.family === 4) {
      mapFor(this.lengths4, this.maps4, cidr.length).set(keyIPv4(cidr.value, cidr.length), value);
    } else {
      mapFor(this.lengths6, this.maps6, cidr.length).set(keyIPv6(cidr.value, cidr.length), value);
    }
  }

  /** Forgets a prefix. Returns whether it was there. */
  delete(cidr: Cidr): boolean {
    return cidr.family === 4
      ? deleteFrom(this.lengths4, this.maps4, cidr.length, keyIPv4(cidr.value, cidr.length))
      : deleteFrom(this.lengths6, this.maps6, cidr.length, keyIPv6(cidr.value, cidr.length));
  }

  /** The value of the longest prefix that contains an address. */
  longest(address: Address): V | undefined {
    if (address.family === 4) {
      for (let i = 0; i < this.lengths4.length; i++) {
        const value = this.maps4[i]!.get(keyIPv4(address.value, this.lengths4[i]!));
        if (value !== undefined) return value;
      }
      return undefined;
    }
    for (let i = 0; i < this.lengths6.length; i++) {
      const value = this.maps6[i]!.get(keyIPv6(address.value, this.lengths6[i]!));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Writes the values of all prefixes that contain an address to the start of `into`, longest first; how many. */
  containing(address: Address, into: { [index: number]: V }): number {
    let count = 0;
    if (address.family === 4) {
      for (let i = 0; i < this.lengths4.length; i++) {
        const value = this.maps4[i]!.get(keyIPv4(address.value, this.lengths4[i]!));
        if (value !== undefined) into[count++] = value;
      }
      return count;
    }
    for (let i = 0; i < this.lengths6.length; i++) {
      const value = this.maps6[i]!.get(keyIPv6(address.value, this.lengths6[i]!));
      if (value !== undefined) into[count++] = value;
    }
    return count;
  }

  /** All values, in no order that a caller may rely on. */
  values(): V[] {
    const all: V[] = [];
    for (const map of this.maps4) for (const value of map.values()) all.push(value);
    for (const map of this.maps6) for (const value of map.values()) all.push(value);
    return all;
  }
}

/** The map of a prefix length, made at its place in the order if there is none. */
function mapFor<K, V>(lengths: number[], maps: Map<K, V>[], length: number): Map<K, V> {
  let at = 0;
  while (at < lengths.length && lengths[at]! > length) at++;
  if (lengths[at] !== length) {
    lengths.splice(at, 0, length);
    maps.splice(at, 0, new Map());
  }
  return maps[at]!;
}

/** Deletes a key, and the map of its length with the last of them. */
function deleteFrom<K, V>(lengths: number[], maps: Map<K, V>[], length: number, key: K): boolean {
  const at = lengths.indexOf(length);
  const map = maps[at];
  if (map === undefined || !map.delete(key)) return false;
  if (map.size === 0) {
    lengths.splice(at, 1);
    maps.splice(at, 1);
  }
  return true;
}

import {
  type Cidr,
  cidrContains,
  type IPPool,
  type PrefixTable,
  parseCidr,
} from "@calico-sim/core";

/** Pool types of L3RouteResolver (node-behaviour §3.6), with the cross-subnet flag beside them. */
export const POOL = {
  none: 0,
  noEncap: 1,
  vxlan: 2,
  ipip: 3,
  typeMask: 3,
  crossSubnet: 4,
} as const;

/** Bits of the encapsulation summary (calico: felix/calc/encapsulation_resolver.go). */
export const ENCAPSULATION = { ipip: 1, vxlan4: 2, vxlan6: 4, noEncap: 8 } as const;

interface PoolEntry {
  readonly cidr: Cidr;
  readonly flags: number;
}

/** One set of pools, as some Felix sees it. */
interface PoolSet {
  /** Entry ids by pool key. Never changed once made. */
  readonly entries: ReadonlyMap<string, number>;
  readonly encapsulation: number;
  /** 1 + flags of each aggregate prefix asked for; 0 = not yet. */
  aggregates: Uint8Array;
  readonly hosts: Map<number, number>;
}

/**
 * Interned sets of IP pools; set 0 is empty.
 *
 * All Felixes see the same few sets, at different times, so the type of a prefix is computed once for
 * each set and is an array read afterwards.
 */
export class PoolSets {
  private readonly prefixes: PrefixTable;
  private readonly entries: PoolEntry[] = [];
  private readonly entryIds: Map<string, number> = new Map();
  private readonly sets: PoolSet[] = [];
  private readonly setIds: Map<string, number> = new Map();

  constructor(prefixes: PrefixTable) {
    this.prefixes = prefixes;
    this.entries.push(Object.freeze({ cidr: parseCidr("0.0.0.0/32")!, flags: POOL.none }));
    this.intern(new Map());
  }

  /** Id of what a pool means for routes; 0 when its CIDR is none. */
  entry(pool: IPPool): number {
    const cidr = parseCidr(pool.spec.cidr);
    if (cidr === undefined) return 0;
    const flags = poolFlags(pool);
    const key = `${pool.spec.cidr}|${String(flags)}`;
    let id = this.entryIds.get(key);
    if (id === undefined) {
      id = this.entries.length;
      this.entries.push(Object.freeze({ cidr, flags }));
      this.entryIds.set(key, id);
    }
    return id;
  }

  /** The set that results when pool `key` becomes `entry`; 0 removes it. */
  with(set: number, key: string, entry: number): number {
    const held = this.sets[set]!.entries;
    if ((held.get(key) ?? 0) === entry) return set;
    const entries = new Map(held);
    if (entry === 0) entries.delete(key);
    else entries.set(key, entry);
    return this.intern(entries);
  }

  /** Type and cross-subnet flag of the pools around a prefix. */
  flags(set: number, prefix: number): number {
    const pools = this.sets[set]!;
    if (this.prefixes.isHost(prefix)) {
      let flags = pools.hosts.get(prefix);
      if (flags === undefined) pools.hosts.set(prefix, (flags = this.compute(pools, prefix)));
      return flags;
    }
    if (prefix >= pools.aggregates.length) {
      const wider = new Uint8Array(Math.max(prefix + 1, this.prefixes.aggregateCount) * 2);
      wider.set(pools.aggregates);
      pools.aggregates = wider;
    }
    const held = pools.aggregates[prefix]!;
    if (held !== 0) return held - 1;
    const flags = this.compute(pools, prefix);
    pools.aggregates[prefix] = flags + 1;
    return flags;
  }

  /** Which encapsulations the pools of a set need; see {@link ENCAPSULATION}. */
  encapsulation(set: number): number {
    return this.sets[set]!.encapsulation;
  }

  /** Deepest pool whose type is not NONE; cross-subnet of any on the path (calico: felix/calc/l3_route_resolver.go). */
  private compute(pools: PoolSet, prefix: number): number {
    const cidr = this.prefixes.cidr(prefix);
    let deepest = -1;
    let type: number = POOL.none;
    let cross = 0;
    for (const id of pools.entries.values()) {
      const pool = this.entries[id]!;
      if (!cidrContains(pool.cidr, cidr)) continue;
      cross |= pool.flags & POOL.crossSubnet;
      const own = pool.flags & POOL.typeMask;
      if (own !== POOL.none && pool.cidr.length > deepest) {
        deepest = pool.cidr.length;
        type = own;
      }
    }
    return type | cross;
  }

  private intern(entries: ReadonlyMap<string, number>): number {
    const key = [...entries]
      .map(([name, entry]) => `${name}=${String(entry)}`)
      .sort()
      .join(" ");
    let id = this.setIds.get(key);
    if (id === undefined) {
      id = this.sets.length;
      let encapsulation = 0;
      for (const entry of entries.values()) encapsulation |= this.encapsulationOf(entry);
      this.sets.push({ entries, encapsulation, aggregates: new Uint8Array(0), hosts: new Map() });
      this.setIds.set(key, id);
    }
    return id;
  }

  private encapsulationOf(entry: number): number {
    const { cidr, flags } = this.entries[entry]!;
    switch (flags & POOL.typeMask) {
      case POOL.ipip:
        return ENCAPSULATION.ipip;
      case POOL.vxlan:
        return cidr.family === 4 ? ENCAPSULATION.vxlan4 : ENCAPSULATION.vxlan6;
      case POOL.noEncap:
        return ENCAPSULATION.noEncap;
      default:
        return 0;
    }
  }
}

/** A pool for LoadBalancer alone has no type (calico: felix/calc/l3_route_resolver.go:609-655). */
function poolFlags(pool: IPPool): number {
  const { ipipMode, vxlanMode, allowedUses } = pool.spec;
  if (allowedUses?.length === 1 && allowedUses[0] === "LoadBalancer") return POOL.none;
  const cross = ipipMode === "CrossSubnet" || vxlanMode === "CrossSubnet" ? POOL.crossSubnet : 0;
  if (vxlanMode === "Always" || vxlanMode === "CrossSubnet") return POOL.vxlan | cross;
  if (ipipMode === "Always" || ipipMode === "CrossSubnet") return POOL.ipip | cross;
  return POOL.noEncap;
}

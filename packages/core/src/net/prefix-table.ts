import type { Address } from "./address.js";
import { type Cidr, formatCidr, isHostCidr } from "./cidr.js";
import { PrefixMaps } from "./prefix-maps.js";

/**
 * The first id of a host prefix (/32 or /128): 2³⁰. Ids below it are aggregates.
 *
 * Ids of both kinds fit in an `Int32Array`.
 */
export const HOST_BASE: number = 2 ** 30;

/**
 * The prefixes of a simulated cluster, interned as dense integer ids.
 *
 * Aggregates (blocks, subnets, pools) are numbered 0, 1, 2, …; host prefixes (/32, /128) are numbered
 * {@link HOST_BASE}, HOST_BASE + 1, …. A node's kernel holds a route for nearly every aggregate, hence an array
 * indexed by id, but for few of the host prefixes, hence a sparse map: two ranges let it choose by a comparison.
 *
 * Ids are given in the order of interning and never taken back, so that equal histories give equal ids. Only the
 * network counts: `10.0.0.5/24` and `10.0.0.0/24` are one prefix.
 */
export class PrefixTable {
  private readonly aggregates: Cidr[] = [];
  private readonly hosts: Cidr[] = [];
  /** Printed forms; empty until somebody asks, for most host prefixes are never printed. */
  private readonly aggregateTexts: string[] = [];
  private readonly hostTexts: string[] = [];
  private readonly ids: PrefixMaps<number> = new PrefixMaps();

  /** How many aggregates have been interned; their ids are 0 to this number minus 1. */
  get aggregateCount(): number {
    return this.aggregates.length;
  }

  /** How many host prefixes have been interned; their ids start at {@link HOST_BASE}. */
  get hostCount(): number {
    return this.hosts.length;
  }

  /** The id of a prefix, which is given one if it has none yet. */
  intern(cidr: Cidr): number {
    const known = this.ids.get(cidr);
    if (known !== undefined) return known;
    const host = isHostCidr(cidr);
    const list = host ? this.hosts : this.aggregates;
    const id = host ? HOST_BASE + list.length : list.length;
    list.push(cidr);
    (host ? this.hostTexts : this.aggregateTexts).push("");
    this.ids.set(cidr, id);
    return id;
  }

  /** The id of a prefix, or -1 if it was never interned. */
  find(cidr: Cidr): number {
    return this.ids.get(cidr) ?? -1;
  }

  /** Whether an id is that of a host prefix (/32 or /128). */
  isHost(id: number): boolean {
    return id >= HOST_BASE;
  }

  /**
   * The prefix behind an id, as it was first interned.
   *
   * @throws RangeError for an id this table has not given.
   */
  cidr(id: number): Cidr {
    const cidr = id >= HOST_BASE ? this.hosts[id - HOST_BASE] : this.aggregates[id];
    if (cidr === undefined) throw new RangeError(`no prefix has the id ${id}`);
    return cidr;
  }

  /**
   * The network behind an id in canonical form, such as `10.244.3.0/26`. Printed once, then remembered.
   *
   * @throws RangeError for an id this table has not given.
   */
  text(id: number): string {
    const host = id >= HOST_BASE;
    const texts = host ? this.hostTexts : this.aggregateTexts;
    const at = host ? id - HOST_BASE : id;
    const known = texts[at];
    if (known !== undefined && known !== "") return known;
    const text = formatCidr(this.cidr(id));
    texts[at] = text;
    return text;
  }

  /** The ids of all interned prefixes that contain an address, longest first. */
  candidates(address: Address): number[] {
    const ids: number[] = [];
    this.ids.containing(address, ids);
    return ids;
  }

  /**
   * As {@link PrefixTable.candidates}, without allocating: writes the ids to the start of `into`.
   *
   * @param into - room for one id a prefix length in use, 129 at most; what it held further on stays.
   * @returns how many ids were written.
   */
  candidatesInto(address: Address, into: number[] | Int32Array): number {
    return this.ids.containing(address, into);
  }
}

import {
  blockOwner,
  hostCidr,
  type IPAMBlock,
  type NodeDirectory,
  nthAddress,
  type PrefixTable,
  parseCidr,
} from "@calico-sim/core";

/**
 * What IPAM blocks mean for routes, interned: equal meaning, equal id; id 0 is "no such block".
 *
 * Nearly every write of a block (a pod got an address) changes nothing here, so the id stays, and each
 * receiver learns that by comparing two integers (node-behaviour §0.7).
 */
export class BlockContents {
  private readonly prefixes: PrefixTable;
  private readonly nodes: NodeDirectory;
  private readonly ids: Map<string, number> = new Map();
  /** By object key, the last object seen; every Typha sends the same one. */
  private readonly latest: Map<
    string,
    { block: IPAMBlock | undefined; prefix: number; id: number }
  > = new Map();
  private readonly prefixOf: number[] = [-1];
  private readonly ownerOf: number[] = [-1];
  private readonly borrowedOf: (readonly number[])[] = [NOTHING];
  /** Content ids in which a node owns the block or holds an address of it. */
  private readonly ofNode: Map<number, number[]> = new Map();

  constructor(prefixes: PrefixTable, nodes: NodeDirectory) {
    this.prefixes = prefixes;
    this.nodes = nodes;
  }

  /** Prefix and content id of a block object; `undefined` deletes. The prefix is −1 when the CIDR is none. */
  intern(
    key: string,
    block: IPAMBlock | undefined,
  ): { readonly prefix: number; readonly id: number } {
    let latest = this.latest.get(key);
    if (latest !== undefined && latest.block === block) return latest;
    const cidr = block === undefined ? undefined : parseCidr(block.spec.cidr);
    if (block === undefined || cidr === undefined) {
      return { prefix: latest?.prefix ?? -1, id: 0 };
    }
    const prefix = this.prefixes.intern(cidr);
    const id = block.spec.deleted === true ? 0 : this.content(prefix, block, latest?.id ?? 0);
    latest = { block, prefix, id };
    this.latest.set(key, latest);
    return latest;
  }

  /** Prefix of a content. */
  prefix(id: number): number {
    return this.prefixOf[id]!;
  }

  /** Node to which the block is affine; −1 = nobody known. */
  owner(id: number): number {
    return this.ownerOf[id]!;
  }

  /** Borrowed addresses: host prefix, holder, host prefix, holder, … */
  borrowed(id: number): readonly number[] {
    return this.borrowedOf[id]!;
  }

  /** Every content in which a node occurs. */
  contentsOf(node: number): readonly number[] {
    return this.ofNode.get(node) ?? NOTHING;
  }

  /**
   * The block's CIDR by its affine host, and a host route for each allocation whose `node` attribute is
   * another (calico: felix/calc/l3_route_resolver.go:655-689).
   */
  private content(prefix: number, block: IPAMBlock, before: number): number {
    const { allocations, attributes } = block.spec;
    const host = blockOwner(block);
    const owner = host === undefined ? -1 : this.nodes.id(host);
    let borrowed: number[] | undefined;
    // Few distinct attributes exist, so the comparison of names happens per attribute, not per address.
    let holders: Int32Array | undefined;
    for (let i = 0; i < attributes.length; i++) {
      const node = attributes[i]!.secondary?.["node"];
      if (node === undefined || node === host) continue;
      holders ??= new Int32Array(attributes.length).fill(-1);
      holders[i] = this.nodes.id(node);
    }
    if (holders === undefined) {
      const same = this.prefixOf[before] === prefix && this.ownerOf[before] === owner;
      if (same && this.borrowedOf[before]!.length === 0) return before;
    } else {
      const cidr = this.prefixes.cidr(prefix);
      for (let ordinal = 0; ordinal < allocations.length; ordinal++) {
        const attribute = allocations[ordinal];
        const holder = attribute === null || attribute === undefined ? -1 : holders[attribute]!;
        if (holder < 0) continue;
        borrowed ??= [];
        borrowed.push(this.prefixes.intern(hostCidr(nthAddress(cidr, ordinal))), holder);
      }
    }
    const key = `${String(prefix)}|${String(owner)}|${borrowed === undefined ? "" : borrowed.join()}`;
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.prefixOf.length;
    this.ids.set(key, id);
    this.prefixOf.push(prefix);
    this.ownerOf.push(owner);
    this.borrowedOf.push(borrowed === undefined ? NOTHING : Object.freeze(borrowed));
    this.index(owner, id);
    for (let i = 1; i < (borrowed?.length ?? 0); i += 2) this.index(borrowed![i]!, id);
    return id;
  }

  private index(node: number, id: number): void {
    const contents = this.ofNode.get(node);
    if (contents === undefined) this.ofNode.set(node, [id]);
    else if (contents[contents.length - 1] !== id) contents.push(id);
  }
}

const NOTHING: readonly number[] = Object.freeze([]);

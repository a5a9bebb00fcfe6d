import {
  formatCidr,
  hostCidr,
  type IPAMBlock,
  type NodeDirectory,
  type Pod,
  type PrefixTable,
  parseAddress,
  parseCidr,
  type Resource,
  type WatchEvent,
} from "@calico-sim/core";
import type { Destination } from "./delivery.js";
import type { ExternalRouter } from "./external-router.js";
import { LentAddresses } from "./lent-addresses.js";
import { writerOf } from "./oracle.js";
import { type OracleState, oracleBlock } from "./oracle-state.js";
import type { OracleBlock } from "./oracle-terms.js";

/**
 * What packets are followed to, a row each: blocks, addresses that other nodes borrow from them, and prefixes that routers
 * outside originate. Rows stay for good: a leftover route to a block that is gone is wrong until it is gone too.
 *
 * What changes a row returns the rows that are to be looked at again.
 */
export class Destinations {
  /** By row, as the oracle knows it; borrowed addresses and prefixes outside are blocks of their own. */
  readonly blocks: OracleBlock[] = [];
  /** By row. */
  readonly targets: Destination[] = [];
  private readonly prefixes: PrefixTable;
  private readonly nodes: NodeDirectory;
  private readonly rows: Map<number, number> = new Map();
  private readonly lent: LentAddresses = new LentAddresses();
  /** See {@link lentFrom}. */
  private readonly lentRows: Map<number, number[]> = new Map();

  constructor(prefixes: PrefixTable, nodes: NodeDirectory) {
    this.prefixes = prefixes;
    this.nodes = nodes;
  }

  /** How many rows there are. */
  get count(): number {
    return this.blocks.length;
  }

  /** The row of a prefix; undefined for none. */
  rowOf(prefix: number): number | undefined {
    return this.rows.get(prefix);
  }

  /** Rows of addresses that are lent from a block: their packets follow its route where there is no other. */
  lentFrom(row: number): readonly number[] {
    return this.lentRows.get(row) ?? NO_ROWS;
  }

  /** Blocks without what is borrowed from them, and without what lies outside. */
  ofCluster(): OracleBlock[] {
    return this.blocks.filter((_, row) => {
      const { address, routers } = this.targets[row]!;
      return address === undefined && routers === undefined;
    });
  }

  /** Who has a destination, by name: a node, or routers; blank for nobody. */
  ownerName(row: number): string {
    const { routers } = this.targets[row]!;
    return routers?.join(", ") ?? this.blocks[row]!.owner ?? "";
  }

  /** Takes the initial content of the datastore. */
  seed(
    resources: Iterable<Resource>,
    routers: readonly Pick<ExternalRouter, "name" | "prefixes">[],
    state: OracleState,
  ): number[] {
    const changed: number[] = [];
    for (const resource of resources)
      if (resource.kind === "IPAMBlock")
        changed.push(...this.blockChanged(resource as IPAMBlock, state));
    for (const resource of resources)
      if (resource.kind === "Pod") this.lent.seedPod(resource as Pod);
    changed.push(...this.lendingChanged(this.lent.addresses(), state));
    for (const { prefixes = [], name } of routers)
      for (const text of prefixes) this.announced(text, name);
    return changed;
  }

  /** The state that blocks are read by is another: their pools may be. */
  refresh(state: OracleState): void {
    this.blocks.forEach((block, row) => {
      if (this.targets[row]!.routers !== undefined) return;
      const pool = state.pools.find((p) => p.name === block.pool?.name);
      this.blocks[row] = { ...block, pool };
    });
    this.lendingChanged(this.lent.addresses(), state);
  }

  /** A block is new, or changed. */
  blockChanged(resource: IPAMBlock, state: OracleState): number[] {
    const block = oracleBlock(resource, state);
    const prefix = this.prefixes.intern(block.cidr);
    const row = this.row(prefix);
    const before = this.blocks[row];
    this.blocks[row] = block;
    const changed = before === undefined || before.owner !== block.owner;
    if (changed) this.aim(row, prefix, this.idOf(block.owner));
    const lent = this.lendingChanged(this.lent.blockChanged(block), state, row);
    return changed ? [row, ...lent] : lent;
  }

  /** A block was deleted. */
  blockGone(resource: IPAMBlock, state: OracleState): number[] {
    const prefix = this.prefixes.intern(oracleBlock(resource, state).cidr);
    const row = this.rows.get(prefix);
    if (row === undefined) return [];
    const gone = { ...this.blocks[row]!, owner: undefined, borrowed: [] };
    this.blocks[row] = gone;
    this.aim(row, prefix, -1);
    return [row, ...this.lendingChanged(this.lent.blockChanged(gone), state, row)];
  }

  /** A pod was written or deleted. */
  podChanged(event: WatchEvent, state: OracleState): number[] {
    return this.lendingChanged(this.lent.podChanged(event), state);
  }

  /** An external router originates a prefix. */
  private announced(text: string, router: string): void {
    const cidr = parseCidr(text);
    if (cidr === undefined) return;
    const prefix = this.prefixes.intern(cidr);
    const row = this.row(prefix);
    const { routers = [] } = this.targets[row] ?? {};
    this.blocks[row] ??= {
      cidr,
      text: formatCidr(cidr),
      owner: undefined,
      pool: undefined,
      borrowed: [],
    };
    this.targets[row] = { owner: -1, prefix, routers: [...routers, router] };
  }

  /**
   * Addresses came to other nodes than their block's owner, or left them. BIRD tells of one when a pod has it; Felix knows
   * from the allocation (node-behaviour §2.5, §3.6).
   */
  private lendingChanged(
    addresses: readonly string[],
    state: OracleState,
    blockRow?: number,
  ): number[] {
    return addresses.flatMap((text) => this.lend(text, state, blockRow ?? this.blockRowOf(text)));
  }

  private lend(text: string, state: OracleState, blockRow: number | undefined): number[] {
    const address = parseAddress(text);
    const block = blockRow === undefined ? undefined : this.blocks[blockRow];
    if (address === undefined || block === undefined || blockRow === undefined) return [];
    const { pool, owner: lender } = block;
    const writer = pool === undefined ? undefined : writerOf(state, pool);
    const holder = this.lent.holderOf(text, writer === "bird");
    const cidr = hostCidr(address);
    const prefix = this.prefixes.intern(cidr);
    let row = this.rows.get(prefix);
    if (row === undefined) {
      if (holder === undefined) return [];
      row = this.row(prefix);
      this.lentRows.set(blockRow, [...(this.lentRows.get(blockRow) ?? []), row]);
    }
    const before = this.blocks[row];
    this.blocks[row] = { cidr, text: formatCidr(cidr), owner: holder, pool, lender, borrowed: [] };
    if (before?.owner === holder && before?.lender === lender && before?.pool === pool) return [];
    this.targets[row] = { owner: this.idOf(holder), prefix, address };
    return [row];
  }

  private blockRowOf(address: string): number | undefined {
    const cidr = parseCidr(this.lent.blockOf(address) ?? "");
    return cidr === undefined ? undefined : this.rows.get(this.prefixes.intern(cidr));
  }

  /** What a router announces too counts as outside, whoever has it inside. */
  private aim(row: number, prefix: number, owner: number): void {
    const { routers } = this.targets[row] ?? {};
    this.targets[row] = routers === undefined ? { owner, prefix } : { owner: -1, prefix, routers };
  }

  /** The row of a prefix; the next free one where it has none. */
  private row(prefix: number): number {
    let row = this.rows.get(prefix);
    if (row === undefined) this.rows.set(prefix, (row = this.blocks.length));
    return row;
  }

  private idOf(node: string | undefined): number {
    return node === undefined ? -1 : this.nodes.id(node);
  }
}

const NO_ROWS: readonly number[] = Object.freeze([]);

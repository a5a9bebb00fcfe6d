import type { Micros } from "../engine/index.js";
import { type Cidr, cidrContains, formatCidr } from "../net/index.js";
import {
  DEFAULT_CALICO_VERSION,
  eraOf,
  type IPAMBlock,
  type IPAMConfig,
  type IPAMHandle,
  type IPPool,
  ipamSettings,
  type Resource,
} from "../resources/index.js";
import type { Labels } from "../selector/index.js";
import { newAffinity } from "./affinity.js";
import { type Assigned, failed } from "./assign.js";
import {
  type AllocationAttributes,
  assignFromBlock,
  blockCidr,
  freeCount,
  newBlock,
  ownerOf,
} from "./block.js";
import { BlockOrder } from "./block-order.js";
import { blockLimit } from "./config-calls.js";
import { adjustHandle, newHandle } from "./handle.js";
import { determinePools, type IntendedUse, type UsablePool } from "./pools.js";

/** What {@link IpamLayout} starts from. */
export interface IpamLayoutOptions {
  readonly pools: readonly IPPool[];
  /** Blocks that exist already. */
  readonly blocks?: readonly IPAMBlock[];
  readonly config?: IPAMConfig;
  readonly reservations?: readonly Cidr[];
  /** When everything was claimed; far enough in the past to be old. @defaultValue 0 */
  readonly at?: Micros;
}

/** A node as {@link IpamLayout} sees it. */
export interface LayoutNode {
  readonly name: string;
  readonly labels?: Labels;
}

/** What a node asks a layout for. */
export interface LayoutRequest {
  readonly handle: string;
  readonly attributes: AllocationAttributes;
  /** @defaultValue "Workload" */
  readonly use?: IntendedUse;
  /** @defaultValue 4 */
  readonly family?: 4 | 6;
  readonly namespaceLabels?: Labels;
  /** Pools by name or CIDR. */
  readonly pools?: readonly string[];
}

/**
 * Builds the blocks, affinities and handles of a cluster that has been running for long, without
 * events and without cost: the same block functions and the same order of blocks as the costed form,
 * one node after the other. Borrowing and races do not occur here.
 */
export class IpamLayout {
  private readonly options: IpamLayoutOptions;
  private readonly strictAffinity: boolean;
  private readonly blocksMax: number;
  /** By CIDR, in the order of their claims. */
  private readonly blocks: Map<string, IPAMBlock> = new Map();
  /** CIDRs by node. */
  private readonly own: Map<string, string[]> = new Map();
  private readonly handles: Map<string, IPAMHandle> = new Map();
  private readonly at: Micros;

  constructor(options: IpamLayoutOptions) {
    this.options = options;
    this.at = options.at ?? 0;
    const config = ipamSettings(
      options.config === undefined ? [] : [options.config],
      eraOf(DEFAULT_CALICO_VERSION),
    );
    this.strictAffinity = config.strictAffinity;
    this.blocksMax = blockLimit(config, 0);
    for (const block of options.blocks ?? []) {
      this.blocks.set(block.spec.cidr, block);
      const owner = ownerOf(block);
      if (owner !== undefined) this.ownOf(owner).push(block.spec.cidr);
    }
  }

  /** Claims up to `count` further blocks for a node; returns their prefixes. */
  claim(
    node: LayoutNode,
    count: number,
    request: Omit<LayoutRequest, "handle" | "attributes"> = {},
  ): readonly string[] {
    const pools = this.poolsFor(node, request);
    const claimed: string[] = [];
    while (claimed.length < count && this.ownOf(node.name).length < this.blocksMax) {
      const cidr = this.claimOne(node.name, pools);
      if (cidr === undefined) break;
      claimed.push(cidr);
    }
    return claimed;
  }

  /** Assigns one address, claiming a block where the node's own are full. */
  assign(node: LayoutNode, request: LayoutRequest): Assigned {
    const pools = this.poolsFor(node, request);
    if (pools.length === 0) return failed("NoQualifiedPool");
    const own = this.ownOf(node.name);
    // The newest block is the one with space, nearly always.
    for (let i = own.length - 1; i >= 0; i--) {
      const block = this.blocks.get(own[i]!)!;
      if (block.spec.unallocated.length === 0 || !within(pools, block)) continue;
      if (freeCount(block, this.options.reservations) > 0)
        return this.take(node.name, block, request, []);
    }
    if (own.length >= this.blocksMax) return failed("BlockLimit");
    const cidr = this.claimOne(node.name, pools);
    if (cidr === undefined) return failed("NoFreeAddresses");
    return this.take(node.name, this.blocks.get(cidr)!, request, [cidr]);
  }

  /** Everything that was laid out, ready to seed a datastore: affinities, blocks, handles. */
  resources(): readonly Resource[] {
    const affinities = [...this.own].flatMap(([node, cidrs]) =>
      cidrs.map((cidr) => newAffinity(node, cidr, "confirmed")),
    );
    return [...affinities, ...this.blocks.values(), ...this.handles.values()];
  }

  private poolsFor(
    node: LayoutNode,
    request: Omit<LayoutRequest, "handle" | "attributes">,
  ): readonly UsablePool[] {
    return determinePools(this.options.pools, {
      family: request.family ?? 4,
      use: request.use ?? "Workload",
      nodeLabels: node.labels ?? {},
      ...(request.namespaceLabels === undefined
        ? {}
        : { namespaceLabels: request.namespaceLabels }),
      ...(request.pools === undefined ? {} : { requested: request.pools }),
    });
  }

  private claimOne(node: string, pools: readonly UsablePool[]): string | undefined {
    for (const pool of pools) {
      const order = new BlockOrder(pool.prefix, pool.blockSize, node, this.at);
      for (let position = 0; position < order.size; position++) {
        const prefix = order.at(position);
        const cidr = formatCidr(prefix);
        if (this.blocks.has(cidr)) continue;
        if (this.options.reservations?.some((r) => cidrContains(r, prefix)) === true) continue;
        const { strictAffinity, at } = this;
        this.blocks.set(cidr, newBlock({ cidr, node, strictAffinity, at }));
        this.ownOf(node).push(cidr);
        return cidr;
      }
    }
    return undefined;
  }

  private take(
    node: string,
    block: IPAMBlock,
    { handle, attributes }: LayoutRequest,
    claimed: readonly string[],
  ): Assigned {
    const { cidr } = block.spec;
    const { reservations } = this.options;
    const taken = assignFromBlock(block, {
      node,
      count: 1,
      handle,
      attributes,
      affinityCheck: true,
      ...(reservations === undefined ? {} : { reservations }),
    });
    this.blocks.set(cidr, taken.block);
    const held = this.handles.get(handle);
    this.handles.set(
      handle,
      held === undefined ? newHandle(handle, cidr, 1) : adjustHandle(held, cidr, 1),
    );
    return { addresses: taken.addresses, claimed, borrowed: 0 };
  }

  private ownOf(node: string): string[] {
    let own = this.own.get(node);
    if (own === undefined) {
      own = [];
      this.own.set(node, own);
    }
    return own;
  }
}

function within(pools: readonly UsablePool[], block: IPAMBlock): boolean {
  const cidr = blockCidr(block);
  return pools.some((pool) => cidrContains(pool.prefix, cidr));
}

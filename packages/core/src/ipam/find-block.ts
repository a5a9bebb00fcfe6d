import type { Micros } from "../engine/index.js";
import { type Cidr, cidrContains, formatCidr, parseCidr } from "../net/index.js";
import type { BlockAffinity, IPAMBlock, IPPool } from "../resources/index.js";
import type { Labels } from "../selector/index.js";
import { selects } from "../selector/index.js";
import { blockName, claimAge, freeCount, isAffineTo, isEmpty, ownerOf } from "./block.js";
import { BlockOrder } from "./block-order.js";
import { type UsablePool, usablePools } from "./pools.js";

/** An empty block of another host may be taken over when its claim is at least this old (calico: BRW:42). */
export const RECLAIM_AGE: Micros = 60_000_000;

/** The blocks that a node owns, as an assignment sees them. */
export interface OwnBlocks {
  /** Those in the pools of the request, pool by pool, in list order. */
  readonly usable: readonly BlockAffinity[];
  /** Those whose pool no longer selects the node. */
  readonly stray: readonly BlockAffinity[];
}

/** Sorts a node's affinities (calico: BRW:119-160). A block that no pool contains is neither usable nor stray. */
export function ownBlocks(
  affinities: readonly BlockAffinity[],
  pools: readonly UsablePool[],
  allPools: readonly IPPool[],
  nodeLabels: Labels,
): OwnBlocks {
  if (affinities.length === 0) return { usable: [], stray: [] };
  const parsed = parsedAffinities(affinities);
  const usable: BlockAffinity[] = [];
  for (const { prefix } of pools) {
    for (const { affinity, cidr } of parsed) if (cidrContains(prefix, cidr)) usable.push(affinity);
  }
  if (usable.length === affinities.length) return { usable, stray: [] };
  const all = usablePools(allPools);
  const stray = parsed.filter(({ affinity, cidr }) => {
    if (usable.includes(affinity)) return false;
    const pool = all.find((p) => cidrContains(p.prefix, cidr));
    return pool !== undefined && !selects(pool.nodeSelector, nodeLabels);
  });
  return { usable, stray: stray.map(({ affinity }) => affinity) };
}

interface ParsedAffinity {
  readonly affinity: BlockAffinity;
  readonly cidr: Cidr;
}

/** By list answer, which the datastore shares between all readers until an affinity of the node changes. */
const parsedLists = new WeakMap<readonly BlockAffinity[], readonly ParsedAffinity[]>();

/** Affinities with their prefixes; those without a readable one are left out. */
function parsedAffinities(affinities: readonly BlockAffinity[]): readonly ParsedAffinity[] {
  const known = parsedLists.get(affinities);
  if (known !== undefined) return known;
  const parsed = affinities.flatMap((affinity) => {
    const cidr = parseCidr(affinity.spec.cidr);
    return cidr === undefined ? [] : [{ affinity, cidr }];
  });
  // Only what cannot change may be remembered.
  if (Object.isFrozen(affinities)) parsedLists.set(affinities, parsed);
  return parsed;
}

/** What a walk over the pools found. */
export interface UsableBlock {
  /** The prefix to claim. */
  readonly cidr: string;
  /** The empty block of another host that has to be released first. */
  readonly takeOver: IPAMBlock | undefined;
}

/** What {@link findUsableBlock} looks at. */
export interface UsableBlockQuery {
  readonly node: string;
  readonly pools: readonly UsablePool[];
  /** Every block there is, in key order as the datastore lists them. */
  readonly blocks: readonly IPAMBlock[];
  readonly reservations: readonly Cidr[];
  readonly now: Micros;
}

/**
 * The first prefix, in the host's order, that has no block; or a block of this host with free
 * addresses met on the way; or an old empty block of another host (calico: BRW:160-252).
 */
export function findUsableBlock(query: UsableBlockQuery): UsableBlock | undefined {
  let takeOver: IPAMBlock | undefined;
  for (const pool of query.pools) {
    const order = new BlockOrder(pool.prefix, pool.blockSize, query.node, query.now);
    for (let position = 0; position < order.size; position++) {
      const prefix = order.at(position);
      if (query.reservations.some((r) => cidrContains(r, prefix))) continue;
      const cidr = formatCidr(prefix);
      const block = lookUp(query.blocks, blockName(cidr));
      if (block === undefined) return { cidr, takeOver: undefined };
      if (isAffineTo(block, query.node)) {
        if (freeCount(block, query.reservations) > 0) return { cidr, takeOver: undefined };
      } else if (
        takeOver === undefined &&
        isEmpty(block) &&
        ownerOf(block) !== undefined &&
        claimAge(block, query.now) >= RECLAIM_AGE
      ) {
        takeOver = block;
      }
    }
  }
  return takeOver === undefined ? undefined : { cidr: takeOver.spec.cidr, takeOver };
}

/** Binary search by name: a set of all names for each claim would cost the square of the number of nodes. */
function lookUp(blocks: readonly IPAMBlock[], name: string): IPAMBlock | undefined {
  let low = 0;
  let high = blocks.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const block = blocks[middle]!;
    const here = block.metadata.name;
    if (here === name) return block;
    if (here < name) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

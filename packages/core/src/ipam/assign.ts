import { type Cidr, formatCidr } from "../net/index.js";
import type { BlockAffinity, IPAMBlock, IPAMDefaults } from "../resources/index.js";
import type { Labels } from "../selector/index.js";
import { affinityName } from "./affinity.js";
import { blockOfAffinity, pendingAffinity, releaseAffinity } from "./affinity-calls.js";
import {
  type AllocationAttributes,
  assignFromBlock,
  blockName,
  freeCount,
  isAffineTo,
  ownerOf,
} from "./block.js";
import { BlockOrder } from "./block-order.js";
import {
  answered,
  DATASTORE_RETRIES,
  found,
  get,
  list,
  listed,
  type Procedure,
  type ProcedureContext,
  update,
} from "./calls.js";
import { blockLimit, readConfig, readReservations } from "./config-calls.js";
import { findUsableBlock, ownBlocks } from "./find-block.js";
import { decrementHandle, incrementHandle } from "./handle-calls.js";
import { determinePools, type IntendedUse, type UsablePool } from "./pools.js";

/** A request for addresses of one family on one node (calico: IPAM:692-860 `AutoAssign`). */
export interface AssignArgs {
  readonly node: string;
  readonly family: 4 | 6;
  readonly count: number;
  /** `k8s-pod-network.<containerID>`, `ipip-tunnel-addr-<node>`, … */
  readonly handle: string;
  readonly attributes: AllocationAttributes;
  readonly use: IntendedUse;
  /** Pools by name or CIDR, used without a look at their selectors. */
  readonly pools?: readonly string[] | undefined;
  readonly namespaceLabels?: Labels | undefined;
  /** The request's own block limit; 0 for none. @defaultValue 0 */
  readonly maxBlocksPerHost?: number;
}

/** Why an assignment gave fewer addresses than asked for. */
export type AssignFault =
  | "NodeNotFound"
  | "NoQualifiedPool"
  | "BlockLimit"
  | "NoFreeAddresses"
  | "MaxRetries"
  | "Unavailable"
  | "Timeout";

/** What an assignment gave. */
export interface Assigned {
  readonly addresses: readonly string[];
  /** Prefixes of the blocks claimed on the way. */
  readonly claimed: readonly string[];
  /** How many of the addresses come from blocks of other nodes (or of none). */
  readonly borrowed: number;
  /** Present unless all addresses were given. */
  readonly fault?: AssignFault;
}

interface Search {
  readonly args: AssignArgs;
  readonly context: ProcedureContext;
  readonly config: IPAMDefaults;
  readonly pools: readonly UsablePool[];
  readonly reservations: readonly Cidr[];
  readonly own: BlockAffinity[];
  readonly blocksMax: number;
  owned: number;
  readonly addresses: string[];
  readonly claimed: string[];
  borrowed: number;
}

type Refusal = "BlockLimit" | "NoFreeAddresses" | "MaxRetries" | "NoFreeBlocks";

/**
 * Assigns addresses with exactly the calls of Calico, in its order (node-behaviour §2.7): 8 + 2f
 * reads and 2 writes usually, 9 + 2f and 6 with a new block, 7 + 2f + k and 2 when borrowing, for f
 * own blocks found full and k blocks probed.
 */
export function* assign(args: AssignArgs, context: ProcedureContext): Procedure<Assigned> {
  const config = yield* readConfig();
  const reservations = yield* readReservations();
  const node = found("Node", yield get("Node", args.node));
  if (node === undefined) return failed("NodeNotFound");
  const allPools = listed("IPPool", yield list("IPPool"));
  const nodeLabels = node.metadata.labels ?? {};
  const pools = determinePools(allPools, {
    family: args.family,
    use: args.use,
    nodeLabels,
    namespaceLabels: args.namespaceLabels,
    requested: args.pools,
  });
  if (pools.length === 0) return failed("NoQualifiedPool");
  const affinities = listed("BlockAffinity", yield list("BlockAffinity", args.node));
  const { usable, stray } = ownBlocks(affinities, pools, allPools, nodeLabels);
  const search: Search = {
    args,
    context,
    config,
    pools,
    reservations,
    own: [...usable],
    blocksMax: blockLimit(config, args.maxBlocksPerHost ?? 0),
    owned: usable.length + stray.length,
    addresses: [],
    claimed: [],
    borrowed: 0,
  };
  for (const affinity of stray) {
    const release = yield* releaseAffinity(
      args.node,
      affinity.spec.cidr,
      { mustBeEmpty: true },
      context,
    );
    if (release === "released") search.owned--;
  }
  const refusal = yield* fill(search);
  const fault = refusal === "NoFreeBlocks" ? "NoFreeAddresses" : refusal;
  return outcome(search, fault);
}

/** Own blocks, then new ones, then borrowing; undefined when everything was given. */
function* fill(search: Search): Procedure<Refusal | undefined> {
  const { args } = search;
  while (search.addresses.length < args.count) {
    const block = yield* findOrClaimBlock(search);
    if (typeof block === "string") {
      if (block !== "NoFreeBlocks" || search.config.strictAffinity) return block;
      return yield* borrow(search);
    }
    // If it gave nothing after all (conflicts without end), the search goes on without this block.
    yield* takeFrom(search, block, true);
  }
  return undefined;
}

/** An own block with space, or a newly claimed one (calico: IPAM:513-640). */
function* findOrClaimBlock(search: Search): Procedure<IPAMBlock | Refusal> {
  const { args, context } = search;
  for (let next = search.own.shift(); next !== undefined; next = search.own.shift()) {
    const name = affinityName(args.node, next.spec.cidr);
    for (let round = 0; round < DATASTORE_RETRIES; round++) {
      const affinity = found("BlockAffinity", yield get("BlockAffinity", name));
      if (affinity === undefined) break;
      const block = yield* blockOfAffinity(affinity, context);
      if (block === "conflict") continue;
      if (block !== "lost" && freeCount(block, search.reservations) > 0) return block;
      break;
    }
  }
  if (search.owned >= search.blocksMax) return "BlockLimit";
  if (!search.config.autoAllocateBlocks) return "NoFreeBlocks";
  return yield* claimBlock(search);
}

function* claimBlock(search: Search): Procedure<IPAMBlock | Refusal> {
  const { args, context, pools, reservations } = search;
  for (let round = 0; round < DATASTORE_RETRIES; round++) {
    const all = yield list("IPAMBlock");
    const blocks = listed("IPAMBlock", all);
    const query = { node: args.node, pools, blocks, reservations, now: all.servedAt };
    const usable = findUsableBlock(query);
    if (usable === undefined) return "NoFreeBlocks";
    const { cidr, takeOver } = usable;
    if (takeOver !== undefined) {
      const guard = takeOver.spec.sequenceNumber;
      const options = {
        mustBeEmpty: true,
        ...(guard === undefined ? {} : { sequenceNumber: guard }),
      };
      const owner = ownerOf(takeOver) ?? "";
      if ((yield* releaseAffinity(owner, cidr, options, context)) !== "released") continue;
    }
    const affinity = yield* pendingAffinity(args.node, cidr);
    if (affinity === "conflict") continue;
    const block = yield* blockOfAffinity(affinity, context);
    if (block === "lost" || block === "conflict") continue;
    search.owned++;
    search.claimed.push(cidr);
    if (freeCount(block, reservations) > 0) return block;
    if (search.owned >= search.blocksMax) return "BlockLimit";
  }
  return "MaxRetries";
}

/** Addresses from any block with space, whoever owns it (calico: IPAM:872-949). */
function* borrow(search: Search): Procedure<Refusal | undefined> {
  const { args } = search;
  for (const pool of search.pools) {
    const order = new BlockOrder(pool.prefix, pool.blockSize, args.node);
    for (let position = 0; position < order.size; position++) {
      const name = blockName(formatCidr(order.at(position)));
      const block = found("IPAMBlock", yield get("IPAMBlock", name));
      if (block !== undefined) yield* takeFrom(search, block, false);
      if (search.addresses.length >= args.count) return undefined;
    }
  }
  return "NoFreeAddresses";
}

/** Takes what is still missing from a block: the handle first, then the block by compare-and-swap (calico: IPAM:1425-1479). */
function* takeFrom(search: Search, from: IPAMBlock, affinityCheck: boolean): Procedure<void> {
  const { args, context, reservations, addresses } = search;
  let block: IPAMBlock | undefined = from;
  for (let round = 0; round < DATASTORE_RETRIES && block !== undefined; round++) {
    const cidr: string = block.spec.cidr;
    const taken = assignFromBlock(block, {
      node: args.node,
      count: args.count - addresses.length,
      handle: args.handle,
      attributes: args.attributes,
      affinityCheck,
      reservations,
    });
    const count = taken.addresses.length;
    if (count === 0) return;
    if (!(yield* incrementHandle(args.handle, cidr, count))) return;
    if (answered(yield update(taken.block)).status === "ok") {
      addresses.push(...taken.addresses);
      if (!isAffineTo(block, args.node)) search.borrowed += count;
      return;
    }
    yield* decrementHandle(args.handle, cidr, count, context);
    block = found("IPAMBlock", yield get("IPAMBlock", blockName(cidr)));
  }
}

function outcome(search: Search, fault: AssignFault | undefined): Assigned {
  const { addresses, claimed, borrowed } = search;
  return fault === undefined
    ? { addresses, claimed, borrowed }
    : { addresses, claimed, borrowed, fault };
}

/** An assignment that gave nothing. */
export function failed(fault: AssignFault): Assigned {
  return { addresses: [], claimed: [], borrowed: 0, fault };
}

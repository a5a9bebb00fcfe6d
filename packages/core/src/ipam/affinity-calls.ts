import type { Micros } from "../engine/index.js";
import type { BlockAffinity, IPAMBlock } from "../resources/index.js";
import { affinityName, affinityState, newAffinity, withAffinityState } from "./affinity.js";
import {
  blockName,
  isAffineTo,
  isEmpty,
  newBlock,
  ownerOf,
  touched,
  withoutAffinity,
} from "./block.js";
import {
  answered,
  create,
  DATASTORE_RETRIES,
  deleteObject,
  found,
  get,
  type Procedure,
  type ProcedureContext,
  update,
  written,
} from "./calls.js";
import { readConfig } from "./config-calls.js";

/** Why a claim did not give a block. `lost`: another host has it. `conflict`: read again and retry. */
export type ClaimFailure = "lost" | "conflict";

/** Creates the `pending` affinity, or takes the one that is there (calico: BRW:253-300). */
export function* pendingAffinity(
  node: string,
  cidr: string,
): Procedure<BlockAffinity | "conflict"> {
  const fresh = newAffinity(node, cidr);
  const created = answered(yield create(fresh));
  if (created.status === "ok") return written(fresh, created);
  const held = found("BlockAffinity", yield get("BlockAffinity", affinityName(node, cidr)));
  if (held === undefined) return "conflict";
  if (affinityState(held) === "confirmed") return held;
  return yield* writeAffinity(held, "pending");
}

/**
 * The block behind an affinity, repaired as far as needed (calico: IPAM:159-245): a missing block is
 * created, an unconfirmed claim is confirmed after the block was written once more, and a claim on
 * somebody else's block is deleted.
 */
export function* blockOfAffinity(
  affinity: BlockAffinity,
  context: ProcedureContext,
): Procedure<IPAMBlock | ClaimFailure> {
  const { cidr, node } = affinity.spec;
  const outcome = yield get("IPAMBlock", blockName(cidr));
  const block = found("IPAMBlock", outcome);
  if (block === undefined) {
    const pending = yield* writeAffinity(affinity, "pending");
    if (pending === "conflict") return "conflict";
    return yield* createBlock(pending, outcome.servedAt, context);
  }
  if (!isAffineTo(block, node)) {
    yield* deleteObject(affinity, context);
    return "lost";
  }
  if (affinityState(affinity) === "confirmed") return block;
  const pending = yield* writeAffinity(affinity, "pending");
  if (pending === "conflict") return "conflict";
  const again = touched(block);
  const rewritten = answered(yield update(again));
  if (rewritten.status !== "ok") return "conflict";
  if ((yield* writeAffinity(pending, "confirmed")) === "conflict") return "conflict";
  return written(again, rewritten);
}

/** Creates the block of a pending claim and confirms it; the create decides between racing hosts (calico: BRW:300-330). */
function* createBlock(
  pending: BlockAffinity,
  at: Micros,
  context: ProcedureContext,
): Procedure<IPAMBlock | ClaimFailure> {
  const { cidr, node } = pending.spec;
  const { strictAffinity } = yield* readConfig();
  const fresh = newBlock({ cidr, node, strictAffinity, at });
  const created = answered(yield create(fresh));
  let block: IPAMBlock;
  if (created.status === "ok") block = written(fresh, created);
  else {
    const held = found("IPAMBlock", yield get("IPAMBlock", blockName(cidr)));
    if (held === undefined) return "conflict";
    if (!isAffineTo(held, node)) {
      yield* deleteObject(pending, context);
      return "lost";
    }
    block = held;
  }
  return (yield* writeAffinity(pending, "confirmed")) === "conflict" ? "conflict" : block;
}

/** How a release of a claim ended. */
export type AffinityRelease = "released" | "not-found" | "not-empty" | "conflict";

/**
 * Gives up a claim: the affinity is marked, the block deleted (or its owner cleared while in use),
 * the affinity deleted (calico: BRW:393-497).
 */
export function* releaseAffinity(
  node: string,
  cidr: string,
  options: { readonly mustBeEmpty: boolean; readonly sequenceNumber?: number },
  context: ProcedureContext,
): Procedure<AffinityRelease> {
  for (let round = 0; round < DATASTORE_RETRIES; round++) {
    const affinity = found("BlockAffinity", yield get("BlockAffinity", affinityName(node, cidr)));
    if (affinity === undefined) return "not-found";
    const block = found("IPAMBlock", yield get("IPAMBlock", blockName(cidr)));
    if (block === undefined || (ownerOf(block) !== undefined && !isAffineTo(block, node))) {
      yield* deleteObject(affinity, context);
      return "not-found";
    }
    if (options.mustBeEmpty && !isEmpty(block)) return "not-empty";
    const { sequenceNumber } = options;
    if (sequenceNumber !== undefined && block.spec.sequenceNumber !== sequenceNumber)
      return "conflict";
    const marked = yield* writeAffinity(affinity, "pendingDeletion");
    if (marked === "conflict") continue;
    if (isEmpty(block)) {
      if ((yield* deleteObject(block, context)) === "conflict") continue;
    } else if (answered(yield update(withoutAffinity(block))).status !== "ok") continue;
    yield* deleteObject(marked, context);
    return "released";
  }
  return "conflict";
}

function* writeAffinity(
  affinity: BlockAffinity,
  state: "pending" | "confirmed" | "pendingDeletion",
): Procedure<BlockAffinity | "conflict"> {
  const next = withAffinityState(affinity, state);
  const outcome = answered(yield update(next));
  return outcome.status === "ok" ? written(next, outcome) : "conflict";
}

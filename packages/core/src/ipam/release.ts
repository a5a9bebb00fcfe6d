import { cidrContains } from "../net/index.js";
import type { IPAMBlock } from "../resources/index.js";
import { selects } from "../selector/index.js";
import { releaseAffinity } from "./affinity-calls.js";
import {
  blockCidr,
  blockName,
  isEmpty,
  ownerOf,
  releaseByHandle as withoutHandle,
} from "./block.js";
import {
  answered,
  DATASTORE_RETRIES,
  deleteObject,
  found,
  get,
  list,
  listed,
  type Procedure,
  type ProcedureContext,
  update,
} from "./calls.js";
import { readConfig } from "./config-calls.js";
import { handleName } from "./handle.js";
import { decrementHandle } from "./handle-calls.js";
import { usablePools } from "./pools.js";

/** A request to free what a handle holds. */
export interface ReleaseArgs {
  readonly handle: string;
}

/** What a release freed. */
export interface Released {
  /** Number of addresses. */
  readonly released: number;
  /** False when there was no such handle, which is no error. */
  readonly handleFound: boolean;
  readonly fault?: "MaxRetries" | "Unavailable" | "Timeout";
}

/**
 * Frees all addresses of a handle (calico: libcalico-go/lib/ipam/ipam.go `ReleaseByHandle`): handle
 * and configuration read, then for each block a read, a write, the handle taken back, and a look
 * whether the block's pool still selects its node. With the empty release that the CNI plugin adds,
 * this makes the 8 reads and 3 writes of node-behaviour §2.7.
 */
export function* releaseByHandle(
  args: ReleaseArgs,
  context: ProcedureContext,
): Procedure<Released> {
  const handle = found("IPAMHandle", yield get("IPAMHandle", handleName(args.handle)));
  if (handle === undefined) return { released: 0, handleFound: false };
  // Read for the cool-down time, of which only the default (none) is modelled.
  yield* readConfig();
  let released = 0;
  for (const cidr of Object.keys(handle.spec.block)) {
    const count = yield* releaseFromBlock(args.handle, cidr, context);
    if (count < 0) return { released, handleFound: true, fault: "MaxRetries" };
    released += count;
  }
  return { released, handleFound: true };
}

function* releaseFromBlock(
  handle: string,
  cidr: string,
  context: ProcedureContext,
): Procedure<number> {
  for (let round = 0; round < DATASTORE_RETRIES; round++) {
    const block = found("IPAMBlock", yield get("IPAMBlock", blockName(cidr)));
    if (block === undefined) return 0;
    const edit = withoutHandle(block, handle);
    if (edit.released.length === 0) return 0;
    if (isEmpty(edit.block) && ownerOf(block) === undefined) {
      if ((yield* deleteObject(edit.block, context)) === "conflict") continue;
    } else if (answered(yield update(edit.block)).status !== "ok") continue;
    yield* decrementHandle(handle, cidr, edit.released.length, context);
    yield* releaseIfUnselected(edit.block, context);
    return edit.released.length;
  }
  return -1;
}

/** An empty block whose pool no longer selects its owner is given up. */
function* releaseIfUnselected(block: IPAMBlock, context: ProcedureContext): Procedure<void> {
  const owner = ownerOf(block);
  if (owner === undefined) return;
  const node = found("Node", yield get("Node", owner));
  const pools = usablePools(listed("IPPool", yield list("IPPool")));
  if (node === undefined || !isEmpty(block)) return;
  const cidr = blockCidr(block);
  const pool = pools.find((p) => cidrContains(p.prefix, cidr));
  if (pool === undefined || selects(pool.nodeSelector, node.metadata.labels ?? {})) return;
  yield* releaseAffinity(owner, block.spec.cidr, { mustBeEmpty: true }, context);
}

import { API_VERSIONS, type BlockAffinity } from "../resources/index.js";
import { blockName } from "./block.js";

/** States of a claim (calico: libcalico-go/lib/backend/model/block_affinity.go); old data has `""` for `confirmed`. */
export type AffinityState = "pending" | "confirmed" | "pendingDeletion";

/**
 * Which state may follow which in one object (node-behaviour §2.2). `none` is before the object was
 * created and after it was deleted.
 */
export const AFFINITY_TRANSITIONS: Readonly<
  Record<AffinityState | "none", readonly (AffinityState | "none")[]>
> = Object.freeze({
  none: Object.freeze(["pending"] as const),
  pending: Object.freeze(["pending", "confirmed", "pendingDeletion", "none"] as const),
  confirmed: Object.freeze(["pending", "pendingDeletion", "none"] as const),
  pendingDeletion: Object.freeze(["pending", "pendingDeletion", "none"] as const),
});

/** Name of a BlockAffinity resource: `<node>-<block>`. */
export function affinityName(node: string, cidr: string): string {
  return `${node}-${blockName(cidr)}`;
}

/** A new claim of a node on a block, as it is first written. */
export function newAffinity(
  node: string,
  cidr: string,
  state: AffinityState = "pending",
): BlockAffinity {
  return Object.freeze({
    apiVersion: API_VERSIONS.crd,
    kind: "BlockAffinity" as const,
    metadata: Object.freeze({ name: affinityName(node, cidr) }),
    spec: Object.freeze({ cidr, node, state, type: "host", deleted: "false" }),
  });
}

/** The state of a claim; `""` counts as confirmed. */
export function affinityState(affinity: BlockAffinity): AffinityState {
  const { state } = affinity.spec;
  return state === undefined || state === "" ? "confirmed" : state;
}

/**
 * The claim in another state, to be written by compare-and-swap.
 *
 * `confirmed` → `pending` is the repair of a claim whose block is missing. @throws RangeError on a transition that Calico never makes.
 */
export function withAffinityState(affinity: BlockAffinity, state: AffinityState): BlockAffinity {
  const from = affinityState(affinity);
  if (!AFFINITY_TRANSITIONS[from].includes(state) && from !== state) {
    throw new RangeError(`affinity ${affinity.metadata.name} cannot go from ${from} to ${state}`);
  }
  return Object.freeze({ ...affinity, spec: Object.freeze({ ...affinity.spec, state }) });
}

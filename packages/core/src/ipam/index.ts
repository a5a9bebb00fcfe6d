/**
 * Calico IPAM (calico: libcalico-go/lib/ipam): blocks, affinities and handles as values, and the
 * operations on them, over a costed datastore or at once.
 *
 * @module
 */

export {
  type Labels,
  parseSelector,
  type Selector,
  SelectorError,
  selects,
} from "../selector/index.js";
export {
  AFFINITY_TRANSITIONS,
  type AffinityState,
  affinityName,
  affinityState,
  newAffinity,
  withAffinityState,
} from "./affinity.js";
export type { AssignArgs, Assigned, AssignFault } from "./assign.js";
export {
  type AllocationAttributes,
  affinityOf,
  assignFromBlock,
  type BlockAssigned,
  type BlockAssignment,
  type BlockSpec,
  blockCidr,
  blockName,
  blockSpec,
  claimAge as blockClaimAge,
  freeCount as blockFreeCount,
  isAffineTo as blockIsAffineTo,
  isEmpty as blockIsEmpty,
  type NewBlock,
  newBlock,
  ownerOf as blockOwner,
  releaseByHandle as releaseBlockByHandle,
  usedCount as blockUsedCount,
  withoutAffinity as blockWithoutAffinity,
} from "./block.js";
export { BlockOrder, fnv1, startIndex } from "./block-order.js";
export { type Allocation, allocationsOf, ordinalOf } from "./block-view.js";
export { blockLimit } from "./config-calls.js";
export { type DirectStore, performDirectly } from "./direct.js";
export {
  findUsableBlock,
  RECLAIM_AGE,
  type UsableBlock,
  type UsableBlockQuery,
} from "./find-block.js";
export { adjustHandle, handleIsEmpty, handleName, newHandle } from "./handle.js";
export {
  type IpamCaller,
  IpamClient,
  type IpamClientOptions,
  type IpamCounts,
  type IpamStore,
} from "./ipam-client.js";
export {
  IpamLayout,
  type IpamLayoutOptions,
  type LayoutNode,
  type LayoutRequest,
} from "./layout.js";
export type { IpamOrder, IpamResult } from "./operation.js";
export { determinePools, type IntendedUse, type PoolQuery, type UsablePool } from "./pools.js";
export type { ReleaseArgs, Released } from "./release.js";
export { formatTimestamp, parseTimestamp } from "./timestamp.js";

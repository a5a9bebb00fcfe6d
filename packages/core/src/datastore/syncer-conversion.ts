import type { Resource } from "../resources/index.js";
import type { SizeProfile } from "./object-size.js";
import type { SyncerType, SyncerUpdate, WatchEvent } from "./types.js";

/** What a syncer of this type makes of a watch event; undefined when it makes nothing of it. */
export function convert(
  _event: WatchEvent,
  _type?: SyncerType,
  _sizes?: SizeProfile,
): SyncerUpdate | undefined {
  throw new Error("not implemented");
}

/** True when two revisions of an object have the same value in the syncer's model (Typha's de-duplication). */
export function equalValue(_a: Resource | undefined, _b: Resource | undefined): boolean {
  throw new Error("not implemented");
}

/** Key-value pairs and bytes that differ between two revisions: what Typha really sends. */
export function changedPairs(
  _before: Resource | undefined,
  _after: Resource | undefined,
  _type?: SyncerType,
  _sizes?: SizeProfile,
): { readonly kvs: number; readonly bytes: number } {
  throw new Error("not implemented");
}

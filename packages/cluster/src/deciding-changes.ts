import { blockOwner, type IPAMBlock, type Resource, type WatchEvent } from "@calico-sim/core";
import { lends } from "./oracle-state.js";
import type { OracleNode } from "./oracle-terms.js";

/** Whether two states of a Node are the same to routes, apart from labels. */
export function sameNode(a: OracleNode, b: OracleNode): boolean {
  return sameSpeaker(a, b) && a.vxlanAddress === b.vxlanAddress;
}

/** Whether they are the same to BGP, and so to the routes of others. */
export function sameSpeaker(a: OracleNode, b: OracleNode): boolean {
  return (
    a.address?.value === b.address?.value &&
    a.address?.family === b.address?.family &&
    a.subnet?.value === b.subnet?.value &&
    a.subnet?.length === b.subnet?.length &&
    a.clusterId === b.clusterId &&
    a.identifier === b.identifier &&
    a.asNumber === b.asNumber
  );
}

/** Whether selectors see no difference. */
export function sameLabels(
  a: OracleNode["labels"] | undefined,
  b: OracleNode["labels"] | undefined,
): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Whether a resource is one of those that decide routes for more than one block. */
export function decides(resource: Resource): boolean {
  return (
    resource.kind === "Node" ||
    resource.kind === "IPPool" ||
    resource.kind === "BGPConfiguration" ||
    resource.kind === "BGPPeer" ||
    resource.kind === "BGPFilter" ||
    resource.kind === "FelixConfiguration"
  );
}

/** The key of a resource without a namespace. */
export function keyOf(resource: Resource): string {
  return `${resource.kind}/${resource.metadata.name}`;
}

/** Nearly every write of a block gives or frees an address on its owner's node, which decides no route. */
export function blockMatters({ previous, resource }: WatchEvent): boolean {
  if (previous === undefined) return true;
  const before = previous as IPAMBlock;
  const after = resource as IPAMBlock;
  return blockOwner(before) !== blockOwner(after) || lends(before) || lends(after);
}

/** Heartbeats rewrite Nodes all the time; only annotations, with the addresses, and labels decide routes. */
export function nodeMatters(event: WatchEvent): boolean {
  if (event.type !== "modified" || event.previous === undefined) return true;
  const { previous, resource } = event;
  return (
    JSON.stringify(previous.metadata.annotations) !==
      JSON.stringify(resource.metadata.annotations) ||
    JSON.stringify(previous.metadata.labels) !== JSON.stringify(resource.metadata.labels)
  );
}

import type { FleetContext } from "../fleet/context.js";
import { ExportMemo } from "./export-memo.js";
import { newFeed } from "./feed.js";
import type { PeerGroup } from "./peer-group.js";

/** Puts a fed peer into its group; only where not all peers are in the mesh. */
export function joinGroup(x: FleetContext, node: number, e: number): PeerGroup {
  const { groups, rib } = x.daemons[node]!;
  const policy = x.ends.policy[e]!;
  const internal = x.isInternal(e);
  const addPath = x.addsPaths(e);
  let group = groups.find(
    (g) => g.policy === policy && g.internal === internal && g.addPath === addPath,
  );
  if (group === undefined) {
    const feed = newFeed();
    const exports = new ExportMemo();
    group = { policy, internal, addPath, ends: [], waiting: new Map(), exports, feed };
    groups.push(group);
    rib.marks.push(feed);
  }
  if (!group.ends.includes(e)) group.ends.push(e);
  return group;
}

/** Takes a peer that is told no more out of its group. */
export function leaveGroup(x: FleetContext, node: number, e: number): void {
  for (const { ends } of x.daemons[node]!.groups) {
    const at = ends.indexOf(e);
    if (at >= 0) ends.splice(at, 1);
  }
}

/** Groups a daemon's fed peers anew, after its configuration changed. */
export function regroup(x: FleetContext, node: number): void {
  const daemon = x.daemons[node]!;
  const { ends } = x;
  const peers = ends.of(node).filter((e) => ends.configured[e] === 1);
  const meshOnly = !daemon.router && peers.every((e) => x.policies.routesAsInMesh(ends.policy[e]!));
  // The places of feeds under way are steps in the one case, prefixes in the other.
  if (meshOnly !== daemon.meshOnly) daemon.feeding.clear();
  daemon.meshOnly = meshOnly;
  daemon.groups.length = 0;
  daemon.rib.marks.length = 0;
  if (daemon.meshOnly) return;
  for (const e of peers) if (ends.exporting[e] === 1) joinGroup(x, node, e);
}

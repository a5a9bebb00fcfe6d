import type { FleetContext } from "../fleet/context.js";

/** Puts a fed peer into its group. */
export function joinGroup(x: FleetContext, node: number, e: number): void {
  const { groups, meshOnly } = x.daemons[node]!;
  if (meshOnly) return;
  const policy = x.ends.policy[e]!;
  const addPath = x.addsPaths(e);
  let group = groups.find((g) => g.policy === policy && g.addPath === addPath);
  if (group === undefined) {
    group = { policy, addPath, ends: [], waiting: new Map() };
    groups.push(group);
  }
  if (!group.ends.includes(e)) group.ends.push(e);
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
  daemon.meshOnly =
    !daemon.router && peers.every((e) => x.policies.routesAsInMesh(ends.policy[e]!));
  daemon.groups.length = 0;
  for (const e of peers) if (ends.exporting[e] === 1) joinGroup(x, node, e);
}

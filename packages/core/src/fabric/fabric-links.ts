import { FabricError } from "./fabric-error.js";
import type { FabricLink } from "./fabric-spec.js";
import { type FabricTopology, linkName } from "./fabric-topology.js";
import type { HostTable } from "./host-table.js";
import type { SwitchCuts } from "./switch-cuts.js";

// Link ids: those between switches first, since their number is fixed, then the uplink of each host by node id.

/** All links of a fabric by id, as reports show them. */
export function listLinks(
  topology: FabricTopology,
  hosts: HostTable,
  cuts: SwitchCuts,
): FabricLink[] {
  const { switchNames } = topology;
  const between = topology.links.map(({ from, to }, id) => ({
    id,
    from: switchNames[from]!,
    to: switchNames[to]!,
    ...cuts.attributes[id]!,
    up: cuts.linkUp(id),
  }));
  const uplinks = hosts.hosts.map(({ name, switchId }, node) => ({
    id: between.length + node,
    from: name,
    to: switchNames[switchId]!,
    ...hosts.links[node]!,
    up: hosts.linkUp(node) && cuts.switches[switchId] === 0,
  }));
  return [...between, ...uplinks];
}

/** The id of the link between two neighbours. Throws FabricError UNKNOWN_LINK. */
export function findLink(topology: FabricTopology, hosts: HostTable, a: string, b: string): number {
  const from = topology.switchIds.get(a);
  const to = topology.switchIds.get(b);
  let link = -1;
  if (from !== undefined && to !== undefined) link = topology.linkBetween(from, to);
  else if (from !== undefined) link = uplink(topology, hosts, b, from);
  else if (to !== undefined) link = uplink(topology, hosts, a, to);
  if (link < 0) throw new FabricError({ code: "UNKNOWN_LINK", link: linkName(a, b) });
  return link;
}

function uplink(
  topology: FabricTopology,
  hosts: HostTable,
  host: string,
  switchId: number,
): number {
  if (!hosts.has(host)) return -1;
  const node = hosts.resolve(host);
  return hosts.switchIds[node] === switchId ? topology.links.length + node : -1;
}

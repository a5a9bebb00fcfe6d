import { type Address, addressEquals, type BGPPeer } from "@calico-sim/core";
import { isLocal, matches, peerAddress } from "./oracle-selection.js";

/** What decides a node's peerings. */
export interface PeeringNode {
  readonly name: string;
  readonly address: Address | undefined;
  /** Blank when the node is no route reflector. */
  readonly clusterId: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** By node and peer: whether the node treats that peer as a client of its own. A session needs both ends. */
export type OraclePeerings = ReadonlyMap<string, ReadonlyMap<string, boolean>>;

/**
 * The peerings between nodes that BGPPeer resources ask for, written from the documents alone (node-behaviour
 * §1.4): who is local, who is remote, the reverse direction, and who is whose client.
 */
export function oraclePeerings(
  nodes: ReadonlyMap<string, PeeringNode>,
  peers: readonly BGPPeer[],
): OraclePeerings {
  const found = new Map<string, Map<string, boolean>>();
  const configure = (from: PeeringNode, to: PeeringNode, cluster: string): void => {
    if (from.name === to.name) return;
    let own = found.get(from.name);
    if (own === undefined) found.set(from.name, (own = new Map<string, boolean>()));
    if (!own.has(to.name)) own.set(to.name, from.clusterId !== "" && cluster !== from.clusterId);
  };
  const all = [...nodes.values()].filter((node) => node.address !== undefined);
  for (const { spec } of peers) {
    const locals = all.filter((node) => isLocal(node, spec));
    const address = peerAddress(spec);
    const byAddress = spec.peerSelector === undefined || spec.peerSelector === "";
    const remotes = byAddress
      ? all.filter((node) => address !== undefined && addressEquals(node.address!, address))
      : all.filter((node) => matches(node, spec.peerSelector ?? ""));
    for (const local of locals) {
      for (const remote of remotes) {
        // The cluster id is copied from selected nodes, and unknown of an address.
        configure(local, remote, byAddress ? "" : remote.clusterId);
        if (spec.reversePeering !== "Manual") configure(remote, local, local.clusterId);
      }
    }
  }
  return found;
}

/** What a route's way through reflectors depends on. */
interface Sessions {
  /** Nodes that are route reflectors. */
  readonly reflectors: readonly PeeringNode[];
  readonly peerings: OraclePeerings;
  /** Whether two nodes have a session, by whatever rule. */
  readonly linked: (a: string, b: string) => boolean;
}

/** A route as one reflector holds it. */
interface Held {
  readonly at: PeeringNode;
  readonly from: string;
  /** CLUSTER_LIST (RFC 4456 §8). */
  readonly clusters: readonly string[];
}

/** Whether a route that a node originates reaches another: over their session, or by reflection (RFC 4456 §6). */
export function reaches(sessions: Sessions, origin: string, target: string): boolean {
  const { reflectors, linked } = sessions;
  if (linked(origin, target)) return true;
  const seen = new Set<string>();
  const open: Held[] = [];
  const take = (held: Held): void => {
    const key = [held.at.name, held.from, ...held.clusters].join(" ");
    if (seen.has(key)) return;
    seen.add(key);
    open.push(held);
  };
  for (const at of reflectors)
    if (at.name !== origin && linked(origin, at.name)) take({ at, from: origin, clusters: [] });
  for (let held = open.pop(); held !== undefined; held = open.pop()) {
    const { at, from } = held;
    if (from !== target && linked(at.name, target) && passes(sessions, held, target)) return true;
    for (const next of reflectors) {
      const known = next.name === origin || next.name === from;
      if (known || !linked(at.name, next.name) || !passes(sessions, held, next.name)) continue;
      const clusters = [...held.clusters, at.clusterId];
      const loops = treats(sessions, next.name, at.name) && clusters.includes(next.clusterId);
      if (!loops) take({ at: next, from: at.name, clusters });
    }
  }
  return false;
}

/** A reflector passes a route on from or to a client, unless it came through the client's cluster already. */
function passes(sessions: Sessions, { at, from, clusters }: Held, to: string): boolean {
  const client = treats(sessions, at.name, to);
  if (!client && !treats(sessions, at.name, from)) return false;
  return !(client && clusters.includes(at.clusterId));
}

function treats({ peerings }: Sessions, reflector: string, peer: string): boolean {
  return peerings.get(reflector)?.get(peer) === true;
}

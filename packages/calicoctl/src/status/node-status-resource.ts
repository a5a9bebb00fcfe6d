import type { ProtocolPeer } from "../bird/protocols.js";
import type { BirdRoute } from "../bird/routes.js";
import type { BirdStatus } from "../bird/status.js";

/** A peer in the status of a CalicoNodeStatus resource (calico: api/pkg/apis/projectcalico/v3/nodestatus.go). */
export interface NodeStatusPeer {
  readonly peerIP: string;
  readonly type: "NodeMesh" | "NodePeer" | "GlobalPeer";
  /** Empty for a state that the resource does not know, such as BIRD's `Passive`. */
  readonly state: string;
  readonly since: string;
}

/** Where a route comes from. */
export interface RouteSource {
  readonly sourceType: "Kernel" | "Static" | "Direct" | "NodeMesh" | "BGPPeer" | "";
  /** Of the two kinds learnt by BGP. */
  readonly peerIP?: string;
}

/** A route in the status of a CalicoNodeStatus resource. */
export interface NodeStatusRoute {
  /** In the kernel's table, or known to BIRD alone. */
  readonly type: "FIB" | "RIB";
  readonly destination: string;
  readonly gateway: string;
  readonly interface: string;
  readonly learnedFrom: RouteSource;
}

/** A BIRD in the status of a CalicoNodeStatus resource. */
export interface NodeStatusBird {
  readonly state: "Ready" | "NotReady";
  readonly version: string;
  readonly routerID: string;
  readonly lastBootTime: string;
  readonly lastReconfigurationTime: string;
}

/** States that the resource knows. */
const STATES = ["Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established", "Close"];

const PEER_TYPES = { Mesh: "NodeMesh", Node: "NodePeer", Global: "GlobalPeer" } as const;

/** A peer as the resource has it (calico: node/pkg/status/populators/peers.go). */
export function toNodeStatusPeer(
  peer: Pick<ProtocolPeer, "peerIP" | "origin" | "bgpState" | "since">,
): NodeStatusPeer {
  return {
    peerIP: peer.peerIP,
    type: PEER_TYPES[peer.origin],
    state: STATES.includes(peer.bgpState) ? peer.bgpState : "",
    since: peer.since,
  };
}

/** A route as the resource has it (calico: node/pkg/status/populators/route.go). */
export function toNodeStatusRoute(route: BirdRoute): NodeStatusRoute {
  return {
    type: route.primary ? "FIB" : "RIB",
    destination: route.dest,
    gateway: route.gateway,
    interface: route.iface,
    learnedFrom: sourceOf(route),
  };
}

/** BIRD's own state as the resource has it (calico: node/pkg/status/populators/bird_status.go). */
export function toNodeStatusBird(status: BirdStatus): NodeStatusBird {
  return {
    state: status.ready ? "Ready" : "NotReady",
    version: status.version,
    routerID: status.routerID,
    lastBootTime: status.lastBootTime,
    lastReconfigurationTime: status.lastReconfigTime,
  };
}

/** Whether a route was learnt from a mesh or other BGP peer. */
export function isLearned(route: NodeStatusRoute): boolean {
  const { sourceType } = route.learnedFrom;
  return sourceType === "NodeMesh" || sourceType === "BGPPeer";
}

/** The protocol's name tells: BIRD numbers its own, Calico names the peers. */
function sourceOf({ learnedFrom, dest }: BirdRoute): RouteSource {
  const [, origin, rest] = /^(Mesh|Node|Global)_(.+)$/.exec(learnedFrom) ?? [];
  if (origin !== undefined && rest !== undefined) {
    const peerIP = rest.replaceAll("_", dest.includes(":") ? ":" : ".");
    return { sourceType: origin === "Mesh" ? "NodeMesh" : "BGPPeer", peerIP };
  }
  if (learnedFrom.startsWith("kernel")) return { sourceType: "Kernel" };
  if (learnedFrom.startsWith("static")) return { sourceType: "Static" };
  if (learnedFrom.startsWith("direct")) return { sourceType: "Direct" };
  return { sourceType: "" };
}

import type { Fabric, Kernels, NodeDirectory } from "@calico-sim/core";
import {
  BLACKHOLE_ROUTE,
  DELIVERED,
  NO_ROUTE,
  PATH_CUT,
  STALE_ROUTE,
  UNDERLAY_ROUTE,
} from "./delivery-codes.js";

/** What a packet travels over. */
export interface Ground {
  readonly kernels: Kernels;
  readonly nodes: NodeDirectory;
  readonly fabric: Fabric;
  /** Whether a host forwards packets. */
  isRunning(host: number): boolean;
  /** Whether the underlay joins two hosts, both ways. */
  joined(a: number, b: number): boolean;
}

/** A packet that has not arrived by then goes round in circles. */
const HOPS_MAX = 16;

/**
 * Follows a packet hop by hop through the kernels of nodes and external routers to one of some hosts; returns a delivery
 * code. Neighbouring routers are linked; a node and its next hop must share a subnet if the packet is for a pod, since
 * what lies between knows nothing of pods.
 *
 * @param toPod - the destination is a pod's address, rather than one outside the cluster.
 */
export function walkPacket(
  ground: Ground,
  from: number,
  prefix: number,
  ends: readonly number[],
  toPod: boolean,
): number {
  const { kernels, nodes, fabric } = ground;
  for (let at = from, hops = 0; hops < HOPS_MAX; hops++) {
    if (ends.includes(at)) return DELIVERED;
    const held = kernels.best(at, prefix);
    if (held === 0) return NO_ROUTE;
    const { type, gateway, device } = kernels.route(held);
    if (type === "blackhole") return BLACKHOLE_ROUTE;
    if (gateway < 0 || !ground.isRunning(gateway)) return STALE_ROUTE;
    if (!ground.joined(at, gateway)) return PATH_CUT;
    const ofNode = nodes.isNode(at) || nodes.isNode(gateway);
    if (toPod && ofNode && device === "eth0" && !fabric.sameSubnet(at, gateway))
      return UNDERLAY_ROUTE;
    at = gateway;
  }
  return STALE_ROUTE;
}

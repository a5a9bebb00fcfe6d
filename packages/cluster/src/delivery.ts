import { type Address, type Fabric, type Kernels, nextHopsOf, type Route } from "@calico-sim/core";
import type { BlackholeReason } from "./result.js";

/** Names of the delivery codes; 0 = delivered. */
export const REASONS: readonly (BlackholeReason | "delivered")[] = Object.freeze([
  "delivered",
  "no route",
  "blackhole route",
  "stale route",
  "destination node down",
  "underlay path cut",
  "underlay has no route to pods",
]);

/** What becomes of packets, as places in {@link REASONS}. */
export const DELIVERY = {
  delivered: 0,
  noRoute: 1,
  blackholeRoute: 2,
  staleRoute: 3,
  ownerDown: 4,
  pathCut: 5,
  underlayRoute: 6,
  /** The source does not run, or the destination is gone: nobody to complain. */
  notAsked: 7,
} as const;

/** What becomes of the flows from one node to one destination. */
export interface Arrival {
  /** The code of {@link DELIVERY}: delivered, or why the first flows that are lost are lost. */
  readonly code: number;
  /** Share of the flows that are lost, 0 to 1: less than 1 where a multipath route has next hops that still deliver. */
  readonly lost: number;
  /** Nodes beside the first whose kernels the packets ask. */
  readonly through: readonly number[];
}

/** Where packets are to go: a block, to which only its own route leads, or one address, to which the longest match does. */
export interface Destination {
  /** Node that has it; −1 = none. */
  readonly owner: number;
  readonly prefix: number;
  /** Absent for a block. */
  readonly address?: Address;
}

const NOWHERE: readonly number[] = Object.freeze([]);
/** By code: all flows are lost, or all arrive, and nobody else is asked. Frozen, for there are many. */
const PLAIN: readonly Arrival[] = Object.freeze(
  Object.values(DELIVERY).map((code) => {
    const none = code === DELIVERY.delivered || code === DELIVERY.notAsked;
    return Object.freeze({ code, lost: none ? 0 : 1, through: NOWHERE });
  }),
);

/** What {@link PacketWalk.follow} says where one code is all there is to say. */
export function plainArrival(code: number): Arrival {
  return PLAIN[code]!;
}

/** Whether delivery is owed: everything is alive and connected, only routes are missing. */
export function owed(code: number): boolean {
  return (
    code === DELIVERY.noRoute ||
    code === DELIVERY.blackholeRoute ||
    code === DELIVERY.staleRoute ||
    code === DELIVERY.underlayRoute
  );
}

/** A block of one address that is a VXLAN device's own: on the link behind the tunnel, without a gateway (node-behaviour §4.4). */
export function isOnTunnelLink({ device, gateway }: Route): boolean {
  return device === "vxlan.calico" && gateway < 0;
}

/**
 * Follows packets from node to node through the kernels. Calico's next hop is nearly always the destination's own node;
 * others forward what comes to them by their own routes. Over a multipath route each next hop carries an equal share of the
 * flows, so that one of them that leads nowhere loses its share, not everything.
 */
export class PacketWalk {
  private readonly kernels: Kernels;
  private readonly fabric: Fabric;
  private readonly running: readonly boolean[];

  /** @param running - by node; read when packets are followed. */
  constructor(kernels: Kernels, fabric: Fabric, running: readonly boolean[]) {
    this.kernels = kernels;
    this.fabric = fabric;
    this.running = running;
  }

  /** Whether two nodes reach each other. */
  joined(a: number, b: number): boolean {
    return this.fabric.reachable(a, b) && this.fabric.reachable(b, a);
  }

  /** What becomes of the flows from a node to a destination on another. */
  follow(node: number, to: Destination): Arrival {
    const { owner } = to;
    if (this.running[owner] !== true) return plainArrival(DELIVERY.ownerDown);
    const arrival = this.from(node, to, NOWHERE);
    // Where the two do not reach each other, no route is to blame.
    if (arrival.lost === 1 && !this.joined(node, owner)) return plainArrival(DELIVERY.pathCut);
    return arrival;
  }

  private routeOf(node: number, { prefix, address }: Destination): number {
    if (address === undefined) return this.kernels.best(node, prefix);
    return this.kernels.lookup(node, address)?.route ?? 0;
  }

  private from(node: number, to: Destination, before: readonly number[]): Arrival {
    const held = this.routeOf(node, to);
    if (held === 0) return plainArrival(DELIVERY.noRoute);
    const route = this.kernels.route(held);
    if (route.type === "blackhole") return plainArrival(DELIVERY.blackholeRoute);
    if (isOnTunnelLink(route)) return plainArrival(DELIVERY.delivered);
    if (route.further === undefined)
      return this.over(node, route.gateway, route.device, to, before);
    const hops = nextHopsOf(route);
    const ways = hops.map((hop) => this.over(node, hop.gateway, hop.device, to, before));
    return {
      code: ways.find(({ code }) => code !== DELIVERY.delivered)?.code ?? DELIVERY.delivered,
      lost: ways.reduce((sum, way) => sum + way.lost, 0) / hops.length,
      through: [...new Set(ways.flatMap(({ through }) => through))],
    };
  }

  private over(
    node: number,
    next: number,
    device: string,
    to: Destination,
    before: readonly number[],
  ): Arrival {
    const { owner } = to;
    if (next === owner) {
      if (!this.joined(node, owner)) return plainArrival(DELIVERY.pathCut);
      // Without encapsulation the packet shows a pod's address to the underlay, whose routers know none.
      if (device === "eth0" && !this.fabric.sameSubnet(node, owner))
        return plainArrival(DELIVERY.underlayRoute);
      return plainArrival(DELIVERY.delivered);
    }
    const passed = [...before, node];
    if (
      next < 0 ||
      this.running[next] !== true ||
      passed.includes(next) ||
      !this.joined(node, next)
    )
      return plainArrival(DELIVERY.staleRoute);
    if (device === "eth0" && !this.fabric.sameSubnet(node, next))
      return plainArrival(DELIVERY.underlayRoute);
    const onward = this.from(next, to, passed);
    // What fails further on began with a route to a node that does not have the destination.
    const code = onward.code === DELIVERY.delivered ? onward.code : DELIVERY.staleRoute;
    return { code, lost: onward.lost, through: [next, ...onward.through] };
  }
}

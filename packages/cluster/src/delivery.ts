import {
  type Address,
  type Fabric,
  type Kernels,
  type NodeDirectory,
  nextHopsOf,
  type Route,
} from "@calico-sim/core";
import type { BlackholeReason } from "./result.js";

/** Names of the delivery codes. */
export const REASONS: readonly (BlackholeReason | "delivered" | "not asked")[] = Object.freeze([
  "not asked",
  "no route",
  "blackhole route",
  "stale route",
  "destination node down",
  "underlay path cut",
  "underlay has no route to pods",
  "unreachable route",
  "delivered",
]);

/** What becomes of packets, as places in {@link REASONS}. */
export const DELIVERY = {
  /** The source does not run, or the destination is gone: nobody to complain. */
  notAsked: 0,
  noRoute: 1,
  blackholeRoute: 2,
  staleRoute: 3,
  ownerDown: 4,
  pathCut: 5,
  underlayRoute: 6,
  unreachableRoute: 7,
  delivered: 8,
} as const;

/** What becomes of the flows from one host to one destination. */
export interface Arrival {
  /** The code of {@link DELIVERY}: delivered, or why the first flows that are lost are lost. */
  readonly code: number;
  /** Share of the flows that are lost, 0 to 1: less than 1 where a multipath route has next hops that still deliver. */
  readonly lost: number;
  /** Hosts beside the first whose kernels the packets ask. */
  readonly through: readonly number[];
}

/**
 * Where packets are to go: a block or a prefix outside, to which only its own route leads, or one address, to which the
 * longest match does.
 */
export interface Destination {
  /** Node that has it; −1 = none. */
  readonly owner: number;
  readonly prefix: number;
  /** Set for a borrowed address. */
  readonly address?: Address;
  /** Set for a prefix outside: names of the routers that originate it, any of which will do. */
  readonly routers?: readonly string[];
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
    code === DELIVERY.unreachableRoute ||
    code === DELIVERY.staleRoute ||
    code === DELIVERY.underlayRoute
  );
}

/** A block of one address that is a VXLAN device's own: on the link behind the tunnel, without a gateway (node-behaviour §4.4). */
export function isOnTunnelLink({ device, gateway }: Route): boolean {
  return (device === "vxlan.calico" || device === "vxlan-v6.calico") && gateway < 0;
}

/**
 * Follows packets from host to host through the kernels. Calico's next hop is nearly always the destination's own node;
 * other nodes and routers forward what comes to them by their own routes. Over a multipath route each next hop carries an
 * equal share of the flows, so that one of them that leads nowhere loses its share, not everything.
 */
export class PacketWalk {
  private readonly kernels: Kernels;
  private readonly fabric: Fabric;
  private readonly nodes: NodeDirectory;
  private readonly running: readonly boolean[];

  /** @param running - by host; read when packets are followed. */
  constructor(kernels: Kernels, fabric: Fabric, nodes: NodeDirectory, running: readonly boolean[]) {
    this.kernels = kernels;
    this.fabric = fabric;
    this.nodes = nodes;
    this.running = running;
  }

  /** Whether two hosts reach each other. */
  joined(a: number, b: number): boolean {
    return this.fabric.reachable(a, b) && this.fabric.reachable(b, a);
  }

  /** What becomes of the flows from a host to a destination elsewhere. */
  follow(host: number, to: Destination): Arrival {
    const { owner, routers } = to;
    if (routers !== undefined) return this.from(host, to, NOWHERE);
    if (this.running[owner] !== true) return plainArrival(DELIVERY.ownerDown);
    const arrival = this.from(host, to, NOWHERE);
    // Where the two do not reach each other, no route is to blame; that of a host in between may mend it all the same.
    if (arrival.lost < 1 || this.joined(host, owner)) return arrival;
    return arrival.through.length === 0
      ? plainArrival(DELIVERY.pathCut)
      : { ...arrival, code: DELIVERY.pathCut };
  }

  private routeOf(host: number, { prefix, address }: Destination): number {
    if (address === undefined) return this.kernels.best(host, prefix);
    return this.kernels.lookup(host, address)?.route ?? 0;
  }

  private from(host: number, to: Destination, before: readonly number[]): Arrival {
    const held = this.routeOf(host, to);
    if (held === 0) return plainArrival(DELIVERY.noRoute);
    const route = this.kernels.route(held);
    if (route.type === "blackhole") return plainArrival(DELIVERY.blackholeRoute);
    if (route.type === "unreachable") return plainArrival(DELIVERY.unreachableRoute);
    if (isOnTunnelLink(route)) return plainArrival(DELIVERY.delivered);
    if (route.further === undefined)
      return this.over(host, route.gateway, route.device, to, before);
    const hops = nextHopsOf(route);
    const ways = hops.map((hop) => this.over(host, hop.gateway, hop.device, to, before));
    return {
      code: ways.find(({ code }) => code !== DELIVERY.delivered)?.code ?? DELIVERY.delivered,
      lost: ways.reduce((sum, way) => sum + way.lost, 0) / hops.length,
      through: [...new Set(ways.flatMap(({ through }) => through))],
    };
  }

  private over(
    host: number,
    next: number,
    device: string,
    to: Destination,
    before: readonly number[],
  ): Arrival {
    if (next < 0 || this.running[next] !== true) return plainArrival(DELIVERY.staleRoute);
    const arrives = to.routers?.includes(this.nodes.name(next)) ?? next === to.owner;
    if (!this.joined(host, next))
      return plainArrival(arrives ? DELIVERY.pathCut : DELIVERY.staleRoute);
    if (this.showsPods(host, next, device, to)) return plainArrival(DELIVERY.underlayRoute);
    if (arrives) return plainArrival(DELIVERY.delivered);
    // A router has no tunnel device: what is wrapped ends there. Assumed, as Linux does without the module ipip.
    if (device === "tunl0" && !this.nodes.isNode(next)) return plainArrival(DELIVERY.staleRoute);
    const passed = [...before, host];
    if (passed.includes(next)) return plainArrival(DELIVERY.staleRoute);
    const onward = this.from(next, to, passed);
    // What fails further on began with a route to a host that does not have the destination.
    const code = onward.code === DELIVERY.delivered ? onward.code : DELIVERY.staleRoute;
    return { code, lost: onward.lost, through: [next, ...onward.through] };
  }

  /**
   * Whether a packet shows a pod's address to the underlay, whose routers know none: it has no encapsulation, and leaves
   * its link. Neighbouring routers are linked; all others must share a subnet.
   */
  private showsPods(host: number, next: number, device: string, to: Destination): boolean {
    if (device !== "eth0" || to.routers !== undefined) return false;
    if (!this.nodes.isNode(host) && !this.nodes.isNode(next)) return false;
    return !this.fabric.sameSubnet(host, next);
  }
}

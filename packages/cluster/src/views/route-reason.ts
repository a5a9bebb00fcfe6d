import type { PathView, RouteView } from "@calico-sim/bgp";
import {
  type Address,
  type AddressFamily,
  formatCidr,
  type Micros,
  nextHopsOf,
  PROTOCOL,
  type RouteType,
} from "@calico-sim/core";
import type { ClusterParts } from "../parts.js";

/** A path of BIRD's by where it came from: the name of its protocol, e.g. `Mesh_10_0_0_5` or `static1`. */
export type PathOrigin = string;

/** Why a node sends what it sends to an address the way it does. */
export interface RouteReason {
  /** The prefix that decides, in the node's kernel. */
  readonly destination: string;
  readonly type: RouteType;
  readonly device: string;
  /** Name of the node that is the next hop; undefined for none. */
  readonly nextHop: string | undefined;
  /** Every next hop: several where equally good paths are one route, of which each flow takes one. */
  readonly nextHops: readonly string[];
  /** Who wrote the route. */
  readonly writtenBy: "bird" | "felix" | "kernel";
  /** What BIRD of the node has for the same prefix, whoever wrote the kernel's route; undefined for nothing. */
  readonly bird: BirdReason | undefined;
}

/** BIRD's side of a {@link RouteReason}. */
export interface BirdReason {
  readonly learntFrom: PathOrigin;
  /** When it came; without the parameter `bird.routeLog`, when its session came up. */
  readonly since: Micros;
  /** Other paths that it has, in the order of preference. */
  readonly others: readonly PathOrigin[];
  /** What was preferred before, and until when; known with the parameter `bird.routeLog`. */
  readonly replaced: { readonly learntFrom: PathOrigin; readonly until: Micros } | undefined;
}

/** The reason for one node and address; undefined without a route. */
export function routeReason(
  parts: ClusterParts,
  node: number,
  address: Address,
): RouteReason | undefined {
  const { kernels, prefixes, nodes } = parts;
  const bird = address.family === 4 ? parts.bird : parts.bird6;
  const found = kernels.lookup(node, address);
  if (found === undefined) return undefined;
  const route = kernels.route(found.route);
  const { type, device, protocol } = route;
  const nextHops = nextHopsOf(route).flatMap(({ gateway }) =>
    gateway < 0 ? [] : [nodes.name(gateway)],
  );
  const held = bird?.viewRoutes(node).find(({ prefix }) => prefix === found.prefix);
  return {
    destination: formatCidr(prefixes.cidr(found.prefix)),
    type,
    device,
    nextHop: nextHops[0],
    nextHops,
    writtenBy:
      protocol === PROTOCOL.bird ? "bird" : protocol === PROTOCOL.felix ? "felix" : "kernel",
    bird: held && birdReason(parts, node, held, address.family),
  };
}

function birdReason(
  parts: ClusterParts,
  node: number,
  route: RouteView,
  family: AddressFamily,
): BirdReason | undefined {
  const names = parts.confd.names(family);
  const origin = ({ peer, kernel }: PathView): PathOrigin =>
    peer === undefined
      ? kernel === undefined
        ? "static1"
        : "kernel1"
      : (names.neighbour(node, peer)?.name ?? "");
  const [best, ...others] = route.paths;
  if (best === undefined) return undefined;
  const { replaced } = route;
  return {
    learntFrom: origin(best),
    since: best.since,
    others: others.map(origin),
    replaced:
      replaced === undefined
        ? undefined
        : { learntFrom: origin(replaced.path), until: replaced.at },
  };
}

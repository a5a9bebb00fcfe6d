import {
  type Cidr,
  cidrContains,
  cidrEquals,
  compareCidrs,
  formatCidr,
  hostCidr,
  type PrefixTable,
  parseAddress,
  parseCidr,
} from "@calico-sim/core";
import { ABSENT } from "../rib/attributes.js";
import { formatSince } from "./clock-text.js";
import { type ControlReply, END_OF_REPLY, type ReplyLine } from "./control-reply.js";
import type { DaemonView } from "./daemon-view.js";
import type { PathView, RouteView } from "./route-view.js";
import type { Neighbours } from "./show-protocols.js";

/** Codes of lines (bird: doc/reply_codes). */
const CODE = { route: 1007, detail: 1008, attribute: 1012 } as const;

/** Width of the destination (bird: nest/rt-table.c, rt_show_rte). */
const DESTINATION_WIDTH = 18;

/** What the texts of routes need beside the routes. */
export interface RouteNames extends Neighbours {
  /** A node's address in BGP; empty without one. */
  addressOf(node: number): string;
  /** A node's address with the length of its subnet; undefined without one. */
  networkOf(node: number): string | undefined;
  /** By address of a peer, the gateway that a node's files name for it (BGPPeer `reachableBy`). Absent: none. */
  gatewaysOf?(node: number): ReadonlyMap<string, string>;
}

/**
 * `show route`, or `show route all` (bird: nest/rt-table.c, proto/bgp/attrs.c): the connected subnet, whose route of the
 * protocol `direct` is better than any that a peer tells (bird: nest/route.h, DEF_PREF_DIRECT), then by destination; BIRD's
 * own order is that of a hash. A next hop outside the node's subnet is shown as it was announced, with an unknown metric:
 * which router leads to it is not modelled.
 */
export function showRoute(
  view: DaemonView,
  routes: readonly RouteView[],
  names: RouteNames,
  prefixes: PrefixTable,
  all = false,
): ControlReply {
  const network = parseCidr(names.networkOf(view.node) ?? "");
  const lines: ReplyLine[] = network === undefined ? [] : connected(view, network, all);
  const others: ReplyLine[] = [];
  const gateways = gatewaysOnLink(names, view.node, network);
  const statics = [...gateways].flatMap(([peer, gateway]) => {
    const address = parseAddress(peer);
    return address === undefined ? [] : [{ cidr: hostCidr(address), gateway }];
  });
  const before = (cidr: Cidr | undefined): void => {
    while (
      statics[0] !== undefined &&
      (cidr === undefined || compareCidrs(statics[0].cidr, cidr) < 0)
    )
      others.push(...staticLines(view, statics.shift()!, all));
  };
  statics.sort((a, b) => compareCidrs(a.cidr, b.cidr));
  for (const { prefix, paths } of routes) {
    const cidr = prefixes.cidr(prefix);
    before(cidr);
    const second = network !== undefined && cidrEquals(network, cidr);
    const destination = formatCidr(cidr);
    const into = second ? lines : others;
    paths.forEach((path, i) => {
      const best = i === 0 && !second;
      into.push({
        code: CODE.route,
        text: `${(best ? destination : "").padEnd(DESTINATION_WIDTH)} ${pathText(view, path, best, names, gateways)}`,
      });
      if (all) into.push(...detail(path, names));
    });
  }
  before(undefined);
  return [...lines, ...others, END_OF_REPLY];
}

const NO_GATEWAYS: ReadonlyMap<string, string> = new Map();

/** Static routes over a gateway that is not on the link are in no table (bird: proto/static/static.c). */
function gatewaysOnLink(
  names: RouteNames,
  node: number,
  network: Cidr | undefined,
): ReadonlyMap<string, string> {
  const all = names.gatewaysOf?.(node) ?? NO_GATEWAYS;
  const near = [...all].filter(([, gateway]) => {
    const address = parseAddress(gateway);
    return address !== undefined && network !== undefined && cidrContains(network, address);
  });
  return new Map(near);
}

/** The route to a peer over the gateway that its BGPPeer names (measured on BIRD 1.6.8). */
function staticLines(
  view: DaemonView,
  { cidr, gateway }: { readonly cidr: Cidr; readonly gateway: string },
  all: boolean,
): readonly ReplyLine[] {
  const since = formatSince(view.booted, view.now);
  const destination = formatCidr(cidr).padEnd(DESTINATION_WIDTH);
  const text = `${destination} via ${gateway} on eth0 [static1 ${since}] * (200)`;
  const type = { code: CODE.detail, text: "\tType: static unicast univ" };
  return [{ code: CODE.route, text }, ...(all ? [type] : [])];
}

/** The subnet of the node's interface, which the protocol `direct` has. */
function connected(view: DaemonView, network: Cidr, all: boolean): ReplyLine[] {
  const since = formatSince(view.booted, view.now);
  const destination = formatCidr(network).padEnd(DESTINATION_WIDTH);
  return [
    { code: CODE.route, text: `${destination} dev eth0 [direct1 ${since}] * (240)` },
    ...(all ? [{ code: CODE.detail, text: "\tType: device unicast univ" }] : []),
  ];
}

function pathText(
  view: DaemonView,
  path: PathView,
  best: boolean,
  names: RouteNames,
  gateways: ReadonlyMap<string, string>,
): string {
  const since = formatSince(path.since, view.now);
  const star = best ? " *" : "";
  if (path.kernel !== undefined)
    return `dev ${path.kernel.device} [kernel1 ${since}]${star} (${String(path.preference)})`;
  if (path.peer === undefined)
    return `blackhole [static1 ${since}]${star} (${String(path.preference)})`;
  const name = names.neighbour(view.node, path.peer)?.name ?? "";
  const announced = names.addressOf(path.nextHop);
  // The static route to the peer is what its address resolves over; of what it costs BIRD knows nothing then.
  const over = gateways.get(announced);
  const gateway = over ?? announced;
  const address = over === undefined ? parseAddress(gateway) : undefined;
  const network = parseCidr(names.networkOf(view.node) ?? "");
  const onLink = address !== undefined && network !== undefined && cidrContains(network, address);
  const { device } = path;
  const metric = device === "" ? "-" : onLink || device !== undefined ? "0" : "?";
  const origin = path.attributes.asPath.at(-1);
  const from = origin === undefined ? "" : `AS${String(origin)}`;
  const letter = ["i", "e", "?"][path.attributes.origin] ?? "?";
  const teller = names.addressOf(path.peer);
  const via = teller === gateway ? "" : ` from ${teller}`;
  // Of a pod as next hop, measured on BIRD 1.6.8: `on cali…`, and elsewhere no way.
  const way = device === "" ? "unreachable" : `via ${gateway} on ${device ?? "eth0"}`;
  return `${way} [${name} ${since}${via}]${star} (${String(path.preference)}/${metric}) [${from}${letter}]`;
}

function detail(path: PathView, names: RouteNames): readonly ReplyLine[] {
  if (path.kernel !== undefined) {
    const { protocol, metric } = path.kernel;
    const values = [`Kernel.source: ${String(protocol)}`, `Kernel.metric: ${String(metric)}`];
    return [
      { code: CODE.detail, text: "\tType: inherit unicast univ" },
      ...values.map((text) => ({ code: CODE.attribute, text: `\t${text}` })),
    ];
  }
  if (path.peer === undefined) return [{ code: CODE.detail, text: "\tType: static unicast univ" }];
  const { attributes } = path;
  const { med, communities, originatorId, clusterList, largeCommunities } = attributes;
  const lines = [
    `BGP.origin: ${["IGP", "EGP", "Incomplete"][attributes.origin] ?? ""}`,
    `BGP.as_path: ${attributes.asPath.join(" ")}`,
    `BGP.next_hop: ${names.addressOf(path.nextHop)}`,
    ...(med === ABSENT ? [] : [`BGP.med: ${String(med)}`]),
    `BGP.local_pref: ${String(attributes.localPref)}`,
    ...(communities.length === 0
      ? []
      : [`BGP.community: ${communities.map((one) => tuple(one, ",")).join(" ")}`]),
    ...(originatorId === ABSENT ? [] : [`BGP.originator_id: ${dotted(originatorId)}`]),
    ...(clusterList.length === 0 ? [] : [`BGP.cluster_list: ${clusterList.map(dotted).join(" ")}`]),
    ...(largeCommunities.length === 0
      ? []
      : [`BGP.large_community: ${largeCommunities.map((one) => tuple(one, ", ")).join(" ")}`]),
  ];
  return [
    {
      code: CODE.detail,
      text: `\tType: BGP ${path.device === "" ? "unreachable" : "unicast"} univ`,
    },
    ...lines.map((text) => ({ code: CODE.attribute, text: `\t${text}` })),
  ];
}

function tuple(community: string, separator: string): string {
  return `(${community.split(":").join(separator)})`;
}

/** A router or cluster id. */
function dotted(id: number): string {
  return [id >>> 24, (id >>> 16) & 255, (id >>> 8) & 255, id & 255].join(".");
}

import {
  type Cidr,
  cidrContains,
  cidrEquals,
  formatCidr,
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
  for (const { prefix, paths } of routes) {
    const cidr = prefixes.cidr(prefix);
    const second = network !== undefined && cidrEquals(network, cidr);
    const destination = formatCidr(cidr);
    const into = second ? lines : others;
    paths.forEach((path, i) => {
      const best = i === 0 && !second;
      into.push({
        code: CODE.route,
        text: `${(best ? destination : "").padEnd(DESTINATION_WIDTH)} ${pathText(view, path, best, names)}`,
      });
      if (all) into.push(...detail(path, names));
    });
  }
  return [...lines, ...others, END_OF_REPLY];
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

function pathText(view: DaemonView, path: PathView, best: boolean, names: RouteNames): string {
  const since = formatSince(path.since, view.now);
  const star = best ? " *" : "";
  if (path.kernel !== undefined)
    return `dev ${path.kernel.device} [kernel1 ${since}]${star} (${String(path.preference)})`;
  if (path.peer === undefined)
    return `blackhole [static1 ${since}]${star} (${String(path.preference)})`;
  const name = names.neighbour(view.node, path.peer)?.name ?? "";
  const gateway = names.addressOf(path.nextHop);
  const address = parseAddress(gateway);
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

import { type Cidr, cidrContains, type PrefixTable, parseCidr } from "@calico-sim/core";
import type { CommunityRule, ExportStep, FilterMatch, FilterRule } from "../confd/render/model.js";
import type { PeerFilter } from "../types.js";
import { type AttributeSet, NORMAL_LOCAL_PREF } from "./attributes.js";

/** A route on its way through a filter. */
export interface FilteredRoute {
  readonly prefix: Cidr;
  attributes: AttributeSet;
  /** Learnt by BGP, rather than originated here. */
  readonly learnt: boolean;
  /**
   * Interface of the next hop: {@link UPLINK} of what came by BGP, the pod's own of a route that BIRD has from its kernel.
   * Absent: none, which `ifname` gives as blank text (measured on BIRD 1.6.8).
   */
  readonly device?: string | undefined;
}

/** The interface that nodes and routers are behind; a filter sees it where a route came by BGP (measured on BIRD 1.6.8). */
export const UPLINK = "eth0";

const PARSED: Map<string, Cidr | undefined> = new Map();

/** A CIDR of a filter; read once. */
function cidrOf(text: string): Cidr | undefined {
  if (!PARSED.has(text)) PARSED.set(text, parseCidr(text));
  return PARSED.get(text);
}

function within(text: string, prefix: Cidr): boolean {
  const range = cidrOf(text);
  return range !== undefined && cidrContains(range, prefix);
}

/** Runs the BGPFilters of a peer; `undefined` when no rule decides (node-behaviour §1.10). */
export function runFilters(
  filters: readonly PeerFilter[],
  route: FilteredRoute,
): "accept" | "reject" | undefined {
  for (const { filter, internal } of filters) {
    for (const rule of filter.rules) {
      if (!applies(rule, route, internal)) continue;
      for (const operation of rule.operations) route.attributes = operate(route, operation);
      return rule.action;
    }
  }
  return undefined;
}

function applies(
  { peerType, match }: FilterRule,
  route: FilteredRoute,
  internal: boolean,
): boolean {
  if (peerType !== undefined && (peerType === "iBGP") !== internal) return false;
  const { attributes } = route;
  if (match.net !== undefined && !netMatches(match.net, route.prefix)) return false;
  if (match.source !== undefined && !route.learnt) return false;
  if (match.interface !== undefined && !isLike(route.device ?? "", match.interface)) return false;
  if (match.community !== undefined && !attributes.communities.includes(match.community))
    return false;
  if (
    match.largeCommunity !== undefined &&
    !attributes.largeCommunities.includes(match.largeCommunity)
  )
    return false;
  if (match.localPref !== undefined && attributes.localPref !== match.localPref) return false;
  return (match.asPathPrefix ?? []).every((as, i) => attributes.asPath[i] === as);
}

/** `ifname ~ "cali*"`: `*` stands for any text, `?` for one character (bird: lib/patmatch.c). */
function isLike(text: string, pattern: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(text);
}

/**
 * `net = P` is the prefix itself, `net ~ P` also what lies inside. With a range of lengths confd writes a set of prefixes,
 * `[ P{min,max} ]`: in it are those of a length in the range that agree with P in as many bits as both have, and equal to
 * it is none (calico: confd/pkg/resource/template/template_funcs.go; bird: filter/trie.c, filter/filter.c, val_same;
 * measured on BIRD 1.6.8).
 */
function netMatches(net: NonNullable<FilterMatch["net"]>, prefix: Cidr): boolean {
  const range = cidrOf(net.cidr);
  if (range === undefined) return false;
  const inside = cidrContains(range, prefix);
  const { min = range.length, max = range.family === 4 ? 32 : 128 } = net.prefixLength ?? {};
  const set = net.prefixLength !== undefined;
  const equal = !set && inside && prefix.length === range.length;
  const agrees = inside || cidrContains(prefix, range);
  const within = set ? agrees && prefix.length >= min && prefix.length <= max : inside;
  switch (net.operator) {
    case "Equal":
      return equal;
    case "NotEqual":
      return !equal;
    case "In":
      return within;
    case "NotIn":
      return !within;
  }
}

function operate(
  { attributes }: FilteredRoute,
  operation: FilterRule["operations"][number],
): AttributeSet {
  if ("addCommunity" in operation) return withCommunities(attributes, [operation.addCommunity]);
  if ("addLargeCommunity" in operation)
    return withCommunities(attributes, [operation.addLargeCommunity]);
  if ("prependAS" in operation)
    return { ...attributes, asPath: [operation.prependAS, ...attributes.asPath] };
  return { ...attributes, localPref: operation.setLocalPref };
}

/** Standard communities have two parts, large ones three (RFC 1997, RFC 8092). */
function withCommunities(set: AttributeSet, added: readonly string[]): AttributeSet {
  const large = (text: string): boolean => text.split(":").length === 3;
  const join = (held: readonly string[], more: readonly string[]): readonly string[] =>
    more.length === 0 ? held : [...new Set([...held, ...more])].sort();
  return {
    ...set,
    communities: join(
      set.communities,
      added.filter((c) => !large(c)),
    ),
    largeCommunities: join(set.largeCommunities, added.filter(large)),
  };
}

/**
 * `calico_export_to_bgp_peers`; the first check that decides ends (node-behaviour §1.6). The checks of
 * tunnels match nothing, for of routes learnt from the kernel only pods' are in the model.
 */
export function exportAccepts(
  steps: readonly ExportStep[],
  communities: readonly CommunityRule[],
  isOwn: (prefix: Cidr) => "block" | "inside" | undefined,
  route: FilteredRoute,
): boolean {
  for (const step of steps) {
    switch (step.kind) {
      case "pool":
        if (within(step.cidr, route.prefix)) return step.action === "accept";
        break;
      case "static":
      case "service-range":
        if (within(step.cidr, route.prefix)) return true;
        break;
      case "own-blocks": {
        const own = isOwn(route.prefix);
        // A route that is preferred to ordinary ones is told even inside the block (node-behaviour §1.6, rule 5).
        if (own !== undefined)
          return own === "block" || route.attributes.localPref > NORMAL_LOCAL_PREF;
        break;
      }
      case "add-communities":
        for (const { cidr, add } of communities)
          if (within(cidr, route.prefix)) route.attributes = withCommunities(route.attributes, add);
        break;
      case "reject-tunnel-to-internal":
      case "reject-local":
        break;
    }
  }
  return false;
}

/** Whether a prefix is one of a node's own blocks, or lies inside one. */
export function ownership(
  prefixes: PrefixTable,
  blocks: readonly number[],
  prefix: Cidr,
): "block" | "inside" | undefined {
  for (const block of blocks) {
    const cidr = prefixes.cidr(block);
    if (cidrContains(cidr, prefix)) return cidr.length === prefix.length ? "block" : "inside";
  }
  return undefined;
}

import type { FilterFunction, FilterMatch, FilterOperation, FilterRule } from "../render/model.js";
import { braced, type Lines, quoted, when } from "./lines.js";

/** BIRD's name of a function: quoted, since names of resources hold dashes and dots. */
export function functionName(
  filter: string,
  direction: "import" | "export",
  family: 4 | 6,
): string {
  return `'bgp_${filter}_${direction}FilterV${String(family)}'`;
}

/** The functions of BGPFilters (node-behaviour §1.10; calico: confd/pkg/resource/template/template_funcs.go). */
export function filterFunctions(
  filters: readonly FilterFunction[],
  family: 4 | 6,
): readonly Lines[] {
  return filters.map(({ filter, direction, dependsOnPeerType, rules }) => {
    const name = functionName(filter, direction, family);
    const head = `function ${name}(${dependsOnPeerType ? "bool internal_peer" : ""})`;
    return braced(head, rules.flatMap(ruleLines));
  });
}

function ruleLines({ peerType, match, operations, action }: FilterRule): Lines {
  const conditions = [
    ...(peerType === undefined ? [] : [peerType === "iBGP" ? "internal_peer" : "!internal_peer"]),
    ...matchConditions(match),
  ];
  return when(conditions, [...operations.map(operationLine), `${action};`]);
}

const NET_OPERATORS = { Equal: "=", NotEqual: "!=", In: "~", NotIn: "!~" } as const;

function matchConditions(match: FilterMatch): Lines {
  const { net, source, community, largeCommunity, asPathPrefix, localPref } = match;
  return [
    ...(net === undefined ? [] : [netCondition(net)]),
    ...(source === undefined ? [] : ["source = RTS_BGP"]),
    ...(match.interface === undefined
      ? []
      : ["defined(ifname)", `ifname ~ ${quoted(match.interface)}`]),
    ...(community === undefined ? [] : [`${tuple(community)} ~ bgp_community`]),
    ...(largeCommunity === undefined ? [] : [`${tuple(largeCommunity)} ~ bgp_large_community`]),
    ...(asPathPrefix === undefined ? [] : [`bgp_path ~ [= ${asPathPrefix.join(" ")} * =]`]),
    ...(localPref === undefined
      ? []
      : ["defined(bgp_local_pref)", `bgp_local_pref = ${String(localPref)}`]),
  ];
}

/** With a range of lengths the prefix is a set of one pattern. */
function netCondition({ operator, cidr, prefixLength }: NonNullable<FilterMatch["net"]>): string {
  const sign = NET_OPERATORS[operator];
  if (prefixLength === undefined) return `net ${sign} ${cidr}`;
  const own = Number(cidr.split("/")[1]);
  const longest = cidr.includes(":") ? 128 : 32;
  const { min = own, max = longest } = prefixLength;
  return `net ${sign} [ ${cidr}{${String(min)},${String(max)}} ]`;
}

function operationLine(operation: FilterOperation): string {
  if ("addCommunity" in operation) return communityLine(operation.addCommunity);
  if ("addLargeCommunity" in operation) return communityLine(operation.addLargeCommunity);
  if ("prependAS" in operation) return `bgp_path.prepend(${String(operation.prependAS)});`;
  return `bgp_local_pref = ${String(operation.setLocalPref)};`;
}

/** Adds a community, `aa:nn` or large. */
export function communityLine(community: string): string {
  const attribute = community.split(":").length === 3 ? "bgp_large_community" : "bgp_community";
  return `${attribute}.add(${tuple(community)});`;
}

function tuple(community: string): string {
  return `(${community.split(":").join(", ")})`;
}

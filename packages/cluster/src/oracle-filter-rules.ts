import {
  type AddressFamily,
  type BGPFilter,
  type Cidr,
  cidrContains,
  parseCidr,
} from "@calico-sim/core";

/** What a rule asks of a route: every part that is there has to hold (node-behaviour §1.10). */
interface Wanted {
  readonly peerType: "iBGP" | "eBGP" | undefined;
  readonly net:
    | { readonly operator: string; readonly cidr: Cidr; readonly lengths: Lengths | undefined }
    | undefined;
  /** `source: RemotePeers`. */
  readonly learnt: boolean;
  readonly interface: string | undefined;
  readonly community: string | undefined;
  readonly asPathPrefix: readonly number[];
  readonly priority: number | undefined;
}

interface Lengths {
  readonly min: number;
  readonly max: number;
}

/** A rule of a BGPFilter. @see node-behaviour §1.10 */
export interface OracleRule {
  readonly wanted: Wanted;
  /** As the resource has them, in order. */
  readonly operations: readonly Operation[];
  readonly accepts: boolean;
}

interface Operation {
  readonly addCommunity?: { readonly value?: string };
  readonly prependASPath?: { readonly prefix?: readonly number[] };
  readonly setPriority?: { readonly value?: number };
}

/** A route as a filter sees it. */
export interface RuledRoute {
  readonly prefix: Cidr;
  /** It came by BGP. */
  readonly learnt: boolean;
  /** Interface that it leads over; blank for a blackhole, `cali…` for that of some pod. */
  readonly device: string;
  /** `aa:nn` or `aa:nn:mm`. */
  readonly communities: readonly string[];
  readonly asPath: readonly number[];
  /** 2147483647 − priority (node-behaviour §1.6). */
  readonly localPref: number;
}

/** What the rules make of a route: `open` where none decides, `unknown` where an interface that has no known name does. */
export interface Ruling<Route extends RuledRoute> {
  readonly verdict: "accept" | "reject" | "open" | "unknown";
  readonly route: Route;
}

/** `local_pref = 2147483647 − metric` (node-behaviour §1.6). */
export const PRIORITY_BASE = 2147483647;

/** The interface of a pod, whose name is a hash. */
export const POD_DEVICE = "cali…";

/** The rules of a BGPFilter for a direction and a family, in their order. */
export function oracleRules(
  { spec = {} }: BGPFilter,
  direction: "import" | "export",
  family: AddressFamily,
): readonly OracleRule[] {
  const rules = spec[`${direction}V${family === 4 ? "4" : "6"}`];
  return Array.isArray(rules) ? rules.map((rule) => readRule(rule as ApiRule)) : [];
}

/** A rule as the API has it. @see calico: api/pkg/apis/projectcalico/v3/bgpfilter.go */
interface ApiRule {
  readonly action?: string;
  readonly peerType?: "iBGP" | "eBGP";
  readonly matchOperator?: string;
  readonly cidr?: string;
  readonly prefixLength?: Partial<Lengths>;
  readonly source?: string;
  readonly interface?: string;
  readonly communities?: { readonly values?: readonly string[] };
  readonly asPathPrefix?: readonly number[];
  readonly priority?: number;
  readonly operations?: readonly Operation[];
}

function readRule(rule: ApiRule): OracleRule {
  const { peerType, source, matchOperator = "Equal", operations = [] } = rule;
  const cidr = parseCidr(rule.cidr ?? "");
  const longest = cidr?.family === 6 ? 128 : 32;
  const range = rule.prefixLength;
  // Assumed where one end is not given: from the CIDR's own length, and to the longest that there is.
  const lengths = range && { min: range.min ?? cidr?.length ?? 0, max: range.max ?? longest };
  return {
    wanted: {
      peerType,
      net: cidr && { operator: matchOperator, cidr, lengths },
      learnt: source === "RemotePeers",
      interface: rule.interface === "" ? undefined : rule.interface,
      community: rule.communities?.values?.[0],
      asPathPrefix: rule.asPathPrefix ?? [],
      priority: rule.priority,
    },
    operations,
    accepts: rule.action !== "Reject",
  };
}

/**
 * Asks rules one after the other; the first whose every condition holds decides, after its operations.
 *
 * @param internal - whether the peer is of the same AS, for rules with a `peerType`.
 */
export function ruled<Route extends RuledRoute>(
  rules: readonly OracleRule[],
  route: Route,
  internal: boolean,
): Ruling<Route> {
  for (const { wanted, operations, accepts } of rules) {
    const answers = conditions(wanted, route, internal);
    if (answers.includes(false)) continue;
    if (answers.includes(undefined)) return { verdict: "unknown", route };
    if (!accepts) return { verdict: "reject", route };
    return { verdict: "accept", route: operations.reduce<Route>(changed, route) };
  }
  return { verdict: "open", route };
}

/** Whether each condition holds; undefined where that cannot be said. */
function conditions(
  wanted: Wanted,
  route: RuledRoute,
  internal: boolean,
): readonly (boolean | undefined)[] {
  const { peerType, net, learnt, community, asPathPrefix, priority } = wanted;
  return [
    peerType === undefined || internal === (peerType === "iBGP"),
    net === undefined || holdsFor(net, route.prefix),
    !learnt || route.learnt,
    wanted.interface === undefined || isNamed(route.device, wanted.interface),
    community === undefined || route.communities.includes(community),
    asPathPrefix.every((as, i) => route.asPath[i] === as),
    priority === undefined || route.localPref === PRIORITY_BASE - priority,
  ];
}

/**
 * `Equal` asks for the prefix itself, `In` for what lies inside, and the others for the opposite. With a range of lengths
 * the CIDR becomes a set of prefixes, `[ 10.1.0.0/16{8,24} ]`, in which those are that agree with it in as many bits as
 * both have, and no prefix is equal to a set (measured on BIRD 1.6.8; bird: filter/trie.c, filter/filter.c, val_same).
 */
function holdsFor({ operator, cidr, lengths }: NonNullable<Wanted["net"]>, net: Cidr): boolean {
  const { length } = net;
  const inside = cidrContains(cidr, net);
  const equal = lengths === undefined && inside && length === cidr.length;
  const among =
    lengths === undefined
      ? inside
      : (inside || cidrContains(net, cidr)) && length >= lengths.min && length <= lengths.max;
  switch (operator) {
    case "Equal":
      return equal;
    case "NotEqual":
      return !equal;
    case "In":
      return among;
    default:
      return !among;
  }
}

/** Whether an interface has a name like `eth*` or `eth?`; undefined for one whose name is not known to its end. */
function isNamed(device: string, pattern: string): boolean | undefined {
  if (device !== POD_DEVICE) return isLike(device, pattern);
  const known = device.slice(0, -1);
  const plain = pattern.replace(/[*?].*$/, "");
  if (!plain.startsWith(known) && !known.startsWith(plain)) return false;
  return known.startsWith(plain) && pattern === `${plain}*` ? true : undefined;
}

/** `*` stands for any text, `?` for one character (bird: lib/patmatch.c). */
function isLike(text: string, pattern: string): boolean {
  if (pattern === "") return text === "";
  if (pattern.startsWith("*"))
    return isLike(text, pattern.slice(1)) || (text !== "" && isLike(text.slice(1), pattern));
  const fits = text !== "" && (pattern.startsWith("?") || pattern[0] === text[0]);
  return fits && isLike(text.slice(1), pattern.slice(1));
}

function changed<Route extends RuledRoute>(route: Route, operation: Operation): Route {
  const { addCommunity, prependASPath, setPriority } = operation;
  let { communities, asPath, localPref } = route;
  if (addCommunity?.value !== undefined)
    communities = withCommunity(communities, addCommunity.value);
  if (prependASPath?.prefix !== undefined) asPath = [...prependASPath.prefix, ...asPath];
  if (setPriority?.value !== undefined) localPref = PRIORITY_BASE - setPriority.value;
  return { ...route, communities, asPath, localPref };
}

/** A set of communities with one more. */
export function withCommunity(held: readonly string[], added: string): readonly string[] {
  return held.includes(added) ? held : [...held, added].sort();
}

import { type AddressFamily, type BGPFilter, sha256 } from "@calico-sim/core";
import { LOCAL_PREF_BASE } from "./constants.js";
import type {
  FilterCall,
  FilterFunction,
  FilterMatch,
  FilterOperation,
  FilterRule,
} from "./model.js";

/** Characters that a BIRD symbol of 64 leaves for the name of a filter (calico: confd/pkg/resource/template/template_funcs.go). */
const NAME_LENGTH = 45;
const HASH_LENGTH = 16;

/** A rule of a BGPFilter. @see calico: api/pkg/apis/projectcalico/v3/bgpfilter.go */
interface ApiRule {
  readonly action?: string;
  readonly peerType?: "iBGP" | "eBGP";
  readonly matchOperator?: "Equal" | "NotEqual" | "In" | "NotIn";
  readonly cidr?: string;
  readonly prefixLength?: PrefixLength;
  readonly prefixLengthV4?: PrefixLength;
  readonly prefixLengthV6?: PrefixLength;
  readonly source?: "RemotePeers";
  readonly interface?: string;
  readonly communities?: { readonly values?: readonly string[] };
  readonly asPathPrefix?: readonly number[];
  readonly priority?: number;
  readonly operations?: readonly ApiOperation[];
}

interface PrefixLength {
  readonly min?: number;
  readonly max?: number;
}

interface ApiOperation {
  readonly addCommunity?: { readonly value?: string };
  readonly prependASPath?: { readonly prefix?: readonly number[] };
  readonly setPriority?: { readonly value?: number };
}

/** The functions of all BGPFilters of one family, by the name of the resource. */
export type FilterSet = ReadonlyMap<
  string,
  Readonly<Partial<Record<"import" | "export", FilterFunction>>>
>;

/**
 * The BGPFilters of one family as functions, used by a peer or not; a direction without rules has
 * none (calico: confd/pkg/resource/template/template_funcs.go).
 */
export function filterSet(filters: readonly BGPFilter[], family: AddressFamily): FilterSet {
  return new Map(
    filters.map(({ metadata, spec = {} }) => {
      const name = cutName(metadata.name);
      const direction = (of: "import" | "export") => {
        const rules = (spec[`${of}V${String(family)}`] ?? []) as readonly ApiRule[];
        if (rules.length === 0) return {};
        return {
          [of]: {
            filter: name,
            direction: of,
            dependsOnPeerType: rules.some(({ peerType }) => Boolean(peerType)),
            rules: rules.map(readRule),
          },
        };
      };
      return [metadata.name, { ...direction("import"), ...direction("export") }];
    }),
  );
}

/** The calls that wrap a peer's filters, in the order of the BGPPeer (calico: confd/pkg/backends/calico/bgp_processor.go:701-826). */
export function filterCalls(
  filters: FilterSet,
  names: readonly string[] | undefined,
  direction: "import" | "export",
  internal: boolean,
): readonly FilterCall[] {
  return (names ?? []).flatMap((name) => {
    const called = filters.get(name)?.[direction];
    if (called === undefined) return [];
    return [{ filter: called.filter, internal: called.dependsOnPeerType ? internal : undefined }];
  });
}

/** A name that fits: cut, with the first 16 digits of its SHA-256 (calico: confd/pkg/resource/template/template_funcs.go). */
export function cutName(name: string): string {
  if (name.length <= NAME_LENGTH) return name;
  const hash = [...sha256(name).subarray(0, HASH_LENGTH / 2)]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  return `${name.slice(0, NAME_LENGTH - HASH_LENGTH - 1)}_${hash.toUpperCase()}`;
}

function readRule(rule: ApiRule): FilterRule {
  return {
    peerType: rule.peerType || undefined,
    match: readMatch(rule),
    operations: (rule.operations ?? []).flatMap(readOperation),
    action: rule.action?.toLowerCase() === "reject" ? "reject" : "accept",
  };
}

function readMatch(rule: ApiRule): FilterMatch {
  const { cidr, source, priority, asPathPrefix } = rule;
  const range = rule.prefixLength ?? rule.prefixLengthV4 ?? rule.prefixLengthV6;
  // A rule has at most one community.
  const community = rule.communities?.values?.[0];
  return {
    ...(cidr
      ? {
          net: {
            operator: rule.matchOperator ?? "Equal",
            cidr,
            ...(range === undefined ? {} : { prefixLength: range }),
          },
        }
      : {}),
    ...(source ? { source } : {}),
    ...(rule.interface ? { interface: rule.interface } : {}),
    ...(community === undefined
      ? {}
      : { [isLarge(community) ? "largeCommunity" : "community"]: community }),
    ...(asPathPrefix === undefined || asPathPrefix.length === 0 ? {} : { asPathPrefix }),
    ...(priority === undefined ? {} : { localPref: LOCAL_PREF_BASE - priority }),
  };
}

/** BIRD prepends one AS at a time, so a prefix is written last first. */
function readOperation(operation: ApiOperation): readonly FilterOperation[] {
  const community = operation.addCommunity?.value;
  const priority = operation.setPriority?.value;
  return [
    ...(community === undefined
      ? []
      : [isLarge(community) ? { addLargeCommunity: community } : { addCommunity: community }]),
    ...(operation.prependASPath?.prefix ?? []).map((prependAS) => ({ prependAS })).reverse(),
    ...(priority === undefined ? [] : [{ setLocalPref: LOCAL_PREF_BASE - priority }]),
  ];
}

function isLarge(community: string): boolean {
  return community.split(":").length === 3;
}

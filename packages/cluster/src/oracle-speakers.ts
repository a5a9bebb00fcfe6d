import {
  type AddressFamily,
  type BGPConfiguration,
  type BGPFilter,
  type BGPPeer,
  type Cidr,
  parseCidr,
} from "@calico-sim/core";
import type { OracleRule } from "./oracle-filter-rules.js";
import {
  plainTerms,
  type SessionTerms,
  type TermsOfPeers,
  termsOfPeers,
} from "./oracle-session-terms.js";
import type { OracleNode, OracleRouter, Spread } from "./oracle-terms.js";

/**
 * Sessions and their terms, for routes that are followed from one speaker to the next: where BGPFilters have a say, or the
 * mesh is of several ASes, of which each passes on what the others tell.
 */
export interface OracleSpeakers {
  /** What BGPPeers say of nodes' sessions. */
  readonly terms: TermsOfPeers;
  /** Nodes of the mesh, with its terms. */
  readonly mesh: ReadonlyMap<string, SessionTerms>;
  readonly meshOfOneAS: boolean;
  /** Some rule sets a priority. */
  readonly setsPriorities: boolean;
  /** By end: others that BGPPeers name, or that name it, and neighbours of a router. */
  readonly named: ReadonlyMap<string, ReadonlySet<string>>;
  /** By node, blank for all others: what it adds to prefixes that it tells (node-behaviour §1.10). */
  readonly communities: ReadonlyMap<string, readonly Advertised[]>;
  /** By destination; emptied when somebody lives, dies or is cut off. */
  readonly spreads: Map<string, Spread>;
}

/** Communities of a prefix and of what lies inside it. */
export interface Advertised {
  readonly cidr: Cidr;
  readonly communities: readonly string[];
}

/** What is read. */
interface SpeakerResources {
  readonly family: AddressFamily;
  readonly nodes: ReadonlyMap<string, OracleNode>;
  readonly routers: readonly OracleRouter[];
  readonly peers: readonly BGPPeer[];
  readonly filters: readonly BGPFilter[];
  readonly configurations: readonly BGPConfiguration[];
  readonly mesh: boolean;
  readonly asNumber: number;
}

/** What is followed from speaker to speaker; undefined where simpler rules do. */
export function oracleSpeakers(from: SpeakerResources): OracleSpeakers | undefined {
  const { peers, filters, nodes, routers } = from;
  const members = [...nodes.values()].filter(
    ({ address, clusterId }) => from.mesh && clusterId === "" && address !== undefined,
  );
  const ases = new Set(members.map(({ asNumber }) => asNumber));
  const named = filters.length > 0 && peers.some(({ spec }) => (spec.filters ?? []).length > 0);
  if (!named && ases.size <= 1) return undefined;
  const terms = termsOfPeers(from);
  const rules = new Set<OracleRule>();
  for (const own of terms.values())
    for (const one of own.values())
      for (const rule of [...one.import, ...one.export]) rules.add(rule);
  if (rules.size === 0 && ases.size <= 1) return undefined;
  return {
    terms,
    mesh: new Map(members.map(({ name, asNumber }) => [name, plainTerms(asNumber)])),
    meshOfOneAS: ases.size <= 1,
    setsPriorities: [...rules].some((rule) =>
      rule.operations.some(({ setPriority }) => setPriority !== undefined),
    ),
    named: namedBy(terms, routers),
    communities: advertisedBy(from.configurations),
    spreads: new Map(),
  };
}

function namedBy(
  terms: TermsOfPeers,
  routers: readonly OracleRouter[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const join = (a: string, b: string): void => {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const own = found.get(one) ?? new Set<string>();
      found.set(one, own.add(other));
    }
  };
  for (const [end, others] of terms) for (const other of others.keys()) join(end, other);
  for (const a of routers)
    for (const b of routers) if (a.peersWith?.has(b.name) === true) join(a.name, b.name);
  return found;
}

/** A node's own prefixAdvertisements, else those of all; a community is written out, or the name of one (node-behaviour §1.10). */
function advertisedBy(
  configurations: readonly BGPConfiguration[],
): ReadonlyMap<string, readonly Advertised[]> {
  const found = new Map<string, readonly Advertised[]>();
  for (const { metadata, spec = {} } of configurations) {
    const named = new Map(
      (spec.communities ?? []).map(({ name = "", value = "" }) => [name, value]),
    );
    const own = (spec.prefixAdvertisements ?? []).flatMap(({ cidr = "", communities = [] }) => {
      const prefix = parseCidr(cidr);
      const values = communities.flatMap((text) =>
        /^\d+(:\d+){1,2}$/.test(text) ? text : (named.get(text) ?? []),
      );
      return prefix === undefined ? [] : [{ cidr: prefix, communities: values }];
    });
    const of = metadata.name === "default" ? "" : metadata.name.replace(/^node\./, "");
    if (own.length > 0 || of === "") found.set(of, own);
  }
  return found;
}

/** Pairs of nodes whose session is the mesh's though a BGPPeer has rules for it, as text; each from the end that has them. */
export function pairsWithIdleRules({ mesh, terms }: OracleSpeakers): readonly string[] {
  return [...terms].flatMap(([end, others]) =>
    [...others].flatMap(([other, said]) => {
      const idle = mesh.has(end) && mesh.has(other) && !said.global;
      const rules = said.import.length + said.export.length;
      return idle && rules > 0 ? [`${end} and ${other}`] : [];
    }),
  );
}

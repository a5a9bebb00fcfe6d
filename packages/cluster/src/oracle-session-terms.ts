import {
  type AddressFamily,
  addressEquals,
  type BGPFilter,
  type BGPPeer,
  parseASNumber,
} from "@calico-sim/core";
import { type OracleRule, oracleRules } from "./oracle-filter-rules.js";
import type { NextHopMode } from "./oracle-next-hops.js";
import { podPeers } from "./oracle-outside.js";
import { isLocal, matches, peerAddress } from "./oracle-selection.js";
import type { OracleNode, OracleRouter } from "./oracle-terms.js";

/** How one end of a session treats the other. */
export interface SessionTerms {
  /** AS that it shows. */
  readonly asNumber: number;
  /** It treats the other as a client of its own (RFC 4456). */
  readonly client: boolean;
  readonly nextHop: NextHopMode;
  /** Times that its own AS may be in a path that it takes. */
  readonly ownAS: number;
  readonly import: readonly OracleRule[];
  readonly export: readonly OracleRule[];
  /** The BGPPeer is for every node, so that its session comes before that of the mesh. */
  readonly global: boolean;
}

/** By one end and the other, whose names are those of nodes and routers. */
export type TermsOfPeers = ReadonlyMap<string, ReadonlyMap<string, SessionTerms>>;

/** What is read. */
export interface PeerResources {
  readonly nodes: ReadonlyMap<string, OracleNode>;
  readonly routers: readonly OracleRouter[];
  readonly peers: readonly BGPPeer[];
  readonly filters: readonly BGPFilter[];
  readonly family: AddressFamily;
  /** AS of nodes that have none of their own. */
  readonly asNumber: number;
}

const NO_RULES: readonly OracleRule[] = Object.freeze([]);

/** Terms of a session that nothing is said of: those of the mesh, and of a router with a neighbour (node-behaviour §1.3). */
export function plainTerms(asNumber: number, client = false): SessionTerms {
  return {
    asNumber,
    client,
    nextHop: "auto",
    ownAS: 0,
    import: NO_RULES,
    export: NO_RULES,
    global: false,
  };
}

/**
 * What BGPPeers say of the sessions of nodes with one another and with routers outside: global ones first, then those of
 * some nodes, then the reverse of both; of two for one peer the first counts (node-behaviour §1.4). Assumed: BGPPeers are
 * read in the order of their names.
 */
export function termsOfPeers(from: PeerResources): TermsOfPeers {
  const found = new Map<string, Map<string, SessionTerms>>();
  const add = (end: string, other: string, terms: SessionTerms): void => {
    const own = found.get(end) ?? new Map<string, SessionTerms>();
    found.set(end, own);
    if (end !== other && !own.has(other)) own.set(other, terms);
  };
  const peers = from.peers
    .filter(({ spec }) => !spec.localWorkloadSelector)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((peer): ReadPeer => ({ ...peer, rules: rulesOf(from, peer) }));
  for (const { node, router, spec } of podPeers(from.nodes, from.peers, from.routers)) {
    const peer = { spec, rules: rulesOf(from, { spec }) };
    add(node.name, router.name, termsOf(peer, node, { ...router, cluster: "" }));
  }
  const passes = [peers.filter(isGlobal), peers.filter((one) => !isGlobal(one))];
  for (const peer of passes.flat())
    for (const local of localsOf(from, peer))
      for (const remote of remotesOf(from, peer)) {
        // The cluster id is copied from selected nodes, and unknown of an address.
        const cluster = peer.spec.peerSelector && "clusterId" in remote ? remote.clusterId : "";
        add(local.name, remote.name, termsOf(peer, local, { ...remote, cluster }));
      }
  for (const peer of peers) {
    if (peer.spec.reversePeering === "Manual") continue;
    for (const remote of remotesOf(from, peer).filter((one) => isReversed(from, peer, one)))
      for (const local of localsOf(from, peer)) {
        const node = from.nodes.get(remote.name)!;
        const terms = termsOf(peer, node, { ...local, cluster: local.clusterId });
        add(node.name, local.name, { ...terms, global: false });
      }
  }
  return found;
}

type ReadPeer = Pick<BGPPeer, "spec"> & { readonly rules: Pick<SessionTerms, "import" | "export"> };

function isGlobal({ spec }: Pick<BGPPeer, "spec">): boolean {
  return !spec.node && !spec.nodeSelector;
}

type Remote = Pick<OracleNode, "name" | "asNumber"> & Partial<Pick<OracleNode, "clusterId">>;

/** The rules that a BGPPeer names, one filter after the other; one that is not there filters nothing. */
function rulesOf(
  { filters, family }: PeerResources,
  { spec }: Pick<BGPPeer, "spec">,
): Pick<SessionTerms, "import" | "export"> {
  const named = (spec.filters ?? []).flatMap(
    (name) => filters.find(({ metadata }) => metadata.name === name) ?? [],
  );
  return {
    import: named.flatMap((filter) => oracleRules(filter, "import", family)),
    export: named.flatMap((filter) => oracleRules(filter, "export", family)),
  };
}

function termsOf(
  { spec, rules }: ReadPeer,
  end: OracleNode,
  other: { readonly asNumber: number; readonly cluster: string },
): SessionTerms {
  const asNumber = parseASNumber(spec.localASNumber) || end.asNumber;
  const internal = asNumber === other.asNumber;
  return {
    asNumber,
    client: internal && end.clusterId !== "" && other.cluster !== end.clusterId,
    nextHop: nextHopOf(spec, internal),
    ownAS: Math.max(0, spec.numAllowedLocalASNumbers ?? 0),
    ...rules,
    global: isGlobal({ spec }),
  };
}

/** `keepOriginalNextHop` is the older spelling, for peers of other ASes alone (node-behaviour §1.4). */
function nextHopOf(spec: BGPPeer["spec"], internal: boolean): NextHopMode {
  if (spec.nextHopMode === "Self") return "self";
  if (spec.nextHopMode === "Keep") return "keep";
  return spec.keepOriginalNextHop === true && !internal ? "keep" : "auto";
}

function localsOf(
  { nodes }: PeerResources,
  { spec }: Pick<BGPPeer, "spec">,
): readonly OracleNode[] {
  return [...nodes.values()].filter((node) => node.address !== undefined && isLocal(node, spec));
}

function remotesOf(
  { nodes, routers }: PeerResources,
  { spec }: Pick<BGPPeer, "spec">,
): readonly Remote[] {
  const { peerSelector } = spec;
  const addressed = [...nodes.values()].filter((node) => node.address !== undefined);
  if (peerSelector) return addressed.filter((node) => matches(node, peerSelector));
  const wanted = peerAddress(spec);
  if (wanted === undefined) return [];
  return [...addressed, ...routers].filter(
    ({ address }) => address !== undefined && addressEquals(address, wanted),
  );
}

/** The owner of a `peerIP` gets the reverse where its AS is the one that is asked for; 0 is the global one (node-behaviour §1.4). */
function isReversed(from: PeerResources, { spec }: Pick<BGPPeer, "spec">, remote: Remote): boolean {
  if (!from.nodes.has(remote.name)) return false;
  const wanted = parseASNumber(spec.asNumber) || from.asNumber;
  return Boolean(spec.peerSelector) || remote.asNumber === wanted;
}

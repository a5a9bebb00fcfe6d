import { widened } from "../session/connections.js";

/** ORIGIN values (RFC 4271 §4.3); the lower is preferred. */
export const ORIGIN = { igp: 0, egp: 1, incomplete: 2 } as const;

/** Stands for the sender's own address as NEXT_HOP, so that all nodes' plain announcements share one set. */
export const NEXT_HOP_SENDER = -1;

/** Stands for an attribute that is not there. */
export const ABSENT = -1;

/** LOCAL_PREF of an ordinary route: 2147483647 − metric 1024 (calico: confd/pkg/backends/calico/bgp_processor.go:257,663). */
export const NORMAL_LOCAL_PREF: number = 2147483647 - 1024;

/** `default bgp_local_pref` for routes that come without one (bird: proto/bgp/config.Y). */
export const DEFAULT_LOCAL_PREF = 100;

/** The path attributes of a route (RFC 4271 §4.3, RFC 4456, RFC 1997, RFC 8092); AS_PATH is one sequence. */
export interface AttributeSet {
  readonly origin: number;
  readonly asPath: readonly number[];
  /** Node that owns the address, or {@link NEXT_HOP_SENDER}. */
  readonly nextHop: number;
  readonly med: number;
  readonly localPref: number;
  readonly originatorId: number;
  readonly clusterList: readonly number[];
  /** `aa:nn`, sorted. */
  readonly communities: readonly string[];
  /** `aa:nn:mm`, sorted. */
  readonly largeCommunities: readonly string[];
  /** The next hop of IPv6 comes with its link-local address, as between two that are on one link (RFC 2545 §3). */
  readonly linkLocal?: boolean;
  /** A BGPFilter's rule took the route in, so that its local preference did not raise its preference. Not on the wire. */
  readonly unraised?: boolean;
}

/** What a node's own blocks have inside its AS, by Calico's filter: nearly every path of a mesh. */
export const PLAIN_SET: AttributeSet = Object.freeze({
  origin: ORIGIN.igp,
  asPath: [],
  nextHop: NEXT_HOP_SENDER,
  med: ABSENT,
  localPref: NORMAL_LOCAL_PREF,
  originatorId: ABSENT,
  clusterList: [],
  communities: [],
  largeCommunities: [],
});

/** Id of {@link PLAIN_SET}. */
export const PLAIN = 0;

/** Distinct attribute sets of a run by dense id; equal sets share one frozen object. */
export class AttributeTable {
  private readonly sets: AttributeSet[] = [];
  private readonly sizes: number[] = [];
  private nextHops: Int32Array = new Int32Array(64);
  private localPrefs: Float64Array = new Float64Array(64);
  private originatorIds: Float64Array = new Float64Array(64);
  private clusterCounts: Int32Array = new Int32Array(64);
  private ranks: Int32Array = new Int32Array(64);
  private readonly rankIds: Map<string, number> = new Map();
  /** See {@link isSpecial}. */
  private special: Uint8Array = new Uint8Array(64);
  private readonly ids: Map<string, number> = new Map();

  constructor() {
    this.intern(PLAIN_SET);
  }

  /** The id of a set. */
  intern(set: AttributeSet): number {
    const key = `${set.origin} ${set.nextHop} ${set.med} ${set.localPref} ${set.originatorId} ${set.asPath.join(".")} ${set.clusterList.join(".")} ${set.communities.join(".")} ${set.largeCommunities.join(".")}${set.linkLocal === true ? " link-local" : ""}${set.unraised === true ? " unraised" : ""}`;
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.sets.length;
      this.sets.push(Object.freeze({ ...set }));
      this.sizes.push(attributeBytes(set));
      this.setColumns(id, set);
      this.ids.set(key, id);
    }
    return id;
  }

  /** Bytes of the set with an id on the wire. */
  bytes(id: number): number {
    return this.sizes[id]!;
  }

  /** Next hop of the set with an id. */
  nextHop(id: number): number {
    return this.nextHops[id]!;
  }

  /** Local preference of the set with an id. */
  localPref(id: number): number {
    return this.localPrefs[id]!;
  }

  /**
   * Sets of one rank are alike in all that is compared before it counts who tells a route: preference, local preference, AS
   * path, origin and MED (RFC 4271 §9.1.2.2 a to c).
   */
  rank(id: number): number {
    return this.ranks[id]!;
  }

  /** Originator of the set with an id. */
  originatorId(id: number): number {
    return this.originatorIds[id]!;
  }

  /** Length of the cluster list of the set with an id. */
  clusters(id: number): number {
    return this.clusterCounts[id]!;
  }

  /** Whether a set has an AS path, or lacks a local preference. */
  isSpecial(id: number): boolean {
    return this.special[id] === 1;
  }

  /** The set behind an id. */
  get(id: number): AttributeSet {
    return this.sets[id]!;
  }

  private setColumns(id: number, set: AttributeSet): void {
    if (id === this.special.length) {
      this.nextHops = widened(this.nextHops, 2 * id);
      this.localPrefs = widened(this.localPrefs, 2 * id);
      this.originatorIds = widened(this.originatorIds, 2 * id);
      this.special = widened(this.special, 2 * id);
      this.ranks = widened(this.ranks, 2 * id);
      this.clusterCounts = widened(this.clusterCounts, 2 * id);
    }
    this.nextHops[id] = set.nextHop;
    this.localPrefs[id] = set.localPref;
    this.originatorIds[id] = set.originatorId;
    const { localPref, asPath, origin, med, unraised = false } = set;
    const rank = `${String(unraised)} ${String(localPref)} ${String(asPath.length)} ${String(asPath[0])} ${String(origin)} ${String(med)}`;
    if (!this.rankIds.has(rank)) this.rankIds.set(rank, this.rankIds.size);
    this.clusterCounts[id] = set.clusterList.length;
    this.ranks[id] = this.rankIds.get(rank)!;
    this.special[id] = set.asPath.length > 0 || set.localPref === ABSENT ? 1 : 0;
  }
}

/**
 * Path attributes: ORIGIN 4, AS_PATH 3 + 2 + 4 n, NEXT_HOP 7, MED, LOCAL_PREF and ORIGINATOR_ID 7 each where they are,
 * CLUSTER_LIST 3 + 4 n, communities 3 + 4 n, large ones 3 + 12 n; each list has a fourth octet of header beyond 255
 * (RFC 4271 §4.3, RFC 6793, RFC 4456 §8, RFC 1997, RFC 8092).
 */
function attributeBytes(set: AttributeSet): number {
  const single = (value: number): number => (value === ABSENT ? 0 : 7);
  const { asPath, clusterList, communities, largeCommunities } = set;
  return (
    4 +
    (asPath.length === 0 ? 3 : header(2 + 4 * asPath.length)) +
    7 +
    single(set.med) +
    single(set.localPref) +
    single(set.originatorId) +
    header(4 * clusterList.length) +
    header(4 * communities.length) +
    header(12 * largeCommunities.length)
  );
}

/** Length of a list attribute with its header; 0 for an empty one, which is not sent. */
function header(length: number): number {
  return length === 0 ? 0 : length + (length > 255 ? 4 : 3);
}

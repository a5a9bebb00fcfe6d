/** ORIGIN values (RFC 4271 §4.3); the lower is preferred. */
export const ORIGIN = { igp: 0, egp: 1, incomplete: 2 } as const;

/** Stands for the sender's own address as NEXT_HOP, so that all nodes' plain announcements share one set. */
export const NEXT_HOP_SENDER = -1;

/** Stands for an attribute that is not there. */
export const ABSENT = -1;

/** LOCAL_PREF of an ordinary route: 2147483647 − metric 1024 (calico: confd/pkg/backends/calico/bgp_processor.go:257,663). */
export const NORMAL_LOCAL_PREF: number = 2147483647 - 1024;

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
}

/** Id of the set of a node's own blocks inside its AS: nearly every path of a mesh has it. */
export const PLAIN = 0;

/** Distinct attribute sets of a run by dense id; equal sets share one frozen object. */
export class AttributeTable {
  private readonly sets: AttributeSet[] = [];
  private readonly ids: Map<string, number> = new Map();

  constructor() {
    this.intern({
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
  }

  /** The id of a set. */
  intern(set: AttributeSet): number {
    const key = `${set.origin} ${set.nextHop} ${set.med} ${set.localPref} ${set.originatorId} ${set.asPath.join(".")} ${set.clusterList.join(".")} ${set.communities.join(".")} ${set.largeCommunities.join(".")}`;
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.sets.length;
      this.sets.push(Object.freeze({ ...set }));
      this.ids.set(key, id);
    }
    return id;
  }

  /** The set behind an id. */
  get(id: number): AttributeSet {
    return this.sets[id]!;
  }
}

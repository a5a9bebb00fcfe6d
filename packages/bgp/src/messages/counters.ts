/** BGP messages as an observer of the wire counts them. */
export interface MessageCounts {
  readonly open: number;
  readonly update: number;
  readonly keepalive: number;
  readonly notification: number;
  readonly routeRefresh: number;
  readonly total: number;
}

/** Everything sent, summed over the cluster. */
export interface WireSummary {
  readonly messages: MessageCounts;
  /** Bytes of BGP messages, TCP and IP headers not counted. */
  readonly bytes: MessageCounts;
  /** What the UPDATE messages were. An UPDATE is reach, withdraw or End-of-RIB. */
  readonly update: {
    readonly reach: number;
    readonly nlri: number;
    readonly withdraw: number;
    readonly withdrawn: number;
    readonly endOfRib: number;
  };
  readonly tcp: {
    /** Distinct connection attempts. */
    readonly connects: number;
    /** SYN segments, repeated ones included. */
    readonly synSegments: number;
    readonly refused: number;
    readonly accepted: number;
  };
}

/** Types of BGP message, as rows of {@link WireCounters}. */
export const COUNT = { open: 0, update: 1, keepalive: 2, notification: 3, refresh: 4 } as const;

/** Mutable counters behind a {@link WireSummary}. */
export class WireCounters {
  readonly messages: Float64Array = new Float64Array(5);
  readonly bytes: Float64Array = new Float64Array(5);
  reach = 0;
  nlri = 0;
  withdraw = 0;
  withdrawn = 0;
  endOfRib = 0;
  connects = 0;
  synSegments = 0;
  refused = 0;
  accepted = 0;

  /** Counts `times` messages of a type of {@link COUNT}. */
  count(type: number, bytes: number, times = 1): void {
    this.messages[type]! += times;
    this.bytes[type]! += bytes * times;
  }

  /** A frozen copy; `keepalives` and their bytes are added, since idle sessions count theirs in closed form. */
  summary(keepalives: number, keepaliveBytes: number): WireSummary {
    const counts = (of: Float64Array, extra: number): MessageCounts => {
      const [open = 0, update = 0, keepalive = 0, notification = 0, routeRefresh = 0] = of;
      const total = open + update + keepalive + extra + notification + routeRefresh;
      return Object.freeze({
        open,
        update,
        keepalive: keepalive + extra,
        notification,
        routeRefresh,
        total,
      });
    };
    return Object.freeze({
      messages: counts(this.messages, keepalives),
      bytes: counts(this.bytes, keepalives * keepaliveBytes),
      update: Object.freeze({
        reach: this.reach,
        nlri: this.nlri,
        withdraw: this.withdraw,
        withdrawn: this.withdrawn,
        endOfRib: this.endOfRib,
      }),
      tcp: Object.freeze({
        connects: this.connects,
        synSegments: this.synSegments,
        refused: this.refused,
        accepted: this.accepted,
      }),
    });
  }
}

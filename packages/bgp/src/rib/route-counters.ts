import { widened } from "../session/connections.js";

/** Columns of {@link RouteCounters}, by BIRD's names (bird: nest/route.h, struct proto_stats). */
export const ROUTE_COUNT = {
  importUpdates: 0,
  importUpdatesFiltered: 1,
  importUpdatesIgnored: 2,
  importUpdatesAccepted: 3,
  importWithdraws: 4,
  importWithdrawsIgnored: 5,
  importWithdrawsAccepted: 6,
  exportUpdates: 7,
  exportUpdatesRejected: 8,
  exportUpdatesFiltered: 9,
  exportUpdatesAccepted: 10,
  exportWithdraws: 11,
  exportWithdrawsAccepted: 12,
  exported: 13,
} as const;

const WIDTH = 14;

/**
 * "Route change stats" of `show protocols all`, as BIRD counts them for one protocol since it last started
 * (bird: nest/proto.c, proto_show_stats; counted in nest/rt-table.c).
 */
export interface RouteChanges {
  /** UPDATEs and withdrawals of single routes that came from the peer. */
  readonly importUpdates: {
    /** rte_update2. What it always is: rejected + filtered + ignored + accepted. */
    readonly received: number;
    /** Invalid prefixes (rte_validate), of which the model knows none. */
    readonly rejected: number;
    /** The import filter said no. */
    readonly filtered: number;
    /** The table has the same route already (rte_recalculate, rte_same). */
    readonly ignored: number;
    readonly accepted: number;
  };
  /**
   * `ignored` + `accepted` is more than `received` by the updates that were filtered, which go on as withdrawals, and by
   * the routes that went without one: stale after a restart, or with their protocol (rt_prune).
   */
  readonly importWithdraws: {
    readonly received: number;
    readonly rejected: number;
    /** The table had no such route. */
    readonly ignored: number;
    readonly accepted: number;
  };
  /** Changes of the table that were offered to the peer. */
  readonly exportUpdates: {
    /** rt_notify_basic. What it always is: rejected + filtered + accepted. */
    readonly received: number;
    /** The protocol said no before the filter was asked (bird: proto/bgp/attrs.c, bgp_import_control). */
    readonly rejected: number;
    /** The export filter said no. */
    readonly filtered: number;
    readonly accepted: number;
  };
  readonly exportWithdraws: {
    /** The table lost a route. */
    readonly received: number;
    /** Withdrawals sent; more than `received` where a new version is not told, or a re-feed withdraws what is not (law 6). */
    readonly accepted: number;
  };
}

/** What all peers of a daemon were offered alike, so that it is counted once. */
export interface Alike {
  /** Routes of mesh peers, which go to no other. */
  rejected: number;
  /** Pods' routes inside own blocks. */
  filtered: number;
  withdraws: number;
}

const NOTHING: Alike = Object.freeze({ rejected: 0, filtered: 0, withdraws: 0 });

/** What becomes of a route on its way to a protocol; "none": there is none any more. */
export type Verdict = "none" | "rejected" | "filtered" | "accepted";

/** The counters of all session ends, by end: 32 bits each and overflowing, as in BIRD. */
export class RouteCounters {
  private cells: Int32Array = new Int32Array(64 * WIDTH);

  /** Adds to a column of {@link ROUTE_COUNT}. */
  add(e: number, column: number, times = 1): void {
    while ((e + 1) * WIDTH > this.cells.length)
      this.cells = widened(this.cells, 2 * this.cells.length);
    this.cells[e * WIDTH + column]! += times;
  }

  /** A column of an end, with what is counted elsewhere. */
  get(e: number, column: number, more = 0): number {
    return ((this.cells[e * WIDTH + column] ?? 0) + more) >>> 0;
  }

  /**
   * A change is offered, and what may have been told before is withdrawn if it is not told (bird: nest/rt-table.c,
   * rt_notify_basic, do_rt_notify).
   */
  offer(e: number, verdict: Verdict, told: boolean): void {
    this.add(e, verdict === "none" ? ROUTE_COUNT.exportWithdraws : ROUTE_COUNT.exportUpdates);
    if (verdict === "rejected") this.add(e, ROUTE_COUNT.exportUpdatesRejected);
    else if (verdict === "filtered") this.add(e, ROUTE_COUNT.exportUpdatesFiltered);
    if (verdict === "accepted") {
      this.add(e, ROUTE_COUNT.exportUpdatesAccepted);
      this.add(e, ROUTE_COUNT.exported);
    } else if (told) this.add(e, ROUTE_COUNT.exportWithdrawsAccepted);
  }

  /** Nothing is exported now; counts of the past stay. */
  clearExported(e: number): void {
    this.add(e, ROUTE_COUNT.exported, -this.get(e, ROUTE_COUNT.exported));
  }

  /** The protocol is down: all is forgotten (bird: nest/proto.c, proto_fell_down). */
  reset(e: number): void {
    this.cells.fill(0, e * WIDTH, (e + 1) * WIDTH);
  }

  /** What `show protocols all` prints, with what all peers of the daemon were offered alike. */
  changes(e: number, { rejected, filtered, withdraws }: Alike = NOTHING): RouteChanges {
    const of = (column: keyof typeof ROUTE_COUNT, more = 0): number =>
      this.get(e, ROUTE_COUNT[column], more);
    return Object.freeze({
      importUpdates: {
        received: of("importUpdates"),
        rejected: 0,
        filtered: of("importUpdatesFiltered"),
        ignored: of("importUpdatesIgnored"),
        accepted: of("importUpdatesAccepted"),
      },
      importWithdraws: {
        received: of("importWithdraws"),
        rejected: 0,
        ignored: of("importWithdrawsIgnored"),
        accepted: of("importWithdrawsAccepted"),
      },
      exportUpdates: {
        received: of("exportUpdates", rejected + filtered),
        rejected: of("exportUpdatesRejected", rejected),
        filtered: of("exportUpdatesFiltered", filtered),
        accepted: of("exportUpdatesAccepted"),
      },
      exportWithdraws: {
        received: of("exportWithdraws", withdraws),
        accepted: of("exportWithdrawsAccepted"),
      },
    });
  }
}

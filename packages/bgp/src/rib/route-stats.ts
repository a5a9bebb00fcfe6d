import type { FleetContext } from "../fleet/context.js";
import { RUNNING } from "../fleet/daemon.js";
import type { ChangeCounts } from "../fleet/route-counts.js";
import { widened } from "../session/connections.js";
import { type Exporter, REJECTED } from "./exporter.js";
import type { Importer } from "./importer.js";
import type { Outbox } from "./outbox.js";
import type { RibChange } from "./path-lists.js";
import { NO_PATH } from "./paths.js";
import type { PeerGroup } from "./peer-group.js";
import {
  type Alike,
  ROUTE_COUNT,
  type RouteChanges,
  RouteCounters,
  type Verdict,
} from "./route-counters.js";
import { TableListener, type TablesListener } from "./table-listener.js";
import type { Refeed } from "./updates.js";

/**
 * Counts what comes from peers and what is offered to them, as BIRD does for `show protocols all`
 * (bird: nest/rt-table.c, rte_update2, rte_recalculate, rt_notify_basic, do_rt_notify). Nothing else hangs on it.
 *
 * A peer is offered every change of the table from the moment its session is up, if it is not deferred, and the whole
 * table when it is fed: what comes between is counted twice (bird: nest/proto.c, proto_want_export_up).
 */
export class RouteStats implements ChangeCounts, TablesListener {
  private readonly x: FleetContext;
  private readonly exporter: Exporter;
  private readonly importer: Importer;
  private readonly outbox: Outbox;
  private readonly counters: RouteCounters = new RouteCounters();
  /** By end: 1 if it is offered changes. */
  private linked: Uint8Array = new Uint8Array(64);
  /** By node: ends that are offered changes, and were not fed yet. */
  private readonly unfed: Set<number>[] = [];
  /** By node. */
  private readonly alike: Alike[] = [];

  constructor(context: FleetContext, exporter: Exporter, importer: Importer, outbox: Outbox) {
    this.x = context;
    this.exporter = exporter;
    this.importer = importer;
    this.outbox = outbox;
  }

  /** Counts for one more daemon. */
  watch(node: number): void {
    this.unfed[node] = new Set();
    this.alike[node] = { rejected: 0, filtered: 0, withdraws: 0 };
    this.x.daemons[node]!.rib.listen(new TableListener(this, node));
  }

  /** The counters of an end. */
  changes(e: number): RouteChanges {
    const alike = this.linked[e] === 1 ? this.alike[this.x.ends.node[e]!] : undefined;
    return this.counters.changes(e, alike);
  }

  /** Routes told to the peer as BIRD counts them; those that came between session and feed twice (do_rt_notify). */
  exported(e: number): number {
    return this.counters.get(e, ROUTE_COUNT.exported);
  }

  // From peers ----------------------------------------------------------------------------------

  /** Routes came from a peer: withdrawn, or as such because they loop; or announced. */
  arrived(e: number, withdrawn: boolean, routes: number): void {
    const column = withdrawn ? ROUTE_COUNT.importWithdraws : ROUTE_COUNT.importUpdates;
    this.counters.add(e, column, routes);
  }

  /** The import filter refused a route, which goes on as a withdrawal (rte_update2). */
  filtered(e: number): void {
    this.counters.add(e, ROUTE_COUNT.importUpdatesFiltered);
  }

  /** The burst of a re-feed came, of which the learner takes what is new. */
  refeedArrived(e: number, { reach, withdraw, repeats }: Refeed): void {
    for (const { attributes, prefixes } of reach)
      this.arrived(e, this.loops(e, attributes), prefixes.length);
    for (const { attributes, prefixes } of repeats?.reach ?? []) {
      const loops = this.loops(e, attributes);
      this.arrived(e, loops, prefixes.length);
      for (const prefix of prefixes) this.repeated(e, loops, prefix, attributes);
    }
    const withdrawn = repeats?.withdrawn ?? withdraw.length;
    this.arrived(e, true, withdrawn);
    this.counters.add(e, ROUTE_COUNT.importWithdrawsIgnored, withdrawn - withdraw.length);
  }

  private loops(e: number, attributes: number): boolean {
    return this.importer.attributes(e, attributes) === REJECTED;
  }

  /** Something that the table has already, or never took in. */
  private repeated(e: number, loops: boolean, prefix: number, attributes: number): void {
    const { counters, importer } = this;
    const refused =
      !loops &&
      importer.filters(e) &&
      importer.filtered(e, prefix, importer.attributes(e, attributes)) === REJECTED;
    if (refused) this.filtered(e);
    const ignored =
      ROUTE_COUNT[loops || refused ? "importWithdrawsIgnored" : "importUpdatesIgnored"];
    counters.add(e, ignored);
  }

  /** The table has a path of a peer as it was told (rte_recalculate). */
  onSame(node: number, path: number): void {
    this.countPeer(node, this.x.paths.peer(path), ROUTE_COUNT.importUpdatesIgnored);
  }

  /** The table has no such path of a peer. */
  onMissing(node: number, peer: number): void {
    this.countPeer(node, peer, ROUTE_COUNT.importWithdrawsIgnored);
  }

  private countPeer(node: number, peer: number, column: number): void {
    if (peer >= 0) this.counters.add(this.x.ends.find(node, peer), column);
  }

  // To peers ------------------------------------------------------------------------------------

  /** An end is offered every change from now on. */
  link(node: number, e: number): void {
    if (e >= this.linked.length)
      this.linked = widened(this.linked, Math.max(e + 1, 2 * this.linked.length));
    this.linked[e] = 1;
    this.unfed[node]!.add(e);
    this.addAlike(node, e, -1);
  }

  /** A session is over (bird: nest/proto.c, proto_want_export_down). */
  unlink(node: number, e: number): void {
    if (this.linked[e] !== 1) return;
    this.linked[e] = 0;
    this.unfed[node]!.delete(e);
    this.addAlike(node, e, 1);
    this.counters.clearExported(e);
  }

  /** The protocol of a peer is down, and forgets (proto_fell_down). */
  reset(node: number, e: number): void {
    this.unlink(node, e);
    this.counters.reset(e);
  }

  /** The process starts anew. */
  onClear(node: number): void {
    for (const e of this.x.ends.of(node)) this.reset(node, e);
  }

  /** The table changed (rte_recalculate, rte_announce). */
  onChange(node: number, prefix: number, change: RibChange): void {
    const { paths, daemons, addPath } = this.x;
    const { before, after } = change;
    if (after !== NO_PATH)
      this.countPeer(node, paths.peer(after), ROUTE_COUNT.importUpdatesAccepted);
    else this.countPeer(node, paths.peer(before), ROUTE_COUNT.importWithdrawsAccepted);
    const { meshOnly, groups } = daemons[node]!;
    if (meshOnly && this.isAlike(node, addPath, change)) return;
    const unfed = this.unfed[node]!;
    if (meshOnly) {
      for (const e of this.x.ends.of(node))
        if (this.linked[e] === 1) this.offerChange(node, e, undefined, prefix, change);
      return;
    }
    for (const e of unfed) this.offerChange(node, e, undefined, prefix, change);
    for (const group of groups)
      for (const e of group.ends)
        if (!unfed.has(e)) this.offerChange(node, e, group, prefix, change);
  }

  /** Whether a change among mesh peers' routes, which no other is told of, is all there is; if so it is counted. */
  private isAlike(node: number, addPath: boolean, change: RibChange): boolean {
    const { paths } = this.x;
    const before = addPath ? change.before : change.bestBefore;
    const after = addPath ? change.after : change.bestAfter;
    if (before !== NO_PATH && paths.isLocal(before)) return false;
    if (after !== NO_PATH && paths.isLocal(after)) return false;
    if (before === after) return true;
    if (after === NO_PATH) this.alike[node]!.withdraws++;
    else this.alike[node]!.rejected++;
    return true;
  }

  /** A change for one peer (rt_notify_basic). */
  private offerChange(
    node: number,
    e: number,
    group: PeerGroup | undefined,
    prefix: number,
    change: RibChange,
  ): void {
    const addPath = group?.addPath ?? this.x.addsPaths(e);
    const before = addPath ? change.before : change.bestBefore;
    const after = addPath ? change.after : change.bestAfter;
    if (before === after) return;
    const told = this.verdict(node, e, group, prefix, before) === "accepted";
    if (told) this.counters.add(e, ROUTE_COUNT.exported, -1);
    this.counters.offer(e, this.verdict(node, e, group, prefix, after), told);
  }

  /** A pod's route inside an own block came to the table, or went: nobody is told. */
  podChanged(node: number, came: boolean): void {
    if (this.x.state[node] !== RUNNING) return;
    if (came) this.alike[node]!.filtered++;
    else this.alike[node]!.withdraws++;
  }

  /** The whole table goes to a peer: at first, or again, when what is not told is withdrawn (do_feed_baby). */
  feed(node: number, e: number, again: boolean): void {
    const { daemons, paths } = this.x;
    const { rib, groups, meshOnly, podRoutes, foreign } = daemons[node]!;
    this.unfed[node]!.delete(e);
    if (again) this.counters.clearExported(e);
    const group = groups.find(({ ends }) => ends.includes(e));
    const addPath = group?.addPath ?? this.x.addsPaths(e);
    for (const prefix of rib.prefixes()) {
      for (const path of addPath ? rib.all(prefix) : [rib.best(prefix)]) {
        const refused = meshOnly && !paths.isLocal(path);
        this.counters.offer(
          e,
          refused ? "rejected" : this.verdict(node, e, group, prefix, path),
          again,
        );
      }
    }
    // The connected subnet, and pods' routes that are in the kernel alone here.
    for (let rest = 1 + podRoutes - foreign.size; rest > 0; rest--)
      this.counters.offer(e, "filtered", again);
  }

  private verdict(
    node: number,
    e: number,
    group: PeerGroup | undefined,
    prefix: number,
    path: number,
  ): Verdict {
    if (path === NO_PATH) return "none";
    if (this.exporter.refuses(e, path)) return "rejected";
    const told =
      group === undefined
        ? this.exporter.attributes(node, e, prefix, path)
        : this.outbox.told(node, group, prefix, path);
    return told === REJECTED ? "filtered" : "accepted";
  }

  /** Takes what all were offered alike until now to the counters of an end, or away from them. */
  private addAlike(node: number, e: number, times: number): void {
    const { rejected, filtered, withdraws } = this.alike[node]!;
    const { counters } = this;
    counters.add(e, ROUTE_COUNT.exportUpdates, times * (rejected + filtered));
    counters.add(e, ROUTE_COUNT.exportUpdatesRejected, times * rejected);
    counters.add(e, ROUTE_COUNT.exportUpdatesFiltered, times * filtered);
    counters.add(e, ROUTE_COUNT.exportWithdraws, times * withdraws);
  }
}

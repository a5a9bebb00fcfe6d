import type { FleetContext } from "../fleet/context.js";
import { RUNNING } from "../fleet/daemon.js";
import type { KernelCounts } from "../fleet/route-counts.js";
import type { KernelWriter } from "./kernel-writer.js";
import type { RibChange } from "./path-lists.js";
import { KERNEL, NO_PATH } from "./paths.js";
import { ROUTE_COUNT, type RouteChanges, RouteCounters, type Verdict } from "./route-counters.js";
import { TableListener, type TablesListener } from "./table-listener.js";

/**
 * Counts what the kernel protocol of each daemon learns and is offered, as BIRD does for `show protocols all kernel1`
 * (bird: nest/rt-table.c, rt_notify_merged; sysdep/unix/krt.c, krt_import_control). Nothing else hangs on it.
 */
export class KernelStats implements KernelCounts, TablesListener {
  private readonly x: FleetContext;
  private readonly writer: KernelWriter;
  /** By node. */
  private readonly counters: RouteCounters = new RouteCounters();

  constructor(context: FleetContext, writer: KernelWriter) {
    this.x = context;
    this.writer = writer;
  }

  /** Counts for one more daemon. */
  watch(node: number): void {
    this.x.daemons[node]!.rib.listen(new TableListener(this, node));
  }

  /** The counters of a node. */
  changes(node: number): RouteChanges {
    return this.counters.changes(node);
  }

  /** Routes written to the kernel, as BIRD counts them. */
  exported(node: number): number {
    return this.counters.get(node, ROUTE_COUNT.exported);
  }

  /** The first scan of a process finds pods' routes, of which those that are told to nobody do not come to the table. */
  scanned(node: number): void {
    const { podRoutes, foreign } = this.x.daemons[node]!;
    this.learnt(node, podRoutes - foreign.size);
  }

  /** A pod's route inside an own block came to the table, or went; it is the best, and not written back. */
  podChanged(node: number, came: boolean): void {
    if (this.x.state[node] !== RUNNING) return;
    if (came) this.learnt(node, 1);
    else this.lost(node);
    if (this.x.kernelReady[node] === 1)
      this.counters.offer(node, came ? "rejected" : "none", false);
  }

  /** The whole table goes to the kernel: at first, or again after its filter changed. */
  feed(node: number, again: boolean): void {
    const { rib, podRoutes, foreign } = this.x.daemons[node]!;
    this.counters.clearExported(node);
    for (const prefix of rib.prefixes())
      if (!this.isConnected(node, prefix))
        this.counters.offer(node, this.verdict(node, prefix, rib.best(prefix)), again);
    // The connected subnet, and pods' routes that are in the kernel alone here.
    for (let rest = 1 + podRoutes - foreign.size; rest > 0; rest--)
      this.counters.offer(node, "rejected", again);
  }

  /** The process starts anew. */
  onClear(node: number): void {
    this.counters.reset(node);
  }

  /** The table changed: with `merge paths` that concerns the kernel if the best path did, or one merged with it. */
  onChange(node: number, prefix: number, change: RibChange): void {
    const { paths, kernelReady } = this.x;
    const { before, after, bestBefore, bestAfter, merges } = change;
    if (after !== NO_PATH && paths.peer(after) === KERNEL) this.learnt(node, 1);
    else if (after === NO_PATH && paths.peer(before) === KERNEL) this.lost(node);
    if (kernelReady[node] === 0 || !merges || this.isConnected(node, prefix)) return;
    const told = this.verdict(node, prefix, bestBefore) === "accepted";
    if (told) this.counters.add(node, ROUTE_COUNT.exported, -1);
    this.counters.offer(node, this.verdict(node, prefix, bestAfter), told);
  }

  private learnt(node: number, routes: number): void {
    this.counters.add(node, ROUTE_COUNT.importUpdates, routes);
    this.counters.add(node, ROUTE_COUNT.importUpdatesAccepted, routes);
  }

  private lost(node: number): void {
    this.counters.add(node, ROUTE_COUNT.importWithdraws);
    this.counters.add(node, ROUTE_COUNT.importWithdrawsAccepted);
  }

  private isConnected(node: number, prefix: number): boolean {
    return this.x.filter.isConnected?.(node, prefix) === true;
  }

  private verdict(node: number, prefix: number, path: number): Verdict {
    if (path === NO_PATH) return "none";
    if (this.x.paths.peer(path) === KERNEL) return "rejected";
    return this.writer.filtered(node, prefix, path) === 0 ? "filtered" : "accepted";
  }
}

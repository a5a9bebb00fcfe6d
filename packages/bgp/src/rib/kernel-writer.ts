import { PROTOCOL } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { ABSENT } from "./attributes.js";
import type { Decision } from "./decision.js";
import { mergedRoute } from "./merge-paths.js";
import { KERNEL } from "./origins.js";
import { OWN, type Path, type RibChange } from "./rib.js";

/** `metric = 2147483647 − local_pref` (calico: confd/pkg/backends/calico/bgp_processor.go:257). */
const LOCAL_PREF_BASE = 2147483647;

/** The kernel protocol: what a daemon's table says goes to its kernel (bird: sysdep/unix/krt.c). */
export class KernelWriter {
  private readonly x: FleetContext;
  private readonly decision: Decision;

  constructor(context: FleetContext, decision: Decision) {
    this.x = context;
    this.decision = decision;
  }

  /** The protocol starts to export. Leftovers of an earlier process that the table does not know go (krt_prune). */
  start(node: number): void {
    const { x } = this;
    const { rib } = x.daemons[node]!;
    x.kernelReady[node] = 1;
    for (const prefix of rib.prefixes()) this.export(node, prefix);
    for (const { prefix, route } of x.kernels.table(node)) {
      const held = x.kernels.route(route);
      if (held.protocol === PROTOCOL.bird && rib.bestEnd(prefix) === -1)
        x.kernels.remove(node, prefix, held.metric, PROTOCOL.bird, Math.round(x.t));
    }
  }

  /**
   * A path changed. With `merge paths` the route is written anew, even if it comes out the same, when the
   * best path changed or one that is merged with it (bird: nest/rt-table.c, rt_notify_merged).
   */
  changed(node: number, prefix: number, change: RibChange): void {
    if (this.x.kernelReady[node] === 0) return;
    const { before, after, bestBefore, bestAfter } = change;
    const sameBest =
      bestBefore !== undefined &&
      bestAfter !== undefined &&
      bestBefore.end === bestAfter.end &&
      bestBefore.source === bestAfter.source &&
      bestBefore.attributes === bestAfter.attributes;
    if (sameBest && !this.merges(node, bestAfter, before) && !this.merges(node, bestAfter, after))
      return;
    this.write(node, prefix, this.held(node, prefix), this.wanted(node, prefix));
  }

  /** Whether the kernel gets a path together with the best; an ordinary router's gets the best alone, as BIRD has it by default. */
  private merges(node: number, best: Path, path: Path | undefined): boolean {
    return (
      path !== undefined && !this.x.daemons[node]!.router && this.decision.mergable(best, path)
    );
  }

  /** Writes the best path of a prefix unless the kernel has it. */
  export(node: number, prefix: number): void {
    if (this.x.kernelReady[node] === 0) return;
    const wanted = this.wanted(node, prefix);
    const held = this.held(node, prefix);
    if (held !== wanted) this.write(node, prefix, held, wanted);
  }

  private write(node: number, prefix: number, held: number, wanted: number): void {
    const { x } = this;
    if (held === 0 && wanted === 0) return;
    const at = Math.round(x.t);
    x.spend(node, x.costs.kernelRoute);
    // An existing route is deleted first, not replaced in place (law 8 g).
    if (held !== 0) x.kernels.remove(node, prefix, x.kernels.route(held).metric, PROTOCOL.bird, at);
    if (wanted !== 0) x.kernels.replace(node, prefix, wanted, at);
  }

  /** The best path as the kernel gets it, with the next hops of those as good (`merge paths`; bird: nest/rt-table.c, rt_export_merged). */
  private wanted(node: number, prefix: number): number {
    const { rib } = this.x.daemons[node]!;
    const best = rib.best(prefix);
    if (best === undefined) return 0;
    const route = this.filtered(node, prefix, best);
    if (route === 0 || rib.count(prefix) === 1) return route;
    const others = rib.all(prefix).filter((path) => this.merges(node, best, path));
    return mergedRoute(
      this.x.kernels,
      route,
      others.map((path) => this.filtered(node, prefix, path)),
      (gateway) => this.x.address[gateway]!,
    );
  }

  private filtered(node: number, prefix: number, path: Path): number {
    const { x } = this;
    const { localPref } = x.attributes.get(path.attributes);
    const metric = LOCAL_PREF_BASE - (localPref === ABSENT ? 0 : localPref);
    // What the kernel itself said is not written back (bird: sysdep/unix/krt.c, krt_import_control).
    if (path.end === KERNEL) return 0;
    const nextHop = path.end === OWN ? -1 : this.decision.nextHop(path);
    return x.filter.kernelRoute(node, prefix, nextHop, metric);
  }

  private held(node: number, prefix: number): number {
    const { kernels } = this.x;
    if (kernels.best(node, prefix) === 0) return 0;
    for (const r of kernels.all(node, prefix))
      if (kernels.route(r).protocol === PROTOCOL.bird) return r;
    return 0;
  }
}

import { PROTOCOL } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { ABSENT } from "./attributes.js";
import { mergedRoute } from "./merge-paths.js";
import type { RibChange } from "./path-lists.js";
import { KERNEL, NO_PATH, OWN_PATH } from "./paths.js";

/** `metric = 2147483647 − local_pref` (calico: confd/pkg/backends/calico/bgp_processor.go:257). */
const LOCAL_PREF_BASE = 2147483647;

/** The kernel protocol: what a daemon's table says goes to its kernel (bird: sysdep/unix/krt.c). */
export class KernelWriter {
  private readonly x: FleetContext;

  constructor(context: FleetContext) {
    this.x = context;
  }

  /** The protocol starts to export. Leftovers of an earlier process that the table does not know go (krt_prune). */
  start(node: number): void {
    const { x } = this;
    const { rib } = x.daemons[node]!;
    x.kernelStats?.feed(node, x.kernelReady[node] === 1);
    x.kernelReady[node] = 1;
    for (const prefix of rib.prefixes()) this.export(node, prefix);
    for (const { prefix, route } of x.kernels.table(node)) {
      if (x.kernels.familyOf(prefix) !== x.family) continue;
      const held = x.kernels.route(route);
      if (held.protocol === PROTOCOL.bird && rib.best(prefix) === NO_PATH)
        x.kernels.remove(node, prefix, held.metric, PROTOCOL.bird, Math.round(x.t));
    }
  }

  /**
   * A path changed. With `merge paths` the route is written anew, even if it comes out the same, when the
   * best path changed or one that is merged with it (bird: nest/rt-table.c, rt_notify_merged).
   */
  changed(node: number, prefix: number, change: RibChange): void {
    if (this.x.kernelReady[node] === 0 || !change.merges) return;
    const wanted = this.wanted(node, prefix, change.bestAfter, change.several);
    this.write(node, prefix, this.held(node, prefix), wanted);
  }

  /** Writes the best path of a prefix unless the kernel has it. */
  export(node: number, prefix: number): void {
    if (this.x.kernelReady[node] === 0) return;
    const { rib } = this.x.daemons[node]!;
    const wanted = this.wanted(node, prefix, rib.best(prefix), rib.several(prefix));
    const held = this.held(node, prefix);
    if (held !== wanted) this.write(node, prefix, held, wanted);
  }

  private write(node: number, prefix: number, held: number, wanted: number): void {
    const { x } = this;
    if (held === 0 && wanted === 0) return;
    const at = Math.round(x.t);
    x.spend(node, x.costs.kernelRoute);
    // An existing route is deleted first, not replaced in place (law 8 g).
    x.kernels.rewrite(node, prefix, held, wanted, at);
  }

  /** The best path as the kernel gets it, with the next hops of those as good (`merge paths`; bird: nest/rt-table.c, rt_export_merged). */
  private wanted(node: number, prefix: number, best: number, several: boolean): number {
    if (best === NO_PATH) return 0;
    const route = this.filtered(node, prefix, best);
    if (route === 0 || !several) return route;
    const { address, daemons, decision, kernels } = this.x;
    const others = daemons[node]!.rib.all(prefix).filter(
      (path) => path !== best && decision.mergable(best, path),
    );
    return mergedRoute(
      kernels,
      route,
      others.map((path) => this.filtered(node, prefix, path)),
      (gateway) => address[gateway]!,
    );
  }

  /** The route that the kernel gets for a path alone; 0 = none. */
  filtered(node: number, prefix: number, path: number): number {
    const { x } = this;
    // What the kernel itself said is not written back (bird: sysdep/unix/krt.c, krt_import_control).
    if (x.paths.peer(path) === KERNEL) return 0;
    const localPref = x.attributes.localPref(x.paths.attributes(path));
    const metric = LOCAL_PREF_BASE - (localPref === ABSENT ? 0 : localPref);
    const nextHop = path === OWN_PATH ? -1 : x.decision.nextHop(path);
    return x.filter.kernelRoute(node, prefix, nextHop, metric);
  }

  private held(node: number, prefix: number): number {
    return this.x.kernels.ofProtocol(node, prefix, PROTOCOL.bird);
  }
}

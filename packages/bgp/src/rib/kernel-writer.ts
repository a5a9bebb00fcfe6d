import { PROTOCOL } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { ABSENT } from "./attributes.js";
import type { RibChange } from "./path-lists.js";
import { NO_PATH, OWN_PATH } from "./paths.js";

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
    x.kernelReady[node] = 1;
    for (const prefix of rib.prefixes()) this.export(node, prefix);
    for (const { prefix, route } of x.kernels.table(node)) {
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
    this.write(node, prefix, this.held(node, prefix), this.wanted(node, prefix, change.bestAfter));
  }

  /** Writes the best path of a prefix unless the kernel has it. */
  export(node: number, prefix: number): void {
    if (this.x.kernelReady[node] === 0) return;
    const wanted = this.wanted(node, prefix, this.x.daemons[node]!.rib.best(prefix));
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

  private wanted(node: number, prefix: number, best: number): number {
    const { x } = this;
    if (best === NO_PATH) return 0;
    const localPref = x.attributes.localPref(x.paths.attributes(best));
    const metric = LOCAL_PREF_BASE - (localPref === ABSENT ? 0 : localPref);
    const nextHop = best === OWN_PATH ? -1 : x.decision.nextHop(best);
    return x.filter.kernelRoute(node, prefix, nextHop, metric);
  }

  private held(node: number, prefix: number): number {
    return this.x.kernels.ofProtocol(node, prefix, PROTOCOL.bird);
  }
}

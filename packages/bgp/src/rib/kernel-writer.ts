import { PROTOCOL } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { OWN } from "./rib.js";

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
      if (held.protocol === PROTOCOL.bird && rib.best(prefix) === -1)
        x.kernels.remove(node, prefix, held.metric, PROTOCOL.bird, Math.round(x.t));
    }
  }

  /** The best path of a prefix changed. */
  export(node: number, prefix: number): void {
    const { x } = this;
    if (x.kernelReady[node] === 0) return;
    const wanted = this.wanted(node, prefix);
    const held = this.held(node, prefix);
    if (held === wanted) return;
    const at = Math.round(x.t);
    x.spend(node, x.costs.kernelRoute);
    // An existing route is deleted first, not replaced in place (law 8 g).
    if (held !== 0) x.kernels.remove(node, prefix, x.kernels.route(held).metric, PROTOCOL.bird, at);
    if (wanted !== 0) x.kernels.replace(node, prefix, wanted, at);
  }

  private wanted(node: number, prefix: number): number {
    const best = this.x.daemons[node]!.rib.best(prefix);
    if (best === -1) return 0;
    return this.x.filter.kernelRoute(node, prefix, best === OWN ? -1 : this.x.ends.peer[best]!);
  }

  private held(node: number, prefix: number): number {
    const { kernels } = this.x;
    if (kernels.best(node, prefix) === 0) return 0;
    for (const r of kernels.all(node, prefix))
      if (kernels.route(r).protocol === PROTOCOL.bird) return r;
    return 0;
  }
}

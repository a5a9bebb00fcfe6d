import type { FleetContext } from "../fleet/context.js";
import { WORK_FLUSH } from "../fleet/daemon.js";
import { PROTOCOL_STATE } from "../session/protocols.js";
import type { KernelWriter } from "./kernel-writer.js";
import type { UpdateRecord, UpdateTable } from "./updates.js";

/** Routes from peers: taken in, marked stale, dropped. */
export class Learner {
  private readonly x: FleetContext;
  private readonly updates: UpdateTable;
  private readonly kernel: KernelWriter;

  constructor(context: FleetContext, updates: UpdateTable, kernel: KernelWriter) {
    this.x = context;
    this.updates = updates;
    this.kernel = kernel;
  }

  /** An UPDATE came, or the burst of a re-feed. */
  onUpdate(node: number, e: number, record: number): void {
    const { x } = this;
    const { costs } = x;
    const daemon = x.daemons[node]!;
    const update: UpdateRecord = this.updates.get(record);
    x.spend(node, costs.message * (update.messages - 1) + costs.route * 0.25 * update.spurious);
    const perRoute = costs.route + costs.announce * daemon.exporting;
    const stale = x.ends.restarting[e] === 1 ? daemon.stale.get(e) : undefined;
    for (const prefix of update.withdraw) {
      stale?.delete(prefix);
      x.spend(node, perRoute);
      if (daemon.rib.remove(prefix, e)) this.kernel.export(node, prefix);
    }
    for (const prefix of update.reach) {
      stale?.delete(prefix);
      x.spend(node, perRoute);
      if (daemon.rib.add(prefix, e)) this.kernel.export(node, prefix);
    }
  }

  /** A peer restarts: its routes stay until it announced them again (RFC 4724 §4.2). */
  markStale(node: number, e: number): void {
    const daemon = this.x.daemons[node]!;
    this.x.ends.restarting[e] = 1;
    daemon.stale.set(e, new Set(daemon.rib.from(e)));
  }

  /** End-of-RIB: what a restarted peer did not announce again is gone (RFC 4724 §4.2). */
  onEndOfRib(node: number, e: number): void {
    if (this.x.ends.restarting[e] === 0) return;
    this.x.ends.restarting[e] = 0;
    this.x.listener?.onPeerRestart?.(node, this.x.ends.peer[e]!, "done", Math.round(this.x.t));
    const daemon = this.x.daemons[node]!;
    const stale = daemon.stale.get(e);
    daemon.stale.delete(e);
    for (const prefix of stale ?? [])
      if (daemon.rib.remove(prefix, e)) this.kernel.export(node, prefix);
  }

  /** The restart time of a peer is over: its protocol stops in one turn of the loop and is flushed in the next (law 8 a). */
  stopStale(node: number, e: number): void {
    this.x.protocols.enter(e, PROTOCOL_STATE.flush, this.x.second[node]!);
    this.x.queueWork(node, WORK_FLUSH, e);
  }

  /** Drops everything learnt from a peer. */
  flush(node: number, e: number): void {
    const { x } = this;
    const daemon = x.daemons[node]!;
    x.ends.restarting[e] = 0;
    daemon.stale.delete(e);
    if (x.protocols.stateOf(e) === PROTOCOL_STATE.flush)
      x.protocols.enter(e, PROTOCOL_STATE.start, x.second[node]!);
    const perRoute = x.costs.route + x.costs.announce * daemon.exporting;
    for (const prefix of daemon.rib.from(e)) {
      x.spend(node, perRoute);
      if (daemon.rib.remove(prefix, e)) this.kernel.export(node, prefix);
    }
  }
}

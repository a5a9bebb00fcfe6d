import type { FleetContext } from "../fleet/context.js";
import { WORK_FLUSH } from "../fleet/daemon.js";
import { PROTOCOL_STATE } from "../session/protocols.js";
import { PLAIN } from "./attributes.js";
import type { Decision } from "./decision.js";
import { REJECTED } from "./exporter.js";
import type { Importer } from "./importer.js";
import type { KernelWriter } from "./kernel-writer.js";
import type { Outbox } from "./outbox.js";
import { OWN, type RibChange } from "./rib.js";
import type { Announcement, UpdateRecord, UpdateTable } from "./updates.js";

/** Routes from peers: taken in, marked stale, dropped. */
export class Learner {
  private readonly x: FleetContext;
  private readonly updates: UpdateTable;
  private readonly importer: Importer;
  private readonly decision: Decision;
  private readonly kernel: KernelWriter;
  private readonly outbox: Outbox;

  constructor(
    context: FleetContext,
    updates: UpdateTable,
    importer: Importer,
    decision: Decision,
    kernel: KernelWriter,
    outbox: Outbox,
  ) {
    this.x = context;
    this.updates = updates;
    this.importer = importer;
    this.decision = decision;
    this.kernel = kernel;
    this.outbox = outbox;
  }

  /** An UPDATE came, or the burst of a re-feed. */
  onUpdate(node: number, e: number, record: number): void {
    const { x } = this;
    const { costs } = x;
    const update: UpdateRecord = this.updates.get(record);
    x.spend(node, costs.message * (update.messages - 1) + costs.route * 0.25 * update.spurious);
    const { withdraw, withdrawSources } = update;
    for (let i = 0; i < withdraw.length; i++) {
      const source = withdrawSources === undefined ? OWN : withdrawSources[i]!;
      this.withdraw(node, e, withdraw[i]!, source);
    }
    for (const announcement of update.reach) this.announce(node, e, announcement);
  }

  /** What an attribute set brings; a looping one counts as withdrawn (bird: proto/bgp/packets.c, bgp_do_rx_update). */
  private announce(node: number, e: number, { attributes, prefixes, sources }: Announcement): void {
    const { x } = this;
    const daemon = x.daemons[node]!;
    const filters = this.importer.filters(e);
    const taken = attributes === PLAIN ? PLAIN : this.importer.attributes(e, attributes);
    const perRoute = x.costs.route + x.costs.announce * daemon.exporting;
    for (let i = 0; i < prefixes.length; i++) {
      const prefix = prefixes[i]!;
      const source = sources === undefined ? OWN : sources[i]!;
      const set = filters && taken !== REJECTED ? this.importer.filtered(e, prefix, taken) : taken;
      if (set === REJECTED) {
        this.withdraw(node, e, prefix, source);
        continue;
      }
      x.spend(node, perRoute);
      this.refreshed(node, e, prefix, source);
      if (set === PLAIN && source === OWN && daemon.meshOnly && daemon.rib.addFirst(prefix, e)) {
        this.kernel.export(node, prefix);
        continue;
      }
      const path = { end: e, attributes: set, source };
      this.changed(node, prefix, daemon.rib.add(prefix, path, this.decision));
    }
  }

  private withdraw(node: number, e: number, prefix: number, source: number): void {
    const { x } = this;
    const { rib, exporting } = x.daemons[node]!;
    x.spend(node, x.costs.route + x.costs.announce * exporting);
    this.refreshed(node, e, prefix, source);
    this.changed(node, prefix, rib.remove(prefix, e, source, this.decision));
  }

  /** A path is no longer stale. */
  private refreshed(node: number, e: number, prefix: number, source: number): void {
    if (this.x.ends.restarting[e] === 0) return;
    const stale = this.x.daemons[node]!.stale.get(e);
    const sources = stale?.get(prefix);
    if (sources === undefined) return;
    const rest = sources.filter((s) => s !== source);
    if (rest.length === 0) stale?.delete(prefix);
    else stale?.set(prefix, rest);
  }

  private changed(node: number, prefix: number, change: RibChange | undefined): void {
    if (change === undefined) return;
    this.kernel.changed(node, prefix, change);
    this.outbox.changed(node, prefix, change);
  }

  /**
   * A peer restarts: its routes stay until it announced them again (RFC 4724 §4.2). If it had not finished
   * an earlier restart, what is stale from that goes now (bird: proto/bgp/bgp.c, bgp_handle_graceful_restart).
   */
  markStale(node: number, e: number): void {
    this.dropStale(node, e);
    const daemon = this.x.daemons[node]!;
    this.x.ends.restarting[e] = 1;
    const stale = new Map<number, number[]>();
    for (const prefix of daemon.rib.prefixes()) {
      const sources = daemon.rib.sources(prefix, e);
      if (sources.length > 0) stale.set(prefix, sources);
    }
    daemon.stale.set(e, stale);
  }

  /** A peer's restart is done, with its End-of-RIB: what it did not announce again is gone (RFC 4724 §4.2). */
  restartDone(node: number, e: number): void {
    if (this.x.ends.restarting[e] === 0) return;
    this.x.ends.restarting[e] = 0;
    this.x.listener?.onPeerRestart?.(node, this.x.ends.peer[e]!, "done", Math.round(this.x.t));
    this.dropStale(node, e);
  }

  private dropStale(node: number, e: number): void {
    const daemon = this.x.daemons[node]!;
    const stale = daemon.stale.get(e);
    daemon.stale.delete(e);
    for (const [prefix, sources] of stale ?? []) this.removeAll(node, e, prefix, sources);
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
    for (const prefix of daemon.rib.prefixes()) {
      const sources = daemon.rib.sources(prefix, e);
      if (sources.length === 0) continue;
      x.spend(node, perRoute * sources.length);
      this.removeAll(node, e, prefix, sources);
    }
  }

  private removeAll(node: number, e: number, prefix: number, sources: readonly number[]): void {
    const { rib } = this.x.daemons[node]!;
    for (const source of sources)
      this.changed(node, prefix, rib.remove(prefix, e, source, this.decision));
  }
}

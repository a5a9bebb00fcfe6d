import type { FleetContext } from "../fleet/context.js";
import { WORK_FLUSH } from "../fleet/daemon.js";
import { PROTOCOL_STATE } from "../session/protocols.js";
import { PLAIN } from "./attributes.js";
import { REJECTED } from "./exporter.js";
import type { Importer } from "./importer.js";
import type { KernelWriter } from "./kernel-writer.js";
import type { Outbox } from "./outbox.js";
import type { RibChange } from "./path-lists.js";
import { NO_PATH, OWN } from "./paths.js";
import { WITHDRAWN } from "./updates.js";

/** Routes from peers: taken in, marked stale, dropped. */
export class Learner {
  private readonly x: FleetContext;
  private readonly importer: Importer;
  private readonly kernel: KernelWriter;
  private readonly outbox: Outbox;

  constructor(context: FleetContext, importer: Importer, kernel: KernelWriter, outbox: Outbox) {
    this.x = context;
    this.importer = importer;
    this.kernel = kernel;
    this.outbox = outbox;
  }

  /** UPDATEs came one behind the other; the reading of the first is paid for. */
  onRun(node: number, e: number, run: number): void {
    const { x } = this;
    const begin = x.batches.runBegin(run);
    const length = x.batches.runLength(run);
    const treated = x.treatment(e);
    for (let i = 0; i < length; i++) {
      if (i > 0) {
        x.spend(node, x.costs.message);
        x.idle?.heard(node, e);
      }
      this.update(node, e, x.batches.record(begin + i), treated);
    }
  }

  /** An UPDATE came. */
  onUpdate(node: number, e: number, record: number): void {
    this.update(node, e, record, this.x.treatment(e));
  }

  private update(node: number, e: number, record: number, treated: number): void {
    const { updates, lists } = this.x;
    lists.tidy();
    const attributes = updates.attributes(record);
    if (attributes !== WITHDRAWN) {
      this.announced(node, e, record, treated);
      return;
    }
    const end = updates.end(record);
    this.x.stats?.arrived(e, true, end - updates.begin(record));
    for (let item = updates.begin(record); item < end; item++)
      this.withdraw(node, e, updates.prefix(item), updates.source(item));
  }

  /** The burst of a re-feed came. */
  onRefeed(node: number, e: number, number: number): void {
    const { x } = this;
    const { costs } = x;
    const { messages, spurious, withdraw, withdrawSources, reach } = x.updates.refeed(number);
    x.spend(node, costs.message * (messages - 1) + costs.route * 0.25 * spurious);
    x.stats?.refeedArrived(e, x.updates.refeed(number));
    for (let i = 0; i < withdraw.length; i++)
      this.withdraw(node, e, withdraw[i]!, withdrawSources[i]!);
    const treated = x.treatment(e);
    for (const { attributes, prefixes, sources } of reach) {
      const taken = this.importer.attributes(e, attributes);
      for (let i = 0; i < prefixes.length; i++) {
        const set = this.filtered(e, prefixes[i]!, taken);
        const path =
          set === REJECTED ? NO_PATH : x.paths.intern(x.ends.peer[e]!, treated, set, sources[i]!);
        this.take(node, e, prefixes[i]!, sources[i]!, set, path);
      }
    }
  }

  /** What an attribute set brings; a looping one counts as withdrawn (bird: proto/bgp/packets.c, bgp_do_rx_update). */
  private announced(node: number, e: number, record: number, treated: number): void {
    const { updates } = this.x;
    const taken = this.importer.attributes(e, updates.attributes(record));
    const end = updates.end(record);
    this.x.stats?.arrived(e, taken === REJECTED, end - updates.begin(record));
    for (let item = updates.begin(record); item < end; item++) {
      const prefix = updates.prefix(item);
      const set = this.filtered(e, prefix, taken);
      const path = set === REJECTED ? NO_PATH : this.path(e, treated, set, item);
      this.take(node, e, prefix, updates.source(item), set, path);
    }
  }

  private filtered(e: number, prefix: number, taken: number): number {
    const looks = taken !== REJECTED && this.importer.filters(e);
    if (!looks) return taken;
    const set = this.importer.filtered(e, prefix, taken);
    if (set === REJECTED) this.x.stats?.filtered(e);
    return set;
  }

  /** A route with attributes as taken in. */
  private take(
    node: number,
    e: number,
    prefix: number,
    source: number,
    set: number,
    path: number,
  ): void {
    if (set === REJECTED) {
      this.withdraw(node, e, prefix, source);
      return;
    }
    const { x } = this;
    const daemon = x.daemons[node]!;
    x.spend(node, x.costs.route + x.costs.announce * daemon.exporting);
    if (x.ends.restarting[e] === 1) this.refreshed(node, e, prefix, source);
    const plain = set === PLAIN && source === OWN && daemon.meshOnly;
    if (plain && daemon.rib.addFirst(prefix, path)) this.kernel.export(node, prefix);
    else this.changed(node, prefix, daemon.rib.add(prefix, path));
  }

  /** The path that an end makes of an item. Ends that are alike make the same of it. */
  private path(e: number, treated: number, attributes: number, item: number): number {
    const { ends, paths, updates } = this.x;
    const peer = ends.peer[e]!;
    const last = updates.lastTaken(item);
    if (last !== NO_PATH && paths.is(last, peer, treated, attributes)) return last;
    const path = paths.intern(peer, treated, attributes, updates.source(item));
    updates.setTaken(item, path);
    return path;
  }

  private withdraw(node: number, e: number, prefix: number, source: number): void {
    const { x } = this;
    const { rib, exporting } = x.daemons[node]!;
    x.spend(node, x.costs.route + x.costs.announce * exporting);
    if (x.ends.restarting[e] === 1) this.refreshed(node, e, prefix, source);
    this.changed(node, prefix, rib.remove(prefix, x.ends.peer[e]!, source));
  }

  /** A path is no longer stale. */
  private refreshed(node: number, e: number, prefix: number, source: number): void {
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
      const sources = daemon.rib.sources(prefix, this.x.ends.peer[e]!);
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
      const sources = daemon.rib.sources(prefix, x.ends.peer[e]!);
      if (sources.length === 0) continue;
      x.spend(node, perRoute * sources.length);
      this.removeAll(node, e, prefix, sources);
    }
    x.stats?.reset(node, e);
  }

  private removeAll(node: number, e: number, prefix: number, sources: readonly number[]): void {
    const { rib } = this.x.daemons[node]!;
    for (const source of sources)
      this.changed(node, prefix, rib.remove(prefix, this.x.ends.peer[e]!, source));
  }
}

import type { FleetContext } from "../fleet/context.js";
import { COUNT } from "../messages/counters.js";
import {
  attributeBytes,
  END_OF_RIB_BYTES,
  prefixBytes,
  ROUTE_REFRESH_BYTES,
  reachBytes,
  withdrawBytes,
} from "../messages/sizes.js";
import { FEED_STEP } from "../session/constants.js";
import { END_OF_RIB, REFRESH, UPDATE } from "../session/segments.js";
import type { Transport } from "../session/transport.js";
import type { KernelWriter } from "./kernel-writer.js";
import { OWN } from "./rib.js";
import type { UpdateTable } from "./updates.js";

/** Bits of the connected subnet that BIRD holds beside the blocks (law 6: "connected subnets"); a /24 as measured. */
const CONNECTED_SUBNET_BITS = 24;

/** A daemon's own blocks: first announcement to each peer, and the re-feed after a change. */
export class Advertiser {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  private readonly updates: UpdateTable;
  private readonly kernel: KernelWriter;

  constructor(
    context: FleetContext,
    transport: Transport,
    updates: UpdateTable,
    kernel: KernelWriter,
  ) {
    this.x = context;
    this.transport = transport;
    this.updates = updates;
    this.kernel = kernel;
  }

  /** Announces everything to a peer, then End-of-RIB (law 3). */
  feed(node: number, e: number): void {
    const { x } = this;
    const side = x.ends.established[e]!;
    if (side < 0) return;
    const daemon = x.daemons[node]!;
    if (x.ends.exporting[e] === 0) daemon.exporting++;
    x.ends.exporting[e] = 1;
    x.spend(node, x.costs.announce * (daemon.rib.size + 1));
    for (const record of this.announcements(node)) {
      x.spend(node, x.costs.message);
      this.countReach(record, 1);
      this.transport.send(side, UPDATE | (record << 4));
    }
    x.spend(node, x.costs.message);
    x.counters.count(COUNT.update, END_OF_RIB_BYTES);
    x.counters.endOfRib++;
    this.transport.send(side, END_OF_RIB);
  }

  /** Own blocks changed: confd rewrote `calico_aggr`, so every peer is fed anew with enhanced refresh (law 6). */
  changeBlocks(node: number, blocks: readonly number[]): void {
    const { x } = this;
    const daemon = x.daemons[node]!;
    const before = new Set(daemon.blocks);
    const after = new Set(blocks);
    const gained = blocks.filter((p) => !before.has(p));
    const lost = daemon.blocks.filter((p) => !after.has(p));
    if (gained.length === 0 && lost.length === 0) return;
    daemon.blocks.splice(0, daemon.blocks.length, ...blocks);
    daemon.feed = undefined;
    for (const p of gained) if (daemon.rib.add(p, OWN)) this.kernel.export(node, p);
    for (const p of lost) if (daemon.rib.remove(p, OWN)) this.kernel.export(node, p);

    const notExported = daemon.rib.prefixes().filter((p) => !after.has(p));
    const record = this.updates.add({
      reach: blocks.slice(),
      withdraw: lost,
      bytes: 0,
      messages: 5,
      spurious: notExported.length,
    });
    let receivers = 0;
    for (const e of x.ends.of(node)) {
      const side = x.ends.established[e]!;
      if (side < 0 || x.ends.exporting[e] === 0) continue;
      receivers++;
      x.spend(node, 5 * x.costs.message + x.costs.announce * (daemon.rib.size + 1));
      this.transport.sendBurst(side, REFRESH | (record << 4));
    }
    if (receivers > 0) this.countRefresh(node, gained, lost, notExported, receivers);
  }

  private countRefresh(
    node: number,
    gained: readonly number[],
    lost: readonly number[],
    notExported: readonly number[],
    receivers: number,
  ): void {
    const { counters, addPath } = this.x;
    counters.count(COUNT.refresh, ROUTE_REFRESH_BYTES, 2 * receivers);
    if (gained.length > 0) {
      counters.count(COUNT.update, this.reachBytes(gained), receivers);
      counters.reach += receivers;
      counters.nlri += gained.length * receivers;
    }
    if (lost.length > 0) this.countWithdraw(this.nlriBytes(lost), lost.length, receivers);
    const steps = Math.ceil((notExported.length + 1) / FEED_STEP);
    for (let s = 0; s < steps; s++) {
      const part = notExported.slice(Math.max(0, s * FEED_STEP - 1), (s + 1) * FEED_STEP - 1);
      const subnet = s === 0 ? 1 : 0;
      const bytes = this.nlriBytes(part) + subnet * prefixBytes(CONNECTED_SUBNET_BITS, addPath);
      this.countWithdraw(bytes, part.length + subnet, receivers);
    }
    for (const record of this.announcements(node)) this.countReach(record, receivers);
  }

  /**
   * UPDATE records that announce a node's blocks: all share one attribute set, hence one bucket; a feed
   * hands over 256 routes a step and the connected subnet takes a place in the first (law 3).
   */
  private announcements(node: number): readonly number[] {
    const daemon = this.x.daemons[node]!;
    if (daemon.feed !== undefined) return daemon.feed;
    const { blocks } = daemon;
    const records: number[] = [];
    for (let from = 0, room = FEED_STEP - 1; from < blocks.length; room = FEED_STEP) {
      const reach = blocks.slice(from, from + room);
      const bytes = this.reachBytes(reach);
      records.push(this.updates.add({ reach, withdraw: [], bytes, messages: 1, spurious: 0 }));
      from += reach.length;
    }
    daemon.feed = records;
    return records;
  }

  private nlriBytes(prefixes: readonly number[]): number {
    let bytes = 0;
    for (const p of prefixes) bytes += prefixBytes(this.x.prefixes.cidr(p).length, this.x.addPath);
    return bytes;
  }

  private reachBytes(prefixes: readonly number[]): number {
    const attributes = attributeBytes({ asPathLength: 0, internal: true });
    return reachBytes(attributes, this.nlriBytes(prefixes));
  }

  private countReach(record: number, times: number): void {
    const { counters } = this.x;
    const { bytes, reach } = this.updates.get(record);
    counters.count(COUNT.update, bytes, times);
    counters.reach += times;
    counters.nlri += reach.length * times;
  }

  private countWithdraw(prefixBytesSum: number, prefixes: number, times: number): void {
    const { counters } = this.x;
    counters.count(COUNT.update, withdrawBytes(prefixBytesSum), times);
    counters.withdraw += times;
    counters.withdrawn += prefixes * times;
  }
}

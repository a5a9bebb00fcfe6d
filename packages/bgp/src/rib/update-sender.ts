import type { Micros } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { UPDATE, UPDATES } from "../session/segments.js";
import type { Transport } from "../session/transport.js";

/** UPDATEs on their way to the socket: those that reach a peer together are one thing to deliver. */
export class UpdateSender {
  private readonly x: FleetContext;
  private readonly transport: Transport;

  constructor(context: FleetContext, transport: Transport) {
    this.x = context;
    this.transport = transport;
  }

  /**
   * Sends UPDATEs of a batch one behind the other, each when it is written and, over links that lose some, for itself. Those that arrive together, in one segment
   * with what waits, or that wait themselves, are one thing to deliver; nothing else differs from {@link Transport.send}.
   */
  send(node: number, side: number, place: number, length: number): void {
    const { x } = this;
    if (x.eventPerMessage || x.path.impaired === true || x.listener?.onSegment !== undefined) {
      for (let i = 0; i < length; i++) {
        x.spend(node, x.costs.message);
        this.transport.send(side, this.updates(place + i, 1));
      }
      return;
    }
    for (let sent = 0; sent < length; )
      sent += this.sendTogether(node, side, place + sent, length - sent);
  }

  /** Sends the first of some UPDATEs, and those that go the same way; how many. */
  private sendTogether(node: number, side: number, place: number, most: number): number {
    const { conns, costs } = this.x;
    this.x.spend(node, costs.message);
    const last = conns.lastSent(side);
    const delay = this.x.delayFrom(side);
    const waits = conns.holds(side);
    if (!waits && Math.round(this.x.t) < last && delay !== Number.POSITIVE_INFINITY) {
      const count = this.writeMore(node, most, last);
      this.transport.deliver(side ^ 1, this.updates(place, count), last + delay);
      return count;
    }
    if (!waits) this.transport.send(side, this.updates(place, 1));
    if (!conns.holds(side)) return 1;
    const count = this.writeMore(node, most, Number.POSITIVE_INFINITY);
    if (!waits) conns.takeHeld(side);
    conns.hold(side, this.updates(place, count));
    return count;
  }

  /** The process writes UPDATEs, of which one is written, as long as it is before a time; how many there are then. */
  private writeMore(node: number, most: number, before: Micros): number {
    const { x } = this;
    let count = 1;
    for (; count < most && Math.round(x.t + x.costs.message) < before; count++)
      x.spend(node, x.costs.message);
    return count;
  }

  /** UPDATEs of a batch as one thing to deliver. */
  private updates(place: number, count: number): number {
    const { batches } = this.x;
    if (count === 1) return UPDATE | (batches.record(place) << 4);
    return UPDATES | (batches.run(place, count) << 4);
  }
}

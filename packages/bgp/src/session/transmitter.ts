import type { FleetContext } from "../fleet/context.js";
import { WORK_DECIDE, WORK_TRANSMIT } from "../fleet/daemon.js";
import { COUNT } from "../messages/counters.js";
import { KEEPALIVE_BYTES, openBytes } from "../messages/sizes.js";
import { SIDE } from "./connections.js";
import type { Recovery } from "./recovery.js";
import { KEEPALIVE, OPEN } from "./segments.js";
import type { Transport } from "./transport.js";

// What a side has to send; above the bits the code and subcode of its NOTIFICATION.
const SENDS_OPEN = 1;
const SENDS_KEEPALIVE = 2;
const SENDS_NOTIFICATION = 4;
const CLOSES = 8;
const NOTIFICATION_SHIFT = 4;

/**
 * Messages that hold no routes. None is written where it is asked for, while sockets are read, but when the
 * turn carries out queued work: then all that was asked for meanwhile leaves in the order of asking (bird:
 * proto/bgp/packets.c, bgp_schedule_packet, bgp_kick_tx). A connection that is given up is closed there too.
 */
export class Transmitter {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  private readonly recovery: Recovery;

  constructor(context: FleetContext, transport: Transport, recovery: Recovery) {
    this.x = context;
    this.transport = transport;
    this.recovery = recovery;
  }

  /** An OPEN is due on a side. */
  open(node: number, side: number): void {
    this.schedule(node, side, SENDS_OPEN);
  }

  /** A KEEPALIVE is due on a side. */
  keepalive(node: number, side: number): void {
    this.schedule(node, side, SENDS_KEEPALIVE);
  }

  /** A side is read no more, and closes behind a NOTIFICATION (bird: proto/bgp/bgp.c, bgp_error). */
  notify(node: number, side: number, code: number): void {
    this.shut(side);
    this.schedule(node, side, SENDS_NOTIFICATION | (code << NOTIFICATION_SHIFT));
  }

  /** A side is read no more, and closes (bird: proto/bgp/packets.c, PKT_SCHEDULE_CLOSE). */
  close(node: number, side: number): void {
    this.shut(side);
    this.schedule(node, side, CLOSES);
  }

  private shut(side: number): void {
    this.x.conns.setState(side, SIDE.closing);
  }

  private schedule(node: number, side: number, what: number): void {
    const { conns } = this.x;
    const before = conns.toSend(side);
    if (before === 0) this.x.queueWork(node, WORK_TRANSMIT, side);
    conns.setToSend(side, before | what);
  }

  /** Writes what a side has to send: a NOTIFICATION and the end behind it, else a KEEPALIVE, an OPEN (bird: proto/bgp/packets.c, bgp_fire_tx). */
  write(node: number, side: number): void {
    const { conns } = this.x;
    const what = conns.toSend(side);
    conns.setToSend(side, 0);
    const e = conns.end(side);
    if ((what & SENDS_NOTIFICATION) !== 0) {
      const code = what >> NOTIFICATION_SHIFT;
      this.transport.notify(side, code >> 8, code & 0xff);
      this.x.spend(node, this.x.costs.message);
    }
    if (conns.state(side) === SIDE.closing) {
      this.x.close(side);
      this.transport.hangUp(side, Math.round(this.x.t));
      this.x.detach(e, side);
      this.x.queueWork(node, WORK_DECIDE, e);
      return;
    }
    if ((what & SENDS_KEEPALIVE) !== 0) this.writeKeepalive(node, e, side);
    if ((what & SENDS_OPEN) !== 0) this.writeOpen(node, e, side);
  }

  private writeKeepalive(node: number, e: number, side: number): void {
    const { x } = this;
    x.counters.count(COUNT.keepalive, KEEPALIVE_BYTES);
    this.transport.send(side, KEEPALIVE);
    x.spend(node, x.costs.message);
    x.idle?.spoke(node, e);
  }

  private writeOpen(node: number, e: number, side: number): void {
    const { x } = this;
    const { addPath, keepsForwarding } = x.policy(e);
    x.counters.count(COUNT.open, openBytes(x.addPath && addPath, keepsForwarding));
    this.transport.send(side, OPEN | (this.recovery.recovers(node, e) << 4));
    x.spend(node, x.costs.message);
  }
}

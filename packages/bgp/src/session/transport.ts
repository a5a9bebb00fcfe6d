import type { Micros } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { RUNNING } from "../fleet/daemon.js";
import { Mail } from "../fleet/mail.js";
import { COUNT } from "../messages/counters.js";
import { NOTIFICATION_BYTES } from "../messages/sizes.js";
import type { SegmentKind } from "../types.js";
import { Acknowledgements } from "./acknowledgements.js";
import { LOST, SIDE } from "./connections.js";
import { DELAYED_ACK, ORPHAN_RETRIES, RETRANSMIT_MIN, SEGMENT_BYTES } from "./constants.js";
import type { Keepalives } from "./keepalives.js";
import { notificationCode } from "./last-error.js";
import { retransmission } from "./retransmission.js";
import type { RoughPaths } from "./rough-paths.js";
import {
  ACCEPT,
  CLOSED,
  CONNECT_FAILED,
  CONNECTED,
  END_OF_RIB,
  KEEPALIVE,
  NOTIFICATION,
  OPEN,
  REFRESH,
  REQUEST,
  UPDATE,
  UPDATES,
} from "./segments.js";

// Why held segments go: a delayed acknowledgement came (for a whole daemon), or the path may be whole again.
const ACKNOWLEDGED = 0;
const RETRANSMIT = 1;
// Or not held segments, but a FIN goes again: this and the number of times before.
const FINISH = 2;

/** What a capture calls a message. */
const CAPTURED: Readonly<Record<number, SegmentKind>> = Object.freeze({
  [OPEN]: "open",
  [KEEPALIVE]: "keepalive",
  [UPDATE]: "update",
  [REFRESH]: "update",
  [REQUEST]: "route-refresh",
  [END_OF_RIB]: "end-of-rib",
});

/** TCP between the daemons' hosts once a connection is made, as far as it shapes BGP: small-segment wait, cuts, resets. */
export class Transport {
  private readonly x: FleetContext;
  /** By daemon: sides that hold segments until a delayed acknowledgement, in the order in which these come. */
  private readonly late: Mail = new Mail();
  private readonly lateTimer: number[] = [];
  private readonly acks: Acknowledgements;
  /** Asked only where a link has, or had, jitter, loss or a limited bandwidth. */
  private readonly rough: RoughPaths;

  constructor(context: FleetContext, keepalives: Keepalives, rough: RoughPaths) {
    this.x = context;
    this.acks = new Acknowledgements(context, keepalives);
    this.rough = rough;
  }

  /** Makes room for one more daemon. */
  addDaemon(node: number): void {
    this.late.addDaemon();
    const { engine, kinds } = this.x;
    this.lateTimer[node] = engine.createTimer(kinds.release, node, ACKNOWLEDGED);
  }

  // Segments ------------------------------------------------------------------------------------

  /**
   * Sends a message on an open connection. A small segment waits while an earlier one is unacknowledged
   * (RFC 896; no TCP_NODELAY in bird: sysdep/unix), and behind anything that a cut path holds up.
   */
  send(side: number, what: number): void {
    const { conns } = this.x;
    const at = Math.round(this.x.t);
    if (conns.holds(side)) {
      conns.hold(side, what);
      return;
    }
    const slips = this.x.ttlLimitAfterOpen && (what & 15) === OPEN;
    const delay = slips ? this.x.wayFrom(side) : this.x.delayFrom(side);
    const last = conns.lastSent(side);
    if (delay === Number.POSITIVE_INFINITY) {
      this.resend(side, what, at);
      return;
    }
    if (at < last) {
      // Leaves in one segment with what waits for an acknowledgement within a round trip.
      this.captureMessage(side, what, last);
      this.deliver(side ^ 1, what, this.arrival(side, what, last, delay));
      return;
    }
    const acknowledged = conns.unackedUntil(side);
    if (at >= acknowledged) this.transmit(side, what, at, delay);
    else if (acknowledged - at < DELAYED_ACK / 2) this.transmit(side, what, acknowledged, delay);
    else if (
      conns.lastHeard(side) >= this.lastArrival(side, delay) + delay &&
      conns.lastHeard(side) <= acknowledged
    ) {
      // The acknowledgement came, or is on its way, with data.
      this.transmit(side, what, Math.max(at, conns.lastHeard(side)), delay);
    } else {
      conns.hold(side, what);
      this.releaseLate(side, acknowledged);
    }
  }

  /** A message that a cut path lost at a time goes again when its time-out is over, and everything sent meanwhile behind it. */
  resend(side: number, what: number, lost: Micros): void {
    const { conns, engine } = this.x;
    conns.hold(side, what);
    conns.sent(side, lost, LOST);
    this.releaseAt(side, retransmission(lost, Math.max(lost, engine.now)), RETRANSMIT);
  }

  /**
   * A re-feed begins with two small messages: the first leaves at once, the second when it is acknowledged, which
   * is after one round trip, or 40 ms later if the peer delays its acknowledgement (law 7).
   */
  sendBurst(side: number, what: number): void {
    const { conns, t } = this.x;
    const at = Math.round(t);
    const delay = this.x.delayFrom(side);
    if (delay !== Number.POSITIVE_INFINITY && !conns.holds(side)) {
      const begin = Math.max(at, conns.unackedUntil(side));
      this.acks.answered(side, begin);
      conns.sent(side, begin, this.acks.due(side, begin, begin + 2 * delay, delay));
      conns.heard(side ^ 1, begin + delay);
    }
    this.send(side, what);
  }

  /**
   * Sends messages that are of so many octets together. Full segments wait for no acknowledgement, push out what waits before
   * them, and the second is acknowledged at once (RFC 896; RFC 5681 §4.2; linux: net/ipv4/tcp_output.c, tcp_nagle_check).
   */
  sendSeveral(side: number, what: number, bytes: number): void {
    const { x } = this;
    const delay = x.delayFrom(side);
    if (
      bytes < 2 * SEGMENT_BYTES ||
      delay === Number.POSITIVE_INFINITY ||
      x.conns.unackedUntil(side) === LOST ||
      x.path.impaired === true
    ) {
      this.send(side, what);
      return;
    }
    const at = Math.max(Math.round(x.t), x.conns.lastSent(side));
    if (x.conns.holds(side)) this.flush(side, at, delay);
    this.transmit(side, what, at, delay);
    x.conns.sent(side, at, at + 2 * delay);
  }

  /** Sends a NOTIFICATION, which waits for nothing since the socket closes behind it. */
  notify(side: number, code: number, subcode: number): void {
    this.x.counters.count(COUNT.notification, NOTIFICATION_BYTES);
    const delay = this.x.delayFrom(side);
    if (delay === Number.POSITIVE_INFINITY || this.x.unheard(side)) return;
    this.capture(side, "notification", Math.round(this.x.t));
    const what = NOTIFICATION | (notificationCode(code, subcode) << 4);
    this.deliver(side ^ 1, what, this.arrival(side, what, Math.round(this.x.t), delay));
  }

  /** The other end learns that this side's socket is closed: FIN, or RST where there is no socket at all. */
  hangUp(side: number, at: Micros, reset: 0 | 1 = 0): void {
    const delay = this.x.delayFrom(side);
    if (delay === Number.POSITIVE_INFINITY || (reset === 0 && this.x.unheard(side))) return;
    const { engine, kinds } = this.x;
    const arrival = this.arrival(side, CLOSED, at, delay);
    engine.schedule(Math.max(engine.now, arrival), kinds.hangUp, side ^ 1, reset);
  }

  /**
   * The kernel closes a socket whose process is gone: its FIN is repeated while the path is cut. The time-out is the least
   * one and the measured round trip, which a delayed acknowledgement makes that of the delay (linux:
   * net/ipv4/tcp_input.c, tcp_rtt_estimator; FINs of s4-reboot10s-n6 go after 0.24 · (2^k − 1) s).
   */
  finish(side: number, at: Micros, tries = 0): void {
    const { x } = this;
    if (x.delayFrom(side) !== Number.POSITIVE_INFINITY) this.hangUp(side, at);
    else if (tries < ORPHAN_RETRIES && x.hostDown[x.conns.node(side)] === 0) {
      const due = at + (RETRANSMIT_MIN + DELAYED_ACK) * 2 ** tries;
      x.engine.schedule(due, x.kinds.release, side, FINISH + tries + 1);
    }
  }

  /** The end of a connection reaches a side. */
  onHangUp(side: number, reset: number): void {
    if (this.x.conns.state(side) !== SIDE.closed) this.arrive(side, CLOSED | (reset << 4));
  }

  /** Held segments may go, of a side or of a daemon; or a FIN again. */
  onRelease(which: number, why: number): void {
    if (why === ACKNOWLEDGED) this.releaseDue(which);
    else if (why > FINISH) this.finish(which, this.x.engine.now, why - FINISH);
    else this.release(which);
  }

  /** They were acknowledged, or it is time to retransmit over a cut path. */
  private release(side: number): void {
    const { x } = this;
    const { conns } = x;
    const { now } = x.engine;
    if (!conns.holds(side) || now < conns.releaseAt(side)) return;
    const delay = x.delayFrom(side);
    if (delay === Number.POSITIVE_INFINITY) {
      const last = conns.lastSent(side);
      conns.sent(side, last, LOST);
      this.releaseAt(side, retransmission(last, now + 1), RETRANSMIT);
      return;
    }
    this.flush(side, now, delay);
  }

  private releaseAt(side: number, at: Micros, why: number): void {
    this.x.conns.release(side, at);
    this.x.engine.schedule(at, this.x.kinds.release, side, why);
  }

  /**
   * Waits for a delayed acknowledgement. Nearly always data from the peer brings it earlier, so one timer
   * for all of a daemon's sides is enough: they come due nearly in the order in which they began to wait.
   */
  private releaseLate(side: number, at: Micros): void {
    if (this.x.path.impaired === true) {
      // What was lost is acknowledged in no such order.
      this.releaseAt(side, at, RETRANSMIT);
      return;
    }
    const node = this.x.conns.node(side);
    const { late } = this;
    this.x.conns.release(side, at);
    if (at < late.first[node]!) this.x.engine.setTimer(this.lateTimer[node]!, at);
    late.insert(node, at, side, 0);
  }

  private releaseDue(node: number): void {
    const { conns, engine } = this.x;
    const { late } = this;
    for (let due = late.first[node]!; due < Number.POSITIVE_INFINITY; due = late.first[node]!) {
      const side = late.side(node);
      const waits = conns.holds(side) && conns.releaseAt(side) === due;
      if (waits && due > engine.now) {
        engine.setTimer(this.lateTimer[node]!, due);
        return;
      }
      late.shift(node);
      if (waits) this.release(side);
    }
  }

  private flush(side: number, at: Micros, delay: Micros): void {
    const { conns } = this.x;
    this.transmit(side, conns.takeHeld(side), at, delay);
    for (const what of conns.takeMore(side)) this.transmit(side, what, at, delay);
  }

  /** When a message arrives that leaves at a time. */
  private arrival(side: number, what: number, at: Micros, delay: Micros): Micros {
    return this.x.path.impaired === true ? this.rough.arrival(side, what, at, delay) : at + delay;
  }

  /** When the last message that a side sent arrives. */
  private lastArrival(side: number, delay: Micros): Micros {
    const arrival = this.x.conns.lastSent(side) + delay;
    return this.x.path.impaired === true
      ? Math.max(arrival, this.rough.lastArrival(side))
      : arrival;
  }

  private transmit(side: number, what: number, at: Micros, delay: Micros): void {
    if (this.x.path.impaired === true && (what & 15) === UPDATES) {
      this.transmitEach(side, what >> 4, at, delay);
      return;
    }
    this.acks.answered(side, at);
    const arrival = this.arrival(side, what, at, delay);
    const soonest =
      this.x.path.impaired === true ? this.rough.acknowledgement(side) : at + 2 * delay;
    this.x.conns.sent(side, at, this.acks.due(side, at, soonest, delay));
    this.captureMessage(side, what, at);
    this.deliver(side ^ 1, what, arrival);
  }

  /** UPDATEs that were held together may be lost one by one. */
  private transmitEach(side: number, run: number, at: Micros, delay: Micros): void {
    const { batches } = this.x;
    for (let i = 0; i < batches.runLength(run); i++) {
      const record = batches.record(batches.runBegin(run) + i);
      this.transmit(side, UPDATE | (record << 4), at, delay);
    }
  }

  /** Shows a segment to whoever captures. */
  capture(side: number, what: SegmentKind, at: Micros): void {
    const { x } = this;
    x.listener?.onSegment?.(x.conns.node(side), x.conns.node(side ^ 1), what, at);
  }

  private captureMessage(side: number, what: number, at: Micros): void {
    if (this.x.listener?.onSegment === undefined) return;
    const kind = CAPTURED[what & 15];
    if (kind !== undefined) this.capture(side, kind, at);
  }

  // Arrivals ------------------------------------------------------------------------------------

  /** Something is on its way to a side, and will be there at a time. */
  deliver(side: number, what: number, at: Micros): void {
    const { x } = this;
    const { conns } = x;
    if ((what & 15) >= OPEN && conns.state(side) !== SIDE.closed) {
      conns.heard(side, at);
      // What comes later than the acknowledgement holds nothing up: two ends may well wait for the same tick.
      if (conns.holds(side) && conns.unackedUntil(side) !== LOST && at <= conns.releaseAt(side)) {
        // Data carries the acknowledgement of what reached its sender before it left.
        const delay = x.delayFrom(side);
        if (at - delay >= this.lastArrival(side, delay)) this.flush(side, at, delay);
      }
    }
    const node = conns.node(side);
    if (x.state[node] === RUNNING && !x.eventPerMessage) this.post(node, side, what, at);
    else x.engine.schedule(at, x.kinds.arrive, side, what);
  }

  private post(node: number, side: number, what: number, at: Micros): void {
    this.x.mail.insert(node, at, side, what);
    this.x.loop.expect(node, at);
  }

  /** Something reaches the host of a side now. */
  arrive(side: number, what: number): void {
    const { x } = this;
    const node = x.conns.node(side);
    if (x.hostDown[node] === 1) return;
    if (x.state[node] === RUNNING) this.post(node, side, what, x.engine.now);
    else this.reject(side, what, x.engine.now);
  }

  /** There is no process, or no such socket: the kernel answers with a reset. */
  private reject(side: number, what: number, at: Micros): void {
    const type = what & 15;
    if (type === CONNECT_FAILED || type === CLOSED) return;
    // To each message.
    const times = type === UPDATES ? this.x.batches.runLength(what >> 4) : 1;
    for (let i = 0; i < times; i++) this.hangUp(side, at, 1);
  }

  /** A daemon asks what reached its sockets before now. */
  collect(node: number): void {
    const { mail, engine } = this.x;
    while (mail.first[node]! < engine.now) this.take(node);
  }

  private take(node: number): void {
    const { conns, inbox, engine, kinds, mail } = this.x;
    const first = mail.first[node]!;
    const side = mail.side(node);
    const what = mail.what(node);
    const type = what & 15;
    const state = conns.state(side);
    mail.shift(node);
    engine.trace.fold(engine.now, kinds.arrive, side, what);
    if (type >= OPEN) conns.setTook(side, first);
    if (type >= OPEN && state === SIDE.closed) this.reject(side, what, first);
    else if (type >= CLOSED) inbox.addMessage(node, side, what);
    else if (type === ACCEPT) inbox.addConnection(node, side);
    else inbox.addOutcome(node, side, type === CONNECTED);
  }

  /** A process is gone: what was on its way to it still reaches the host, and who waited for accept(2) is reset. */
  processGone(node: number, tellPeers: boolean): void {
    const { inbox, mail, engine, kinds } = this.x;
    const unaccepted = [...inbox.unaccepted(node)];
    for (let at = mail.first[node]!; at !== Number.POSITIVE_INFINITY; at = mail.first[node]!) {
      if (at >= engine.now) engine.schedule(at, kinds.arrive, mail.side(node), mail.what(node));
      else if ((mail.what(node) & 15) === ACCEPT) unaccepted.push(mail.side(node));
      mail.shift(node);
    }
    // linux: net/ipv4/inet_connection_sock.c, inet_csk_listen_stop.
    if (tellPeers) for (const side of unaccepted) this.reject(side, ACCEPT, engine.now);
  }
}

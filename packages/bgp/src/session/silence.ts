import type { Micros } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { RUNNING, WORK_FLUSH } from "../fleet/daemon.js";
import { SIDE } from "./connections.js";
import type { Connector } from "./connector.js";
import type { Keepalives } from "./keepalives.js";
import { ERROR_CLASS, notificationCode } from "./last-error.js";
import { PROTOCOL_STATE } from "./protocols.js";
import { retransmission } from "./retransmission.js";
import { KEEPALIVE } from "./segments.js";
import type { Sessions } from "./sessions.js";
import type { Transport } from "./transport.js";

/** Sessions over cut paths, or with hosts that vanished: only the hold time helps (law 8 c). */
export class Silence {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  private readonly keepalives: Keepalives;
  private readonly connector: Connector;
  private readonly sessions: Sessions;
  /** When a side fell silent; meant only while it is. */
  private readonly since: Map<number, Micros> = new Map();

  constructor(
    context: FleetContext,
    transport: Transport,
    keepalives: Keepalives,
    connector: Connector,
    sessions: Sessions,
  ) {
    this.x = context;
    this.transport = transport;
    this.keepalives = keepalives;
    this.connector = connector;
    this.sessions = sessions;
  }

  /** Connectivity changed: sessions over cut paths fall silent, healed ones speak again. */
  pathsChanged(): void {
    const { conns, idle } = this.x;
    for (let side = 0; side < 2 * conns.count; side++) {
      if (this.isOpening(side)) this.limitOpening(side);
      if (conns.state(side) !== SIDE.established) continue;
      const silent = this.x.delayFrom(side ^ 1) === Number.POSITIVE_INFINITY;
      if (idle !== undefined) this.tellBfd(side, silent || conns.state(side ^ 1) === SIDE.closed);
      else if (conns.state(side ^ 1) === SIDE.closed) {
        // Nothing will come; with the path whole, what this side sends is answered with a reset.
        if (conns.silent[side] === 0) this.fallSilent(side);
        if (!silent) this.expectReset(side);
      } else if (silent && conns.silent[side] === 0) this.fallSilent(side);
      else if (!silent && conns.silent[side] === 1) this.speakAgain(side);
      else if (!silent) this.x.bfd?.pathChanged(conns.end(side));
    }
  }

  private isOpening(side: number): boolean {
    const state = this.x.conns.state(side);
    return state === SIDE.openSent || state === SIDE.openConfirm;
  }

  /** An opening to which nobody will answer gets no further. */
  private limitOpening(side: number): void {
    const { conns } = this.x;
    const silent = this.x.delayFrom(side ^ 1) === Number.POSITIVE_INFINITY;
    const gone = conns.state(side ^ 1) === SIDE.closed || conns.state(side ^ 1) === SIDE.none;
    if (conns.silent[side] === 1 || !(silent || gone)) return;
    this.keepalives.limitOpening(side, Math.max(0, conns.lastSent(side)));
  }

  /** A side was established; its path may be cut already. */
  check(side: number): void {
    const silent = this.x.delayFrom(side ^ 1) === Number.POSITIVE_INFINITY;
    if (this.x.idle !== undefined) this.tellBfd(side, silent);
    else if (silent) this.fallSilent(side);
    else if (this.keepalives.starves(side)) this.hasTime(side);
  }

  /** The hold time of a side is over, unless something was heard. */
  onHoldExpired(side: number): void {
    const { x } = this;
    const { conns } = x;
    const { now } = x.engine;
    const state = conns.state(side);
    this.keepalives.limits--;
    if (state < SIDE.openSent || state === SIDE.closed || now < conns.holdUntil(side)) return;
    if (conns.silent[side] === 0) {
      if (state !== SIDE.established || !this.keepalives.starves(side)) return;
      if (this.hasTime(side)) return;
    }
    const node = x.conns.node(side);
    if (x.state[node] !== RUNNING) return;
    x.t = now;
    x.second[node] = x.clock(node, now);
    this.giveUp(node, side);
    x.loop.sleep(node);
  }

  /**
   * Whether the hold time of a side that hears its peer lasts still, if so to be asked again when it ends. Only where keepalives
   * may come too late is this an event.
   */
  private hasTime(side: number): boolean {
    const { conns, engine } = this.x;
    const spoken = this.keepalives.last(side ^ 1, engine.now);
    const heard = Math.max(conns.since[side]!, conns.lastHeard(side), spoken);
    const until = heard + this.keepalives.holdTime(side, heard);
    if (until <= engine.now) return false;
    this.keepalives.expire(side, until);
    return true;
  }

  /** A daemon gives a session up whose hold time is over. */
  giveUp(node: number, side: number): void {
    const { x } = this;
    const { conns } = x;
    const e = conns.end(side);
    this.transport.notify(side, 4, 0);
    x.protocols.fail(e, ERROR_CLASS.sent | notificationCode(4, 0), true);
    x.protocols.enter(e, PROTOCOL_STATE.flush, x.second[node]!);
    this.sessions.leaveEstablished(e, side, Math.round(x.t));
    x.close(side);
    x.detach(e, side);
    // No graceful restart after a hold time: routes go when the stopped protocol is flushed (law 8 c).
    x.queueWork(node, WORK_FLUSH, e);
    this.connector.beginAfterError(node, e);
  }

  /** Where keepalives are messages, they tell of a cut themselves; BFD's packets are none. */
  private tellBfd(side: number, silent: boolean): void {
    const { bfd, conns } = this.x;
    if (silent) bfd?.lost(conns.end(side));
    else bfd?.pathChanged(conns.end(side));
  }

  /** Nothing reaches this side any more: its hold time runs from the last thing heard. */
  private fallSilent(side: number): void {
    const { conns, engine } = this.x;
    const other = side ^ 1;
    this.since.set(side, engine.now);
    // The other end may be gone without a word: what it had sent until now still counts.
    const heard = Math.max(conns.lastHeard(side), this.keepalives.last(other, engine.now));
    const expiry = heard + this.keepalives.holdTime(side, heard);
    this.keepalives.limit(side, Math.max(engine.now, expiry));
    this.x.bfd?.lost(conns.end(side));
  }

  /**
   * The path heals: what was lost during the cut comes with its next retransmission, which may be minutes from now. A side
   * whose hold time is over before gives up all the same.
   */
  private speakAgain(side: number): void {
    const { conns, engine } = this.x;
    const other = side ^ 1;
    this.x.bfd?.found(conns.end(side));
    const lost = this.keepalives.next(other, this.since.get(side)!);
    // A keepalive behind other data that was lost comes with it.
    if (lost < engine.now && !conns.holds(other)) this.transport.resend(other, KEEPALIVE, lost);
    const arrival = conns.holds(other) ? conns.releaseAt(other) + this.x.delayFrom(other) : 0;
    if (arrival >= conns.holdUntil(side)) return;
    conns.silent[side] = 0;
    this.since.delete(side);
  }

  /** The host answers again but has no such socket: the first segment that reaches it is answered with RST (RFC 9293 §3.10.7.1). */
  private expectReset(side: number): void {
    const { engine, kinds } = this.x;
    const there = this.x.delayFrom(side);
    // What this side sends is lost on a path that is cut one way; once that heals, this is asked again.
    if (there === Number.POSITIVE_INFINITY) return;
    const first = this.keepalives.next(side, this.since.get(side)!);
    if (first === Number.POSITIVE_INFINITY) return;
    const at = first < engine.now ? retransmission(first, engine.now) : first;
    engine.schedule(at + 2 * there, kinds.hangUp, side, 1);
  }
}

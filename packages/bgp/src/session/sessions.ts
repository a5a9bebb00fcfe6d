import type { Micros } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { TIMER_PEER_RESTART, WORK_DECIDE, WORK_FEED, WORK_RESTART } from "../fleet/daemon.js";
import type { Learner } from "../rib/learner.js";
import { leaveGroup } from "../rib/peer-groups.js";
import { holdTime } from "./agreed-times.js";
import { SIDE } from "./connections.js";
import type { Connector } from "./connector.js";
import { CEASE } from "./constants.js";
import type { Keepalives } from "./keepalives.js";
import {
  BFD_DOWN,
  CONNECTION_CLOSED,
  CONNECTION_REFUSED,
  CONNECTION_RESET,
  ERROR_CLASS,
  GRACEFUL_RESTART,
  NO_ROUTE_TO_HOST,
  notificationCode,
} from "./last-error.js";
import { PROTOCOL_STATE } from "./protocols.js";
import type { Recovery } from "./recovery.js";
import { expectingEnd } from "./session-guards.js";
import { isKept, keepsNew, refusal } from "./session-terms.js";
import type { Transmitter } from "./transmitter.js";
import type { Transport } from "./transport.js";

/** Its subcode Connection Collision Resolution (RFC 4486 §3). */
const COLLISION = 7;
/** NOTIFICATION code OPEN Message Error. */
const OPEN_ERROR = 2;

/** The session state machine (RFC 4271 §8) as BIRD has it: connect delay, two connections per peer, graceful restart. */
export class Sessions {
  private readonly x: FleetContext;
  private readonly connector: Connector;
  private readonly transport: Transport;
  private readonly transmitter: Transmitter;
  private readonly keepalives: Keepalives;
  private readonly recovery: Recovery;
  private readonly learner: Learner;

  constructor(
    context: FleetContext,
    connector: Connector,
    transport: Transport,
    transmitter: Transmitter,
    keepalives: Keepalives,
    recovery: Recovery,
    learner: Learner,
  ) {
    this.x = context;
    this.connector = connector;
    this.transport = transport;
    this.transmitter = transmitter;
    this.keepalives = keepalives;
    this.recovery = recovery;
    this.learner = learner;
  }

  // Opening -------------------------------------------------------------------------------------

  /** An attempt to connect was answered. */
  onOutcome(node: number, side: number, connected: boolean): void {
    const { x } = this;
    const { conns, ends } = x;
    if (conns.state(side) !== SIDE.connect) return;
    const e = conns.end(side);
    x.spend(node, x.costs.message);
    ends.connectDue[e] = -1;
    if (connected) {
      conns.setState(side, SIDE.openSent);
      this.open(node, side);
      x.inbox.opened(node, side);
      return;
    }
    const silent = conns.answered[side >> 1] === 0;
    x.protocols.fail(e, silent ? NO_ROUTE_TO_HOST : CONNECTION_REFUSED, false);
    x.close(side);
    ends.outgoing[e] = -1;
    conns.vacate(side >> 1);
    x.queueWork(node, WORK_DECIDE, e);
  }

  /**
   * Accepts one connection (bird: proto/bgp/bgp.c, bgp_incoming_connection). On a live session it is taken
   * for a restart of the neighbour: the session is given up for the new connection (law 9), even if its
   * opener has given up meanwhile, which shows only when the new connection is read.
   */
  onAccept(node: number, side: number): void {
    const { x } = this;
    const { conns, ends } = x;
    x.acceptQueue[node]!--;
    x.spend(node, x.costs.accept);
    const c = side >> 1;
    const e = expectingEnd(x, c);
    if (e < 0 || ends.stopped[e] === 1) {
      this.turnAway(side);
      return;
    }
    const live = ends.established[e]!;
    if (live >= 0 && isKept(x, live)) {
      x.protocols.fail(e, GRACEFUL_RESTART, true);
      this.keepStale(node, e, live);
      this.closeConnection(e, live);
      if (ends.incoming[e]! >= 0) this.closeConnection(e, 2 * ends.incoming[e]! + 1);
      x.queueWork(node, WORK_DECIDE, e);
    } else if (ends.incoming[e]! >= 0 || x.errorWaitLeft(e, x.second[node]!) > 0) {
      this.turnAway(side);
      return;
    }
    conns.accept(side, e);
    ends.incoming[e] = c;
    conns.setState(side, SIDE.openSent);
    x.sockets[node]!++;
    this.open(node, side);
    x.inbox.opened(node, side);
  }

  /** Closes a connection just accepted. The OPEN that the other end sends at once is never read, which makes its end a reset. */
  private turnAway(side: number): void {
    this.x.close(side);
    this.transport.hangUp(side, Math.round(this.x.t), 1);
  }

  /** An OPEN is due on a connection that is made. */
  private open(node: number, side: number): void {
    this.transmitter.open(node, side);
    this.limitOpening(side);
  }

  /**
   * The hold time also ends an opening that gets no further (bird: proto/bgp/bgp.c, `initial hold time` has the same
   * default). Only where something is in the way does it matter, so only then is it an event.
   */
  private limitOpening(side: number): void {
    const whole =
      this.x.delayFrom(side) < Number.POSITIVE_INFINITY &&
      this.x.delayFrom(side ^ 1) < Number.POSITIVE_INFINITY;
    if (!whole) this.keepalives.limitOpening(side, this.x.engine.now);
  }

  /** An OPEN came (bird: proto/bgp/packets.c, bgp_rx_open). */
  onOpen(node: number, e: number, side: number, restarting: number): void {
    const { x } = this;
    const { conns, ends } = x;
    if (conns.state(side) !== SIDE.openSent) return;
    const refused = refusal(x, e, side);
    if (refused !== 0) {
      const what = notificationCode(OPEN_ERROR, refused);
      x.protocols.fail(e, ERROR_CLASS.sent | what, false);
      this.transmitter.notify(node, side, what);
      this.cease(node, e);
      this.connector.beginAfterError(node, e);
      return;
    }
    const other = side & 1 ? ends.outgoing[e]! * 2 : ends.incoming[e]! * 2 + 1;
    const state = other >= 0 ? conns.state(other) : SIDE.none;
    if (state === SIDE.established) {
      this.reject(node, e, side);
      return;
    }
    if (state === SIDE.openConfirm) {
      const loser = keepsNew(x, e, side) ? other : side;
      this.reject(node, e, loser);
      if (loser === side) return;
    } else if (side & 1 && (state === SIDE.connect || ends.outgoing[e]! < 0)) {
      // An OPEN ends the wait for an attempt of one's own, and the attempt.
      if (state === SIDE.connect) this.connector.giveUp(e);
      ends.connectDue[e] = -1;
      x.queueWork(node, WORK_DECIDE, e);
    }
    conns.peerRestarting[side] = restarting & 1;
    conns.setState(side, SIDE.openConfirm);
    // Where the agreed hold time is the usual one, the timer that the opening began with stands for it.
    if (conns.silent[side] === 1 && holdTime(x, e) !== x.timing.hold)
      this.keepalives.limit(side, x.engine.now + this.keepalives.holdTime(side, x.engine.now));
    this.transmitter.keepalive(node, side);
  }

  /** Cease, Connection collision resolution (RFC 4486 §3). */
  private reject(node: number, e: number, side: number): void {
    const what = notificationCode(CEASE, COLLISION);
    this.x.protocols.fail(e, ERROR_CLASS.sent | what, false);
    this.transmitter.notify(node, side, what);
  }

  /** The KEEPALIVE that confirms an OPEN came (bird: proto/bgp/bgp.c, bgp_conn_enter_established_state). */
  onConfirmed(node: number, e: number, side: number): void {
    const { x } = this;
    const { ends, conns } = x;
    const recovers = conns.peerRestarting[side] === 1;
    x.spend(node, x.costs.establish);
    conns.setState(side, SIDE.established);
    conns.since[side] = Math.round(x.t);
    conns.silent[side] = 0;
    ends.established[e] = side;
    ends.sessions[e]!++;
    ends.errorWait[e] = 0;
    ends.connectDue[e] = -1;
    ends.restartDue[e] = -1;
    x.bfd?.found(e);
    x.protocols.up(e, x.second[node]!);
    x.establishedEnds++;
    this.recovery.onEstablished(node, e, recovers);
    // A peer that says it kept no forwarding state is not waited for (RFC 4724 §4.2); BIRD says so whenever it does not recover.
    if (!recovers) this.learner.restartDone(node, e);
    x.listener?.onSession(node, ends.peer[e]!, true, Math.round(x.t));
    if (ends.deferred[e] === 1) return;
    x.stats?.link(node, e);
    x.queueWork(node, WORK_FEED, e);
  }

  // Losing --------------------------------------------------------------------------------------

  /** The other end closed the connection, or its process died. */
  onClosed(node: number, e: number, side: number, reset: boolean): void {
    const established = this.x.conns.state(side) === SIDE.established;
    this.x.protocols.fail(e, reset ? CONNECTION_RESET : CONNECTION_CLOSED, established);
    if (established) this.keepStale(node, e, side);
    this.x.close(side);
    this.x.detach(e, side);
    this.x.queueWork(node, WORK_DECIDE, e);
  }

  /**
   * A NOTIFICATION came. On a session it ends the protocol, without graceful restart (RFC 4724 §4.2); one that
   * is no Cease does so in any state, and makes it wait (bird: proto/bgp/packets.c, bgp_rx_notification).
   *
   * @param what - code · 256 + subcode.
   */
  onNotification(node: number, e: number, side: number, what: number): void {
    const { x } = this;
    const established = x.conns.state(side) === SIDE.established;
    const cease = what >> 8 === CEASE;
    x.protocols.fail(e, ERROR_CLASS.received | what, established);
    if (established) this.leaveEstablished(e, side, Math.round(x.t));
    this.transmitter.close(node, side);
    if (established || !cease) this.cease(node, e);
    if (!cease) this.connector.beginAfterError(node, e);
  }

  /** BFD is down: the protocol stops, whether its session is up or its peer is expected back (bird: proto/bgp/bgp.c, bgp_bfd_notify). */
  onBfdDown(node: number, e: number): void {
    const { ends, engine, protocols } = this.x;
    const side = ends.established[e]!;
    if (side < 0 && ends.restarting[e] === 0) return;
    protocols.fail(e, BFD_DOWN, side >= 0);
    if (side >= 0) this.leaveEstablished(e, side, engine.now);
    this.cease(node, e);
    if (side >= 0) this.connector.beginAfterError(node, e);
  }

  /**
   * The protocol of a peer stops: its connections end with a Cease, its routes and its part in recovery go; it
   * takes no connection until it starts again, when they are closed (bird: proto/bgp/bgp.c, bgp_stop, bgp_down).
   */
  private cease(node: number, e: number): void {
    const { x } = this;
    const { conns, ends } = x;
    for (const side of [2 * ends.outgoing[e]!, 2 * ends.incoming[e]! + 1]) {
      if (side < 0 || conns.state(side) === SIDE.closing) continue;
      if (conns.state(side) === SIDE.connect) this.connector.giveUp(e);
      else this.transmitter.notify(node, side, notificationCode(CEASE, 0));
    }
    ends.connectDue[e] = -1;
    ends.restartDue[e] = -1;
    ends.stopped[e] = 1;
    x.protocols.restart(e, x.second[node]!);
    this.recovery.leave(node, e);
    this.learner.flush(node, e);
    x.queueWork(node, WORK_RESTART, e);
  }

  /** Closes a connection and tells the other end by FIN. */
  private closeConnection(e: number, side: number): void {
    this.hangUp(side);
    this.x.detach(e, side);
  }

  private hangUp(side: number): void {
    this.x.close(side);
    this.transport.hangUp(side, Math.round(this.x.t));
  }

  /** The session is lost but the peer is expected back: its routes stay, marked stale (RFC 4724 §4.2). */
  private keepStale(node: number, e: number, side: number): void {
    const { x } = this;
    this.leaveEstablished(e, side, Math.round(x.t));
    if (!isKept(x, side)) {
      x.protocols.restart(e, x.second[node]!);
      this.learner.flush(node, e);
      return;
    }
    x.protocols.enter(e, PROTOCOL_STATE.start, x.second[node]!);
    this.learner.markStale(node, e);
    x.bfd?.lost(e);
    x.listener?.onPeerRestart?.(node, x.ends.peer[e]!, "detected", Math.round(x.t));
    const { gracefulRestart } = x.policy(x.conns.end(side ^ 1));
    const time = gracefulRestart < 0 ? x.timing.gracefulRestart : gracefulRestart;
    const due = x.second[node]! + time;
    x.ends.restartDue[e] = due;
    x.timers.add(node, due, e * 4 + TIMER_PEER_RESTART);
  }

  /** An end leaves Established, for whatever reason. */
  leaveEstablished(e: number, side: number, at: Micros): void {
    const { x } = this;
    const { ends } = x;
    if (ends.established[e] !== side) return;
    const node = ends.node[e]!;
    if (x.idle !== undefined) x.idle.stop(e);
    else this.keepalives.ended += this.keepalives.sent(side, at);
    ends.established[e] = -1;
    if (ends.exporting[e] === 1) {
      x.daemons[node]!.exporting--;
      leaveGroup(x, node, e);
    }
    ends.exporting[e] = 0;
    x.stats?.unlink(node, e);
    x.establishedEnds--;
    x.lostEnds++;
    x.listener?.onSession(node, ends.peer[e]!, false, at);
  }

  /** The process dies, or the peer leaves its configuration: its sockets towards a peer close. */
  drop(e: number, tellPeer: boolean): void {
    const { outgoing, incoming } = this.x.ends;
    if (outgoing[e]! >= 0) this.dropSide(e, 2 * outgoing[e]!, tellPeer);
    if (incoming[e]! >= 0) this.dropSide(e, 2 * incoming[e]! + 1, tellPeer);
    outgoing[e] = -1;
    incoming[e] = -1;
  }

  /** The protocol stops: its connections close, its timers end (bird: proto/bgp/bgp.c, bgp_stop). */
  stop(e: number): void {
    this.drop(e, true);
    this.x.ends.connectDue[e] = -1;
    this.x.ends.stopped[e] = 1;
  }

  /** A protocol that stopped is down once its connections are closed, and starts again. */
  restart(node: number, e: number): void {
    const { ends } = this.x;
    if (ends.stopped[e] === 0) return;
    if (ends.outgoing[e]! >= 0 || ends.incoming[e]! >= 0) {
      this.x.queueWork(node, WORK_RESTART, e);
      return;
    }
    ends.stopped[e] = 0;
    if (ends.configured[e] === 1 && ends.connectDue[e]! < 0) this.connector.later(node, e);
  }

  private dropSide(e: number, side: number, tellPeer: boolean): void {
    const { conns, engine } = this.x;
    if (conns.state(side) === SIDE.established) this.leaveEstablished(e, side, engine.now);
    const before = conns.state(side);
    this.x.close(side);
    if (!tellPeer || before === SIDE.closed) return;
    if (before !== SIDE.connect || conns.answered[side >> 1] === 1)
      this.transport.finish(side, engine.now);
  }
}

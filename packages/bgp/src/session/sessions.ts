import { hash32, type Micros } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { TIMER_CONNECT, TIMER_PEER_RESTART, WORK_FEED } from "../fleet/daemon.js";
import { COUNT } from "../messages/counters.js";
import { KEEPALIVE_BYTES, openBytes } from "../messages/sizes.js";
import type { Learner } from "../rib/learner.js";
import { SIDE } from "./connections.js";
import type { Keepalives } from "./keepalives.js";
import {
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
import { KEEPALIVE, OPEN } from "./segments.js";
import type { Transport } from "./transport.js";

/** The session state machine (RFC 4271 §8) as BIRD has it: connect delay, two connections per peer, graceful restart. */
export class Sessions {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  private readonly keepalives: Keepalives;
  private readonly recovery: Recovery;
  private readonly learner: Learner;

  constructor(
    context: FleetContext,
    transport: Transport,
    keepalives: Keepalives,
    recovery: Recovery,
    learner: Learner,
  ) {
    this.x = context;
    this.transport = transport;
    this.keepalives = keepalives;
    this.recovery = recovery;
    this.learner = learner;
  }

  // Connecting ----------------------------------------------------------------------------------

  /** A configured peer begins: the opener waits its connect delay (bird: proto/bgp/bgp.c, bgp_active). */
  begin(node: number, e: number): void {
    this.x.protocols.begin(e, this.x.second[node]!);
    this.connectLater(node, e);
  }

  private connectLater(node: number, e: number): void {
    if (this.x.ends.passive[e] === 0) this.wait(node, e, this.x.timing.connectDelay);
  }

  /** Begins anew after an error wait; an end that opens has its connect delay behind it. */
  connectAfterError(node: number, e: number, errorWait: number): void {
    const { ends, timing } = this.x;
    if (ends.configured[e] === 0) return;
    this.wait(node, e, this.jittered(errorWait, node, e, errorWait) + timing.connectDelay);
  }

  /**
   * The connect retry timer of an end fired: the connect delay is over, or an attempt had no answer and is
   * made anew (bird: proto/bgp/bgp.c, bgp_connect_timeout). True if a connection was opened.
   */
  onConnectTimer(node: number, e: number, now: number): boolean {
    const { conns, ends, timing } = this.x;
    if (ends.connectDue[e]! < 0 || ends.connectDue[e]! > now) return false;
    ends.connectDue[e] = -1;
    if (ends.configured[e] === 0 || ends.passive[e] === 1) return false;
    if (ends.established[e]! >= 0 || ends.incoming[e]! >= 0) return false;
    const old = ends.outgoing[e]!;
    if (old >= 0) this.giveUp(old);
    const c = conns.open(e, node, ends.peer[e]!);
    this.x.sockets[node]!++;
    ends.outgoing[e] = c;
    this.x.counters.connects++;
    const at = Math.round(this.x.t);
    this.x.listener?.onConnecting?.(node, ends.peer[e]!, at);
    this.transport.connect(c, at);
    this.x.spend(node, this.x.costs.connect);
    this.wait(node, e, this.jittered(timing.connectRetry, node, e, this.x.second[node]!));
    return true;
  }

  /** An attempt to connect was answered. */
  onOutcome(node: number, side: number, connected: boolean): void {
    const { conns, ends } = this.x;
    if (conns.state[side] !== SIDE.connect) return;
    const e = conns.end(side);
    this.x.spend(node, this.x.costs.message);
    ends.connectDue[e] = -1;
    if (connected) {
      conns.state[side] = SIDE.openSent;
      this.sendOpen(node, side);
      return;
    }
    const silent = conns.answered[side >> 1] === 0;
    this.x.protocols.fail(e, silent ? NO_ROUTE_TO_HOST : CONNECTION_REFUSED, false);
    this.x.close(side);
    ends.outgoing[e] = -1;
    conns.vacate(side >> 1);
    this.retryLater(node, e);
  }

  private giveUp(c: number): void {
    const { conns } = this.x;
    this.x.close(2 * c);
    if (conns.answered[c] === 0) conns.vacate(c);
    else this.transport.hangUp(2 * c, Math.round(this.x.t));
  }

  private wait(node: number, e: number, seconds: number): void {
    const due = this.x.second[node]! + seconds;
    this.x.ends.connectDue[e] = due;
    this.x.daemons[node]!.timers.add(due, e * 4 + TIMER_CONNECT);
  }

  private retryLater(node: number, e: number): void {
    const { ends } = this.x;
    if (ends.configured[e] === 1 && ends.established[e]! < 0) this.connectLater(node, e);
  }

  /** V − ⌊V/4⌋ plus a uniform integer up to ⌊V/4⌋ (bird: proto/bgp/bgp.c, bgp_start_timer). */
  private jittered(value: number, node: number, e: number, k: number): number {
    const { nameHash, ends } = this.x;
    const draw = hash32(nameHash[node]!, nameHash[ends.peer[e]!]!, k);
    return value - (draw % (Math.floor(value / 4) + 1));
  }

  // Opening -------------------------------------------------------------------------------------

  /** Accepts one connection (bird: proto/bgp/bgp.c, bgp_incoming_connection). */
  onAccept(node: number, side: number): void {
    const { conns, ends } = this.x;
    this.x.acceptQueue[node]!--;
    this.x.spend(node, this.x.costs.accept);
    const c = side >> 1;
    if (conns.state[2 * c] === SIDE.closed) return;
    const e = ends.find(node, conns.node(2 * c));
    const known = e >= 0 && ends.configured[e] === 1 && ends.stopped[e] === 0;
    if (known && ends.established[e]! >= 0) {
      // A new connection on a live session is taken for a restart of the neighbour.
      const old = ends.established[e]!;
      this.x.protocols.fail(e, GRACEFUL_RESTART, true);
      this.keepStale(node, e, old);
      this.x.close(old);
      this.transport.hangUp(old, Math.round(this.x.t));
      this.x.detach(e, old);
    }
    if (!known || ends.incoming[e]! >= 0 || this.x.errorWaitLeft(e, this.x.second[node]!) > 0) {
      this.x.close(side);
      // The OPEN that the other end sends at once is never read, which makes the end of the connection a reset.
      this.transport.hangUp(side, Math.round(this.x.t), 1);
      return;
    }
    conns.accept(side, e);
    ends.incoming[e] = c;
    conns.state[side] = SIDE.openSent;
    this.x.sockets[node]!++;
    this.sendOpen(node, side);
    this.x.inbox.opened(node, side);
  }

  private sendOpen(node: number, side: number): void {
    this.x.spend(node, this.x.costs.message);
    this.x.counters.count(COUNT.open, openBytes(this.x.addPath));
    this.transport.send(side, OPEN | (this.x.recovering[node]! << 4));
  }

  /** An OPEN came (bird: proto/bgp/packets.c, bgp_rx_open). */
  onOpen(node: number, e: number, side: number, restarting: number): void {
    const { conns, ends } = this.x;
    if (conns.state[side] !== SIDE.openSent) return;
    const other = side & 1 ? ends.outgoing[e]! * 2 : ends.incoming[e]! * 2 + 1;
    if (other >= 0 && conns.state[other] === SIDE.connect) {
      // An OPEN on one connection ends the attempt to make another.
      this.giveUp(other >> 1);
      ends.outgoing[e] = -1;
    } else if (other >= 0 && conns.state[other] === SIDE.openConfirm) {
      if (this.resolveCollision(node, e, side, other) === side) return;
    }
    conns.peerRestarting[side] = restarting & 1;
    this.x.spend(node, this.x.costs.message);
    this.x.counters.count(COUNT.keepalive, KEEPALIVE_BYTES);
    conns.state[side] = SIDE.openConfirm;
    this.transport.send(side, KEEPALIVE);
  }

  /** RFC 4271 §6.8: the connection opened by the end with the higher identifier stays. Identifiers are addresses, which rise with node ids here. */
  private resolveCollision(node: number, e: number, side: number, other: number): number {
    const keepOutgoing = node > this.x.ends.peer[e]!;
    const outgoing = side & 1 ? other : side;
    const incoming = side & 1 ? side : other;
    const loser = keepOutgoing ? incoming : outgoing;
    this.transport.notify(loser, 6, 7);
    this.x.protocols.fail(e, ERROR_CLASS.sent | notificationCode(6, 7), false);
    this.x.close(loser);
    this.transport.hangUp(loser, Math.round(this.x.t));
    this.x.detach(e, loser);
    return loser;
  }

  /** The KEEPALIVE that confirms an OPEN came (bird: proto/bgp/bgp.c, bgp_conn_enter_established_state). */
  onConfirmed(node: number, e: number, side: number): void {
    const { x } = this;
    const { ends, conns } = x;
    x.spend(node, x.costs.establish);
    conns.state[side] = SIDE.established;
    conns.since[side] = Math.round(x.t);
    ends.established[e] = side;
    ends.sessions[e]!++;
    ends.errorWait[e] = 0;
    ends.connectDue[e] = -1;
    ends.restartDue[e] = -1;
    x.protocols.up(e, x.second[node]!);
    x.establishedEnds++;
    this.recovery.onEstablished(node, e, conns.peerRestarting[side] === 1);
    x.listener?.onSession(node, ends.peer[e]!, true, Math.round(x.t));
    if (ends.deferred[e] === 0) x.queueWork(node, WORK_FEED, e);
  }

  // Losing --------------------------------------------------------------------------------------

  /** The other end closed the connection, or its process died. */
  onClosed(node: number, e: number, side: number, reset: boolean): void {
    const { conns, protocols } = this.x;
    const established = conns.state[side] === SIDE.established;
    protocols.fail(e, reset ? CONNECTION_RESET : CONNECTION_CLOSED, established);
    if (established) this.keepStale(node, e, side);
    this.x.close(side);
    this.x.detach(e, side);
    this.retryLater(node, e);
  }

  /** A NOTIFICATION came: no graceful restart (RFC 4724 §4.2). */
  onNotification(node: number, e: number, side: number, code: number): void {
    const { ends, conns, protocols, t } = this.x;
    const established = conns.state[side] === SIDE.established;
    protocols.fail(e, ERROR_CLASS.received | code, established);
    if (established) {
      this.leaveEstablished(e, side, Math.round(t));
      protocols.restart(e, this.x.second[node]!);
    }
    this.x.close(side);
    this.x.detach(e, side);
    ends.restartDue[e] = -1;
    this.learner.flush(node, e);
    this.retryLater(node, e);
  }

  /** The session is lost but the peer is expected back: its routes stay, marked stale (RFC 4724 §4.2). */
  private keepStale(node: number, e: number, side: number): void {
    const { x } = this;
    const daemon = x.daemons[node]!;
    this.leaveEstablished(e, side, Math.round(x.t));
    if (!x.gracefulRestart) {
      x.protocols.restart(e, x.second[node]!);
      this.learner.flush(node, e);
      return;
    }
    x.protocols.enter(e, PROTOCOL_STATE.start, x.second[node]!);
    this.learner.markStale(node, e);
    x.listener?.onPeerRestart?.(node, x.ends.peer[e]!, "detected", Math.round(x.t));
    const due = x.second[node]! + x.timing.gracefulRestart;
    x.ends.restartDue[e] = due;
    daemon.timers.add(due, e * 4 + TIMER_PEER_RESTART);
  }

  /** An end leaves Established, for whatever reason. */
  leaveEstablished(e: number, side: number, at: Micros): void {
    const { x } = this;
    const { ends } = x;
    if (ends.established[e] !== side) return;
    const node = ends.node[e]!;
    this.keepalives.ended += this.keepalives.sent(side, at);
    ends.established[e] = -1;
    if (ends.exporting[e] === 1) x.daemons[node]!.exporting--;
    ends.exporting[e] = 0;
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

  /** A protocol that stopped is down, and starts again. */
  restart(node: number, e: number): void {
    const { ends } = this.x;
    if (ends.stopped[e] === 0) return;
    ends.stopped[e] = 0;
    if (ends.configured[e] === 1) this.connectLater(node, e);
  }

  private dropSide(e: number, side: number, tellPeer: boolean): void {
    const { conns, engine } = this.x;
    if (conns.state[side] === SIDE.established) this.leaveEstablished(e, side, engine.now);
    const before = conns.state[side];
    this.x.close(side);
    if (!tellPeer || before === SIDE.closed) return;
    if (before !== SIDE.connect || conns.answered[side >> 1] === 1)
      this.transport.finish(side, engine.now);
  }
}

import type { Advertiser } from "../rib/advertiser.js";
import type { KernelRoutes } from "../rib/kernel-routes.js";
import type { KernelWriter } from "../rib/kernel-writer.js";
import type { Learner } from "../rib/learner.js";
import type { Outbox } from "../rib/outbox.js";
import type { Refeeds } from "../rib/refeeds.js";
import { SIDE } from "../session/connections.js";
import type { Connector } from "../session/connector.js";
import { READS_PER_LOOP, SHORT_TURNS } from "../session/constants.js";
import { PROTOCOL_STATE } from "../session/protocols.js";
import type { Reader } from "../session/reader.js";
import type { Recovery } from "../session/recovery.js";
import type { Sessions } from "../session/sessions.js";
import type { Silence } from "../session/silence.js";
import type { Transmitter } from "../session/transmitter.js";
import type { Transport } from "../session/transport.js";
import type { Configuration } from "./configuration.js";
import type { FleetContext } from "./context.js";
import {
  TIMER_CONNECT,
  TIMER_IDLE,
  TIMER_PEER_RESTART,
  WORK_BITS,
  WORK_DECIDE,
  WORK_FEED,
  WORK_FLUSH,
  WORK_KEEPALIVE,
  WORK_KERNEL,
  WORK_KINDS,
  WORK_LEARN,
  WORK_REFEED,
  WORK_REFEED_STEP,
  WORK_RESTART,
  WORK_STOP_STALE,
  WORK_TRANSMIT,
} from "./daemon.js";
import { LISTENING } from "./inbox.js";

/** The other parts that a turn of the loop calls. */
export interface LoopParts {
  readonly configuration: Configuration;
  readonly transport: Transport;
  readonly reader: Reader;
  readonly connector: Connector;
  readonly sessions: Sessions;
  readonly transmitter: Transmitter;
  readonly silence: Silence;
  readonly recovery: Recovery;
  readonly learner: Learner;
  readonly advertiser: Advertiser;
  readonly refeeds: Refeeds;
  readonly outbox: Outbox;
  readonly kernel: KernelWriter;
  readonly kernelRoutes: KernelRoutes;
}

/**
 * What a daemon does from where poll(2) returns to where it is called again (bird: sysdep/unix/io.c, io_loop).
 *
 * First come the connections that are not up, all of them, oldest first: an attempt that was answered, or what waits in
 * the socket. Then at most four sessions, or connections to accept; but not while queued work waits, up to ten turns in a
 * row. Then queued work, then the clock is read, then the timers. Work that a timer queues therefore waits for the next
 * wake, and a timer set while sockets are read counts from the second in which the daemon last went to sleep.
 */
export class Turn {
  private readonly x: FleetContext;
  private readonly parts: LoopParts;

  constructor(context: FleetContext, parts: LoopParts) {
    this.x = context;
    this.parts = parts;
  }

  /** Carries a turn out; true if the next one follows at once. */
  carryOut(node: number): boolean {
    const { x, parts } = this;
    x.spend(node, x.costs.loop + x.costs.loopPerSocket * x.sockets[node]!);
    parts.transport.collect(node);
    this.readFresh(node);
    if (x.hurries[node] === 0 || ++x.shortTurns[node]! >= SHORT_TURNS) {
      x.shortTurns[node] = 0;
      this.readSessions(node);
    }
    if (x.signalled[node] === 1) {
      // SIGHUP interrupts poll(2): the loop reads its clock, then its files.
      x.second[node] = x.clock(node, x.t);
      // What was read in this turn goes by the groups that it was noted for: new files make new ones.
      if (x.unsent[node] === 1) parts.outbox.send(node);
      parts.configuration.apply(node);
    }
    const goesOn = x.work.size(node) > 0 && this.runWork(node);
    x.hurries[node] = goesOn ? 1 : 0;
    if (x.unsent[node] === 1) parts.outbox.send(node);
    x.second[node] = x.clock(node, x.t);
    this.fireTimers(node);
    return goesOn;
  }

  /** Connections that are not up (bird: sysdep/unix/io.c, io_loop, fast_rx). One may close another that comes later. */
  private readFresh(node: number): void {
    const { parts } = this;
    const { conns, inbox } = this.x;
    for (let left = inbox.sortFresh(node); left > 0; left--) {
      const socket = inbox.takeFresh(node);
      const side = socket >> 1;
      const state = conns.state(side);
      if (state === SIDE.connect) parts.sessions.onOutcome(node, side, (socket & 1) === 1);
      else if (state === SIDE.openSent || state === SIDE.openConfirm)
        parts.reader.readWhole(node, side);
    }
  }

  /** Sessions, and the listening socket. */
  private readSessions(node: number): void {
    const { inbox, conns } = this.x;
    inbox.poll(node);
    for (let reads = 0; reads < READS_PER_LOOP; ) {
      const socket = inbox.takeSocket(node);
      if (socket < 0) return;
      if (socket !== LISTENING && conns.state(socket) !== SIDE.established) continue;
      this.parts.reader.read(node, socket);
      reads++;
    }
  }

  /** Carries out what was queued; true if that queued more, so that the next turn follows at once. */
  private runWork(node: number): boolean {
    const { x, parts } = this;
    const { work } = x;
    for (let left = work.size(node); left > 0; left--) {
      const item = work.shift(node);
      const e = item >> WORK_BITS;
      const what = item & WORK_KINDS;
      if (what === WORK_FEED) {
        if (parts.advertiser.feed(node, e)) x.queueWork(node, WORK_FEED, e);
        // BIRD writes what it fed in the next turn, which therefore does not wait.
        else if (x.ends.established[e]! >= 0)
          x.queueWork(node, WORK_TRANSMIT, x.ends.established[e]!);
      } else if (what === WORK_TRANSMIT) parts.transmitter.write(node, e);
      else if (what === WORK_DECIDE) parts.connector.decide(node, e);
      else if (what === WORK_RESTART) parts.sessions.restart(node, e);
      else if (what === WORK_KERNEL) parts.kernel.start(node);
      else if (what === WORK_STOP_STALE) parts.learner.stopStale(node, e);
      else if (what === WORK_KEEPALIVE) x.idle?.send(node, e);
      else if (what === WORK_REFEED) parts.refeeds.requested(node, e);
      else if (what === WORK_REFEED_STEP) {
        if (parts.refeeds.step(node, e)) x.queueWork(node, WORK_REFEED_STEP, e);
      } else if (what === WORK_LEARN) parts.kernelRoutes.apply(node);
      else {
        parts.learner.flush(node, e);
        parts.sessions.restart(node, e);
      }
    }
    for (let i = 0; i < work.size(node); i++)
      if ((work.peek(node, i) & WORK_KINDS) !== WORK_FLUSH) return true;
    return false;
  }

  private fireTimers(node: number): void {
    const { x } = this;
    const { timers } = x;
    const now = x.second[node]!;
    for (let due = timers.take(node, now); due !== undefined; due = timers.take(node, now)) {
      // The timer set last comes first (bird: sysdep/unix/io.c, tm_insert_near).
      for (let i = due.length - 1; i >= 0; i--)
        this.fireTimer(node, due[i]! >> 2, due[i]! & 3, now);
    }
  }

  private fireTimer(node: number, e: number, what: number, now: number): void {
    const { ends } = this.x;
    if (what === TIMER_CONNECT) this.parts.connector.onTimer(node, e, now);
    else if (what === TIMER_PEER_RESTART) {
      if (ends.restartDue[e]! < 0 || ends.restartDue[e]! > now) return;
      ends.restartDue[e] = -1;
      this.x.protocols.enter(e, PROTOCOL_STATE.stop, now);
      this.x.listener?.onPeerRestart?.(node, ends.peer[e]!, "expired", Math.round(this.x.t));
      this.parts.sessions.stop(e);
      this.x.queueWork(node, WORK_STOP_STALE, e);
    } else if (what === TIMER_IDLE) {
      if (this.x.idle?.onTimer(node, e, now) === true)
        this.parts.silence.giveUp(node, ends.established[e]!);
    } else this.parts.recovery.end(node);
  }
}

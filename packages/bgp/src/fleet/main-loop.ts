import { type Micros, SECOND } from "@calico-sim/core";
import type { Advertiser } from "../rib/advertiser.js";
import type { KernelWriter } from "../rib/kernel-writer.js";
import type { Learner } from "../rib/learner.js";
import type { Outbox } from "../rib/outbox.js";
import { OWN_PATH } from "../rib/paths.js";
import { regroup } from "../rib/peer-groups.js";
import { POLL_SECOND, READS_PER_LOOP } from "../session/constants.js";
import { PROTOCOL_STATE } from "../session/protocols.js";
import type { Reader } from "../session/reader.js";
import type { Recovery } from "../session/recovery.js";
import type { Sessions } from "../session/sessions.js";
import type { Silence } from "../session/silence.js";
import type { Transport } from "../session/transport.js";
import type { SharedCores } from "../shared-cores.js";
import type { Configuration } from "./configuration.js";
import type { FleetContext, Wakeable } from "./context.js";
import {
  OFF,
  RUNNING,
  STARTING,
  TIMER_CONNECT,
  TIMER_IDLE,
  TIMER_PEER_RESTART,
  WORK,
  WORK_FEED,
  WORK_KEEPALIVE,
  WORK_KERNEL,
  WORK_STOP_STALE,
} from "./daemon.js";

/** A starting process can be interrupted after this much CPU, microseconds. Assumed. */
const BOOT_PART: Micros = 1_000;

/**
 * From an arrival to the turn of a daemon that slept: the least that tells the two apart. Assumed; what a
 * scheduler takes on an idle machine is part of the measured cost of a turn.
 */
const WAKE_UP: Micros = 1;

// Stages of a start.
const LOADING = 0;
const LOADED = 1;
const CONFIGURING = 2;

/** The other parts that a turn of the loop calls. */
export interface LoopParts {
  readonly configuration: Configuration;
  readonly transport: Transport;
  readonly reader: Reader;
  readonly sessions: Sessions;
  readonly silence: Silence;
  readonly recovery: Recovery;
  readonly learner: Learner;
  readonly advertiser: Advertiser;
  readonly outbox: Outbox;
  readonly kernel: KernelWriter;
}

/**
 * The processes: start, main loop (bird: sysdep/unix/io.c, io_loop), and the cores that they run on.
 *
 * A turn begins where poll(2) returns: attempts to connect that were answered, at most four readable
 * sockets, queued work, then the clock is read, then the timers. Work that a timer queues therefore
 * waits for the next wake, and a timer set while sockets are read counts from the second in which the
 * daemon last went to sleep.
 */
export class MainLoop implements Wakeable {
  private readonly x: FleetContext;
  private readonly parts: LoopParts;
  /** CPU that a starting process still needs. */
  private readonly bootLeft: number[] = [];
  private readonly bootStage: number[] = [];
  private readonly wakeTimer: number[] = [];
  private coreEventQueued = false;

  constructor(context: FleetContext, parts: LoopParts) {
    this.x = context;
    this.parts = parts;
  }

  /** Makes room for one more daemon. */
  addDaemon(node: number): void {
    const { engine, kinds } = this.x;
    this.wakeTimer[node] = engine.createTimer(kinds.turn, node, 1);
    this.bootLeft[node] = 0;
    this.bootStage[node] = LOADING;
  }

  // Start and stop ------------------------------------------------------------------------------

  /** The process starts; everything it knew before is forgotten. */
  start(node: number, recover: boolean, clockPhase: Micros): void {
    const { x } = this;
    const daemon = x.daemons[node]!;
    x.state[node] = STARTING;
    x.idle?.onStart(node, x.engine.now);
    x.phase[node] = clockPhase;
    x.recovering[node] = recover ? 1 : 0;
    x.locks[node] = 0;
    x.acceptQueue[node] = 0;
    x.sockets[node] = 0;
    x.kernelReady[node] = 0;
    daemon.timers.clear();
    daemon.rib.clear();
    daemon.stale.clear();
    daemon.feeding.clear();
    daemon.exporting = 0;
    for (const prefix of daemon.blocks) daemon.rib.addFirst(prefix, OWN_PATH);
    for (const e of x.ends.of(node)) x.ends.reset(e);
    regroup(x, node);
    const { start, startPerPeer, startPerBlock } = x.costs;
    this.bootStage[node] = LOADING;
    this.bootLeft[node] = Math.round(
      start + startPerPeer * daemon.peers + startPerBlock * daemon.blocks.length,
    );
    this.ready(node);
  }

  /** One part of a start: loading, then (with the clock read) configuration and sockets, up to the first turn. */
  private boot(node: number): void {
    const { x } = this;
    let part: Micros;
    if (this.bootStage[node] === LOADING) {
      this.bootStage[node] = LOADED;
      part = x.costs.load;
    } else {
      if (this.bootStage[node] === LOADED) this.beginPeerings(node);
      this.bootStage[node] = CONFIGURING;
      part = Math.min(BOOT_PART, this.bootLeft[node]!);
      this.bootLeft[node]! -= part;
    }
    x.cpu[node]! += part;
    x.busyUntil[node] = x.engine.now + part;
    if (this.bootLeft[node]! > 0) this.queueTurn(node);
    else x.engine.schedule(x.busyUntil[node], x.kinds.started, node);
  }

  /** Timers count from the clock as the process read it before its configuration (bird: sysdep/unix/io.c, io_init). */
  private beginPeerings(node: number): void {
    const { x } = this;
    const second = x.clock(node, x.engine.now);
    x.second[node] = second;
    x.daemons[node]!.booted = second;
    x.daemons[node]!.configured = second;
    for (const e of x.ends.of(node)) {
      if (x.ends.configured[e] === 0) continue;
      this.parts.recovery.lock(node, e);
      this.parts.sessions.begin(node, e);
    }
    this.parts.recovery.begin(node);
  }

  /** The process is ready for its first turn. */
  onStarted(node: number): void {
    if (this.x.state[node] !== STARTING || this.bootLeft[node]! > 0) return;
    this.x.state[node] = RUNNING;
    this.parts.recovery.onStarted(node);
    this.ready(node);
  }

  /** The process is gone. */
  stopped(node: number): void {
    const { x } = this;
    const daemon = x.daemons[node]!;
    x.state[node] = OFF;
    x.engine.cancelTimer(this.wakeTimer[node]!);
    this.parts.transport.processGone(node);
    x.inbox.clear(node);
    daemon.due = [];
    daemon.work = [];
    this.parts.configuration.settle(node);
  }

  // Getting to run ------------------------------------------------------------------------------

  /** See {@link Wakeable}. */
  wake(node: number): void {
    const { x } = this;
    if (x.state[node] !== RUNNING || x.turnQueued[node] === 1) return;
    if (x.engine.now < x.busyUntil[node]!) this.queueTurn(node);
    else this.ready(node);
  }

  /** See {@link Wakeable}. */
  expect(node: number, at: Micros): void {
    const { x } = this;
    if (x.turnQueued[node] === 1) return;
    const timer = this.wakeTimer[node]!;
    const wake = Math.max(at + WAKE_UP, x.busyUntil[node]!);
    if (wake < x.engine.timerDue(timer)) x.engine.setTimer(timer, wake);
  }

  private queueTurn(node: number): void {
    const { x } = this;
    x.turnQueued[node] = 1;
    x.engine.schedule(x.busyUntil[node]!, x.kinds.turn, node, 0);
  }

  /** A daemon that slept has work: it turns at once, or queues for a core that it shares. */
  private ready(node: number): void {
    const { cores } = this.x;
    if (cores === undefined) {
      this.run(node);
      return;
    }
    this.x.turnQueued[node] = 1;
    cores.wake(node);
    this.serveCores(cores);
  }

  /** A daemon that just had a turn has more to do. */
  continue(node: number): void {
    this.x.turnQueued[node] = 0;
    if (this.x.state[node] === OFF) return;
    const { cores } = this.x;
    if (cores === undefined) {
      this.run(node);
      return;
    }
    this.x.turnQueued[node] = 1;
    cores.requeue(node);
    this.serveCores(cores);
  }

  /** A shared core is free. */
  onCoreFree(): void {
    this.coreEventQueued = false;
    if (this.x.cores !== undefined) this.serveCores(this.x.cores);
  }

  private serveCores(cores: SharedCores): void {
    const { x } = this;
    const { now } = x.engine;
    for (let node = cores.next(now); node >= 0; node = cores.next(now)) {
      x.turnQueued[node] = 0;
      if (x.state[node] === OFF) continue;
      this.run(node);
      cores.occupy(node, now, x.busyUntil[node]!);
    }
    if (!this.coreEventQueued && cores.waiting) {
      this.coreEventQueued = true;
      x.engine.schedule(Math.max(now, cores.nextFree()), x.kinds.core);
    }
  }

  private run(node: number): void {
    if (this.x.state[node] === STARTING) this.boot(node);
    else this.turn(node);
  }

  // A turn --------------------------------------------------------------------------------------

  private turn(node: number): void {
    const { x, parts } = this;
    const { inbox } = x;
    const daemon = x.daemons[node]!;
    x.t = x.engine.now;
    x.turnQueued[node] = 1;
    this.catchUp(node);
    let goesOn = false;
    if (daemon.due.length === 0) {
      x.spend(node, x.costs.loop + x.costs.loopPerSocket * x.sockets[node]!);
      parts.transport.collect(node);
      for (let o = inbox.takeOutcome(node); o >= 0; o = inbox.takeOutcome(node))
        parts.sessions.onOutcome(node, o >> 1, (o & 1) === 1);
      inbox.poll(node);
      for (let reads = 0; reads < READS_PER_LOOP; reads++) {
        const socket = inbox.takeSocket(node);
        if (socket < 0) break;
        parts.reader.read(node, socket);
      }
      if (daemon.reconfigure.length > 0) {
        // SIGHUP interrupts poll(2): the loop reads its clock, then its files.
        x.second[node] = x.clock(node, x.t);
        parts.configuration.apply(node);
      }
      if (daemon.work.length > 0) goesOn = this.runWork(node);
      if (daemon.unsent) parts.outbox.send(node);
      x.second[node] = x.clock(node, x.t);
    }
    this.fireTimers(node);
    x.busyUntil[node] = Math.round(x.t);
    if (
      goesOn ||
      inbox.pending(node) ||
      daemon.due.length > 0 ||
      x.mail.box(node).first < x.busyUntil[node]
    ) {
      this.queueTurn(node);
    } else {
      x.turnQueued[node] = 0;
      this.sleep(node);
    }
  }

  /** The clock as an idle daemon read it when a scan last woke it before now; those wakes are not events here. */
  private catchUp(node: number): void {
    const { x } = this;
    const sleeps = Math.ceil((x.engine.now - x.busyUntil[node]!) / POLL_SECOND) - 1;
    if (sleeps < 1) return;
    x.second[node] = x.clock(node, x.busyUntil[node]! + sleeps * POLL_SECOND);
  }

  /** Carries out what was queued; true if some of it goes on at once in the next turn. */
  private runWork(node: number): boolean {
    const { x, parts } = this;
    let goesOn = false;
    const daemon = x.daemons[node]!;
    const { work } = daemon;
    daemon.work = [];
    for (const item of work) {
      const e = item % WORK;
      const what = Math.floor(item / WORK);
      if (what === WORK_FEED) {
        if (!parts.advertiser.feed(node, e)) continue;
        x.queueWork(node, WORK_FEED, e);
        goesOn = true;
      } else if (what === WORK_KERNEL) parts.kernel.start(node);
      else if (what === WORK_STOP_STALE) parts.learner.stopStale(node, e);
      else if (what === WORK_KEEPALIVE) x.idle?.send(node, e);
      else {
        parts.learner.flush(node, e);
        parts.sessions.restart(node, e);
      }
    }
    return goesOn;
  }

  private fireTimers(node: number): void {
    const { x } = this;
    const daemon = x.daemons[node]!;
    const now = x.second[node]!;
    for (;;) {
      if (daemon.due.length === 0) {
        const due = daemon.timers.take(now);
        if (due === undefined) return;
        daemon.due = due.reverse();
      }
      for (let entry = daemon.due.pop(); entry !== undefined; entry = daemon.due.pop()) {
        const opened = this.fireTimer(node, entry >> 2, entry & 3, now);
        // Where cores are shared, the daemon that a new connection wakes may run before the next is opened.
        if (opened && x.cores !== undefined && daemon.due.length > 0) return;
      }
    }
  }

  /** Carries out one timer; true if it opened a connection. */
  private fireTimer(node: number, e: number, what: number, now: number): boolean {
    const { ends } = this.x;
    if (what === TIMER_CONNECT) return this.parts.sessions.onConnectTimer(node, e, now);
    if (what === TIMER_PEER_RESTART) {
      if (ends.restartDue[e]! < 0 || ends.restartDue[e]! > now) return false;
      ends.restartDue[e] = -1;
      this.x.protocols.enter(e, PROTOCOL_STATE.stop, now);
      this.x.listener?.onPeerRestart?.(node, ends.peer[e]!, "expired", Math.round(this.x.t));
      this.parts.sessions.stop(e);
      this.x.queueWork(node, WORK_STOP_STALE, e);
    } else if (what === TIMER_IDLE) {
      if (this.x.idle?.onTimer(node, e, now) === true)
        this.parts.silence.giveUp(node, ends.established[e]!);
    } else this.parts.recovery.end(node);
    return false;
  }

  /**
   * poll(2) sleeps whole seconds from now, wherever in a second the clock stands; the kernel and device
   * scans, every 2 s and a second apart, end it after one. So a daemon wakes a second after it went to
   * sleep, and again, until its clock shows the second in which a timer is due.
   */
  sleep(node: number): void {
    const { x } = this;
    const daemon = x.daemons[node]!;
    const timer = this.wakeTimer[node]!;
    const from = Math.max(x.engine.now, x.busyUntil[node]!);
    let wake = Math.max(from, x.mail.box(node).first + WAKE_UP);
    if (daemon.work.length > 0) wake = Math.min(wake, from + POLL_SECOND);
    else if (daemon.timers.next !== Number.POSITIVE_INFINITY) {
      const due = daemon.timers.next * SECOND - x.phase[node]!;
      const sleeps = Math.max(1, Math.ceil((due - from) / POLL_SECOND));
      wake = Math.min(wake, from + sleeps * POLL_SECOND);
    }
    if (wake === Number.POSITIVE_INFINITY) x.engine.cancelTimer(timer);
    else x.engine.setTimer(timer, wake);
  }
}

import { hash32, type Micros, SECOND } from "@calico-sim/core";
import { OWN_PATH } from "../rib/paths.js";
import { regroup } from "../rib/peer-groups.js";
import { POLL_SECOND_MAX, POLL_SECOND_MIN, POLL_SLACK } from "../session/constants.js";
import type { SharedCores } from "../shared-cores.js";
import type { FleetContext, Wakeable } from "./context.js";
import { OFF, RUNNING, STARTING } from "./daemon.js";
import { type LoopParts, Turn } from "./turn.js";

/** A starting process can be interrupted after this much CPU, microseconds. Assumed. */
const BOOT_PART: Micros = 1_000;

/**
 * From an arrival to the turn of a daemon that slept: the least that tells the two apart. Assumed; what a
 * scheduler takes on an idle machine is part of the measured cost of a turn.
 */
const WAKE_UP: Micros = 1;

/** Names the draws of how long poll(2) takes. */
const POLL = 0x706f6c6c;

// Stages of a start.
const LOADING = 0;
const LOADED = 1;
const CONFIGURING = 2;

/** The processes: start, main loop (bird: sysdep/unix/io.c, io_loop), sleep, and the cores that they run on. */
export class MainLoop implements Wakeable {
  private readonly x: FleetContext;
  private readonly parts: LoopParts;
  private readonly turns: Turn;
  /** CPU that a starting process still needs. */
  private readonly bootLeft: number[] = [];
  private readonly bootStage: number[] = [];
  private readonly wakeTimer: number[] = [];
  private coreEventQueued = false;

  constructor(context: FleetContext, parts: LoopParts) {
    this.x = context;
    this.parts = parts;
    this.turns = new Turn(context, parts);
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
    x.timers.clear(node);
    daemon.rib.clear();
    daemon.stale.clear();
    daemon.feeding.clear();
    daemon.refeeding.clear();
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
    // Protocols start in the opposite order of their configuration, as BIRD's log shows.
    for (const e of x.ends.of(node).toReversed()) {
      if (x.ends.configured[e] === 0) continue;
      this.parts.recovery.lock(node, e);
      this.parts.connector.begin(node, e);
    }
    this.parts.recovery.begin(node);
  }

  /** The process is ready for its first turn. */
  onStarted(node: number): void {
    if (this.x.state[node] !== STARTING || this.bootLeft[node]! > 0) return;
    this.x.state[node] = RUNNING;
    this.parts.kernelRoutes.onStarted(node);
    this.parts.recovery.onStarted(node);
    this.ready(node);
  }

  /** The process is gone, and so is its host unless the peers are told. */
  stopped(node: number, tellPeers: boolean): void {
    const { x } = this;
    x.state[node] = OFF;
    x.engine.cancelTimer(this.wakeTimer[node]!);
    this.parts.transport.processGone(node, tellPeers);
    x.inbox.clear(node);
    x.work.clear(node);
    this.parts.configuration.settle(node);
  }

  // Getting to run ------------------------------------------------------------------------------

  /** See {@link Wakeable}. */
  wake(node: number, byTimer = false): void {
    const { x } = this;
    if (x.state[node] !== RUNNING || x.turnQueued[node] === 1) return;
    if (x.engine.now < x.busyUntil[node]!) this.queueTurn(node);
    else this.ready(node, byTimer);
  }

  /**
   * The time is up for which a daemon sleeps, or something came. On a machine that daemons share the timer of
   * one wakes all others whose time is nearly up (linux: kernel/time/hrtimer.c, __hrtimer_run_queues).
   */
  onWake(node: number): void {
    const { x } = this;
    if (x.cores === undefined || x.mail.first[node]! < x.engine.now) {
      this.wake(node);
      return;
    }
    const others = x.cores.wakenBy(x.engine.now);
    this.wake(node, true);
    for (const other of others) if (other !== node) this.wake(other, true);
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
  private ready(node: number, byTimer = true): void {
    const { cores } = this.x;
    if (cores === undefined) {
      this.run(node);
      return;
    }
    const { x } = this;
    const { now } = x.engine;
    x.turnQueued[node] = 1;
    // What came during its turn keeps it from sleeping.
    if (x.state[node] === RUNNING && now === x.busyUntil[node]) cores.requeue(node);
    else cores.wake(node, now, byTimer);
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
    for (const node of cores.holders) if (this.keepsCore(node, cores)) return;
    for (let node = cores.next(now); node >= 0; node = cores.next(now)) {
      x.turnQueued[node] = 0;
      if (x.state[node] === OFF) continue;
      this.run(node);
      cores.occupy(node, now, x.busyUntil[node]!);
    }
    if (!this.coreEventQueued && cores.waiting) {
      this.coreEventQueued = true;
      x.engine.schedule(cores.nextFree(now), x.kinds.core);
    }
  }

  /**
   * Whether the daemon that had a core last is about to have its next turn, which gives the core out again: its
   * poll(2) does not sleep if something came during its turn.
   */
  private keepsCore(node: number, cores: SharedCores): boolean {
    const { x } = this;
    if (node < 0 || x.busyUntil[node] !== x.engine.now || cores.waits(node)) return false;
    return x.turnQueued[node] === 1 || x.mail.first[node]! < x.engine.now;
  }

  private run(node: number): void {
    if (this.x.state[node] === STARTING) this.boot(node);
    else this.turn(node);
  }

  // A turn --------------------------------------------------------------------------------------

  private turn(node: number): void {
    const { x } = this;
    x.t = x.engine.now;
    x.turnQueued[node] = 1;
    this.catchUp(node);
    const goesOn = this.turns.carryOut(node);
    x.busyUntil[node] = Math.round(x.t);
    if (goesOn || x.inbox.pending(node) || x.mail.first[node]! < x.busyUntil[node]) {
      this.queueTurn(node);
    } else {
      x.turnQueued[node] = 0;
      this.sleep(node);
    }
  }

  /** The clock as an idle daemon read it when a scan last woke it before now; those wakes are not events here. */
  private catchUp(node: number): void {
    const { x } = this;
    const from = x.busyUntil[node]!;
    if (x.engine.now - from <= POLL_SECOND_MIN) return;
    const second = this.pollSecond(node, from);
    const sleeps = Math.ceil((x.engine.now - from) / second) - 1;
    if (sleeps < 1) return;
    x.second[node] = x.clock(node, from + sleeps * second);
  }

  /** How long a second of poll(2) takes a daemon that falls asleep at a time. */
  private pollSecond(node: number, from: Micros): Micros {
    const late = hash32(this.x.nameHash[node]!, POLL, from) % (POLL_SECOND_MAX - POLL_SECOND_MIN);
    return POLL_SECOND_MIN + late;
  }

  /**
   * poll(2) sleeps whole seconds from now, wherever in a second the clock stands; the kernel and device
   * scans, every 2 s and a second apart, end it after one. So a daemon wakes a second after it went to
   * sleep, and again, until its clock shows the second in which a timer is due.
   */
  sleep(node: number): void {
    const { x } = this;
    const timer = this.wakeTimer[node]!;
    const from = Math.max(x.engine.now, x.busyUntil[node]!);
    const second = this.pollSecond(node, from);
    let wake = Number.POSITIVE_INFINITY;
    if (x.work.size(node) > 0) wake = from + second;
    else if (x.timers.next[node]! !== Number.POSITIVE_INFINITY) {
      const due = x.timers.next[node]! * SECOND - x.phase[node]!;
      wake = from + Math.max(1, Math.ceil((due - from) / second)) * second;
    }
    x.cores?.sleep(node, wake - POLL_SLACK);
    wake = Math.min(wake, Math.max(from, x.mail.first[node]! + WAKE_UP));
    if (wake === Number.POSITIVE_INFINITY) x.engine.cancelTimer(timer);
    else x.engine.setTimer(timer, wake);
  }
}

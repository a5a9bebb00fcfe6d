import {
  type Engine,
  type EventHandler,
  hash32,
  hashText,
  type Kernels,
  type Micros,
  type NodeDirectory,
  PROTOCOL,
  type PrefixTable,
  SECOND,
} from "@calico-sim/core";
import { BIRD_COSTS, type BirdCosts } from "./cost-profile.js";
import { WireCounters, type WireSummary } from "./messages/counters.js";
import {
  attributeBytes,
  END_OF_RIB_BYTES,
  KEEPALIVE_BYTES,
  NOTIFICATION_BYTES,
  openBytes,
  prefixBytes,
  ROUTE_REFRESH_BYTES,
  reachBytes,
  withdrawBytes,
} from "./messages/sizes.js";
import { OWN, Rib } from "./rib/rib.js";
import { Connections, SIDE, widened } from "./session/connections.js";
import {
  ACCEPT_QUEUE_MAX,
  DELAYED_ACK,
  FEED_STEP,
  QUICK_ACK_AFTER_IDLE,
  READS_PER_LOOP,
  RETRANSMIT_MAX,
  RETRANSMIT_MIN,
  SESSION_TIMERS,
  type SessionTimers,
  SYN_RETRY,
} from "./session/constants.js";
import { Peerings } from "./session/peerings.js";
import { SecondTimers } from "./session/second-timers.js";
import type { SharedCores } from "./shared-cores.js";

/** One-way delay between two nodes; infinity while the path is cut. */
export interface NodeDelay {
  /** In microseconds. */
  delay(from: number, to: number): Micros;
}

/** Told what the daemons do. Every method is optional in effect: an empty body costs nothing. */
export interface BirdListener {
  /** An end entered Established (`up`), or lost it. */
  onSession(node: number, peer: number, up: boolean, at: Micros): void;
  /** Graceful restart recovery of a daemon ended: its kernel protocol may export. */
  onRecoveryDone(node: number, at: Micros): void;
}

/** Which routes a daemon writes to its kernel, and how: the kernel filter of bird_ipam.cfg. */
export interface KernelFilter {
  /**
   * Route id for a prefix learnt from `peer`, or for an own block when `peer` is −1; 0 = not exported to the kernel
   * (calico: confd/pkg/backends/calico/bgp_processor.go).
   */
  kernelRoute(node: number, prefix: number, peer: number): number;
}

/** A peer in a daemon's configuration. */
export interface PeerConfig {
  readonly peer: number;
  /** This end never opens. */
  readonly passive: boolean;
}

/** A change of a daemon's configuration, effective when it reads its files again (SIGHUP). */
export interface Reconfiguration {
  readonly add?: readonly PeerConfig[];
  readonly remove?: readonly number[];
  /** The blocks of this node from now on, as prefix ids. */
  readonly blocks?: readonly number[];
}

/** Options of {@link BirdFleet}. */
export interface BirdOptions {
  readonly engine: Engine;
  readonly kernels: Kernels;
  readonly prefixes: PrefixTable;
  readonly names: NodeDirectory;
  readonly path: NodeDelay;
  readonly filter: KernelFilter;
  readonly listener?: BirdListener;
  readonly timers?: Partial<SessionTimers>;
  readonly costs?: Partial<BirdCosts>;
  /** Cores shared by all daemons, as on a test machine. Absent: each daemon has a core of its own. */
  readonly sharedCores?: SharedCores;
  /** Add-path capability on every session (calico: bird.cfg.template). @defaultValue true */
  readonly addPath?: boolean;
}

/** Options of a start. */
export interface StartOptions {
  /** `-R`: recover from graceful restart (calico: node/filesystem/etc/service/available/bird/run). @defaultValue true */
  readonly recover?: boolean;
  /** Offset of the daemon's whole-second clock, 0..999999; drawn from the node's stream when absent. */
  readonly clockPhase?: Micros;
}

// What reaches a daemon, in the low four bits of an arrival's operand; above them the argument.
const ACCEPT = 0;
const CONNECTED = 1;
const CONNECT_FAILED = 2;
const CLOSED = 3;
const OPEN = 4;
const KEEPALIVE = 5;
const UPDATE = 6;
const END_OF_RIB = 7;
const REFRESH = 8;
const NOTIFICATION = 9;

// Entries of a daemon's whole-second timers, in the low two bits; above them the session end.
const TIMER_CONNECT = 0;
const TIMER_PEER_RESTART = 1;
const TIMER_RECOVERY = 2;
const TIMER_GIVE_UP = 3;

// Work that a daemon queues for a later turn of its loop.
const WORK_FEED = 0;
const WORK_KERNEL = 1;
const WORK_STOP_STALE = 2;
const WORK_FLUSH = 3;

const OFF = 0;
const STARTING = 1;
const RUNNING = 2;

const COUNT_OPEN = 0;
const COUNT_UPDATE = 1;
const COUNT_KEEPALIVE = 2;
const COUNT_NOTIFICATION = 3;
const COUNT_REFRESH = 4;

/** One UPDATE, or one burst of a re-feed, as shared by every receiver. */
interface UpdateRecord {
  readonly reach: readonly number[];
  readonly withdraw: readonly number[];
  /** Messages that arrive with it, for the receiver's CPU. */
  readonly messages: number;
  /** Prefixes in it that change nothing. */
  readonly spurious: number;
}

interface Daemon {
  /** Peers configured now. */
  peers: number;
  /** Peers that were fed, to whom every change is offered. */
  exporting: number;
  readonly timers: SecondTimers;
  readonly rib: Rib;
  /** Timers that came up in this turn and are not carried out yet, last first. */
  due: number[];
  /** Work for the next turn: what * 2^28 + session end. */
  work: number[];
  readonly blocks: number[];
  /** UPDATE records that announce `blocks`; undefined after a change. */
  feed: number[] | undefined;
  reconfigure: Reconfiguration[];
  /** Prefixes per session end that a restarting peer has not announced again. */
  readonly stale: Map<number, Set<number>>;
}

/**
 * Every BIRD daemon of a cluster, its sessions and its routing table.
 *
 * A daemon is a process with one main loop: it turns when a socket is ready or a second has passed,
 * runs queued work, looks at its whole-second timers, and reads at most four sockets
 * (bird: sysdep/unix/io.c). Messages are events from daemon to daemon; a session that nothing disturbs
 * costs no event at all: its keepalives are counted, and its hold time checked, only when asked.
 */
export class BirdFleet implements EventHandler {
  /** What was sent, without the keepalives of undisturbed sessions; see {@link wire}. */
  readonly counters: WireCounters = new WireCounters();
  /** CPU time used by each daemon, microseconds. */
  cpu: Float64Array = new Float64Array(16);
  /** Session ends in Established. */
  establishedEnds = 0;
  /** Established session ends lost so far. */
  lostEnds = 0;

  private readonly engine: Engine;
  private readonly kernels: Kernels;
  private readonly prefixes: PrefixTable;
  private readonly names: NodeDirectory;
  private readonly path: NodeDelay;
  private readonly filter: KernelFilter;
  private readonly listener: BirdListener | undefined;
  private readonly timing: SessionTimers;
  private readonly costs: BirdCosts;
  private readonly addPath: boolean;

  private readonly ends: Peerings = new Peerings();
  private readonly conns: Connections = new Connections();
  private readonly daemons: Daemon[] = [];
  private readonly updates: UpdateRecord[] = [];
  private nameHash: Int32Array = new Int32Array(16);
  private state: Uint8Array = new Uint8Array(16);
  private recovering: Uint8Array = new Uint8Array(16);
  private kernelReady: Uint8Array = new Uint8Array(16);
  private hostDown: Uint8Array = new Uint8Array(16);
  private phase: Int32Array = new Int32Array(16);
  /** The daemon's clock in whole seconds, as it last read it. */
  private second: Int32Array = new Int32Array(16);
  /** CPU that a starting process still needs. */
  private bootLeft: Float64Array = new Float64Array(16);
  private busyUntil: Float64Array = new Float64Array(16);
  private turnQueued: Uint8Array = new Uint8Array(16);
  private acceptQueue: Uint8Array = new Uint8Array(16);
  private locks: Int32Array = new Int32Array(16);
  private wakeTimer: Int32Array = new Int32Array(16);
  private jobHead: Int32Array = new Int32Array(16).fill(-1);
  private jobTail: Int32Array = new Int32Array(16).fill(-1);
  private jobSide: Int32Array = new Int32Array(1024);
  private jobWhat: Int32Array = new Int32Array(1024);
  private jobNext: Int32Array = new Int32Array(1024);
  private freeJob = -1;
  private jobs = 0;
  private readonly cores: SharedCores | undefined;
  private coreEventQueued = false;
  private countedKeepalives = 0;
  /** The instant inside the turn that is being carried out. */
  private t: Micros = 0;

  private readonly kindArrive: number;
  private readonly kindSyn: number;
  private readonly kindTurn: number;
  private readonly kindCore: number;
  private readonly kindRelease: number;
  private readonly kindHold: number;
  private readonly kindStarted: number;
  private readonly kindHangup: number;

  constructor(options: BirdOptions) {
    const { engine } = options;
    this.engine = engine;
    this.kernels = options.kernels;
    this.prefixes = options.prefixes;
    this.names = options.names;
    this.path = options.path;
    this.filter = options.filter;
    this.listener = options.listener;
    this.timing = Object.freeze({ ...SESSION_TIMERS, ...options.timers });
    this.costs = Object.freeze({ ...BIRD_COSTS, ...options.costs });
    this.addPath = options.addPath ?? true;
    this.cores = options.sharedCores;
    this.kindArrive = engine.defineKind("bgp-arrive", this);
    this.kindSyn = engine.defineKind("bgp-syn", this);
    this.kindTurn = engine.defineKind("bird-turn", this);
    this.kindCore = engine.defineKind("bird-core", this);
    this.kindRelease = engine.defineKind("tcp-release", this);
    this.kindHold = engine.defineKind("bgp-hold", this);
    this.kindStarted = engine.defineKind("bird-started", this);
    this.kindHangup = engine.defineKind("bgp-reset", this);
    for (let n = 0; n < options.names.size; n++) this.addNode();
  }

  /** Makes room for one more node; ids follow {@link NodeDirectory}. */
  addNode(): void {
    const d = this.daemons.length;
    this.daemons.push({
      peers: 0,
      exporting: 0,
      timers: new SecondTimers(),
      rib: new Rib(),
      due: [],
      work: [],
      blocks: [],
      feed: undefined,
      reconfigure: [],
      stale: new Map(),
    });
    this.ends.addNode();
    if (d === this.state.length) this.growDaemons();
    this.nameHash[d] = hashText(`${this.engine.random.seed}/bird/${this.names.name(d)}`);
    this.jobHead[d] = -1;
    this.jobTail[d] = -1;
    this.wakeTimer[d] = this.engine.createTimer(this.kindTurn, d, 1);
  }

  /** Writes the configuration that a daemon finds when it starts. */
  configure(node: number, config: Reconfiguration): void {
    const daemon = this.daemons[node]!;
    for (const { peer, passive } of config.add ?? []) {
      if (!this.isConfigured(node, peer)) daemon.peers++;
      this.ends.add(node, peer, passive);
    }
    for (const peer of config.remove ?? []) {
      const e = this.ends.find(node, peer);
      if (e < 0 || this.ends.configured[e] === 0) continue;
      this.ends.configured[e] = 0;
      daemon.peers--;
    }
    if (config.blocks !== undefined) {
      daemon.blocks.splice(0, daemon.blocks.length, ...config.blocks);
      daemon.feed = undefined;
    }
  }

  /** Starts the process now. */
  start(node: number, options: StartOptions = {}): void {
    const now = this.engine.now;
    if (this.state[node] !== OFF) return;
    const daemon = this.daemons[node]!;
    this.hostDown[node] = 0;
    this.state[node] = STARTING;
    const stream = this.engine.stream("bird", this.names.name(node), "clock");
    this.phase[node] = options.clockPhase ?? stream.below(SECOND);
    this.recovering[node] = (options.recover ?? true) ? 1 : 0;
    this.second[node] = this.clock(node, now);
    this.locks[node] = 0;
    this.acceptQueue[node] = 0;
    this.kernelReady[node] = 0;
    daemon.timers.clear();
    daemon.rib.clear();
    daemon.due = [];
    daemon.work = [];
    daemon.reconfigure = [];
    daemon.stale.clear();
    daemon.feed = undefined;
    for (const prefix of daemon.blocks) daemon.rib.add(prefix, OWN);
    for (const e of this.ends.of(node)) this.ends.reset(e);
    const { start, startPerPeer, startPerBlock } = this.costs;
    this.bootLeft[node] = Math.round(
      start + startPerPeer * daemon.peers + startPerBlock * daemon.blocks.length,
    );
    // Timers count from the clock as the process read it when it began to start.
    for (const e of this.ends.of(node))
      if (this.ends.configured[e] === 1) this.beginPeering(node, e);
    if (this.recovering[node] === 1) {
      daemon.timers.add(this.second[node]! + this.timing.gracefulRestartWait, TIMER_RECOVERY);
    }
    this.ready(node);
  }

  /** Kills the process (SIGKILL): the kernel closes its sockets, its routes stay (`persist`). */
  kill(node: number): void {
    if (this.state[node] === OFF) return;
    for (const e of this.ends.of(node)) this.dropSockets(e, true);
    this.stopped(node);
  }

  /** Terminates the process (SIGTERM): every peer gets a NOTIFICATION Cease, Administrative shutdown. */
  terminate(node: number): void {
    if (this.state[node] === OFF) return;
    this.t = this.engine.now;
    for (const e of this.ends.of(node)) {
      const side = this.ends.established[e]!;
      if (side >= 0) this.notify(side, 6, 2);
      this.dropSockets(e, true);
    }
    this.stopped(node);
  }

  /** The host is gone (power, or its network for good): nothing is sent to anyone. */
  crash(node: number): void {
    if (this.state[node] !== OFF) {
      for (const e of this.ends.of(node)) this.dropSockets(e, false);
      this.stopped(node);
    }
    this.hostDown[node] = 1;
    this.pathsChanged();
  }

  /** The host answers again, with no process and no socket: what peers still send is reset. */
  reboot(node: number): void {
    if (this.hostDown[node] === 0) return;
    this.hostDown[node] = 0;
    this.pathsChanged();
  }

  /** The configuration files changed and the process got SIGHUP. */
  reconfigure(node: number, change: Reconfiguration): void {
    if (this.state[node] === OFF) {
      this.configure(node, change);
      return;
    }
    this.daemons[node]!.reconfigure.push(change);
    this.wake(node);
  }

  /** Connectivity of the underlay changed: sessions over cut paths fall silent, healed ones speak again. */
  pathsChanged(): void {
    const { conns } = this;
    for (let c = 0; c < conns.count; c++) {
      for (const side of [2 * c, 2 * c + 1]) {
        if (conns.state[side] !== SIDE.established) continue;
        const silent = !this.hears(side);
        if (silent && conns.silent[side] === 0) this.fallSilent(side);
        else if (!silent && conns.silent[side] === 1) this.speakAgain(side);
      }
    }
  }

  /** Whether the process runs and has opened its sockets. */
  isRunning(node: number): boolean {
    return this.state[node] === RUNNING;
  }

  /** Whether `peer` is in the daemon's configuration. */
  isConfigured(node: number, peer: number): boolean {
    const e = this.ends.find(node, peer);
    return e >= 0 && this.ends.configured[e] === 1;
  }

  /** Whether the end of `node` towards `peer` is in Established. */
  isEstablished(node: number, peer: number): boolean {
    const e = this.ends.find(node, peer);
    return e >= 0 && this.ends.established[e]! >= 0;
  }

  /** Prefixes in the daemon's routing table, as ids. */
  routes(node: number): number[] {
    return this.daemons[node]!.rib.prefixes();
  }

  /** Node that the daemon's best path for a prefix leads to: itself for an own block, −1 for none. */
  bestPath(node: number, prefix: number): number {
    const path = this.daemons[node]!.rib.best(prefix);
    return path === -1 ? -1 : path === OWN ? node : this.ends.peer[path]!;
  }

  /** Everything sent until now, keepalives of undisturbed sessions included. */
  wire(): WireSummary {
    let keepalives = this.countedKeepalives;
    for (let side = 0; side < 2 * this.conns.count; side++) {
      if (this.conns.state[side] === SIDE.established)
        keepalives += this.keepalivesSent(side, this.engine.now);
    }
    return this.counters.summary(keepalives, KEEPALIVE_BYTES);
  }

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number, b: number): void {
    switch (kind) {
      case this.kindArrive:
        this.arrive(a, b);
        return;
      case this.kindSyn:
        this.onSyn(a, b);
        return;
      case this.kindTurn:
        if (b === 0) this.continueTurn(a);
        else this.wake(a);
        return;
      case this.kindCore:
        this.coreEventQueued = false;
        if (this.cores !== undefined) this.serveCores(this.cores);
        return;
      case this.kindRelease:
        this.release(a);
        return;
      case this.kindHold:
        this.onHoldExpired(a, b);
        return;
      case this.kindStarted:
        this.onStarted(a);
        return;
      case this.kindHangup:
        if (this.conns.state[a] !== SIDE.closed && this.conns.state[a] !== SIDE.none)
          this.arrive(a, CLOSED);
        return;
    }
  }

  // The process ---------------------------------------------------------------------------------

  /** Reading the configuration and opening sockets, up to the first turn of the loop; one part of it. */
  private boot(node: number): void {
    const part = Math.min(BOOT_PART, this.bootLeft[node]!);
    this.bootLeft[node]! -= part;
    this.cpu[node]! += part;
    this.busyUntil[node] = this.engine.now + part;
    if (this.bootLeft[node]! > 0) this.queueTurn(node);
    else this.engine.schedule(this.busyUntil[node]!, this.kindStarted, node);
  }

  private onStarted(node: number): void {
    if (this.state[node] !== STARTING || this.bootLeft[node]! > 0) return;
    this.state[node] = RUNNING;
    if (this.recovering[node] === 0 || this.locks[node] === 0)
      this.daemons[node]!.work.push(WORK_KERNEL * WORK);
    if (this.recovering[node] === 1 && this.locks[node] === 0) this.recovering[node] = 0;
    this.ready(node);
  }

  private beginPeering(node: number, e: number): void {
    if (this.recovering[node] === 1) {
      this.ends.locked[e] = 1;
      this.locks[node]!++;
    }
    if (this.ends.passive[e] === 0) this.connectAfter(node, e, this.timing.connectDelay);
  }

  private connectAfter(node: number, e: number, seconds: number): void {
    const due = this.second[node]! + seconds;
    this.ends.connectDue[e] = due;
    this.daemons[node]!.timers.add(due, e * 4 + TIMER_CONNECT);
  }

  private stopped(node: number): void {
    const daemon = this.daemons[node]!;
    this.state[node] = OFF;
    this.engine.cancelTimer(this.wakeTimer[node]!);
    for (let j = this.jobHead[node]!; j >= 0; ) {
      const next = this.jobNext[j]!;
      this.jobNext[j] = this.freeJob;
      this.freeJob = j;
      j = next;
    }
    this.jobHead[node] = -1;
    this.jobTail[node] = -1;
    daemon.due = [];
    daemon.work = [];
    for (const change of daemon.reconfigure) this.configure(node, change);
    daemon.reconfigure = [];
  }

  private dropSockets(e: number, tellPeer: boolean): void {
    const at = this.engine.now;
    const close = (side: number): void => {
      if (this.conns.state[side] === SIDE.established) this.leaveEstablished(e, side, at);
      const before = this.conns.state[side];
      this.conns.close(side);
      if (tellPeer && before !== SIDE.closed && before !== SIDE.connect) this.hangUp(side, at);
    };
    const { outgoing, incoming } = this.ends;
    if (outgoing[e]! >= 0) close(2 * outgoing[e]!);
    if (incoming[e]! >= 0) close(2 * incoming[e]! + 1);
    outgoing[e] = -1;
    incoming[e] = -1;
  }

  /** The other end learns that this side's socket is closed: FIN or RST. */
  private hangUp(side: number, at: Micros): void {
    const other = side ^ 1;
    const delay = this.delayFrom(side);
    if (delay === Number.POSITIVE_INFINITY) return;
    this.engine.schedule(at + delay, this.kindHangup, other);
  }

  private clock(node: number, at: Micros): number {
    return Math.floor((at + this.phase[node]!) / SECOND);
  }

  private wake(node: number): void {
    if (this.state[node] !== RUNNING || this.turnQueued[node] === 1) return;
    if (this.engine.now < this.busyUntil[node]!) this.queueTurn(node);
    else this.ready(node);
  }

  private queueTurn(node: number): void {
    this.turnQueued[node] = 1;
    this.engine.schedule(this.busyUntil[node]!, this.kindTurn, node, 0);
  }

  /** A daemon that slept has work: it turns at once, or queues for a core that it shares. */
  private ready(node: number): void {
    const { cores } = this;
    if (cores === undefined) {
      this.run(node);
      return;
    }
    this.turnQueued[node] = 1;
    cores.wake(node);
    this.serveCores(cores);
  }

  /** A daemon that just had a turn has more to do. */
  private continueTurn(node: number): void {
    this.turnQueued[node] = 0;
    if (this.state[node] === OFF) return;
    const { cores } = this;
    if (cores === undefined) {
      this.run(node);
      return;
    }
    this.turnQueued[node] = 1;
    cores.requeue(node);
    this.serveCores(cores);
  }

  private run(node: number): void {
    if (this.state[node] === STARTING) this.boot(node);
    else this.turn(node);
  }

  private serveCores(cores: SharedCores): void {
    const now = this.engine.now;
    for (let node = cores.next(now); node >= 0; node = cores.next(now)) {
      this.turnQueued[node] = 0;
      if (this.state[node] === OFF) continue;
      this.run(node);
      cores.occupy(node, now, this.busyUntil[node]!);
    }
    if (!this.coreEventQueued && cores.waiting) {
      this.coreEventQueued = true;
      this.engine.schedule(Math.max(now, cores.nextFree()), this.kindCore);
    }
  }

  /**
   * One turn of the main loop from where poll(2) returns (bird: sysdep/unix/io.c, io_loop): read at most
   * four sockets, run queued work, look at the clock and the timers, sleep. Work that a timer queues
   * therefore waits for the next wake.
   */
  private turn(node: number): void {
    const daemon = this.daemons[node]!;
    this.t = this.engine.now;
    this.spend(node, this.costs.loop + this.costs.loopPerSocket * daemon.peers);
    if (daemon.due.length === 0) {
      for (let reads = 0; reads < READS_PER_LOOP && this.jobHead[node]! >= 0; reads++)
        this.read(node);
      if (daemon.reconfigure.length > 0) this.applyReconfigurations(node);
      if (daemon.work.length > 0) this.runWork(node);
      this.second[node] = this.clock(node, this.t);
    }
    this.fireTimers(node);
    this.busyUntil[node] = Math.round(this.t);
    if (this.jobHead[node]! >= 0 || daemon.due.length > 0) {
      this.queueTurn(node);
      return;
    }
    // poll(2) sleeps whole seconds; the 2 s kernel and device scans, a second apart, wake it each second.
    const asleep = this.clock(node, this.busyUntil[node]!);
    const next = daemon.work.length > 0 ? asleep : daemon.timers.next;
    const timer = this.wakeTimer[node]!;
    if (next === Number.POSITIVE_INFINITY) this.engine.cancelTimer(timer);
    else this.engine.setTimer(timer, this.busyUntil[node]! + Math.max(1, next - asleep) * SECOND);
  }

  private spend(node: number, cost: number): void {
    this.t += cost;
    this.cpu[node]! += cost;
  }

  private runWork(node: number): void {
    const daemon = this.daemons[node]!;
    const work = daemon.work;
    daemon.work = [];
    for (const item of work) {
      const e = item % WORK;
      switch (Math.floor(item / WORK)) {
        case WORK_FEED:
          this.feed(node, e);
          break;
        case WORK_KERNEL:
          this.exportAllToKernel(node);
          break;
        case WORK_STOP_STALE:
          daemon.work.push(WORK_FLUSH * WORK + e);
          break;
        case WORK_FLUSH:
          this.flushFrom(node, e);
          break;
      }
    }
  }

  private fireTimers(node: number): void {
    const daemon = this.daemons[node]!;
    const now = this.second[node]!;
    for (;;) {
      if (daemon.due.length === 0) {
        const due = daemon.timers.take(now);
        if (due === undefined) return;
        daemon.due = due.reverse();
      }
      for (let entry = daemon.due.pop(); entry !== undefined; entry = daemon.due.pop()) {
        const opened = this.fireTimer(node, entry >> 2, entry & 3, now);
        // Where cores are shared, the daemon that a new connection wakes may run before the next is opened.
        if (opened && this.cores !== undefined && daemon.due.length > 0) return;
      }
    }
  }

  /** Carries out one timer; true if it opened a connection. */
  private fireTimer(node: number, e: number, what: number, now: number): boolean {
    switch (what) {
      case TIMER_CONNECT:
        return (
          this.ends.connectDue[e]! >= 0 && this.ends.connectDue[e]! <= now && this.connect(node, e)
        );
      case TIMER_GIVE_UP:
        return this.giveUp(node, e);
      case TIMER_PEER_RESTART:
        if (this.ends.restartDue[e]! >= 0 && this.ends.restartDue[e]! <= now) {
          this.ends.restartDue[e] = -1;
          this.daemons[node]!.work.push(WORK_STOP_STALE * WORK + e);
        }
        return false;
      default:
        if (this.recovering[node] === 1) this.endRecovery(node);
        return false;
    }
  }

  private applyReconfigurations(node: number): void {
    const daemon = this.daemons[node]!;
    const changes = daemon.reconfigure;
    daemon.reconfigure = [];
    for (const change of changes) {
      const added = (change.add ?? []).filter(({ peer }) => !this.isConfigured(node, peer));
      for (const peer of change.remove ?? []) this.removePeer(node, peer);
      this.configure(node, { add: added, remove: change.remove ?? [] });
      for (const { peer } of added) {
        const e = this.ends.find(node, peer);
        if (this.ends.passive[e] === 0) this.connectAfter(node, e, this.timing.connectDelay);
      }
      if (change.blocks !== undefined) this.changeBlocks(node, change.blocks);
    }
  }

  private removePeer(node: number, peer: number): void {
    const e = this.ends.find(node, peer);
    if (e < 0 || this.ends.configured[e] === 0) return;
    const side = this.ends.established[e]!;
    if (side >= 0) this.notify(side, 6, 3);
    this.dropSockets(e, true);
    this.flushFrom(node, e);
    if (this.ends.locked[e] === 1) this.unlock(node, e);
    this.ends.connectDue[e] = -1;
    this.ends.restartDue[e] = -1;
  }

  // Connections ---------------------------------------------------------------------------------

  private connect(node: number, e: number): boolean {
    const { ends } = this;
    ends.connectDue[e] = -1;
    if (ends.configured[e] === 0 || ends.established[e]! >= 0 || ends.outgoing[e]! >= 0)
      return false;
    if (ends.incoming[e]! >= 0) return false;
    const c = this.conns.open(e, ends.peer[e]!);
    ends.outgoing[e] = c;
    this.counters.connects++;
    this.sendSyn(c, Math.round(this.t));
    this.spend(node, this.costs.connect);
    const wait = this.jittered(this.timing.connectRetry, node, e, this.second[node]!);
    this.daemons[node]!.timers.add(this.second[node]! + wait, e * 4 + TIMER_GIVE_UP);
    return true;
  }

  /** V − ⌊V/4⌋ plus a uniform integer up to ⌊V/4⌋ (bird: proto/bgp/bgp.c, bgp_start_timer). */
  private jittered(value: number, node: number, e: number, k: number): number {
    const range = Math.floor(value / 4);
    return (
      value - (hash32(this.nameHash[node]!, this.nameHash[this.ends.peer[e]!]!, k) % (range + 1))
    );
  }

  private sendSyn(c: number, at: Micros): void {
    this.counters.synSegments++;
    this.conns.attempts[c]!++;
    const from = this.ends.node[this.conns.opener[c]!]!;
    const delay = this.path.delay(from, this.conns.target[c]!);
    if (delay === Number.POSITIVE_INFINITY)
      this.engine.schedule(at + SYN_RETRY, this.kindSyn, c, 1);
    else this.engine.schedule(at + delay, this.kindSyn, c, 0);
  }

  /** A SYN reaches its host (b = 0), or is repeated for want of an answer (b = 1). */
  private onSyn(c: number, b: number): void {
    const side = 2 * c;
    if (this.conns.state[side] !== SIDE.connect) return;
    if (b === 1) {
      this.sendSyn(c, this.engine.now);
      return;
    }
    const target = this.conns.target[c]!;
    const opener = this.ends.node[this.conns.opener[c]!]!;
    const back = this.path.delay(target, opener);
    const unanswered = this.hostDown[target] === 1 || back === Number.POSITIVE_INFINITY;
    if (
      unanswered ||
      (this.state[target] === RUNNING && this.acceptQueue[target]! >= ACCEPT_QUEUE_MAX)
    ) {
      this.engine.schedule(this.engine.now + SYN_RETRY, this.kindSyn, c, 1);
      return;
    }
    if (this.state[target] !== RUNNING) {
      this.counters.refused++;
      this.engine.schedule(this.engine.now + back, this.kindArrive, side, CONNECT_FAILED);
      return;
    }
    this.acceptQueue[target]!++;
    this.counters.accepted++;
    this.engine.schedule(this.engine.now + back, this.kindArrive, side, CONNECTED);
    // The handshake's third segment takes the same way as the first.
    this.engine.schedule(
      this.engine.now + back + this.path.delay(opener, target),
      this.kindArrive,
      side + 1,
      ACCEPT,
    );
  }

  /** Connect retry: an attempt without an answer is given up and made anew. */
  private giveUp(node: number, e: number): boolean {
    const c = this.ends.outgoing[e]!;
    if (c < 0 || this.conns.state[2 * c] !== SIDE.connect) return false;
    this.conns.close(2 * c);
    this.ends.outgoing[e] = -1;
    return this.connect(node, e);
  }

  private delayFrom(side: number): Micros {
    const c = side >> 1;
    const from = side & 1 ? this.conns.target[c]! : this.ends.node[this.conns.opener[c]!]!;
    const to = side & 1 ? this.ends.node[this.conns.opener[c]!]! : this.conns.target[c]!;
    if (this.hostDown[from] === 1 || this.hostDown[to] === 1) return Number.POSITIVE_INFINITY;
    return this.path.delay(from, to);
  }

  private nodeOf(side: number): number {
    return side & 1
      ? this.conns.target[side >> 1]!
      : this.ends.node[this.conns.opener[side >> 1]!]!;
  }

  // Segments ------------------------------------------------------------------------------------

  /**
   * Sends a message on an open connection. A small segment waits while an earlier one is unacknowledged
   * (RFC 896; no TCP_NODELAY in bird: sysdep/unix), and behind anything that a cut path holds up.
   */
  private send(side: number, what: number): void {
    const { conns } = this;
    const at = Math.round(this.t);
    const waiting = conns.held.get(side);
    if (waiting !== undefined) {
      waiting.push(what);
      return;
    }
    const delay = this.delayFrom(side);
    if (delay === Number.POSITIVE_INFINITY) {
      conns.held.set(side, [what]);
      this.engine.schedule(at + RETRANSMIT_MIN, this.kindRelease, side, RETRANSMIT_MIN);
      conns.lastSent[side] = at;
      return;
    }
    if (at < conns.unackedUntil[side]!) {
      conns.held.set(side, [what]);
      this.engine.schedule(conns.unackedUntil[side]!, this.kindRelease, side);
      return;
    }
    this.transmit(side, what, at, delay);
  }

  private transmit(side: number, what: number, at: Micros, delay: Micros): void {
    const { conns } = this;
    const other = side ^ 1;
    // The peer acknowledges at once in the first exchanges and after idling, else it delays.
    const type = what & 15;
    const quick = type <= KEEPALIVE || at - conns.activity(other) > QUICK_ACK_AFTER_IDLE;
    conns.unackedUntil[side] = at + 2 * delay + (quick ? 0 : DELAYED_ACK);
    conns.lastSent[side] = at;
    this.engine.schedule(at + delay, this.kindArrive, other, what);
  }

  /** Held segments may go: the acknowledgement came, or it is time to retransmit over a cut path. */
  private release(side: number, backOff: Micros = RETRANSMIT_MIN): void {
    const { conns } = this;
    const waiting = conns.held.get(side);
    if (waiting === undefined || conns.state[side] === SIDE.closed) return;
    const delay = this.delayFrom(side);
    const now = this.engine.now;
    if (delay === Number.POSITIVE_INFINITY) {
      const next = Math.min(
        RETRANSMIT_MAX,
        Math.max(RETRANSMIT_MIN, 2 * (now - conns.lastSent[side]!) || backOff),
      );
      this.engine.schedule(now + next, this.kindRelease, side);
      return;
    }
    if (now < conns.unackedUntil[side]!) {
      this.engine.schedule(conns.unackedUntil[side]!, this.kindRelease, side);
      return;
    }
    conns.held.delete(side);
    for (const what of waiting) this.transmit(side, what, now, delay);
  }

  private arrive(side: number, what: number): void {
    const node = this.nodeOf(side);
    const { conns } = this;
    const type = what & 15;
    if (this.hostDown[node] === 1) return;
    if (this.state[node] !== RUNNING || (type >= OPEN && conns.state[side] === SIDE.closed)) {
      // No process, or no such socket: the kernel answers with a reset.
      if (type !== CONNECT_FAILED && type !== CLOSED) this.hangUp(side, this.engine.now);
      return;
    }
    if (type >= OPEN) {
      conns.lastHeard[side] = this.engine.now;
      // Data carries the acknowledgement of what reached its sender before it left.
      if (conns.held.size > 0 && conns.held.has(side)) {
        const delay = this.delayFrom(side);
        if (this.engine.now - delay >= conns.lastSent[side]! + delay) {
          conns.unackedUntil[side] = this.engine.now;
          this.release(side);
        }
      }
    }
    this.pushJob(node, side, what);
    this.wake(node);
  }

  private pushJob(node: number, side: number, what: number): void {
    let j = this.freeJob;
    if (j >= 0) this.freeJob = this.jobNext[j]!;
    else {
      j = this.jobs++;
      if (j === this.jobSide.length) {
        this.jobSide = widened(this.jobSide, j * 2);
        this.jobWhat = widened(this.jobWhat, j * 2);
        this.jobNext = widened(this.jobNext, j * 2);
      }
    }
    this.jobSide[j] = side;
    this.jobWhat[j] = what;
    this.jobNext[j] = -1;
    if (this.jobTail[node]! < 0) this.jobHead[node] = j;
    else this.jobNext[this.jobTail[node]!] = j;
    this.jobTail[node] = j;
  }

  // Reading -------------------------------------------------------------------------------------

  private read(node: number): void {
    const j = this.jobHead[node]!;
    const side = this.jobSide[j]!;
    const what = this.jobWhat[j]!;
    this.jobHead[node] = this.jobNext[j]!;
    if (this.jobHead[node]! < 0) this.jobTail[node] = -1;
    this.jobNext[j] = this.freeJob;
    this.freeJob = j;

    const type = what & 15;
    if (type === ACCEPT) {
      this.onAccept(node, side);
      return;
    }
    const e = this.conns.end(side);
    const state = this.conns.state[side];
    if (state === SIDE.closed || state === SIDE.none) return;
    this.spend(node, this.costs.message);
    switch (type) {
      case CONNECTED:
        if (state !== SIDE.connect) return;
        this.conns.state[side] = SIDE.openSent;
        this.sendOpen(node, side);
        return;
      case CONNECT_FAILED:
        this.conns.close(side);
        this.ends.outgoing[e] = -1;
        this.retryLater(node, e);
        return;
      case CLOSED:
        this.onClosed(node, e, side);
        return;
      case OPEN:
        this.onOpen(node, e, side, what >> 4);
        return;
      case KEEPALIVE:
        if (state === SIDE.openConfirm) this.onEstablished(node, e, side);
        return;
      case UPDATE:
      case REFRESH:
        this.onUpdate(node, e, this.updates[what >> 4]!);
        return;
      case END_OF_RIB:
        this.onEndOfRib(node, e);
        return;
      case NOTIFICATION:
        this.onNotification(node, e, side);
        return;
    }
  }

  private retryLater(node: number, e: number): void {
    if (this.ends.configured[e] === 0 || this.ends.passive[e] === 1) return;
    if (this.ends.established[e]! >= 0) return;
    this.connectAfter(node, e, this.timing.connectDelay);
  }

  private onAccept(node: number, side: number): void {
    this.acceptQueue[node]!--;
    this.spend(node, this.costs.accept);
    const c = side >> 1;
    if (this.conns.state[2 * c] === SIDE.closed) return;
    const peer = this.ends.node[this.conns.opener[c]!]!;
    const e = this.ends.find(node, peer);
    const known = e >= 0 && this.ends.configured[e] === 1;
    if (known && this.ends.established[e]! >= 0) {
      // A new connection on a live session is taken for a restart of the neighbour (bird: proto/bgp/bgp.c, bgp_incoming_connection).
      const old = this.ends.established[e]!;
      this.keepStale(node, e, old);
      this.conns.close(old);
      this.hangUp(old, Math.round(this.t));
      if (old & 1) this.ends.incoming[e] = -1;
      else this.ends.outgoing[e] = -1;
    }
    if (!known || this.ends.incoming[e]! >= 0) {
      this.conns.close(side);
      this.hangUp(side, Math.round(this.t));
      return;
    }
    this.conns.acceptor[c] = e;
    this.ends.incoming[e] = c;
    this.conns.state[side] = SIDE.openSent;
    this.sendOpen(node, side);
  }

  private sendOpen(node: number, side: number): void {
    const bytes = openBytes(this.addPath);
    this.spend(node, this.costs.message);
    this.counters.count(COUNT_OPEN, bytes);
    this.send(side, OPEN | (this.recovering[node]! << 4));
  }

  private onOpen(node: number, e: number, side: number, restarting: number): void {
    if (this.conns.state[side] !== SIDE.openSent) return;
    const mine = side & 1 ? this.ends.outgoing[e]! * 2 : this.ends.incoming[e]! * 2 + 1;
    if (mine >= 0 && this.conns.state[mine] === SIDE.connect) {
      // An OPEN on one connection ends the attempt to make another (bird: proto/bgp/packets.c, bgp_rx_open).
      this.conns.close(mine);
      this.ends.outgoing[e] = -1;
    } else if (mine >= 0 && this.conns.state[mine] === SIDE.openConfirm) {
      if (this.resolveCollision(node, e, side, mine) === side) return;
    }
    this.conns.peerRestarting[side] = restarting & 1;
    this.spend(node, this.costs.message);
    this.counters.count(COUNT_KEEPALIVE, KEEPALIVE_BYTES);
    this.conns.state[side] = SIDE.openConfirm;
    this.send(side, KEEPALIVE);
  }

  /** RFC 4271 §6.8: the connection opened by the end with the higher identifier stays. Identifiers are addresses, which rise with node ids here. */
  private resolveCollision(node: number, e: number, side: number, other: number): number {
    const keepOutgoing = node > this.ends.peer[e]!;
    const outgoing = side & 1 ? other : side;
    const incoming = side & 1 ? side : other;
    const loser = keepOutgoing ? incoming : outgoing;
    this.notify(loser, 6, 7);
    this.conns.close(loser);
    this.hangUp(loser, Math.round(this.t));
    if (loser & 1) this.ends.incoming[e] = -1;
    else this.ends.outgoing[e] = -1;
    return loser;
  }

  private onEstablished(node: number, e: number, side: number): void {
    const { ends, conns } = this;
    this.spend(node, this.costs.establish);
    conns.state[side] = SIDE.established;
    conns.since[side] = Math.round(this.t);
    ends.established[e] = side;
    ends.sessions[e]!++;
    ends.errorWait[e] = 0;
    ends.connectDue[e] = -1;
    this.establishedEnds++;
    const peerReady = conns.peerRestarting[side] === 0;
    if (this.recovering[node] === 1 && ends.locked[e] === 1) {
      if (peerReady) ends.deferred[e] = 1;
      else this.unlock(node, e);
    }
    ends.restartDue[e] = -1;
    this.listener?.onSession(node, ends.peer[e]!, true, Math.round(this.t));
    if (ends.deferred[e] === 0) this.queueWork(node, WORK_FEED, e);
    if (!this.hears(side)) this.fallSilent(side);
  }

  private queueWork(node: number, what: number, e: number): void {
    this.daemons[node]!.work.push(what * WORK + e);
  }

  private unlock(node: number, e: number): void {
    if (this.ends.locked[e] === 0) return;
    this.ends.locked[e] = 0;
    // The last lock starts the recovery timer with 0 s, which fires when the loop next looks (bird: nest/proto.c).
    if (--this.locks[node]! === 0)
      this.daemons[node]!.timers.add(this.second[node]!, TIMER_RECOVERY);
  }

  /** Resumes exports that waited; runs inside a timer, so the work waits for the next wake of the loop. */
  private endRecovery(node: number): void {
    const daemon = this.daemons[node]!;
    this.recovering[node] = 0;
    this.locks[node] = 0;
    for (const e of this.ends.of(node)) {
      this.ends.locked[e] = 0;
      if (this.ends.deferred[e] === 1) {
        this.ends.deferred[e] = 0;
        if (this.ends.established[e]! >= 0) daemon.work.push(WORK_FEED * WORK + e);
      }
    }
    daemon.work.push(WORK_KERNEL * WORK);
    this.listener?.onRecoveryDone(node, Math.round(this.t));
  }

  private onClosed(node: number, e: number, side: number): void {
    const was = this.conns.state[side];
    if (was === SIDE.established) this.keepStale(node, e, side);
    this.conns.close(side);
    if (side & 1) this.ends.incoming[e] = -1;
    else this.ends.outgoing[e] = -1;
    this.retryLater(node, e);
  }

  /** The session is lost but the peer is expected back: its routes stay, marked stale (RFC 4724 §4.2). */
  private keepStale(node: number, e: number, side: number): void {
    const daemon = this.daemons[node]!;
    this.leaveEstablished(e, side, Math.round(this.t));
    this.ends.restarting[e] = 1;
    daemon.stale.set(e, new Set(daemon.rib.from(e)));
    const due = this.second[node]! + this.timing.gracefulRestart;
    this.ends.restartDue[e] = due;
    daemon.timers.add(due, e * 4 + TIMER_PEER_RESTART);
  }

  private leaveEstablished(e: number, side: number, at: Micros): void {
    if (this.ends.established[e] !== side) return;
    this.countedKeepalives += this.keepalivesSent(side, at);
    this.ends.established[e] = -1;
    if (this.ends.exporting[e] === 1) this.daemons[this.ends.node[e]!]!.exporting--;
    this.ends.exporting[e] = 0;
    this.establishedEnds--;
    this.lostEnds++;
    this.listener?.onSession(this.ends.node[e]!, this.ends.peer[e]!, false, at);
  }

  private onNotification(node: number, e: number, side: number): void {
    if (this.conns.state[side] === SIDE.established)
      this.leaveEstablished(e, side, Math.round(this.t));
    this.conns.close(side);
    if (side & 1) this.ends.incoming[e] = -1;
    else this.ends.outgoing[e] = -1;
    this.ends.restarting[e] = 0;
    this.ends.restartDue[e] = -1;
    this.flushFrom(node, e);
    this.retryLater(node, e);
  }

  private notify(side: number, code: number, subcode: number): void {
    this.counters.count(COUNT_NOTIFICATION, NOTIFICATION_BYTES);
    const delay = this.delayFrom(side);
    if (delay === Number.POSITIVE_INFINITY) return;
    const at = Math.round(this.t);
    this.engine.schedule(
      at + delay,
      this.kindArrive,
      side ^ 1,
      NOTIFICATION | ((code * 256 + subcode) << 4),
    );
  }

  // Routes --------------------------------------------------------------------------------------

  private feed(node: number, e: number): void {
    const side = this.ends.established[e]!;
    if (side < 0) return;
    const daemon = this.daemons[node]!;
    if (this.ends.exporting[e] === 0) daemon.exporting++;
    this.ends.exporting[e] = 1;
    this.spend(node, this.costs.announce * (daemon.rib.size + 1));
    daemon.feed ??= this.announcements(daemon.blocks);
    for (const record of daemon.feed) {
      this.spend(node, this.costs.message);
      this.countReach(this.updates[record]!.reach);
      this.send(side, UPDATE | (record << 4));
    }
    this.spend(node, this.costs.message);
    this.counters.count(COUNT_UPDATE, END_OF_RIB_BYTES);
    this.counters.endOfRib++;
    this.send(side, END_OF_RIB);
  }

  /**
   * UPDATE records that announce blocks: all of a node share one attribute set, hence one bucket; a feed
   * hands over 256 routes a step and the connected subnet takes a place in the first (law 3).
   */
  private announcements(blocks: readonly number[]): number[] {
    const records: number[] = [];
    for (let from = 0, room = FEED_STEP - 1; from < blocks.length; room = FEED_STEP) {
      const reach = blocks.slice(from, from + room);
      records.push(this.record({ reach, withdraw: [], messages: 1, spurious: 0 }));
      from += reach.length;
    }
    return records;
  }

  private record(update: UpdateRecord): number {
    this.updates.push(Object.freeze(update));
    return this.updates.length - 1;
  }

  private nlriBytes(prefixes: readonly number[]): number {
    let bytes = 0;
    for (const p of prefixes) bytes += prefixBytes(this.prefixes.cidr(p).length, this.addPath);
    return bytes;
  }

  private countReach(prefixes: readonly number[], times = 1): void {
    const bytes = reachBytes(
      attributeBytes({ asPathLength: 0, internal: true }),
      this.nlriBytes(prefixes),
    );
    this.counters.count(COUNT_UPDATE, bytes, times);
    this.counters.reach += times;
    this.counters.nlri += prefixes.length * times;
  }

  private onUpdate(node: number, e: number, update: UpdateRecord): void {
    const daemon = this.daemons[node]!;
    const { costs } = this;
    this.spend(node, costs.message * (update.messages - 1) + costs.route * 0.25 * update.spurious);
    const stale = this.ends.restarting[e] === 1 ? daemon.stale.get(e) : undefined;
    for (const prefix of update.withdraw) {
      stale?.delete(prefix);
      this.spend(node, costs.route + costs.announce * daemon.exporting);
      if (daemon.rib.remove(prefix, e)) this.exportToKernel(node, prefix);
    }
    for (const prefix of update.reach) {
      stale?.delete(prefix);
      this.spend(node, costs.route + costs.announce * daemon.exporting);
      if (daemon.rib.add(prefix, e)) this.exportToKernel(node, prefix);
    }
  }

  private onEndOfRib(node: number, e: number): void {
    if (this.ends.locked[e] === 1) this.unlock(node, e);
    if (this.ends.restarting[e] === 0) return;
    // What the restarted peer did not announce again is gone (RFC 4724 §4.2).
    this.ends.restarting[e] = 0;
    const daemon = this.daemons[node]!;
    const stale = daemon.stale.get(e);
    daemon.stale.delete(e);
    for (const prefix of stale ?? []) {
      if (daemon.rib.remove(prefix, e)) this.exportToKernel(node, prefix);
    }
  }

  private flushFrom(node: number, e: number): void {
    const daemon = this.daemons[node]!;
    this.ends.restarting[e] = 0;
    daemon.stale.delete(e);
    for (const prefix of daemon.rib.from(e)) {
      this.spend(node, this.costs.route + this.costs.announce * daemon.exporting);
      if (daemon.rib.remove(prefix, e)) this.exportToKernel(node, prefix);
    }
  }

  private exportAllToKernel(node: number): void {
    this.kernelReady[node] = 1;
    for (const prefix of this.daemons[node]!.rib.prefixes()) this.exportToKernel(node, prefix);
    this.forgetAlien(node);
  }

  /** After recovery the kernel holds what the table says: leftovers of an earlier process go (bird: sysdep/unix/krt.c, krt_prune). */
  private forgetAlien(node: number): void {
    const { rib } = this.daemons[node]!;
    for (const { prefix, route } of this.kernels.table(node)) {
      const held = this.kernels.route(route);
      if (held.protocol === PROTOCOL.bird && rib.best(prefix) === -1) {
        this.kernels.remove(node, prefix, held.metric, PROTOCOL.bird, Math.round(this.t));
      }
    }
  }

  private exportToKernel(node: number, prefix: number): void {
    if (this.kernelReady[node] === 0) return;
    const best = this.daemons[node]!.rib.best(prefix);
    const wanted =
      best === -1
        ? 0
        : this.filter.kernelRoute(node, prefix, best === OWN ? -1 : this.ends.peer[best]!);
    let held = 0;
    for (const r of this.kernels.all(node, prefix)) {
      if (this.kernels.route(r).protocol === PROTOCOL.bird) held = r;
    }
    if (held === wanted) return;
    const at = Math.round(this.t);
    this.spend(node, this.costs.kernelRoute);
    // An existing route is deleted first, not replaced in place (law 8 g).
    if (held !== 0)
      this.kernels.remove(node, prefix, this.kernels.route(held).metric, PROTOCOL.bird, at);
    if (wanted !== 0) this.kernels.replace(node, prefix, wanted, at);
  }

  /** Own blocks changed: confd rewrote `calico_aggr`, so every peer is fed anew with enhanced refresh (law 6). */
  private changeBlocks(node: number, blocks: readonly number[]): void {
    const daemon = this.daemons[node]!;
    const before = new Set(daemon.blocks);
    const after = new Set(blocks);
    const gained = blocks.filter((p) => !before.has(p));
    const lost = daemon.blocks.filter((p) => !after.has(p));
    if (gained.length === 0 && lost.length === 0) return;
    this.configure(node, { blocks });
    for (const prefix of gained) if (daemon.rib.add(prefix, OWN)) this.exportToKernel(node, prefix);
    for (const prefix of lost)
      if (daemon.rib.remove(prefix, OWN)) this.exportToKernel(node, prefix);

    const notExported = daemon.rib.prefixes().filter((p) => !after.has(p));
    const connected = prefixBytes(24, this.addPath);
    const record = this.record({
      reach: blocks.slice(),
      withdraw: lost,
      messages: 5,
      spurious: notExported.length,
    });
    let receivers = 0;
    for (const e of this.ends.of(node)) {
      const side = this.ends.established[e]!;
      if (side < 0 || this.ends.exporting[e] === 0) continue;
      receivers++;
      this.spend(node, 5 * this.costs.message + this.costs.announce * (daemon.rib.size + 1));
      this.sendBurst(side, REFRESH | (record << 4));
    }
    if (receivers === 0) return;
    this.counters.count(COUNT_REFRESH, ROUTE_REFRESH_BYTES, 2 * receivers);
    if (gained.length > 0) this.countReach(gained, receivers);
    if (lost.length > 0) this.countWithdraw(this.nlriBytes(lost), lost.length, receivers);
    const steps = Math.ceil((notExported.length + 1) / FEED_STEP);
    for (let s = 0; s < steps; s++) {
      const part = notExported.slice(Math.max(0, s * FEED_STEP - 1), (s + 1) * FEED_STEP - 1);
      const extra = s === 0 ? connected : 0;
      this.countWithdraw(this.nlriBytes(part) + extra, part.length + (s === 0 ? 1 : 0), receivers);
    }
    if (blocks.length > 0) {
      daemon.feed ??= this.announcements(daemon.blocks);
      for (const r of daemon.feed) this.countReach(this.updates[r]!.reach, receivers);
    }
  }

  private countWithdraw(prefixBytesSum: number, prefixes: number, times: number): void {
    this.counters.count(COUNT_UPDATE, withdrawBytes(prefixBytesSum), times);
    this.counters.withdraw += times;
    this.counters.withdrawn += prefixes * times;
  }

  /**
   * A re-feed leaves as several small messages: the first at once, the rest when it is acknowledged, which
   * is after one round trip, or 40 ms later if the peer delays its acknowledgement (law 7).
   */
  private sendBurst(side: number, what: number): void {
    const at = Math.round(this.t);
    const delay = this.delayFrom(side);
    if (delay === Number.POSITIVE_INFINITY || this.conns.held.has(side)) {
      this.send(side, what);
      return;
    }
    const quick = at - this.conns.activity(side ^ 1) > QUICK_ACK_AFTER_IDLE;
    const wait = 2 * delay + (quick ? 0 : DELAYED_ACK);
    this.conns.unackedUntil[side] = Math.max(at, this.conns.unackedUntil[side]!) + wait;
    this.send(side, what);
  }

  // Silence -------------------------------------------------------------------------------------

  /** Whether what the other end sends now reaches this side. */
  private hears(side: number): boolean {
    return (
      this.conns.state[side ^ 1] !== SIDE.closed &&
      this.delayFrom(side ^ 1) !== Number.POSITIVE_INFINITY
    );
  }

  /**
   * k-th keepalive interval of a side: uniform in {K − ⌊K/4⌋ .. K} whole seconds (law 13). Drawn by name
   * and index, so an idle session needs no event and no other session's draws move.
   */
  private keepaliveInterval(side: number, k: number): Micros {
    const range = Math.floor(this.timing.keepalive / 4);
    const draw = hash32(this.sideHash(side), 0x6b656570, k) % (range + 1);
    return (this.timing.keepalive - draw) * SECOND;
  }

  private sideHash(side: number): number {
    const e = this.conns.end(side);
    const node = this.nodeOf(side);
    return hash32(this.nameHash[node]!, this.nameHash[this.ends.peer[e]!]!, this.ends.sessions[e]!);
  }

  private keepalivesSent(side: number, until: Micros): number {
    let sent = 0;
    let at = this.conns.since[side]! + this.keepaliveInterval(side, 0);
    for (let k = 1; at <= until; k++) {
      sent++;
      at += this.keepaliveInterval(side, k);
    }
    return sent;
  }

  /** First keepalive of a side at or after a time. */
  private nextKeepalive(side: number, from: Micros): Micros {
    let at = this.conns.since[side]! + this.keepaliveInterval(side, 0);
    for (let k = 1; at < from; k++) at += this.keepaliveInterval(side, k);
    return at;
  }

  /** Last keepalive of a side before a time; its Established if there was none. */
  private lastKeepalive(side: number, before: Micros): Micros {
    let last = this.conns.since[side]!;
    for (let k = 0; ; k++) {
      const at = last + this.keepaliveInterval(side, k);
      if (at >= before) return last;
      last = at;
    }
  }

  /** Nothing reaches this side any more: its hold time runs from the last thing heard (law 8 c). */
  private fallSilent(side: number): void {
    const { conns, timing } = this;
    const now = this.engine.now;
    const other = side ^ 1;
    conns.silent[side] = 1;
    // The other end may be gone without a word: what it had sent until now still counts.
    const heard = Math.max(conns.lastHeard[side]!, this.lastKeepalive(other, now));
    const range = Math.floor(timing.hold / 4);
    const draw = hash32(this.sideHash(side), 0x686f6c64, Math.round(heard / SECOND)) % (range + 1);
    const expiry = heard + (timing.hold - draw) * SECOND;
    this.engine.schedule(
      Math.max(now, expiry),
      this.kindHold,
      side,
      conns.since[side]! % 0x7fffffff,
    );
    if (conns.state[other] === SIDE.established && this.hostDown[this.nodeOf(other)] === 0) return;
    // The other end has no socket but its host may answer again: see speakAgain.
  }

  /** The path heals: what was sent meanwhile is retransmitted; a socket that is gone answers with a reset. */
  private speakAgain(side: number): void {
    const { conns } = this;
    const now = this.engine.now;
    const other = side ^ 1;
    conns.silent[side] = 0;
    const delay = this.delayFrom(side);
    if (conns.state[other] === SIDE.closed) return;
    const lost = this.nextKeepalive(other, conns.lastHeard[side]!);
    if (lost < now) {
      // A segment lost during the cut comes with the first retransmission after it; until then the side stays deaf.
      let at = lost + RETRANSMIT_MIN;
      for (let wait = RETRANSMIT_MIN * 2; at < now; wait = Math.min(2 * wait, RETRANSMIT_MAX))
        at += wait;
      this.engine.schedule(at + delay, this.kindArrive, side, KEEPALIVE);
    }
  }

  private onHoldExpired(side: number, session: number): void {
    const { conns, ends } = this;
    if (conns.state[side] !== SIDE.established || conns.since[side]! % 0x7fffffff !== session)
      return;
    if (conns.silent[side] === 0) return;
    const e = conns.end(side);
    const node = this.nodeOf(side);
    if (this.state[node] !== RUNNING) return;
    this.t = this.engine.now;
    this.notify(side, 4, 0);
    this.leaveEstablished(e, side, this.engine.now);
    conns.close(side);
    if (side & 1) ends.incoming[e] = -1;
    else ends.outgoing[e] = -1;
    // No graceful restart after a hold time: routes go when the stopped protocol is flushed (law 8 c).
    this.daemons[node]!.work.push(WORK_FLUSH * WORK + e);
    const { errorWaitMin, errorWaitMax } = this.timing;
    const wait =
      ends.errorWait[e] === 0 ? errorWaitMin : Math.min(errorWaitMax, 2 * ends.errorWait[e]!);
    ends.errorWait[e] = wait;
    this.second[node] = this.clock(node, this.engine.now);
    if (ends.passive[e] === 0 && ends.configured[e] === 1) {
      this.connectAfter(node, e, this.jittered(wait, node, e, wait) + this.timing.connectDelay);
    }
    this.engine.setTimer(
      this.wakeTimer[node]!,
      Math.max(this.engine.now, this.busyUntil[node]!) + SECOND,
    );
  }

  private growDaemons(): void {
    const n = this.state.length * 2;
    this.cpu = widened(this.cpu, n);
    this.nameHash = widened(this.nameHash, n);
    this.state = widened(this.state, n);
    this.recovering = widened(this.recovering, n);
    this.kernelReady = widened(this.kernelReady, n);
    this.hostDown = widened(this.hostDown, n);
    this.phase = widened(this.phase, n);
    this.second = widened(this.second, n);
    this.bootLeft = widened(this.bootLeft, n);
    this.busyUntil = widened(this.busyUntil, n);
    this.turnQueued = widened(this.turnQueued, n);
    this.acceptQueue = widened(this.acceptQueue, n);
    this.locks = widened(this.locks, n);
    this.wakeTimer = widened(this.wakeTimer, n);
    this.jobHead = widened(this.jobHead, n);
    this.jobTail = widened(this.jobTail, n);
  }
}

/** A starting process can be interrupted after this much CPU, microseconds. */
const BOOT_PART: Micros = 1_000;

/** Packs a kind of work above a session end. */
const WORK = 0x10000000;

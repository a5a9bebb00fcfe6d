import {
  type AddressFamily,
  type Engine,
  hashText,
  type Kernels,
  type Micros,
  type NodeDirectory,
  type PrefixTable,
  Rows,
  SECOND,
} from "@calico-sim/core";
import { BIRD_COSTS, type BirdCosts } from "../cost-profile.js";
import { WireCounters } from "../messages/counters.js";
import { AttributeTable } from "../rib/attributes.js";
import { Batches } from "../rib/batches.js";
import type { PathLists, PathRanking } from "../rib/path-lists.js";
import { PathTable, treatment } from "../rib/paths.js";
import { UpdateTable } from "../rib/updates.js";
import { Connections, widened } from "../session/connections.js";
import { BGP_PORT, SESSION_TIMERS, type SessionTimers } from "../session/constants.js";
import { Peerings } from "../session/peerings.js";
import { MESH_POLICY, PolicyTable } from "../session/policies.js";
import { Protocols } from "../session/protocols.js";
import { SecondTimers } from "../session/second-timers.js";
import { ttlTooLow } from "../session/ttl.js";
import type { SharedCores } from "../shared-cores.js";
import {
  ANY_AS,
  type BirdListener,
  type BirdOptions,
  type KernelFilter,
  type NodeDelay,
  type PeerPolicy,
} from "../types.js";
import { type Daemon, newDaemon, WORK_BITS } from "./daemon.js";
import { Inbox } from "./inbox.js";
import { Mail } from "./mail.js";
import { Rings } from "./rings.js";
import type { ChangeCounts, KernelCounts } from "./route-counts.js";

/** Event kinds of the fleet, as the engine numbered them. */
export interface Kinds {
  readonly arrive: number;
  readonly syn: number;
  readonly turn: number;
  readonly core: number;
  readonly release: number;
  readonly hold: number;
  readonly bfd: number;
  readonly started: number;
  readonly hangUp: number;
}

/** AS of a node that is told none (calico: confd/pkg/backends/calico/client.go:63). */
const DEFAULT_AS = 64512;

/** What the other parts need of BFD. */
export interface PathWatch {
  /** No packet reaches an end any more. */
  lost(e: number): void;
  /** Packets come again in time. */
  found(e: number): void;
  /** A path over which an established end gets packets may lose another share of them than before. */
  pathChanged(e: number): void;
  /** The detection time of an end may be over. */
  onDue(e: number): void;
}

/** What the other parts need of the main loop. */
export interface Wakeable {
  /** A signal came. */
  wake(node: number): void;
  /** Something will reach the host at a time; it is in the {@link Mail}. */
  expect(node: number, at: Micros): void;
  /** Sets the next wake-up of a daemon that sleeps, since its timers or its work changed. */
  sleep(node: number): void;
}

/** Keepalives and hold times as events: what happens to an end that they depend on. */
export interface IdleSessions {
  /** A process starts. */
  onStart(node: number, at: Micros): void;
  /** The daemon's next draw, as BIRD jitters a timer of `value` seconds. */
  jittered(node: number, value: number): number;
  /** An end sent a KEEPALIVE. */
  spoke(node: number, e: number): void;
  /** An end got a KEEPALIVE or an UPDATE. */
  heard(node: number, e: number): void;
  /** A session is over. */
  stop(e: number): void;
  /** A timer of an end came up; true if its hold time is over. */
  onTimer(node: number, e: number, now: number): boolean;
  /** Sends a keepalive that a timer queued. */
  send(node: number, e: number): void;
  /** Seconds of its daemon's clock at which an end gives its peer up, and sends its next keepalive. */
  due(e: number): { readonly hold: number; readonly keepalive: number };
}

/** State that every part of the fleet works on: the run, the sessions, and one column per property of a daemon. */
export class FleetContext {
  readonly engine: Engine;
  readonly kernels: Kernels;
  readonly prefixes: PrefixTable;
  readonly names: NodeDirectory;
  readonly path: NodeDelay;
  readonly filter: KernelFilter;
  readonly listener: BirdListener | undefined;
  readonly timing: SessionTimers;
  readonly costs: BirdCosts;
  /** Family of the routes, and of the addresses that sessions run between. */
  readonly family: AddressFamily;
  readonly addPath: boolean;
  readonly gracefulRestart: boolean;
  readonly cores: SharedCores | undefined;
  readonly eventPerMessage: boolean;
  readonly sharedTick: boolean;
  readonly ttlLimitAfterOpen: boolean;
  readonly kinds: Kinds;
  /** Present as a what-if; set when the fleet is put together. */
  bfd: PathWatch | undefined;
  /** Keepalives and hold times as events; undefined where they are computed. */
  idle: IdleSessions | undefined;
  /** Present where changes of routes are counted for each session. */
  stats: ChangeCounts | undefined;
  /** The same of kernel protocols. */
  kernelStats: KernelCounts | undefined;
  /** The main loop; set when the fleet is put together. */
  loop!: Wakeable;
  /** How paths are chosen, and the lists that come of it; set when the fleet is put together. */
  decision!: PathRanking;
  lists!: PathLists;

  readonly counters: WireCounters = new WireCounters();
  readonly ends: Peerings = new Peerings();
  readonly conns: Connections = new Connections();
  readonly protocols: Protocols = new Protocols();
  readonly inbox: Inbox = new Inbox(this.conns);
  readonly mail: Mail = new Mail();
  /** Work for the next turn of each daemon: session end, or side, above {@link WORK_BITS} of what to do. */
  readonly work: Rings = new Rings();
  readonly timers: SecondTimers = new SecondTimers();
  readonly attributes: AttributeTable = new AttributeTable();
  readonly paths: PathTable = new PathTable();
  readonly updates: UpdateTable = new UpdateTable();
  readonly batches: Batches = new Batches();
  readonly policies: PolicyTable = new PolicyTable();
  /** Lists of paths, by prefix and daemon: what all tables hold. */
  readonly rows: Rows;
  readonly daemons: Daemon[] = [];
  /** Rises when a daemon takes another AS, identifier or address. */
  identities = 0;
  /** Session ends in Established. */
  establishedEnds = 0;
  /** Established session ends lost so far. */
  lostEnds = 0;
  /** The instant inside the turn that is being carried out. */
  t: Micros = 0;

  /** CPU time used, microseconds. */
  cpu: Float64Array = new Float64Array(16);
  nameHash: Int32Array = new Int32Array(16);
  /** OFF, STARTING or RUNNING. */
  state: Uint8Array = new Uint8Array(16);
  /** In graceful restart recovery. */
  recovering: Uint8Array = new Uint8Array(16);
  /** The kernel protocol exports. */
  kernelReady: Uint8Array = new Uint8Array(16);
  hostDown: Uint8Array = new Uint8Array(16);
  /** Offset of the host's monotonic clock, of which the process reads whole seconds. */
  phase: Int32Array = new Int32Array(16);
  /** The clock in whole seconds, as the process last read it. */
  second: Int32Array = new Int32Array(16);
  busyUntil: Float64Array = new Float64Array(16);
  /** A turn is queued already. */
  turnQueued: Uint8Array = new Uint8Array(16);
  /** Work was queued while work was carried out, so that poll(2) does not wait. */
  hurries: Uint8Array = new Uint8Array(16);
  /** Turns in a row that this kept from reading all sockets. */
  shortTurns: Uint8Array = new Uint8Array(16);
  /** Something waits in a group of peers to be sent at the end of this turn. */
  unsent: Uint8Array = new Uint8Array(16);
  /** A new configuration waits to be read: SIGHUP came. */
  signalled: Uint8Array = new Uint8Array(16);
  /** BGP sockets open. */
  sockets: Int32Array = new Int32Array(16);
  /** Connections made by the kernel, or being made, that the process has not accepted. */
  acceptQueue: Uint8Array = new Uint8Array(16);
  /** Recovery locks held by session ends. */
  locks: Int32Array = new Int32Array(16);
  asNumber: Float64Array = new Float64Array(16);
  /** BGP identifier (RFC 4271 §1.1). */
  routerId: Float64Array = new Float64Array(16);
  /** Address as a number. */
  address: Float64Array = new Float64Array(16);
  /** TCP port that the process listens on. */
  listenPort: Uint16Array = new Uint16Array(16);

  constructor(options: BirdOptions, kinds: Kinds) {
    this.engine = options.engine;
    this.kernels = options.kernels;
    this.prefixes = options.prefixes;
    this.names = options.names;
    this.rows = new Rows(4, options.names.size);
    this.path = options.path;
    this.filter = options.filter;
    this.listener = options.listener;
    this.timing = Object.freeze({ ...SESSION_TIMERS, ...options.timers });
    this.costs = Object.freeze({ ...BIRD_COSTS, ...options.costs });
    this.family = options.family ?? 4;
    this.addPath = options.addPath ?? true;
    this.gracefulRestart = options.gracefulRestart ?? true;
    this.cores = options.sharedCores;
    this.eventPerMessage = options.eventPerMessage ?? false;
    this.sharedTick = options.sharedTick ?? false;
    this.ttlLimitAfterOpen = options.ttlLimitAfterOpen ?? false;
    this.kinds = kinds;
  }

  /** Makes room for one more daemon. */
  addDaemon(): number {
    const d = this.daemons.length;
    this.daemons.push(newDaemon(this.lists, this.rows, d));
    this.ends.addNode();
    this.inbox.addDaemon();
    this.mail.addDaemon();
    this.work.add();
    this.timers.addDaemon();
    if (d === this.state.length) this.grow();
    this.asNumber[d] = DEFAULT_AS;
    this.routerId[d] = d + 1;
    this.address[d] = d + 1;
    this.listenPort[d] = BGP_PORT;
    this.nameHash[d] = this.hashOf(d, this.family === 4 ? "bird" : "bird6");
    return d;
  }

  /** Names the draws of a node's process (calico: node/filesystem/etc/service/available). */
  private hashOf(node: number, program: "bird" | "bird6"): number {
    return hashText(`${this.engine.random.seed}/${program}/${this.names.name(node)}`);
  }

  /** Names the draw of the phase of a host's monotonic clock, which both of its BIRDs read (law 1). */
  clockHash(node: number): number {
    return this.family === 4 ? this.nameHash[node]! : this.hashOf(node, "bird") | 0;
  }

  /** How a session end treats its peer. */
  policy(e: number): PeerPolicy {
    const { policies } = this;
    return policies.get(policies.uniform ? MESH_POLICY : this.ends.policy[e]!);
  }

  /** AS that a session end shows to its peer. */
  localAS(e: number): number {
    return this.policy(e).localAS || this.asNumber[this.ends.node[e]!]!;
  }

  /** Whether a session end takes its peer for one of its own AS. */
  isInternal(e: number): boolean {
    const { remoteAS } = this.policy(e);
    const own = this.localAS(e);
    if (remoteAS !== ANY_AS) return remoteAS === 0 || remoteAS === own;
    const other = this.ends.find(this.ends.peer[e]!, this.ends.node[e]!);
    return other >= 0 && this.localAS(other) === own;
  }

  /** How a session end treats its peer, as part of the paths learnt from it. */
  treatment(e: number): number {
    const daemon = this.daemons[this.ends.node[e]!]!;
    return treatment(this.ends.policy[e]!, this.isInternal(e), daemon);
  }

  /** Whether both ends of a session have the add-path capability (RFC 7911 §4). */
  addsPaths(e: number): boolean {
    if (!this.addPath || !this.policy(e).addPath) return false;
    const other = this.ends.find(this.ends.peer[e]!, this.ends.node[e]!);
    return other < 0 || this.policy(other).addPath;
  }

  /** A daemon's whole-second clock at a time. */
  clock(node: number, at: Micros): number {
    return Math.floor((at + this.phase[node]!) / SECOND);
  }

  /** The process computes for a while. */
  spend(node: number, cost: number): void {
    this.t += cost;
    this.cpu[node]! += cost;
  }

  /** Queues work for the next turn of a daemon's loop. */
  queueWork(node: number, what: number, e: number): void {
    this.work.push(node, (e << WORK_BITS) | what);
  }

  /** Delay from a side to the other; infinity while nothing passes. */
  delayFrom(side: number): Micros {
    if (this.policies.limitsTtl && ttlTooLow(this, side)) return Number.POSITIVE_INFINITY;
    return this.wayFrom(side);
  }

  /**
   * Whether acknowledgements of what a side sends are lost for their low TTL: what it has to say last then waits behind
   * its first segment for good (RFC 896; measured).
   */
  unheard(side: number): boolean {
    return this.policies.limitsTtl && ttlTooLow(this, side ^ 1);
  }

  /** As {@link delayFrom} for a SYN, whose receiver looks at no TTL yet. */
  wayFrom(side: number): Micros {
    const from = this.conns.node(side);
    const to = this.conns.node(side ^ 1);
    if (this.hostDown[from] === 1 || this.hostDown[to] === 1) return Number.POSITIVE_INFINITY;
    // Only what the opener sends goes to the port that the other listens on.
    if ((side & 1) === 0 && this.path.drops?.(from, to, this.portOf(side)) === true)
      return Number.POSITIVE_INFINITY;
    return this.path.delay(from, to);
  }

  /** Port that the opener of a connection connects to. */
  portOf(side: number): number {
    const e = this.conns.end(side & ~1);
    return e < 0 ? BGP_PORT : this.policy(e).port;
  }

  /**
   * Seconds that an end still stays away because of an error, 0 = none: it neither opens nor takes a connection
   * (bird: proto/bgp/bgp.c, BSS_DELAY in bgp_start_locked and bgp_incoming_connection).
   */
  errorWaitLeft(e: number, second: number): number {
    const due = this.ends.connectDue[e]!;
    if (due < 0 || this.ends.outgoing[e]! >= 0) return 0;
    return Math.max(0, due - this.connectDelay(e) - second);
  }

  /** Connect delay time of an end, in seconds. */
  connectDelay(e: number): number {
    return this.policy(e).connectDelay || this.timing.connectDelay;
  }

  /** Forgets the connection that a side belongs to, at the session end that owned it. */
  detach(e: number, side: number): void {
    if (side & 1) this.ends.incoming[e] = -1;
    else this.ends.outgoing[e] = -1;
  }

  /** Closes a socket. */
  close(side: number): void {
    if (this.conns.close(side)) this.sockets[this.conns.node(side)]!--;
  }

  private grow(): void {
    const n = this.state.length * 2;
    this.cpu = widened(this.cpu, n);
    this.nameHash = widened(this.nameHash, n);
    this.state = widened(this.state, n);
    this.recovering = widened(this.recovering, n);
    this.kernelReady = widened(this.kernelReady, n);
    this.hostDown = widened(this.hostDown, n);
    this.phase = widened(this.phase, n);
    this.second = widened(this.second, n);
    this.busyUntil = widened(this.busyUntil, n);
    this.turnQueued = widened(this.turnQueued, n);
    this.hurries = widened(this.hurries, n);
    this.shortTurns = widened(this.shortTurns, n);
    this.unsent = widened(this.unsent, n);
    this.signalled = widened(this.signalled, n);
    this.sockets = widened(this.sockets, n);
    this.acceptQueue = widened(this.acceptQueue, n);
    this.locks = widened(this.locks, n);
    this.asNumber = widened(this.asNumber, n);
    this.routerId = widened(this.routerId, n);
    this.address = widened(this.address, n);
    this.listenPort = widened(this.listenPort, n);
  }
}

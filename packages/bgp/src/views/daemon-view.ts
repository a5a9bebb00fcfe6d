import type { Micros } from "@calico-sim/core";
import type { RouteChanges } from "../rib/route-counters.js";

/** State of a protocol as `show protocols` prints it (control-plane-behaviour §6.2). */
export type ProtocolStateName = "down" | "start" | "wait" | "feed" | "up" | "stop" | "flush";

/** State of a BGP session (RFC 4271 §8.2.2); `Passive` is BIRD's word for the Idle of an end that never opens. */
export type BgpStateName =
  | "Idle"
  | "Connect"
  | "Active"
  | "OpenSent"
  | "OpenConfirm"
  | "Established"
  | "Passive";

/** A timer as BIRD shows it: seconds left, and the value that it was set from. */
export interface TimerView {
  readonly left: number;
  readonly of: number;
}

/** One end of a session, as its daemon has it. */
export interface SessionView {
  /** Node at the other end. */
  readonly peer: number;
  readonly state: ProtocolStateName;
  readonly bgpState: BgpStateName;
  /** E.g. `Socket: Connection refused`; empty when there was none since the session was last up. */
  readonly lastError: string;
  /** When the protocol's state changed last, in whole seconds as BIRD prints it. */
  readonly since: Micros;
}

/** What `show protocols all` adds. */
export interface SessionDetail extends SessionView {
  /** Routes in the table from this peer, and how many of them are the best. */
  readonly imported: number;
  readonly preferred: number;
  /** Routes announced to this peer. */
  readonly exported: number;
  /** What became of every route so far; undefined unless `routeStats` is on. */
  readonly changes: RouteChanges | undefined;
  /** The peer is a client of this reflector (RFC 4456). */
  readonly reflects: boolean;
  /** The peer may be several hops away (bird: proto/bgp/bgp.c, `multihop`, as Calico renders it); false for `direct`. */
  readonly multihop: boolean;
  /** An ordinary router without import filter. */
  readonly importsAll: boolean;
  /** The peer's OPEN offers add-path (RFC 7911 §4), and says that it keeps forwarding while it restarts (RFC 4724 §3). */
  readonly peerOffers: { readonly addPath: boolean; readonly keepsForwarding: boolean };
  /** Both ends offered add-path: several paths of a prefix are told. */
  readonly addsPaths: boolean;
  /** Set while the daemon recovers from its own restart: what this protocol holds up (bird: nest/proto.c, gr_lock and gr_wait). */
  readonly recovery: { readonly pending: boolean; readonly waiting: boolean } | undefined;
  /** Set while the peer restarts and its routes are kept: seconds left (RFC 4724 §4.2). */
  readonly restartLeft: number | undefined;
  readonly errorWait: TimerView | undefined;
  readonly connectDelay: TimerView | undefined;
  readonly hold: TimerView | undefined;
  readonly keepalive: TimerView | undefined;
}

/** The kernel protocol in full. */
export interface KernelProtocolView {
  /** Pods' routes that it learnt, and how many of them are the best. */
  readonly imported: number;
  readonly preferred: number;
  /** Routes of BIRD in the kernel. */
  readonly exported: number;
  /** What became of every route so far; undefined unless `routeStats` is on. */
  readonly changes: RouteChanges | undefined;
}

/** One running daemon at a moment; plain data. */
export interface DaemonView {
  readonly node: number;
  readonly now: Micros;
  /** When the process read its configuration first, in whole seconds as BIRD prints it. */
  readonly booted: Micros;
  /** When it read it last. */
  readonly reconfigured: Micros;
  /** Own static routes: the blocks. */
  readonly ownRoutes: number;
  /** Prefixes in the table. */
  readonly routes: number;
  /** The kernel protocol exports; false during recovery. */
  readonly kernelExports: boolean;
  /** Set while the daemon recovers from its own restart: protocols waited for, and the timer. */
  readonly recovery: { readonly waiting: number; readonly timer: TimerView } | undefined;
  /** In the order in which they were configured. */
  readonly sessions: readonly SessionView[];
}

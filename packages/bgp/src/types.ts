import type { Engine, Kernels, Micros, NodeDirectory, PrefixTable } from "@calico-sim/core";
import type { BirdCosts } from "./cost-profile.js";
import type { SessionTimers } from "./session/constants.js";
import type { SharedCores } from "./shared-cores.js";

/** One-way delay between two nodes; infinity while the path is cut. */
export interface NodeDelay {
  /** In microseconds. */
  delay(from: number, to: number): Micros;
  /**
   * Whether a cut path ends at the next hop, which answers no address resolution: connecting then fails with
   * "No route to host" after three seconds. Absent, or false: what is sent is lost further on, in silence.
   */
  unresolved?(from: number, to: number): boolean;
}

/** Told what the daemons do. Every method is optional in effect: an empty body costs nothing. */
export interface BirdListener {
  /** An end entered Established (`up`), or lost it. */
  onSession(node: number, peer: number, up: boolean, at: Micros): void;
  /** Graceful restart recovery of a daemon ended: its kernel protocol may export. */
  onRecoveryDone(node: number, at: Micros): void;
  /** A daemon tries to connect to a peer. */
  onConnecting?(node: number, peer: number, at: Micros): void;
  /** A segment leaves a host, as a capture on its link shows it; keepalives of undisturbed sessions are none. */
  onSegment?(from: number, to: number, what: SegmentKind, at: Micros): void;
  /** A daemon takes a peer to restart, or no longer. */
  onPeerRestart?(node: number, peer: number, phase: RestartPhase, at: Micros): void;
}

/** What a captured segment carries; `syn-again` repeats a SYN that had no answer. */
export type SegmentKind =
  | "syn"
  | "syn-again"
  | "open"
  | "keepalive"
  | "update"
  | "end-of-rib"
  | "notification";

/**
 * Graceful restart of a peer as its neighbour sees it (RFC 4724 §4.2): the session was lost and the routes are
 * kept, the restart time is over, or the peer is back and has told everything.
 */
export type RestartPhase = "detected" | "expired" | "done";

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
  /** The kernel protocol's export filter changed, so every route is offered to the kernel anew. */
  readonly kernelFilter?: boolean;
}

/** Options of `BirdFleet`. */
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
  /**
   * Makes every message an event of its own when it arrives, instead of something that a daemon finds when
   * its main loop turns. The history is the same; traces are finer and runs slower.
   * @defaultValue false
   */
  readonly eventPerMessage?: boolean;
  /** Add-path capability on every session (calico: bird.cfg.template). @defaultValue true */
  readonly addPath?: boolean;
  /** `graceful restart` on every session (calico: bird.cfg.template); without it a lost session loses its routes. @defaultValue true */
  readonly gracefulRestart?: boolean;
}

/** Options of a start. */
export interface StartOptions {
  /** `-R`: recover from graceful restart (calico: node/filesystem/etc/service/available/bird/run). @defaultValue true */
  readonly recover?: boolean;
  /** Offset of the daemon's whole-second clock, 0..999999; drawn from the node's stream when absent. */
  readonly clockPhase?: Micros;
}

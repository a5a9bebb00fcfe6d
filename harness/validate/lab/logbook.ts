import type { BirdListener, RestartPhase, SegmentKind } from "@calico-sim/bgp";
import type { Engine, Micros, RouteListener } from "@calico-sim/core";

/** A session end entered Established, or left it. */
export interface SessionEntry {
  readonly at: Micros;
  readonly node: number;
  readonly peer: number;
  readonly up: boolean;
}

/** A node's kernel got a route for a prefix, lost it, or exchanged it. */
export interface RouteEntry {
  readonly at: Micros;
  readonly node: number;
  readonly prefix: number;
  /** Whether the kernel had a route before, and has one now. */
  readonly before: boolean;
  readonly after: boolean;
}

/** A segment in the capture. */
export interface SegmentEntry {
  readonly at: Micros;
  readonly from: number;
  readonly to: number;
  readonly what: SegmentKind;
}

/** A daemon begins or ends to take a peer for restarting. */
export interface RestartEntry {
  readonly at: Micros;
  readonly node: number;
  readonly peer: number;
  readonly phase: RestartPhase;
}

/** What the measuring side noted: daemons' logs, netlink and the capture, in order of happening. */
export class Logbook implements BirdListener, RouteListener {
  readonly sessions: SessionEntry[] = [];
  readonly routes: RouteEntry[] = [];
  /** Ends of graceful restart recovery. */
  readonly recoveries: { readonly at: Micros; readonly node: number }[] = [];
  /** Attempts to connect, as the daemons log them. */
  readonly attempts: { readonly at: Micros; readonly node: number; readonly peer: number }[] = [];
  readonly segments: SegmentEntry[] = [];
  readonly restarts: RestartEntry[] = [];
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  onSession(node: number, peer: number, up: boolean, at: Micros): void {
    this.sessions.push({ at, node, peer, up });
  }

  onRecoveryDone(node: number, at: Micros): void {
    this.recoveries.push({ at, node });
  }

  onConnecting(node: number, peer: number, at: Micros): void {
    this.attempts.push({ at, node, peer });
  }

  onSegment(from: number, to: number, what: SegmentKind, at: Micros): void {
    this.segments.push({ at, from, to, what });
  }

  onPeerRestart(node: number, peer: number, phase: RestartPhase, at: Micros): void {
    this.restarts.push({ at, node, peer, phase });
  }

  onRouteChange(node: number, prefix: number, before: number, after: number, at?: Micros): void {
    const entry = { node, prefix, before: before !== 0, after: after !== 0 };
    this.routes.push({ at: at ?? this.engine.now, ...entry });
  }
}

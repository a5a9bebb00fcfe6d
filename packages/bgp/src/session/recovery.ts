import type { FleetContext } from "../fleet/context.js";
import { TIMER_RECOVERY, WORK_FEED, WORK_KERNEL } from "../fleet/daemon.js";

// What an end's `locked` says: it holds a lock; it takes part in recovery.
const LOCKED = 1;
const RECOVERS = 2;

/** Whether an end's `locked` says that it holds a lock. */
export function holdsLock(locked: number): boolean {
  return (locked & LOCKED) !== 0;
}

/**
 * Graceful restart recovery of a daemon that was started with `-R` (bird: nest/proto.c): every BGP protocol
 * holds a lock until its peer has nothing more to tell, and the kernel protocol exports nothing before.
 */
export class Recovery {
  private readonly x: FleetContext;

  constructor(context: FleetContext) {
    this.x = context;
  }

  /** A peer of a starting daemon locks its recovery (proto_graceful_restart_lock). */
  lock(node: number, e: number): void {
    if (this.x.recovering[node] === 0 || !this.x.gracefulRestart) return;
    this.x.ends.locked[e] = LOCKED | RECOVERS;
    this.x.locks[node]!++;
  }

  /** 1 if an end takes part in the recovery of its daemon, which its OPENs say (bird: proto gr_recovery). */
  recovers(node: number, e: number): number {
    return this.x.recovering[node] === 1 && (this.x.ends.locked[e]! & RECOVERS) !== 0 ? 1 : 0;
  }

  /** The wait begins with the daemon (graceful_restart_init). */
  begin(node: number): void {
    if (this.x.recovering[node] === 0) return;
    const due = this.x.second[node]! + this.x.timing.gracefulRestartWait;
    this.x.timers.add(node, due, TIMER_RECOVERY);
  }

  /** The daemon enters its main loop; with nothing to wait for, its kernel protocol starts at once. */
  onStarted(node: number): void {
    const { x } = this;
    if (x.locks[node]! > 0) return;
    x.recovering[node] = 0;
    x.queueWork(node, WORK_KERNEL, 0);
  }

  /**
   * A session is up. A peer that recovers too sends no End-of-RIB before it is done, so nobody waits for it;
   * with any other the own export is deferred until recovery is done.
   */
  onEstablished(node: number, e: number, peerRecovers: boolean): void {
    if (this.recovers(node, e) === 0) return;
    if (peerRecovers) this.unlock(node, e);
    else this.x.ends.deferred[e] = 1;
  }

  /** A lock is gone. */
  unlock(node: number, e: number): void {
    const { ends, locks } = this.x;
    if (!holdsLock(ends.locked[e]!)) return;
    ends.locked[e]! &= ~LOCKED;
    // The last lock starts the recovery timer with 0 s, which fires when the loop next looks.
    if (--locks[node]! === 0) this.x.timers.add(node, this.x.second[node]!, TIMER_RECOVERY);
  }

  /** The protocol of a peer stops: it takes no further part (bird: nest/proto.c, proto_schedule_flush). */
  leave(node: number, e: number): void {
    this.unlock(node, e);
    this.x.ends.locked[e] = 0;
    this.x.ends.deferred[e] = 0;
  }

  /** Resumes exports that waited; runs inside a timer, so the work waits for the next wake of the loop. */
  end(node: number): void {
    const { x } = this;
    if (x.recovering[node] === 0) return;
    x.recovering[node] = 0;
    x.locks[node] = 0;
    for (const e of x.ends.of(node)) {
      x.ends.locked[e] = 0;
      if (x.ends.deferred[e] === 0) continue;
      x.ends.deferred[e] = 0;
      if (x.ends.established[e]! < 0) continue;
      x.stats?.link(node, e);
      x.queueWork(node, WORK_FEED, e);
    }
    x.queueWork(node, WORK_KERNEL, 0);
    x.listener?.onRecoveryDone(node, Math.round(x.t));
  }
}

import type { Micros } from "../engine/index.js";

/**
 * A server with several cores as one queue: work starts when all earlier work has, on average, left a
 * core free. A piece of work takes its full time on one core and delays others by its share.
 */
export class ServerQueue {
  /** When a core becomes free. */
  busyUntil: Micros = 0;
  /** Core time spent so far. */
  busyMicros = 0;
  /** Longest wait for a core so far. */
  waitMaxMicros: Micros = 0;
  /** Cores. */
  readonly cores: number;

  constructor(cores: number) {
    this.cores = cores;
  }

  /** Queues work that arrives at `at`, or must not start before it; returns when it starts. */
  admit(at: Micros, work: Micros): Micros {
    const start = this.busyUntil > at ? this.busyUntil : at;
    if (start - at > this.waitMaxMicros) this.waitMaxMicros = start - at;
    this.busyUntil = start + work / this.cores;
    this.busyMicros += work;
    return start;
  }

  /** Drops what is queued: the server died. */
  reset(at: Micros): void {
    this.busyUntil = at;
  }
}

import type { Micros } from "@calico-sim/core";

/** What a sleeper gains at most when it wakes: half the scheduling latency (linux: kernel/sched/fair.c, place_entity). */
const SLEEPER_CREDIT: Micros = 3_000;

/** How long a CPU-bound stranger keeps a core: one tick at CONFIG_HZ=250. Assumed. */
const STRANGER_SLICE: Micros = 4_000;

/**
 * Cores that all daemons share with each other and with CPU-bound strangers, as on a test machine.
 * Nodes of a real cluster do not use this: each has its own CPU.
 *
 * The ready process that has used least CPU goes first (linux: kernel/sched/fair.c); a turn of a
 * daemon's main loop is not interrupted.
 */
export class SharedCores {
  /** When each core is free again. */
  private readonly freeAt: Float64Array;
  private readonly ready: number[] = [];
  /** CPU used by each daemon, raised at wake-up to that of the others less a credit. */
  private readonly used: number[] = [];
  private least = 0;
  /** CPU used by each stranger, on the same scale as `used`. */
  private strangers: Float64Array;

  /**
   * @param cores cores of the machine
   * @param strangers CPU-bound processes that run beside the daemons all the time
   */
  constructor(cores: number, strangers: number) {
    this.freeAt = new Float64Array(cores);
    this.strangers = new Float64Array(strangers);
  }

  /** Changes the number of strangers from now on. */
  setStrangers(strangers: number): void {
    this.strangers = new Float64Array(strangers).fill(this.least);
  }

  /** Queues a daemon that slept. */
  wake(daemon: number): void {
    this.used[daemon] = Math.max(this.used[daemon] ?? 0, this.least - SLEEPER_CREDIT);
    this.ready.push(daemon);
  }

  /** Queues a daemon that had its turn and has more to do. */
  requeue(daemon: number): void {
    this.ready.push(daemon);
  }

  /** The next daemon that gets a core now, or −1. */
  next(now: Micros): number {
    for (;;) {
      const core = this.earliest();
      if (this.ready.length === 0 || this.freeAt[core]! > now) return -1;
      let at = 0;
      for (let i = 1; i < this.ready.length; i++) {
        if (this.used[this.ready[i]!]! < this.used[this.ready[at]!]!) at = i;
      }
      const daemon = this.ready[at]!;
      const stranger = this.strangers.findIndex((used) => used < this.used[daemon]!);
      if (stranger < 0) {
        this.ready.splice(at, 1);
        this.least = Math.max(this.least, this.used[daemon]!);
        return daemon;
      }
      this.strangers[stranger] = Math.max(this.strangers[stranger]!, this.least) + STRANGER_SLICE;
      this.freeAt[core] = now + STRANGER_SLICE;
    }
  }

  /** The core that {@link next} gave to `daemon` is busy until a time. */
  occupy(daemon: number, now: Micros, until: Micros): void {
    this.used[daemon]! += until - now;
    this.freeAt[this.earliest()] = until;
  }

  /** Whether a daemon waits. */
  get waiting(): boolean {
    return this.ready.length > 0;
  }

  /** When a core is free. */
  nextFree(): Micros {
    return this.freeAt[this.earliest()]!;
  }

  private earliest(): number {
    let best = 0;
    for (let i = 1; i < this.freeAt.length; i++) if (this.freeAt[i]! < this.freeAt[best]!) best = i;
    return best;
  }
}

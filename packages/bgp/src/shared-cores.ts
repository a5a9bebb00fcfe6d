import { hash32, type Micros } from "@calico-sim/core";

/**
 * One tick at CONFIG_HZ=250: for how long other work takes a core or leaves it, and a process keeps one that
 * others wait for. Assumed.
 */
const TICK: Micros = 4_000;

/**
 * How long a daemon that a message woke waits for the core of the sender before another takes it. Measured with
 * BIRD 1.6.8 on a machine like that of the ground truth: peers on the other core began 140 to 190 µs after the
 * system call that opened the connection.
 */
const MOVES_AFTER: Micros = 150;

/** What a sleeper gains at most when it wakes: half the scheduling latency (linux: kernel/sched/fair.c, place_entity). */
const SLEEPER_CREDIT: Micros = 3_000;

/** Cores beside the first, as they are left by work that is none of the daemons'. */
export interface OtherCores {
  /** The share of their time, a tick each, in which they are taken. */
  readonly taken: number;
  /** Names the draws. */
  readonly seed: number;
}

/**
 * Cores that all daemons share with each other and with CPU-bound strangers, as on a test machine.
 * Nodes of a real cluster do not use this: each has its own CPU.
 *
 * A daemon keeps its core until it sleeps, or for a tick: what it sends wakes its peers on the same core, behind
 * it (linux: net/core/sock.c, sock_def_readable wakes with WF_SYNC; kernel/sched/fair.c. Of 337 peers that BIRD
 * 1.6.8 woke by connecting, 306 began when it slept). Then the ready process that has used least CPU goes first.
 * A turn of a daemon's main loop is not interrupted. Another core, if it is free, takes a daemon at once that a
 * timer woke, any other when it has waited for a while, or when the core has just let go of one.
 */
export class SharedCores {
  /** When each core is free again. */
  private readonly freeAt: Float64Array;
  /** The daemon that each core had last, −1 = none. */
  readonly holders: number[];
  private readonly ready: number[] = [];
  /** CPU used by each daemon, raised at wake-up to that of the others less a credit. */
  private readonly used: number[] = [];
  /** CPU used by each daemon since it was given a core. */
  private readonly stint: number[] = [];
  /** From when on a timer of another may wake a sleeping daemon. */
  private readonly wakesFrom: Micros[] = [];
  /** From when on a core other than the first takes a daemon. */
  private readonly movableAt: Micros[] = [];
  private least = 0;
  /** CPU used by each stranger, on the same scale as `used`. */
  private strangers: Float64Array;
  private readonly others: OtherCores;

  /**
   * @param cores cores of the machine
   * @param strangers CPU-bound processes that run beside the daemons all the time
   * @param others how far all cores but the first are taken by other work
   */
  constructor(cores: number, strangers: number, others: OtherCores = { taken: 0, seed: 0 }) {
    this.others = others;
    this.freeAt = new Float64Array(cores);
    this.holders = Array.from({ length: cores }, () => -1);
    this.strangers = new Float64Array(strangers);
  }

  /** Changes the number of strangers from now on. */
  setStrangers(strangers: number): void {
    this.strangers = new Float64Array(strangers).fill(this.least);
  }

  /** A daemon falls asleep; from a time on, any timer that comes up on the machine may wake it. */
  sleep(daemon: number, from: Micros): void {
    this.wakesFrom[daemon] = from;
  }

  /** Daemons that a timer which comes up now wakes too, and which sleep no more. */
  wakenBy(now: Micros): readonly number[] {
    const woken: number[] = [];
    this.wakesFrom.forEach((from, daemon) => {
      if (from > now) return;
      woken.push(daemon);
      this.wakesFrom[daemon] = Number.POSITIVE_INFINITY;
    });
    return woken;
  }

  /** Queues a daemon that slept. */
  wake(daemon: number, now: Micros, byTimer: boolean): void {
    this.wakesFrom[daemon] = Number.POSITIVE_INFINITY;
    this.movableAt[daemon] = byTimer ? now : now + MOVES_AFTER;
    this.used[daemon] = Math.max(this.used[daemon] ?? 0, this.least - SLEEPER_CREDIT);
    this.stint[daemon] = 0;
    this.ready.push(daemon);
  }

  /** Queues a daemon that had its turn and has more to do. */
  requeue(daemon: number): void {
    this.ready.push(daemon);
  }

  /** The next daemon that gets a core now, or −1. */
  next(now: Micros): number {
    for (;;) {
      const core = this.free(now);
      if (this.ready.length === 0 || core < 0) return -1;
      const at = this.first(core, now);
      if (at < 0) return -1;
      const daemon = this.ready[at]!;
      const stranger = this.goesOn(daemon)
        ? -1
        : this.strangers.findIndex((used) => used < this.used[daemon]!);
      if (stranger < 0) {
        this.ready.splice(at, 1);
        this.least = Math.max(this.least, this.used[daemon]!);
        return daemon;
      }
      this.strangers[stranger] = Math.max(this.strangers[stranger]!, this.least) + TICK;
      this.freeAt[core] = now + TICK;
    }
  }

  /** The core that {@link next} gave to `daemon` is busy until a time. */
  occupy(daemon: number, now: Micros, until: Micros): void {
    if (!this.goesOn(daemon)) this.stint[daemon] = 0;
    this.used[daemon]! += until - now;
    this.stint[daemon]! += until - now;
    const core = this.free(now);
    this.holders[core] = daemon;
    this.freeAt[core] = until;
  }

  /** Whether a daemon waits. */
  get waiting(): boolean {
    return this.ready.length > 0;
  }

  /** Whether this daemon waits. */
  waits(daemon: number): boolean {
    return this.ready.includes(daemon);
  }

  /** When a core is free next. */
  nextFree(now: Micros): Micros {
    let first = Number.POSITIVE_INFINITY;
    const movable = Math.min(...this.ready.map((daemon) => this.movableAt[daemon]!));
    for (let core = 0; core < this.freeAt.length; core++) {
      const free = this.freeAt[core]!;
      let at = core > 0 && free < now ? Math.max(now, movable) : Math.max(now, free);
      while (at < first && this.isTaken(core, at)) at = (Math.floor(at / TICK) + 1) * TICK;
      first = Math.min(first, at);
    }
    return first;
  }

  /** Index of the ready daemon that comes next. */
  private first(core: number, now: Micros): number {
    let at = -1;
    for (let i = 0; i < this.ready.length; i++) {
      const daemon = this.ready[i]!;
      if (core > 0 && this.movableAt[daemon]! > now && this.freeAt[core]! < now) continue;
      if (this.goesOn(daemon)) return i;
      if (at < 0) at = i;
      if (this.used[daemon]! < this.used[this.ready[at]!]!) at = i;
    }
    return at;
  }

  /** Whether a ready daemon has not slept since it got its core, and its slice is not used up. */
  private goesOn(daemon: number): boolean {
    const stint = this.stint[daemon]!;
    return stint > 0 && stint < TICK;
  }

  /** A core that is free now, or −1. */
  private free(now: Micros): number {
    for (let i = 0; i < this.freeAt.length; i++)
      if (this.freeAt[i]! <= now && !this.isTaken(i, now)) return i;
    return -1;
  }

  /** Whether other work has a core now. */
  private isTaken(core: number, now: Micros): boolean {
    const { taken, seed } = this.others;
    if (core === 0 || taken === 0) return false;
    return hash32(seed, core, Math.floor(now / TICK)) < taken * 2 ** 32;
  }
}

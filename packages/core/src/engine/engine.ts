import { EventQueue } from "./event-queue.js";
import { type RandomStream, RandomStreams } from "./random.js";
import type { Micros } from "./time.js";
import { Trace } from "./trace.js";

/** Receives the events of the kinds that it defined. */
export interface EventHandler {
  /** One event: its kind, and the two operands it was scheduled with. */
  onEvent(kind: number, a: number, b: number): void;
}

/** How a {@link Engine.run} ended. `event-limit` is a finding: something never settles. */
export type RunOutcome = "quiet" | "until" | "predicate" | "event-limit";

/** What a {@link Engine.run} did. */
export interface RunReport {
  readonly outcome: RunOutcome;
  /** Events dispatched by this call; a fan-out counts once. */
  readonly events: number;
  /** The clock when it stopped. */
  readonly now: Micros;
}

/** Options of {@link Engine}. */
export interface EngineOptions {
  /** Seed of every random stream. @defaultValue 1 */
  readonly seed?: number | string;
  /** Events after which a run stops with `event-limit`. @defaultValue 2_000_000_000 */
  readonly eventsMax?: number;
}

/** Options of {@link Engine.run}. */
export interface RunOptions {
  /** Stop when the next event is later than this; the clock is then set to it. */
  readonly until?: Micros;
  /** Stop after the first event that makes this true. */
  readonly predicate?: () => boolean;
}

interface FanOut {
  readonly kind: number;
  readonly receivers: ArrayLike<number>;
  readonly b: number;
}

const KIND_CALL = 0;
const KIND_FAN_OUT = 1;
const KIND_TIMER = 2;

/**
 * The discrete-event engine: a virtual clock in integer microseconds and a future event list.
 *
 * Events are data (kind, two integer operands) handed to the handler of their kind; equal times run
 * in the order in which they were scheduled. A closure form exists for authors ({@link call}); a run
 * with a closure pending cannot be forked.
 */
export class Engine {
  /** The clock. */
  now: Micros = 0;
  /** Events dispatched since the start; a fan-out counts once. */
  dispatched = 0;
  /** Receivers reached through fan-out events since the start. */
  fannedOut = 0;
  /** Named random streams of this run. */
  readonly random: RandomStreams;
  /** Digest and sinks. */
  readonly trace: Trace = new Trace();
  /** Events after which a run stops with the outcome `event-limit`. */
  readonly eventsMax: number;

  private readonly queue: EventQueue = new EventQueue();
  private readonly handlers: EventHandler[] = [];
  private readonly kindNames: string[] = ["call", "fan-out", "timer"];
  private readonly background: boolean[] = [false, false, true];
  /** Pending foreground events plus running foreground timers. */
  private foreground = 0;
  private readonly calls: (((engine: Engine) => void) | undefined)[] = [];
  private readonly fanOuts: (FanOut | undefined)[] = [];
  private readonly freeFanOuts: number[] = [];

  // Timers: the deadline, and the time of the queue entry that will look at it.
  private timerDeadline: Float64Array = new Float64Array(64);
  private timerEntry: Float64Array = new Float64Array(64);
  private timerKind: Uint16Array = new Uint16Array(64);
  private timerA: Int32Array = new Int32Array(64);
  private timerB: Int32Array = new Int32Array(64);
  private timers = 0;

  constructor(options: EngineOptions = {}) {
    this.random = new RandomStreams(options.seed ?? 1);
    this.eventsMax = options.eventsMax ?? 2_000_000_000;
    this.handlers.push(this, this, this);
  }

  /**
   * Registers a kind of event and its handler.
   *
   * @param options.background events of this kind alone do not keep a run from being quiet (heartbeats, scans)
   */
  defineKind(name: string, handler: EventHandler, options: { background?: boolean } = {}): number {
    const kind = this.handlers.length;
    this.handlers.push(handler);
    this.kindNames.push(name);
    this.background.push(options.background ?? false);
    return kind;
  }

  /** Name of a kind, for traces. */
  kindName(kind: number): string {
    return this.kindNames[kind] ?? `kind-${String(kind)}`;
  }

  /** The random stream of this name. */
  stream(...name: readonly string[]): RandomStream {
    return this.random.stream(...name);
  }

  /**
   * Schedules an event at a time that is not in the past.
   *
   * @throws RangeError when `at` is earlier than the clock or is no integer.
   */
  schedule(at: Micros, kind: number, a = 0, b = 0): void {
    if (!(at >= this.now && at === Math.floor(at) && at <= Number.MAX_SAFE_INTEGER)) {
      throw this.notATime(`event "${this.kindName(kind)}"`, at);
    }
    if (!this.background[kind]) this.foreground++;
    this.queue.push(at, kind, a, b);
  }

  /** Schedules an event `delay` microseconds from now. */
  after(delay: Micros, kind: number, a = 0, b = 0): void {
    this.schedule(this.now + delay, kind, a, b);
  }

  /** One event, K receivers: the handler of `kind` is called for each with `a` = receiver. The list is not copied. */
  fanOut(at: Micros, kind: number, receivers: ArrayLike<number>, b = 0): void {
    const slot = this.freeFanOuts.pop() ?? this.fanOuts.length;
    this.schedule(at, KIND_FAN_OUT, slot);
    this.fanOuts[slot] = { kind, receivers, b };
    // A fan-out of background events is background itself.
    if (this.background[kind]) this.foreground--;
  }

  /** Schedules a closure; for scenario authors and tests. A run with one pending cannot be forked. */
  call(at: Micros, fire: (engine: Engine) => void): void {
    const slot = this.calls.length;
    this.schedule(at, KIND_CALL, slot);
    this.calls.push(fire);
  }

  /** Creates a timer that is not running. When it fires, the handler of `kind` gets `a` and `b`. */
  createTimer(kind: number, a = 0, b = 0): number {
    const id = this.timers++;
    if (id === this.timerDeadline.length) this.growTimers();
    this.timerDeadline[id] = Number.POSITIVE_INFINITY;
    this.timerEntry[id] = Number.POSITIVE_INFINITY;
    this.timerKind[id] = kind;
    this.timerA[id] = a;
    this.timerB[id] = b;
    return id;
  }

  /**
   * Sets or moves a timer. Moving it later costs one write: the entry already queued looks at the
   * deadline when it comes up and goes back to sleep. Among equal times a timer's turn is therefore that
   * of its entry, not that of the call that moved it.
   *
   * @throws RangeError when `at` is earlier than the clock or is no integer.
   */
  setTimer(id: number, at: Micros): void {
    if (!(at >= this.now && at === Math.floor(at) && at <= Number.MAX_SAFE_INTEGER)) {
      throw this.notATime("timer", at);
    }
    this.countTimer(id, -1);
    this.timerDeadline[id] = at;
    this.countTimer(id, 1);
    if (at < this.timerEntry[id]!) {
      this.timerEntry[id] = at;
      this.queueTimer(at, id);
    }
  }

  /** Stops a timer; its queue entry dies when it comes up. */
  cancelTimer(id: number): void {
    this.countTimer(id, -1);
    this.timerDeadline[id] = Number.POSITIVE_INFINITY;
  }

  /** When the timer will fire, or infinity. */
  timerDue(id: number): Micros {
    return this.timerDeadline[id]!;
  }

  /** Events and running timers pending that are not background. */
  get pendingForeground(): number {
    return this.foreground;
  }

  /** Events pending. */
  get pending(): number {
    return this.queue.size;
  }

  /** Runs until quiet, until a time, until a predicate holds, or until the event limit. */
  run(options: RunOptions = {}): RunReport {
    const until = options.until ?? Number.POSITIVE_INFINITY;
    const quietEnds = options.until === undefined;
    const predicate = options.predicate;
    const { queue, trace } = this;
    const begin = this.dispatched;
    let outcome: RunOutcome = "quiet";
    for (;;) {
      if (quietEnds && this.foreground === 0) break;
      const i = queue.first(until);
      if (i < 0) {
        outcome = quietEnds ? "quiet" : "until";
        break;
      }
      if (this.dispatched >= this.eventsMax) {
        outcome = "event-limit";
        break;
      }
      const at = queue.time[i]!;
      const kind = queue.kind[i]!;
      const a = queue.a[i]!;
      const b = queue.b[i]!;
      queue.pop();
      this.now = at;
      this.dispatched++;
      if (!this.background[kind]) this.foreground--;
      trace.fold(at, kind, a, b);
      this.handlers[kind]!.onEvent(kind, a, b);
      if (predicate?.()) {
        outcome = "predicate";
        break;
      }
    }
    if (outcome === "until" && until !== Number.POSITIVE_INFINITY)
      this.now = Math.max(this.now, until);
    return { outcome, events: this.dispatched - begin, now: this.now };
  }

  /** Digest of every event dispatched so far: same input and seed, same text. */
  digest(): string {
    return this.trace.digest();
  }

  /** The engine's own kinds. @internal */
  onEvent(kind: number, a: number, b: number): void {
    switch (kind) {
      case KIND_CALL: {
        const fire = this.calls[a];
        this.calls[a] = undefined;
        fire?.(this);
        return;
      }
      case KIND_FAN_OUT: {
        const record = this.fanOuts[a]!;
        this.fanOuts[a] = undefined;
        this.freeFanOuts.push(a);
        if (this.background[record.kind]) this.foreground++;
        const handler = this.handlers[record.kind]!;
        const { receivers } = record;
        this.fannedOut += receivers.length;
        for (let i = 0; i < receivers.length; i++) {
          this.trace.fold(this.now, record.kind, receivers[i]!, record.b);
          handler.onEvent(record.kind, receivers[i]!, record.b);
        }
        return;
      }
      default:
        this.onTimer(a);
    }
  }

  private notATime(what: string, at: Micros): RangeError {
    const why =
      at < this.now
        ? `but the clock shows ${String(this.now)}us`
        : "which is no whole number of microseconds that can be counted";
    return new RangeError(`${what} due at ${String(at)}us, ${why}`);
  }

  private onTimer(id: number): void {
    // An entry that is not the current one was overtaken by an earlier deadline.
    if (this.timerEntry[id] !== this.now) return;
    this.timerEntry[id] = Number.POSITIVE_INFINITY;
    const due = this.timerDeadline[id]!;
    if (due === Number.POSITIVE_INFINITY) return;
    if (due > this.now) {
      this.timerEntry[id] = due;
      this.queueTimer(due, id);
      return;
    }
    const kind = this.timerKind[id]!;
    this.countTimer(id, -1);
    this.timerDeadline[id] = Number.POSITIVE_INFINITY;
    this.handlers[kind]!.onEvent(kind, this.timerA[id]!, this.timerB[id]!);
  }

  /** A running timer of a foreground kind keeps the run from being quiet; its queue entries do not. */
  private countTimer(id: number, by: number): void {
    if (
      this.timerDeadline[id] !== Number.POSITIVE_INFINITY &&
      !this.background[this.timerKind[id]!]
    ) {
      this.foreground += by;
    }
  }

  private queueTimer(at: Micros, id: number): void {
    this.schedule(at, KIND_TIMER, id);
  }

  private growTimers(): void {
    const capacity = this.timers * 2;
    const wider = <T extends Float64Array | Int32Array | Uint16Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.timerDeadline = wider(new Float64Array(capacity), this.timerDeadline);
    this.timerEntry = wider(new Float64Array(capacity), this.timerEntry);
    this.timerKind = wider(new Uint16Array(capacity), this.timerKind);
    this.timerA = wider(new Int32Array(capacity), this.timerA);
    this.timerB = wider(new Int32Array(capacity), this.timerB);
  }
}

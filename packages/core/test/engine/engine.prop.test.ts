import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { Engine, type EventHandler, fork } from "../../src/engine/index.js";

/** What a script does with a timer at a moment. */
interface Move {
  readonly at: number;
  readonly timer: number;
  /** Distance of the new deadline; undefined = cancel. */
  readonly ahead: number | undefined;
}

const TIMERS = 4;
const move: fc.Arbitrary<Move> = fc.record({
  at: fc.integer({ min: 0, max: 400 }),
  timer: fc.integer({ min: 0, max: TIMERS - 1 }),
  ahead: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 150 }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
});

/** A plain list of deadlines, looked through at every microsecond. */
function naive(moves: readonly Move[]): string[] {
  const deadlines: (number | undefined)[] = Array.from({ length: TIMERS });
  const fired: string[] = [];
  for (let now = 0; now <= 700; now++) {
    // Moves of a moment come before the timers of that moment, in both.
    for (const { at, timer, ahead } of moves) {
      if (at === now) deadlines[timer] = ahead === undefined ? undefined : now + ahead;
    }
    for (let timer = 0; timer < TIMERS; timer++) {
      if (deadlines[timer] !== now) continue;
      deadlines[timer] = undefined;
      fired.push(`${String(now)} timer ${String(timer)}`);
    }
  }
  return fired;
}

/** Carries out the moves on an engine. Times are doubled: timers fire at odd moments, between the moves. */
class Script implements EventHandler {
  readonly engine: Engine = new Engine();
  readonly fired: string[] = [];
  private readonly moves: readonly Move[];
  private readonly kindMove: number;
  constructor(moves: readonly Move[]) {
    this.moves = moves;
    const kindTimer = this.engine.defineKind("timer", this);
    this.kindMove = this.engine.defineKind("move", this);
    for (let i = 0; i < TIMERS; i++) this.engine.createTimer(kindTimer, i);
    for (const [i, { at }] of moves.entries()) this.engine.schedule(at * 2, this.kindMove, i);
  }
  onEvent(kind: number, a: number): void {
    const { engine } = this;
    if (kind === this.kindMove) {
      const { timer, ahead } = this.moves[a]!;
      if (ahead === undefined) engine.cancelTimer(timer);
      else engine.setTimer(timer, engine.now + ahead * 2 + 1);
    } else this.fired.push(`${String((engine.now - 1) / 2)} timer ${String(a)}`);
  }
}

const byTimeThenTimer = (lines: readonly string[]): string[] => [...lines].sort();

describe("Timers", () => {
  test.prop([fc.array(move, { maxLength: 60 })])(
    "fire as a naive list of deadlines would, however they are moved",
    (moves) => {
      const script = new Script(moves);
      script.engine.run();
      const times = script.fired.map((line) => Number(line.split(" ")[0]));
      expect(times).toStrictEqual([...times].sort((x, y) => x - y));
      expect(byTimeThenTimer(script.fired)).toStrictEqual(byTimeThenTimer(naive(moves)));
      expect(script.engine.pendingForeground).toBe(0);
    },
  );

  test.prop([fc.array(move, { maxLength: 40 }), fc.integer({ min: 0, max: 900 })])(
    "go on in a fork as in the original",
    (moves, at) => {
      const script = new Script(moves);
      script.engine.run({ until: at });
      const copy = fork(script);
      script.engine.run({ until: 2_000 });
      const alone = new Script(moves);
      alone.engine.run({ until: 2_000 });
      copy.engine.run({ until: 2_000 });
      expect(copy.fired).toStrictEqual(script.fired);
      expect([copy.engine.digest(), script.engine.digest()]).toStrictEqual([
        alone.engine.digest(),
        alone.engine.digest(),
      ]);
    },
  );
});

/** A node that passes messages on: fan-outs, single events, random delays. */
class Gossip implements EventHandler {
  readonly engine: Engine;
  readonly heard: number[] = [];
  private readonly kind: number;
  private readonly fan: boolean;
  constructor(seed: string, fan: boolean) {
    this.engine = new Engine({ seed });
    this.fan = fan;
    this.kind = this.engine.defineKind("gossip", this);
    this.send(0, 6);
  }
  onEvent(_kind: number, a: number, b: number): void {
    this.heard.push(this.engine.now, a, b);
    if (b > 0) this.send(a, b - 1);
  }
  private send(from: number, hops: number): void {
    const delay = this.engine.stream("link", String(from)).below(50);
    const receivers = [from + 1, from + 2, (from * 7) % 5];
    if (this.fan) this.engine.fanOut(this.engine.now + delay, this.kind, receivers, hops);
    else for (const r of receivers) this.engine.after(delay, this.kind, r, hops);
  }
}

describe("Engine", () => {
  test.prop([fc.string()])(
    "delivers a fan-out as single events in the receivers' order",
    (seed) => {
      const together = new Gossip(seed, true);
      const alone = new Gossip(seed, false);
      together.engine.run();
      alone.engine.run();
      expect(together.heard).toStrictEqual(alone.heard);
      expect(together.engine.fannedOut).toBe(alone.engine.dispatched);
      expect(together.engine.dispatched * 3).toBe(alone.engine.dispatched);
    },
  );

  test.prop([fc.string(), fc.integer({ min: 0, max: 300 }), fc.boolean()])(
    "replays, stops anywhere and forks without changing history",
    (seed, at, fan) => {
      const whole = new Gossip(seed, fan);
      whole.engine.run();
      const parts = new Gossip(seed, fan);
      parts.engine.run({ until: at });
      const copy = fork(parts);
      const second = fork(copy);
      for (const each of [copy, parts, second]) {
        each.engine.run();
        expect(each.heard).toStrictEqual(whole.heard);
        expect(each.engine.digest()).toBe(whole.engine.digest());
      }
    },
  );
});

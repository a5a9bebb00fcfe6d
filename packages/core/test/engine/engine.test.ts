import { describe, expect, test } from "vitest";
import { Engine, type EventHandler, ForkError, fork } from "../../src/engine/index.js";

/** Notes what happens, in order. */
class Log implements EventHandler {
  readonly lines: string[] = [];
  readonly engine: Engine;
  constructor(engine: Engine) {
    this.engine = engine;
  }
  onEvent(kind: number, a: number, b: number): void {
    this.lines.push(`${String(this.engine.now)} ${this.engine.kindName(kind)} ${a} ${b}`);
  }
}

function laboratory(options = {}): { engine: Engine; log: Log; ping: number; scan: number } {
  const engine = new Engine(options);
  const log = new Log(engine);
  const ping = engine.defineKind("ping", log);
  const scan = engine.defineKind("scan", log, { background: true });
  return { engine, log, ping, scan };
}

describe("Engine.run", () => {
  test("runs until nothing is left, and says so", () => {
    const { engine, log, ping } = laboratory();
    engine.schedule(20, ping, 2);
    engine.schedule(10, ping, 1, 7);
    engine.schedule(20, ping, 3);
    expect(engine.run()).toStrictEqual({ outcome: "quiet", events: 3, now: 20 });
    expect(log.lines).toStrictEqual(["10 ping 1 7", "20 ping 2 0", "20 ping 3 0"]);
    expect(engine.run()).toStrictEqual({ outcome: "quiet", events: 0, now: 20 });
  });

  test("runs up to a time, what is due then included, and leaves the clock there", () => {
    const { engine, log, ping } = laboratory();
    for (const at of [10, 20, 21]) engine.schedule(at, ping, at);
    expect(engine.run({ until: 20 })).toStrictEqual({ outcome: "until", events: 2, now: 20 });
    expect(engine.run({ until: 20 })).toStrictEqual({ outcome: "until", events: 0, now: 20 });
    engine.schedule(20, ping, 99);
    expect(engine.run({ until: 30 })).toStrictEqual({ outcome: "until", events: 2, now: 30 });
    expect(log.lines.slice(2)).toStrictEqual(["20 ping 99 0", "21 ping 21 0"]);
    expect(engine.run({ until: 5 }).now).toBe(30);
  });

  test("stops after the event that makes the predicate true", () => {
    const { engine, log, ping } = laboratory();
    for (let at = 1; at <= 9; at++) engine.schedule(at, ping, at);
    const report = engine.run({ predicate: () => log.lines.length === 4 });
    expect(report).toStrictEqual({ outcome: "predicate", events: 4, now: 4 });
    expect(engine.run({ until: 6, predicate: () => false }).outcome).toBe("until");
    expect(engine.run().events).toBe(3);
  });

  test("names a run that never settles", () => {
    const engine = new Engine({ eventsMax: 100 });
    const again: EventHandler = { onEvent: (kind) => engine.after(1, kind) };
    engine.schedule(0, engine.defineKind("again", again));
    expect(engine.run()).toStrictEqual({ outcome: "event-limit", events: 100, now: 99 });
    expect(engine.run({ until: 1_000 }).outcome).toBe("event-limit");
  });

  test("does not take a run that ends at the limit for one that never settles", () => {
    const { engine, ping } = laboratory({ eventsMax: 3 });
    for (let at = 1; at <= 3; at++) engine.schedule(at, ping);
    expect(engine.run({ until: 10 })).toStrictEqual({ outcome: "until", events: 3, now: 10 });
    expect(engine.run().outcome).toBe("quiet");
  });

  test("is quiet while only background events are pending, and still runs them up to a time", () => {
    const { engine, log, ping, scan } = laboratory();
    engine.schedule(5, scan, 1);
    engine.schedule(10, ping, 2);
    engine.schedule(15, scan, 3);
    expect(engine.run()).toStrictEqual({ outcome: "quiet", events: 2, now: 10 });
    expect([engine.pending, engine.pendingForeground]).toStrictEqual([1, 0]);
    engine.run({ until: 20 });
    expect(log.lines).toStrictEqual(["5 scan 1 0", "10 ping 2 0", "15 scan 3 0"]);
  });

  test("a background fan-out alone does not keep it from being quiet either", () => {
    const { engine, log, ping, scan } = laboratory();
    engine.fanOut(10, scan, [1, 2]);
    expect(engine.pendingForeground).toBe(0);
    expect(engine.run().events).toBe(0);
    engine.schedule(11, ping);
    engine.run();
    expect(log.lines).toStrictEqual(["10 scan 1 0", "10 scan 2 0", "11 ping 0 0"]);
    expect(engine.pendingForeground).toBe(0);
  });

  test("refuses times that are past, broken or beyond counting", () => {
    const { engine, ping } = laboratory();
    engine.schedule(10, ping);
    engine.run();
    expect(() => engine.schedule(9, ping)).toThrow(
      'event "ping" due at 9us, but the clock shows 10us',
    );
    expect(() => engine.after(0.5, ping)).toThrow("no whole number of microseconds");
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      expect(() => engine.schedule(at, ping)).toThrow(RangeError);
    }
    const timer = engine.createTimer(ping);
    expect(() => engine.setTimer(timer, 3)).toThrow("timer due at 3us, but the clock shows 10us");
    expect(() => engine.setTimer(timer, 10.5)).toThrow(RangeError);
    expect([engine.pending, engine.pendingForeground]).toStrictEqual([0, 0]);
  });
});

describe("Engine.call", () => {
  test("runs closures in their turn", () => {
    const { engine, log, ping } = laboratory();
    engine.call(5, (e) => e.schedule(5, ping, 1));
    engine.schedule(5, ping, 2);
    engine.run();
    expect(log.lines).toStrictEqual(["5 ping 2 0", "5 ping 1 0"]);
  });

  test("keeps a run from being forked only while one is pending", () => {
    const { engine } = laboratory();
    engine.call(5, () => {});
    expect(() => fork(engine)).toThrow(ForkError);
    expect(() => fork(engine)).toThrow("a function at root.calls.0");
    engine.run();
    expect(fork(engine).digest()).toBe(engine.digest());
  });
});

describe("Timers", () => {
  test("fire once, and can be set again from their own event", () => {
    const engine = new Engine();
    const fired: number[] = [];
    const handler: EventHandler = {
      onEvent: (_kind, a) => {
        fired.push(engine.now);
        if (fired.length < 3) engine.setTimer(a, engine.now + 7);
      },
    };
    const timer = engine.createTimer(engine.defineKind("alarm", handler), 0);
    engine.setTimer(timer, 3);
    expect(engine.timerDue(timer)).toBe(3);
    engine.run();
    expect(fired).toStrictEqual([3, 10, 17]);
    expect(engine.timerDue(timer)).toBe(Number.POSITIVE_INFINITY);
  });

  test("cost one queue entry however often they are moved later", () => {
    const { engine, log, ping } = laboratory();
    const timer = engine.createTimer(ping, 1, 2);
    for (let at = 10; at <= 10_000; at++) engine.setTimer(timer, at);
    expect(engine.pending).toBe(1);
    engine.run();
    expect(log.lines).toStrictEqual(["10000 ping 1 2"]);
  });

  test("keep a run going if their kind is foreground, and not if it is background", () => {
    const { engine, log, ping, scan } = laboratory();
    const background = engine.createTimer(scan);
    engine.setTimer(background, 5);
    expect(engine.run().events).toBe(0);
    const foreground = engine.createTimer(ping);
    engine.setTimer(foreground, 9);
    expect(engine.pendingForeground).toBe(1);
    engine.cancelTimer(foreground);
    engine.cancelTimer(foreground);
    expect(engine.pendingForeground).toBe(0);
    engine.setTimer(foreground, 9);
    engine.run();
    expect(log.lines).toStrictEqual(["5 scan 0 0", "9 ping 0 0"]);
  });

  test("are numbered, and there may be thousands", () => {
    const { engine, log, ping } = laboratory();
    for (let i = 0; i < 5_000; i++) engine.setTimer(engine.createTimer(ping, i), 5_000 - i);
    engine.run();
    expect(log.lines.length).toBe(5_000);
    expect(log.lines[0]).toBe("1 ping 4999 0");
  });
});

describe("Engine.digest", () => {
  const digestOf = (events: readonly (readonly [number, number, number, number])[]): string => {
    const { engine, ping, scan } = laboratory();
    for (const [at, kind, a, b] of events) engine.schedule(at, kind === 0 ? ping : scan, a, b);
    engine.run({ until: 2 ** 45 });
    return engine.digest();
  };

  test("is the same for the same history and tells any field apart", () => {
    const base = [
      [10, 0, 1, 2],
      [2 ** 33 + 5, 0, 3, 4],
    ] as const;
    expect(digestOf(base)).toBe(digestOf(base));
    expect(digestOf(base)).toMatch(/^[0-9a-f]{16}$/);
    const others = [
      [[11, 0, 1, 2], base[1]],
      [[10, 1, 1, 2], base[1]],
      [[10, 0, 2, 2], base[1]],
      [[10, 0, 1, 3], base[1]],
      [[10, 0, 2, 1], base[1]],
      [base[0], [2 ** 32 + 5, 0, 3, 4]],
      [base[0], [5, 0, 3, 4]],
      [base[0]],
      [],
    ] as const;
    const digests = new Set(others.map((each) => digestOf(each)));
    digests.add(digestOf(base));
    expect(digests.size).toBe(others.length + 1);
  });

  test("tells kinds apart whatever their time", () => {
    // Kinds used to share the bits of the time's highest byte.
    const { engine, ping } = laboratory();
    const digest = (at: number, kind: number): string => {
      const copy = fork(engine);
      copy.schedule(at, kind, 0, 0);
      copy.run({ until: 2 ** 32 });
      return copy.digest();
    };
    expect(digest(0, ping)).not.toBe(digest(0x01000000, ping + 1));
    const kinds = Array.from({ length: 600 }, (_, i) =>
      engine.defineKind(`kind-${String(i)}`, new Log(engine)),
    );
    expect(new Set(kinds.map((kind) => digest(5, kind))).size).toBe(600);
  });

  test("shows every event to sinks, which a fork does not inherit", () => {
    const { engine, ping } = laboratory();
    const seen: number[] = [];
    engine.trace.addSink({ onEvent: (at, kind, a, b) => seen.push(at, kind, a, b) });
    engine.schedule(4, ping, 5, 6);
    const copy = fork(engine);
    copy.run();
    expect(seen).toStrictEqual([]);
    engine.run();
    expect(seen).toStrictEqual([4, ping, 5, 6]);
    expect(copy.digest()).toBe(engine.digest());
  });
});

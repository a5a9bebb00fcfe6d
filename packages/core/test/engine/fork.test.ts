import { describe, expect, test } from "vitest";
import { Engine, type Forkable, ForkError, fork } from "../../src/engine/index.js";

class Counter {
  private count = 0;
  up(): number {
    return ++this.count;
  }
}

interface Link {
  next: Link | undefined;
  readonly value: number;
}

describe("fork", () => {
  test("copies plain data, arrays, maps, sets and typed arrays", () => {
    const original = {
      text: "a",
      none: undefined,
      nil: null,
      list: [1, [2, { three: 3 }], undefined],
      map: new Map<unknown, unknown>([["k", { v: 1 }]]),
      set: new Set([1, "two"]),
      floats: Float64Array.of(1.5, 2.5),
    };
    const copy = fork(original);
    expect(copy).toStrictEqual(original);
    copy.floats[0] = 9;
    (copy.map.get("k") as { v: number }).v = 2;
    copy.list.push(4);
    copy.set.add("three");
    expect(original.floats[0]).toBe(1.5);
    expect(original.map.get("k")).toStrictEqual({ v: 1 });
    expect([original.list.length, original.set.size]).toStrictEqual([3, 2]);
  });

  test("keeps cycles and shared references", () => {
    const shared = { hits: 0 };
    const ring: { self?: unknown; one: object; two: object; keyed: Map<object, object> } = {
      one: shared,
      two: shared,
      keyed: new Map([[shared, shared]]),
    };
    ring.self = ring;
    const copy = fork(ring);
    expect(copy.self).toBe(copy);
    expect(copy.one).toBe(copy.two);
    expect(copy.one).not.toBe(shared);
    expect(copy.keyed.get(copy.one)).toBe(copy.one);
  });

  test("shares frozen objects and keeps classes", () => {
    const frozen = Object.freeze({ name: "node-1" });
    const original = { frozen, counter: new Counter() };
    original.counter.up();
    const copy = fork(original);
    expect(copy.frozen).toBe(frozen);
    expect(copy.counter).toBeInstanceOf(Counter);
    expect([copy.counter.up(), copy.counter.up(), original.counter.up()]).toStrictEqual([2, 3, 2]);
  });

  test("follows long chains without running out of stack", () => {
    let head: Link | undefined;
    for (let value = 0; value < 100_000; value++) head = { next: head, value };
    let count = 0;
    for (let at = fork(head); at !== undefined; at = at.next) count++;
    expect(count).toBe(100_000);
    let nested: unknown[] = [];
    for (let depth = 0; depth < 100_000; depth++) nested = [nested];
    expect(fork(nested).length).toBe(1);
  });

  test("refuses functions and names where they hang", () => {
    const original = { nodes: [{ onChange: () => {} }] };
    expect(() => fork(original)).toThrow(ForkError);
    expect(() => fork(original)).toThrow("a function at root.nodes.0.onChange");
    expect(() => fork(new Map([["hook", () => {}]]))).toThrow("root.hook");
    expect(() => fork(new Set([() => {}]))).toThrow("root.member");
  });

  test("refuses what hides its state, instead of making a hollow copy", () => {
    function* script(): Generator<number> {
      yield 1;
    }
    for (const value of [
      script(),
      new Date(0),
      new WeakMap(),
      Promise.resolve(),
      new ArrayBuffer(4),
    ]) {
      expect(() => fork({ state: { value } })).toThrow("at root.state.value");
    }
    expect(() => fork({ view: new DataView(new ArrayBuffer(4)) })).toThrow(ForkError);
  });

  test("lets an object copy itself, with what it refers to", () => {
    class Owner implements Forkable {
      readonly held: { n: number };
      readonly hook: () => number;
      constructor(held: { n: number }) {
        this.held = held;
        this.hook = () => this.held.n;
      }
      forkSelf(copy: <T>(value: T) => T): Owner {
        return new Owner(copy(this.held));
      }
    }
    const held = { n: 1 };
    const original = { owner: new Owner(held), held };
    const copy = fork(original);
    copy.held.n = 5;
    expect([copy.owner.hook(), original.owner.hook()]).toStrictEqual([5, 1]);
  });

  test("names a circle of objects that copy themselves", () => {
    class Twin implements Forkable {
      other: Twin | undefined;
      forkSelf(copy: <T>(value: T) => T): Twin {
        const twin = new Twin();
        twin.other = copy(this.other);
        return twin;
      }
    }
    const one = new Twin();
    const two = new Twin();
    one.other = two;
    two.other = one;
    expect(() => fork({ one })).toThrow("refers back to what copies it itself");
  });

  test("carries random streams on from where they are", () => {
    const engine = new Engine({ seed: 7 });
    const stream = engine.stream("a", "b");
    stream.next();
    const copy = fork(engine);
    const ahead = [stream.next(), stream.next(), engine.stream("new").next()];
    const again = copy.stream("a", "b");
    expect([again.next(), again.next(), copy.stream("new").next()]).toStrictEqual(ahead);
  });
});

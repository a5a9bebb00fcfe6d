import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { EventQueue } from "../../src/engine/index.js";

/** A sorted list with first-in first-out among equal times: what the queue must be like. */
class Oracle {
  private readonly events: { readonly at: number; readonly a: number }[] = [];
  push(at: number, a: number): void {
    let i = this.events.length;
    while (i > 0 && this.events[i - 1]!.at > at) i--;
    this.events.splice(i, 0, { at, a });
  }
  first(limit: number): { readonly at: number; readonly a: number } | undefined {
    const first = this.events[0];
    return first !== undefined && first.at <= limit ? first : undefined;
  }
  pop(): void {
    this.events.shift();
  }
  get size(): number {
    return this.events.length;
  }
}

type Step =
  | { readonly type: "push"; readonly ahead: number; readonly times: number }
  | { readonly type: "pop"; readonly times: number }
  | { readonly type: "look"; readonly ahead: number };

const WORD = 2 ** 32;
/** Distances that meet each level of the wheel, its edges, ties, the 2^32 boundary and the far list. */
const distance = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 3 }) },
  { weight: 2, arbitrary: fc.constantFrom(255, 256, 257, 65_535, 65_536, 2 ** 24, WORD - 1, WORD) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 1_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 0x7fffffff }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 40 }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant("push" as const),
    ahead: distance,
    times: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ type: fc.constant("pop" as const), times: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ type: fc.constant("look" as const), ahead: distance }),
);
const origin = fc.oneof(
  fc.constantFrom(0, WORD - 300, WORD, 7 * WORD - 1, 2 ** 50),
  fc.integer({ min: 0, max: 2 ** 50 }),
);

describe("EventQueue", () => {
  test.prop([origin, fc.array(step, { maxLength: 120 })])(
    "behaves as a sorted list in which equal times keep their order",
    (start, steps) => {
      const queue = new EventQueue(1);
      const oracle = new Oracle();
      let now = start;
      let pushed = 0;
      for (const each of steps) {
        if (each.type === "push") {
          for (let i = 0; i < each.times; i++) {
            queue.push(now + each.ahead, pushed % 60_000, pushed, -pushed);
            oracle.push(now + each.ahead, pushed++);
          }
        } else {
          const limit = each.type === "look" ? now + each.ahead : Number.POSITIVE_INFINITY;
          const times = each.type === "look" ? 1 : each.times;
          for (let i = 0; i < times; i++) {
            const index = queue.first(limit);
            const expected = oracle.first(limit);
            expect(index >= 0).toBe(expected !== undefined);
            if (expected === undefined) continue;
            expect([queue.time[index], queue.a[index]]).toStrictEqual([expected.at, expected.a]);
            expect(queue.kind[index]).toBe(expected.a % 60_000);
            expect(queue.b[index]).toBe(expected.a === 0 ? 0 : -expected.a);
            now = expected.at;
            if (each.type === "look") continue;
            queue.pop();
            oracle.pop();
          }
          // As the engine: after a look that found nothing the clock stands at the limit.
          if (each.type === "look" && queue.first(limit) < 0) now = limit;
        }
        expect(queue.size).toBe(oracle.size);
      }
      for (let left = oracle.first(Number.POSITIVE_INFINITY); left !== undefined; ) {
        const index = queue.first(Number.POSITIVE_INFINITY);
        expect([queue.time[index], queue.a[index]]).toStrictEqual([left.at, left.a]);
        queue.pop();
        oracle.pop();
        left = oracle.first(Number.POSITIVE_INFINITY);
      }
      expect([queue.size, queue.first(Number.POSITIVE_INFINITY)]).toStrictEqual([0, -1]);
    },
  );

  test.prop([origin, fc.array(distance, { minLength: 1, maxLength: 40 })])(
    "never gives an event that is due after the limit, and loses none by being asked",
    (start, distances) => {
      const queue = new EventQueue();
      for (const [i, d] of distances.entries()) queue.push(start + d, 0, i, 0);
      const due = distances.map((d, i) => ({ at: start + d, i })).sort((x, y) => x.at - y.at);
      for (const { at, i } of due) {
        const first = queue.first(at - 1);
        expect(first < 0 || queue.time[first]! <= at - 1).toBe(true);
        const index = queue.first(at);
        expect([queue.time[index], queue.a[index]]).toStrictEqual([at, i]);
        queue.pop();
      }
    },
  );

  test.prop([fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 0, max: 2 ** 45 })])(
    "gives a storm of ties in the order of arrival, whatever the capacity was",
    (count, at) => {
      const queue = new EventQueue(2);
      for (let i = 0; i < count; i++) queue.push(at, 1, i, 0);
      for (let i = 0; i < count; i++) {
        expect(queue.a[queue.first(at)]).toBe(i);
        queue.pop();
      }
      expect(queue.size).toBe(0);
    },
  );
});

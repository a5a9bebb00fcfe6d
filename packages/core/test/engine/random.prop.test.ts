import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  fork,
  hash32,
  hashText,
  normalQuantile,
  RandomStream,
  RandomStreams,
} from "../../src/engine/index.js";

const draws = (stream: RandomStream, count: number): number[] =>
  Array.from({ length: count }, () => stream.next());

/** Pearson's statistic of counts that should all be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((x, y) => x + y, 0) / counts.length;
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}

/** 99.99 % quantile of χ² for k degrees of freedom (Wilson–Hilferty). */
const bound = (k: number): number => k * (1 - 2 / (9 * k) + 3.719 * Math.sqrt(2 / (9 * k))) ** 3;

describe("RandomStreams", () => {
  test.prop([fc.string(), fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 6 })])(
    "a stream depends on seed and name only: others change nothing",
    (seed, names) => {
      const [wanted, ...others] = names as [string, ...string[]];
      const alone = draws(new RandomStreams(seed).stream("node", wanted), 20);
      const streams = new RandomStreams(seed);
      const mixed: number[] = [];
      for (let i = 0; i < 20; i++) {
        for (const other of others) streams.stream("node", other).next();
        mixed.push(streams.stream("node", wanted).next());
      }
      expect(mixed).toStrictEqual(alone);
    },
  );

  test.prop([fc.string(), fc.integer({ min: 0, max: 50 })])(
    "a stream survives a fork, and both go their own way",
    (name, taken) => {
      const streams = new RandomStreams(1);
      draws(streams.stream(name), taken);
      const copy = fork(streams);
      const ahead = draws(streams.stream(name), 10);
      expect(draws(copy.stream(name), 10)).toStrictEqual(ahead);
      expect(draws(streams.stream(name), 1)).toStrictEqual(draws(copy.stream(name), 1));
    },
  );

  test("gives one object per name, and other draws for other seeds", () => {
    const streams = new RandomStreams(3);
    expect(streams.stream("a", "b")).toBe(streams.stream("a", "b"));
    const firsts = Array.from({ length: 500 }, (_, seed) =>
      new RandomStreams(seed).stream("x").next(),
    );
    expect(new Set(firsts).size).toBe(500);
  });

  test("neighbouring streams are independent: their joint draws fill the square evenly", () => {
    const streams = new RandomStreams(1);
    const nodes = 3_000;
    const firsts = Array.from({ length: nodes + 100 }, (_, node) =>
      streams.stream("bird", `node-${String(node)}`).next(),
    );
    for (const lag of [1, 2, 10, 100]) {
      const cells = 16;
      const counts = Array.from({ length: cells * cells }, () => 0);
      for (let node = 0; node < nodes; node++) {
        const row = Math.floor(firsts[node]! * cells);
        counts[row * cells + Math.floor(firsts[node + lag]! * cells)]!++;
      }
      expect(chiSquare(counts)).toBeLessThan(bound(cells * cells - 1));
    }
  });

  test("one stream is uniform, and its integers are", () => {
    const stream = new RandomStream("uniform");
    const counts = Array.from({ length: 50 }, () => 0);
    for (let i = 0; i < 50_000; i++) counts[stream.below(50)]!++;
    expect(chiSquare(counts)).toBeLessThan(bound(49));
    const ends = new Set(Array.from({ length: 200 }, () => stream.between(-1, 1)));
    expect([...ends].sort((x, y) => x - y)).toStrictEqual([-1, 0, 1]);
  });

  test("distributions have the mean and the median that they are asked for", () => {
    const stream = new RandomStream("shapes");
    const mean = (f: () => number): number =>
      Array.from({ length: 40_000 }, f).reduce((x, y) => x + y, 0) / 40_000;
    expect(mean(() => stream.exponential(20))).toBeCloseTo(20, -0.5);
    const middle = Array.from({ length: 20_001 }, () => stream.logNormal(7, 0.5)).sort(
      (x, y) => x - y,
    );
    expect(middle[10_000]).toBeGreaterThan(6.8);
    expect(middle[10_000]).toBeLessThan(7.2);
    expect([normalQuantile(0.5), normalQuantile(0), normalQuantile(1)]).toStrictEqual([
      0,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963985, 6);
    expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306, 6);
  });

  test.prop([fc.array(fc.integer())])("shuffling keeps every item", (items) => {
    const shuffled = new RandomStream("cards").shuffle([...items]);
    expect(shuffled.sort((x, y) => x - y)).toStrictEqual([...items].sort((x, y) => x - y));
  });
});

describe("hash32", () => {
  test("spreads neighbouring operands evenly in each of its three places", () => {
    const places: ((i: number) => number)[] = [
      (i) => hash32(i, 5, 9),
      (i) => hash32(5, i, 9),
      (i) => hash32(5, 9, i),
    ];
    for (const place of places) {
      const counts = Array.from({ length: 64 }, () => 0);
      for (let i = 0; i < 20_000; i++) counts[place(i) >>> 26]!++;
      expect(chiSquare(counts)).toBeLessThan(bound(63));
      expect(new Set(Array.from({ length: 2_000 }, (_, i) => place(i))).size).toBe(2_000);
    }
  });

  test.prop([fc.string(), fc.string()])("texts hash to 32 bits, equal texts alike", (a, b) => {
    expect(hashText(a)).toBe(hashText(a));
    expect(hashText(a) >>> 0).toBe(hashText(a));
    if (a !== b && a.length < 4 && b.length < 4) expect(hashText(a)).not.toBe(hashText(b));
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Mail } from "../../src/fleet/mail.js";
import { Rings } from "../../src/fleet/rings.js";
import { SocketWalks } from "../../src/fleet/socket-walks.js";

const QUEUES = 3;
const queue = fc.nat(QUEUES - 1);

/** A list of steps on several queues that share a memory, long enough that they outgrow their pieces. */
function steps<T>(step: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(step, { maxLength: 120 });
}

describe("queues that share a memory hold what plain lists would", () => {
  test("Rings: first in, first out", () => {
    const step = fc.record({ queue, item: fc.option(fc.nat(99)), times: fc.nat(12) });
    fc.assert(
      fc.property(steps(step), (list) => {
        const rings = new Rings();
        const lists = Array.from({ length: QUEUES }, (): number[] => []);
        for (let i = 0; i < QUEUES; i++) rings.add();
        for (const { queue: q, item, times } of list) {
          for (let k = 0; k < times; k++) {
            if (item === null) expect(rings.shift(q)).toBe(lists[q]!.shift() ?? -1);
            else {
              rings.push(q, item + k);
              lists[q]!.push(item + k);
            }
          }
          for (let i = 0; i < QUEUES; i++) {
            expect(rings.size(i)).toBe(lists[i]!.length);
            expect(lists[i]!.map((_, at) => rings.peek(i, at))).toEqual(lists[i]);
          }
        }
      }),
    );
  });

  test("Rings: the oldest are sorted, the rest stays", () => {
    const items = fc.array(fc.nat(9), { maxLength: 40 });
    fc.assert(
      fc.property(fc.nat(20), items, fc.nat(40), (shifted, list, sorted) => {
        const rings = new Rings();
        rings.add();
        for (let i = 0; i < shifted; i++) rings.push(0, i);
        for (let i = 0; i < shifted; i++) rings.shift(0);
        const count = Math.min(sorted, list.length);
        for (const item of list) rings.push(0, item);
        rings.sort(0, count, { keyOf: (item) => item });
        const expected = [...list.slice(0, count).sort((a, b) => a - b), ...list.slice(count)];
        expect(expected.map(() => rings.shift(0))).toEqual(expected);
      }),
    );
  });

  test("Mail: by time, then side, then the order of posting", () => {
    const posted = fc.record({ queue, at: fc.nat(20), side: fc.nat(3), takes: fc.nat(2) });
    fc.assert(
      fc.property(steps(posted), (list) => {
        const mail = new Mail();
        const lists = Array.from({ length: QUEUES }, (): number[][] => []);
        for (let i = 0; i < QUEUES; i++) mail.addDaemon();
        for (const [n, { queue: q, at, side, takes }] of list.entries()) {
          mail.insert(q, at, side, n);
          lists[q]!.push([at, side, n]);
          lists[q]!.sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!);
          for (let k = takes === 2 ? 3 : 0; k > 0 && lists[q]!.length > 0; k--) {
            expect([mail.first[q], mail.side(q), mail.what(q)]).toEqual(lists[q]!.shift());
            mail.shift(q);
          }
          for (let i = 0; i < QUEUES; i++)
            expect(mail.first[i]).toBe(lists[i]![0]?.[0] ?? Number.POSITIVE_INFINITY);
        }
      }),
    );
  });

  test("SocketWalks: from the oldest to the newest, and round again", () => {
    const step = fc.record({ queue, adds: fc.nat(9), takes: fc.nat(9), polls: fc.boolean() });
    fc.assert(
      fc.property(steps(step), fc.infiniteStream(fc.nat()), (list, ages) => {
        const walks = new SocketWalks();
        const lists = Array.from({ length: QUEUES }, () => ({ at: -1, ages: new Set<number>() }));
        for (let i = 0; i < QUEUES; i++) walks.addDaemon();
        for (const { queue: q, adds, takes, polls } of list) {
          const { ages: held } = lists[q]!;
          for (let k = 0; k < adds; k++) {
            const age = ages.next().value % 1000;
            if (held.has(age)) continue;
            held.add(age);
            walks.add(q, age + 5000, age);
          }
          const ahead = (): number[] =>
            [...held].filter((age) => age > lists[q]!.at).sort((a, b) => a - b);
          if (polls) {
            walks.poll(q);
            if (ahead().length === 0) lists[q]!.at = -1;
          }
          for (let k = 0; k < takes; k++) {
            const age = ahead()[0];
            expect(walks.take(q)).toBe(age === undefined ? -1 : age + 5000);
            if (age === undefined) break;
            held.delete(age);
            lists[q]!.at = age;
          }
          for (let i = 0; i < QUEUES; i++) expect(walks.empty(i)).toBe(lists[i]!.ages.size === 0);
        }
      }),
    );
  });
});

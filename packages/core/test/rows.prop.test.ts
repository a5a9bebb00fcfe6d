import { Rows } from "@calico-sim/core";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";

const write = (
  most: number,
  least = 0,
): fc.Arbitrary<{ row: number; column: number; value: number }> =>
  fc.record({
    row: fc.nat(20),
    column: fc.nat(300),
    value: fc.integer({ min: least, max: most }),
  });

describe("rows of integers", () => {
  test.prop([
    fc
      .constantFrom<[1 | 4, number, number]>([1, 0, 255], [4, -(2 ** 31), 2 ** 31 - 1])
      .chain(([bytes, least, most]) => fc.tuple(fc.constant(bytes), fc.array(write(most, least)))),
    fc.nat(64),
  ])(
    "hold what was written last, and 0 elsewhere, whatever was expected",
    ([bytes, writes], columns) => {
      const rows = new Rows(bytes, columns);
      const model = new Map<string, number>();
      for (const { row, column, value } of writes) {
        rows.set(row, column, value);
        model.set(`${String(row)} ${String(column)}`, value);
      }
      for (let row = 0; row <= 21; row++)
        for (let column = 0; column <= 301; column++)
          expect(rows.get(row, column)).toBe(model.get(`${String(row)} ${String(column)}`) ?? 0);
      const last = Math.max(-1, ...writes.filter(({ value }) => value !== 0).map(({ row }) => row));
      expect(rows.length).toBeGreaterThan(last);
    },
  );
});

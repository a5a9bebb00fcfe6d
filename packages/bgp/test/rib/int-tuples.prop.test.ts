import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { IntTuples } from "../../src/rib/int-tuples.js";

const few = fc.integer({ min: -3, max: 3 });
const any = fc.oneof(few, fc.integer());
const tuple = fc.tuple(any, any, few, few);

describe("tuples of integers", () => {
  test.prop([fc.array(tuple, { maxLength: 200 })])(
    "have the same id if, and only if, they are equal, in the order in which they came",
    (all) => {
      const table = new IntTuples();
      const known = new Map<string, number>();
      for (const [a, b, c, d] of all) {
        const key = JSON.stringify([a, b, c, d]);
        if (!known.has(key)) known.set(key, known.size);
        expect(table.intern(a, b, c, d)).toBe(known.get(key));
      }
      expect(table.count).toBe(known.size);
      for (const [key, id] of known)
        expect(JSON.stringify([0, 1, 2, 3].map((i) => table.field(id, i)))).toBe(key);
    },
  );
});

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { formatMicros, HOUR, MILLISECOND, MINUTE, micros, SECOND } from "../../src/engine/index.js";

describe("micros", () => {
  test("reads what people write", () => {
    const read = ["40us", "40µs", "90ms", "2s", "2.5s", "1m30s", "1h30m", " 1h ", "0s", 12.6].map(
      micros,
    );
    expect(read).toStrictEqual([
      40,
      40,
      90 * MILLISECOND,
      2 * SECOND,
      2_500_000,
      90 * SECOND,
      90 * MINUTE,
      HOUR,
      0,
      13,
    ]);
  });

  test("refuses everything else, and names it", () => {
    for (const text of ["", "5", "s", "-1s", "1 s 2", "1d", "1.s", ".5s", "1e3s", "2s!", "NaN"]) {
      expect(() => micros(text)).toThrow(`"${text}" is not a duration`);
    }
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      expect(() => micros(value)).toThrow(`duration ${String(value)} must be`);
    }
    expect(() => micros(`${"9".repeat(20)}h`)).toThrow("longer than the clock can count");
    expect(() => micros(`${"9".repeat(400)}h`)).toThrow(RangeError);
  });
});

describe("formatMicros", () => {
  test("writes the unit that fits", () => {
    const of = (t: number): string => formatMicros(t);
    expect([0, 1, 999, 1_000, 41_250, 999_999].map(of)).toStrictEqual([
      "0us",
      "1us",
      "999us",
      "1ms",
      "41.25ms",
      "999.999ms",
    ]);
    expect([SECOND, 3_204_000, 100 * SECOND, 2 * MINUTE, HOUR + 1].map(of)).toStrictEqual([
      "1s",
      "3.204s",
      "100s",
      "2m0s",
      "1h0m0s",
    ]);
    expect([-1_500_000, Number.POSITIVE_INFINITY, Number.NaN].map(of)).toStrictEqual([
      "-1.5s",
      "never",
      "n/a",
    ]);
  });

  test("carries instead of writing sixty seconds", () => {
    expect(formatMicros(3 * MINUTE - 1)).toBe("3m0s");
    expect(formatMicros(HOUR - 40 * MILLISECOND)).toBe("1h0m0s");
    expect(formatMicros(2 * MINUTE + 59.96 * SECOND)).toBe("3m0s");
  });

  test.prop([fc.integer({ min: 0, max: 1_000 * HOUR })])(
    "writes what micros reads back, to a thousandth of the largest unit shown",
    (t) => {
      const back = micros(formatMicros(t));
      const unit =
        t < MILLISECOND ? 0 : t < SECOND ? MILLISECOND : t < 2 * MINUTE ? SECOND : MINUTE;
      expect(Math.abs(back - t)).toBeLessThanOrEqual(unit / 1_000);
    },
  );
});

import { describe, expect, it } from "vitest";
import { bytes, clock, count, percent, seconds, times } from "../src/format/quantity.js";
import { formatTable, wrap } from "../src/format/table.js";

describe("quantities", () => {
  it.each([
    [0, "0s"],
    [0.0000063, "6us"],
    [0.00637, "6.37ms"],
    [0.245, "245ms"],
    [3.24, "3.24s"],
    [41.31, "41.3s"],
    [200, "3m20s"],
    [Number.NaN, "–"],
    [Number.POSITIVE_INFINITY, "never"],
  ])("a span of %d seconds reads %s", (value, text) => {
    expect(seconds(value)).toBe(text);
  });

  it.each([
    [0, "0s"],
    [300, "5m"],
    [750, "12m30s"],
    [3720, "1h02m"],
    [3605.5, "1h00m5.5s"],
  ])("the moment %d reads %s", (value, text) => {
    expect(clock(value)).toBe(text);
  });

  it("counts, data, shares and factors carry separators and units", () => {
    expect([count(1_234_567), count(12), count(Number.NaN)]).toEqual(["1,234,567", "12", "–"]);
    expect([bytes(512), bytes(1_240_000), bytes(999_600)]).toEqual(["512 B", "1.24 MB", "1 MB"]);
    expect([percent(0.00001), percent(0.034), percent(0.5)]).toEqual(["<0.1%", "3.4%", "50%"]);
    expect([times(1), times(8.44), times(33.2)]).toEqual(["1×", "8.4×", "33×"]);
  });
});

describe("tables", () => {
  const table = {
    columns: [
      { label: "change", align: "left" as const, wrap: true },
      { label: "p50", group: "control plane" },
      { label: "max", group: "control plane" },
    ],
    rows: [
      { cells: ["a change with a long name", "1s", "12.5s"], notes: ["worst: node-1"] },
      { cells: ["b", "–", "–"] },
    ],
  };

  it("stand in columns, figures to the right, without trailing spaces", () => {
    expect(formatTable(table, 80)).toEqual([
      "                            control plane",
      "change                      p50    max",
      "a change with a long name    1s  12.5s",
      "    worst: node-1",
      "b                             –      –",
    ]);
  });

  it("wrap their wide column when the page is narrow", () => {
    const lines = formatTable(table, 32);
    expect(lines[2]).toBe("a change with a        1s  12.5s");
    expect(lines[3]).toBe("long name");
  });

  it("leave long words whole", () => {
    expect(wrap("a verylongword b", 6)).toEqual(["a", "verylongword", "b"]);
  });
});

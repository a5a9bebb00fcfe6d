import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import {
  Counter,
  distribution,
  Gauge,
  Histogram,
  LoadMeter,
  METER_VERBS,
  TimeSeries,
} from "../../src/metrics/index.js";

describe("distribution", () => {
  it("interpolates between order statistics (type 7, as R and NumPy do)", () => {
    // R: quantile(c(1,2,3,4,10), c(.05,.25,.5,.75,.95,.99))
    const d = distribution([10, 1, 3, 2, 4]);
    expect(d).toMatchObject({ n: 5, min: 1, p25: 2, median: 3, p75: 4, max: 10, mean: 4 });
    expect([d.p05, d.p95, d.p99].map((v) => Number(v.toFixed(9)))).toEqual([1.2, 8.8, 9.76]);
  });

  it("is not a number when there is nothing, and keeps infinity", () => {
    expect(distribution([]).median).toBeNaN();
    expect(distribution([]).n).toBe(0);
    const never = Number.POSITIVE_INFINITY;
    expect(distribution([1, never, never])).toMatchObject({ median: never, p99: never, min: 1 });
  });

  test.prop([fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 })])(
    "quantiles rise and stay between minimum and maximum",
    (values) => {
      const { min, p05, p25, median, p75, p95, p99, max } = distribution(values);
      const rising = [min, p05, p25, median, p75, p95, p99, max];
      expect(rising).toEqual([...rising].sort((a, b) => a - b));
      expect([min, max]).toEqual([Math.min(...values), Math.max(...values)].map((v) => v + 0));
    },
  );

  test.prop([fc.array(fc.array(fc.integer()), { maxLength: 5 })])(
    "a histogram read now and then agrees with all values at once",
    (rounds) => {
      const histogram = new Histogram();
      const all: number[] = [];
      for (const round of rounds) {
        for (const value of round) {
          histogram.record(value);
          all.push(value);
        }
        expect(histogram.summary()).toEqual(distribution(all));
      }
      const merged = new Histogram();
      merged.merge(histogram);
      expect(merged.summary()).toEqual(distribution(all));
    },
  );
});

describe("values over time", () => {
  it("a step series knows its value and its mean", () => {
    const series = new TimeSeries();
    series.set(10, 2);
    series.set(20, 2);
    series.set(30, 6);
    series.set(30, 4);
    expect(series.points()).toEqual([
      { at: 10, value: 2 },
      { at: 30, value: 4 },
    ]);
    expect([0, 10, 29, 30, 99].map((t) => series.at(t))).toEqual([0, 2, 2, 4, 4]);
    expect(series.mean(0, 40)).toBe((20 * 2 + 10 * 4) / 40);
    expect(() => series.set(29, 1)).toThrow(RangeError);
  });

  it("a gauge keeps its peak, a counter never falls", () => {
    const gauge = new Gauge();
    gauge.add(1, 5);
    gauge.add(2, -3);
    expect(gauge).toMatchObject({ value: 2, peak: 5 });
    expect(gauge.history.length).toBe(2);
    const counter = new Counter();
    counter.add();
    counter.add(4);
    expect(counter.value).toBe(5);
    expect(() => counter.add(-1)).toThrow(RangeError);
  });
});

describe("load meter", () => {
  it("keeps requests, watches, events and bytes apart by client and kind", () => {
    const meter = new LoadMeter();
    const pods = meter.pair("felix", "Pod");
    const nodes = meter.pair("felix", "Node");
    expect(meter.pair("felix", "Pod")).toBe(pods);
    meter.request(pods, METER_VERBS.indexOf("list"), 500_000);
    meter.reply(pods, true, 1000, 1_500_000);
    meter.watches(pods, 10);
    meter.watches(nodes, 1);
    meter.watches(pods, -4);
    meter.events(pods, 6, 100, 90_000_000);
    meter.bookmarks(nodes, 1, 300, 90_999_999);
    const load = meter.snapshot();
    expect(load).toMatchObject({
      requestsTotal: 1,
      watchEventsTotal: 6,
      watchEventBytesTotal: 600,
      bookmarksTotal: 1,
      listBytesTotal: 1000,
      bytesSentTotal: 1900,
      watchesNow: 7,
      watchesPeak: 11,
    });
    expect(load.byClientAndKind[0]).toMatchObject({
      watchesNow: 6,
      watchesPeak: 10,
      watchEvents: 6,
    });
    expect(load.series).toEqual([
      { second: 0, requests: 1, watchEvents: 0, bytes: 0 },
      { second: 1, requests: 0, watchEvents: 0, bytes: 1000 },
      { second: 90, requests: 0, watchEvents: 6, bytes: 900 },
    ]);
    expect(load.peakSecond.bytes?.second).toBe(1);
    expect(load.peakSecond.watchEvents?.second).toBe(90);
  });

  it("has room for many kinds of client and a long run", () => {
    const meter = new LoadMeter();
    for (let i = 0; i < 100; i++) meter.request(meter.pair(`c${i}`, "Pod"), 0, i * 3_600_000_000);
    const load = meter.snapshot();
    expect(load.requestsTotal).toBe(100);
    expect(load.byClientAndKind).toHaveLength(100);
    expect(load.series).toHaveLength(100);
    expect(new LoadMeter().snapshot().peakSecond.requests).toBeUndefined();
  });
});

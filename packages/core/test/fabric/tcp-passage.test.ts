import { describe, expect, test } from "vitest";
import {
  type PathQuality,
  serialisation,
  type TcpPassage,
  tcpPassage,
} from "../../src/fabric/index.js";

const quality = (change: Partial<PathQuality>): PathQuality => ({
  jitterUs: 0,
  bandwidthMbps: Number.POSITIVE_INFINITY,
  loss: 0,
  narrowest: -1,
  ...change,
});

/** A message over links that are alike in both directions, 100 µs each way. */
const pass = (
  change: Partial<PathQuality>,
  bytes: number,
  name: number,
  back: Partial<PathQuality> = change,
): TcpPassage =>
  tcpPassage(
    { latency: 100, latencyBack: 100, there: quality(change), back: quality(back) },
    1_000,
    bytes,
    name,
  );

const names = Array.from({ length: 20_000 }, (_, i) => i);

describe("a message on its way", () => {
  test("takes its octets and the headers around them at the narrowest link", () => {
    expect(serialisation(434, 10)).toBe(400);
    // Two segments, two headers.
    expect(serialisation(2_868, 10)).toBe(2_400);
    expect(pass({ bandwidthMbps: 10 }, 434, 0)).toStrictEqual({
      sent: 1_400,
      arrival: 1_500,
      acknowledged: 1_600,
      timeouts: 0,
    });
  });

  test("waits in queues for a time that is uniform up to the jitter", () => {
    const waits = names.map((name) => pass({ jitterUs: 9 }, 100, name).arrival - 1_100);
    for (let wait = 0; wait <= 9; wait++)
      expect(waits.filter((w) => w === wait).length / names.length).toBeCloseTo(0.1, 1);
    expect(new Set(waits).size).toBe(10);
  });

  // Measured (ground-truth/tcp-loss), round trip 0.2 ms: 205.6 to 207.5 ms, 413 to 417, 835 to 900 and
  // 1,683 to 1,730 for a segment that is lost one to four times.
  test("goes again after a probe, and then after time-outs that double", () => {
    const times = [1, 2, 3, 4].map((timeouts) => {
      const message = names
        .map((name) => pass({ loss: 0.3 }, 100, name, {}))
        .find((one) => one.timeouts === timeouts);
      return message!.arrival - 1_100;
    });
    expect(times).toStrictEqual([206_400, 412_600, 825_000, 1_649_800]);
    for (const [k, measured] of [206_600, 414_300, 845_000, 1_707_000].entries())
      expect(Math.abs(times[k]! / measured - 1)).toBeLessThan(0.04);
  });

  // Measured likewise: the last of three segments 206.5 to 209.9 ms, another of them, or any of two, 5 to 12.
  test("of several segments shows a loss sooner, but of an odd number the last", () => {
    const late = (bytes: number): Set<number> =>
      new Set(
        names
          .map((name) => pass({ loss: 0.05 }, bytes, name, {}))
          .filter(({ timeouts }) => timeouts === 1)
          .map(({ arrival }) => arrival - 1_100),
      );
    expect(late(2_800)).toEqual(new Set([8_400]));
    expect(late(4_096)).toEqual(new Set([8_400, 206_400]));
  });

  test("is lost as often as its segments are", () => {
    const share = (bytes: number): number =>
      names.filter((name) => pass({ loss: 0.1 }, bytes, name, {}).timeouts > 0).length /
      names.length;
    expect(share(1_448)).toBeCloseTo(0.1, 1);
    expect(share(3 * 1_448)).toBeCloseTo(1 - 0.9 ** 3, 1);
    // What has three segments behind it needs no timer.
    expect(share(50 * 1_448)).toBeCloseTo(1 - 0.9 ** 3, 1);
  });

  test("needs one round trip more when a segment amid it is lost", () => {
    const message = names
      .map((name) => pass({ loss: 0.01 }, 50 * 1_448, name, {}))
      .find(({ arrival, timeouts }) => timeouts === 0 && arrival > 1_100);
    expect(message?.arrival).toBe(1_300);
  });

  test("a lost acknowledgement costs the sender a probe and the receiver nothing", () => {
    const message = names
      .map((name) => pass({}, 100, name, { loss: 0.1 }))
      .find(({ timeouts }) => timeouts === 1);
    expect(message).toMatchObject({ arrival: 1_100, acknowledged: 207_600 });
  });

  test("arrives in the end, however bad the links are", () => {
    const { arrival, timeouts } = pass({ loss: 0.999_999 }, 100, 1);
    expect(timeouts).toBe(15);
    expect(arrival).toBeLessThan(1_100_000_000);
  });
});

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

  test("goes again after the round trip and 200 ms, and twice that when lost again", () => {
    const [once, twice] = [1, 2].map((timeouts) =>
      names
        .map((name) => pass({ loss: 0.3 }, 100, name, {}))
        .find((message) => message.timeouts === timeouts),
    );
    expect(once).toStrictEqual({
      sent: 1_000,
      arrival: 201_300,
      acknowledged: 201_400,
      timeouts: 1,
    });
    expect(twice?.arrival).toBe(1_100 + 200_200 + 400_400);
  });

  test("is lost as often as its segments are", () => {
    const share = (bytes: number): number =>
      names.filter((name) => pass({ loss: 0.1 }, bytes, name, {}).timeouts > 0).length /
      names.length;
    expect(share(1_448)).toBeCloseTo(0.1, 1);
    expect(share(3 * 1_448)).toBeCloseTo(1 - 0.9 ** 3, 1);
    // What has three segments behind it needs no time-out.
    expect(share(50 * 1_448)).toBeCloseTo(1 - 0.9 ** 3, 1);
  });

  test("needs one round trip more when a segment amid it is lost", () => {
    const message = names
      .map((name) => pass({ loss: 0.01 }, 50 * 1_448, name, {}))
      .find(({ arrival, timeouts }) => timeouts === 0 && arrival > 1_100);
    expect(message?.arrival).toBe(1_300);
  });

  test("a lost acknowledgement costs the sender a time-out and the receiver nothing", () => {
    const message = names
      .map((name) => pass({}, 100, name, { loss: 0.1 }))
      .find(({ timeouts }) => timeouts === 1);
    expect(message).toMatchObject({ arrival: 1_100, acknowledged: 201_400 });
  });

  test("arrives in the end, however bad the links are", () => {
    const { arrival, timeouts } = pass({ loss: 0.999_999 }, 100, 1);
    expect(timeouts).toBe(15);
    expect(arrival).toBeLessThan(1_100_000_000);
  });
});

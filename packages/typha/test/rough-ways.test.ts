import { Engine, Fabric, leafSpine, NodeDirectory, SECOND } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { RoughWays } from "../src/rough-ways.js";

const RACK = "10.0.0.0/24";

/** Two nodes in one rack, a third in another; what the first rack's uplink is like. One way between racks is 130 µs. */
function ways(uplink: object): RoughWays {
  const nodes = [0, 0, 1].map((rack, i) => ({
    name: `node-${String(i)}`,
    subnet: `10.0.${String(rack)}.${String(i + 1)}/24`,
  }));
  const spec = leafSpine({ nodes });
  const links = spec.links.map((link) =>
    link.between[0] === RACK ? { ...link, ...uplink } : link,
  );
  const names = new NodeDirectory(nodes.map(({ name }) => name));
  return new RoughWays(new Engine({ seed: 1 }), names, Fabric.build({ ...spec, links }));
}

describe("connections over links that are not what they should be", () => {
  test("need not be asked about where all links are as they should be", () => {
    expect(ways({}).any).toBe(false);
    expect(ways({ jitterUs: 1 }).any).toBe(true);
  });

  test("share a narrow link in each direction, and only that", () => {
    const narrow = ways({ bandwidthMbps: 10 });
    const send = (from: number, to: number): number => narrow.arrival("felix", from, to, 0, 1_250);
    // 1,250 octets and 66 of headers take 1,053 µs.
    expect([send(2, 0), send(2, 1), send(0, 2), send(0, 1)]).toEqual([1_183, 2_236, 1_183, 100]);
  });

  test("are made a second later for each SYN, or answer to one, that is lost", () => {
    const lossy = ways({ loss: 0.2 });
    const times = Array.from(
      { length: 2_000 },
      (_, i) => lossy.connected("felix", 0, 2, i * SECOND + i, 60 * SECOND) - (i * SECOND + i),
    );
    for (const time of times) expect((time - 260) % SECOND).toBe(0);
    const late = times.filter((time) => time > SECOND).length / times.length;
    expect(late).toBeCloseTo(1 - 0.8 ** 2, 1);
    expect(lossy.connected("felix", 0, 1, 7, 0)).toBe(207);
  });

  test("are not made where no SYN gets through as long as the client dials", () => {
    const bad = ways({ loss: 0.999999 });
    expect(bad.connected("felix", 0, 2, 7, 10 * SECOND)).toBe(Number.POSITIVE_INFINITY);
    const lossy = ways({ loss: 0.7 });
    const times = Array.from(
      { length: 500 },
      (_, i) => lossy.connected("felix", 0, 2, i, 3 * SECOND) - i,
    );
    expect(Math.max(...times.filter(Number.isFinite))).toBe(3 * SECOND + 260);
    const failed = times.filter((time) => time === Number.POSITIVE_INFINITY).length / 500;
    expect(failed).toBeCloseTo((1 - 0.3 ** 2) ** 4, 1);
  });

  test("do not hold up others with what their handshakes will send", () => {
    // 1,000 octets and 66 of headers take 853 µs, 1,316 octets 1,053 µs.
    const narrow = ways({ bandwidthMbps: 10 });
    expect(narrow.handshaken("bgp", 2, 0, 0)).toBe(6 * (130 + 853));
    expect(narrow.handshaken("bgp", 2, 1, 0)).toBe(6 * (130 + 853));
    expect(narrow.arrival("felix", 2, 0, 0, 1_250)).toBe(1_183);
  });

  test("shake hands in three round trips, and longer where something is lost", () => {
    expect(ways({ jitterUs: 0, loss: 1e-12 }).handshaken("bgp", 2, 0, 1_000)).toBe(1_000 + 6 * 130);
    const lossy = ways({ loss: 0.2 });
    const times = Array.from({ length: 50 }, (_, i) => lossy.handshaken("bgp", 2, 0, i) - i);
    expect(times.some((time) => time === 780)).toBe(true);
    expect(times.some((time) => time > 200_000)).toBe(true);
  });
});

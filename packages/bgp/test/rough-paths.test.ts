import { type Micros, type PathQuality, SECOND } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import type { FleetContext } from "../src/fleet/context.js";
import type { BirdListener, SegmentKind } from "../src/index.js";
import type { RoughPaths } from "../src/session/rough-paths.js";
import { END_OF_RIB, KEEPALIVE } from "../src/session/segments.js";
import type { Transport } from "../src/session/transport.js";
import { Mesh } from "./support.js";

/** What a capture on the cables shows. */
class Capture implements BirdListener {
  readonly segments: { from: number; to: number; what: SegmentKind; at: Micros }[] = [];
  onSession(): void {}
  onRecoveryDone(): void {}
  onSegment(from: number, to: number, what: SegmentKind, at: Micros): void {
    this.segments.push({ from, to, what, at });
  }

  /** When each segment of a kind left a node. */
  times(what: SegmentKind, from?: number): Micros[] {
    return this.segments
      .filter((s) => s.what === what && (from === undefined || s.from === from))
      .map(({ at }) => at);
  }
}

/** Two nodes of a mesh after half a minute, what went over the cable, and when node 0 had the route of node 1. */
function pair(seed: number, cable?: Partial<PathQuality>) {
  const capture = new Capture();
  const mesh = new Mesh(2, { seed, listener: capture, ...(cable && { cable }) });
  mesh.start().run(30);
  const learnt = mesh.diary.routes.find(
    ({ node, prefix }) => node === 0 && prefix === mesh.block(1, 0),
  );
  return { mesh, capture, learnt: learnt!.at };
}

/** The first seed whose run is as wanted. */
function seedWhere(cable: Partial<PathQuality>, wanted: (run: ReturnType<typeof pair>) => boolean) {
  for (let seed = 1; seed < 2_000; seed++) if (wanted(pair(seed, cable))) return seed;
  throw new Error("no such run");
}

const LOSSY = { loss: 0.05 } as const;
/** One way over the test's switch. */
const WAY = 50;

describe("a lossy cable", () => {
  test("a SYN that is lost once costs a second and the lateness of the kernel's timer", () => {
    const seed = seedWhere(
      LOSSY,
      ({ capture, learnt }) =>
        capture.times("syn-again").length === 1 &&
        // Nothing else was late.
        learnt - capture.times("update", 1)[0]! < 1_000,
    );
    const { capture } = pair(seed, LOSSY);
    const [first, again] = [capture.times("syn")[0]!, capture.times("syn-again")[0]!];
    expect(again - first).toBeGreaterThanOrEqual(SECOND);
    expect(again - first).toBeLessThanOrEqual(SECOND + 36_000);
    // Its answer, then the OPEN, follow as they do behind a SYN that is not lost.
    const clean = pair(seed).capture;
    const openAfter = (run: Capture, syn: Micros): Micros => run.times("open", 1)[0]! - syn;
    expect(openAfter(capture, again)).toBeCloseTo(openAfter(clean, clean.times("syn")[0]!), -3);
  });

  test("an UPDATE that is lost once is there two round trips and 206 ms later", () => {
    const way = ({ capture, learnt }: ReturnType<typeof pair>): Micros =>
      learnt - capture.times("update", 1)[0]!;
    const seed = seedWhere(LOSSY, (run) => way(run) > 200_000 && way(run) < 210_000);
    const late = pair(seed, LOSSY);
    // Between arrival and the kernel lies what the daemon does, which is the same.
    expect(way(late) - way(pair(seed))).toBeCloseTo(206_000 + 2 * 2 * WAY, -2);
    expect(late.mesh.complete()).toBe(true);
  });

  test("a cable that loses everything for a while holds everything up, as a cut does", () => {
    const mesh = new Mesh(2, { cable: { loss: 0.999_999 } });
    mesh.start().run(20);
    expect(mesh.bird.establishedEnds).toBe(0);
    mesh.switch.cable = {
      jitterUs: 0,
      bandwidthMbps: Number.POSITIVE_INFINITY,
      loss: 0,
      narrowest: -1,
    };
    mesh.run(10);
    expect(mesh.complete()).toBe(true);
  });
});

describe("a segment that waits for an acknowledgement", () => {
  /** How long after the second of three messages the third leaves, where the peer writes one before or behind it. */
  const wait = (
    order: "behind" | "before" | "after arrival",
    jitterUs: Micros,
  ): { readonly waited: Micros; readonly heardAfter: Micros } => {
    const { mesh, capture } = pair(1, {});
    const clean = mesh.switch.cable!;
    const { transport, x } = mesh.bird as unknown as {
      transport: Pick<Transport, "send"> & { readonly rough: RoughPaths };
      x: FleetContext;
    };
    const begin = mesh.engine.now;
    const say = (side: number): void => {
      mesh.run(0.001);
      x.t = mesh.engine.now;
      transport.send(side, END_OF_RIB);
    };
    // The peer answers the first at once: from then on it delays its acknowledgements.
    say(0);
    say(1);
    say(0);
    if (order === "behind") say(0);
    mesh.switch.cable = { ...clean, jitterUs };
    say(1);
    mesh.switch.cable = clean;
    if (order === "after arrival") mesh.run(0.002);
    if (order !== "behind") say(0);
    mesh.run(10);
    const [second, third] = capture
      .times("end-of-rib", 1)
      .filter((at) => at > begin)
      .slice(1);
    return { waited: third! - second!, heardAfter: transport.rough.lastArrival(1) - second! };
  };

  test("goes with the data that the peer sends meanwhile", () => {
    const { waited, heardAfter } = wait("behind", 0);
    expect(waited).toBe(heardAfter);
    expect(waited).toBeLessThan(5_000);
  });

  test("does not wait at all where data of the peer has brought the acknowledgement", () => {
    const { waited } = wait("after arrival", 0);
    // When it is sent: 1 ms after the second the peer wrote, 2 and 1 ms later this.
    expect(waited).toBe(4_000);
  });

  test.each(["behind", "before"] as const)(
    "goes when it is acknowledged, where data sent %s it comes later",
    (order) => {
      const { waited, heardAfter } = wait(order, 5 * SECOND);
      expect(heardAfter).toBeGreaterThan(100_000);
      expect(waited).toBeGreaterThan(40_000);
      expect(waited).toBeLessThan(49_000);
    },
  );
});

describe("keepalives over a cable that loses six packets in ten", () => {
  /** Session ends lost in two hours of six daemons. */
  const lost = (eventPerKeepalive: boolean): number => {
    const mesh = new Mesh(6, { seed: 3, cable: { loss: 0.6 }, eventPerKeepalive });
    return mesh.start().run(7_200).bird.lostEnds;
  };

  test("come too late for the hold time now and then, where each is a message", () => {
    expect(lost(true)).toBeGreaterThan(0);
  });

  test("never do in closed form", () => {
    expect(lost(false)).toBe(0);
  });
});

describe("a narrow cable", () => {
  test("carries a message in the time of its octets and headers, once the ones before are through", () => {
    // An OPEN of 63 octets and 66 of headers at 1 bit a microsecond.
    const { capture, mesh } = pair(1, { bandwidthMbps: 1 });
    const clean = pair(1).capture;
    expect(mesh.complete()).toBe(true);
    const answered = (c: Capture): Micros => c.times("keepalive", 0)[0]! - c.times("open", 1)[0]!;
    expect(answered(capture) - answered(clean)).toBe((63 + 66) * 8);
  });

  test("takes up a message when it has sent those before, of this connection alone", () => {
    const { mesh } = pair(1, { bandwidthMbps: 1 });
    const { rough } = (mesh.bird as unknown as { transport: { rough: RoughPaths } }).transport;
    const send = (side: number): Micros => rough.arrival(side, KEEPALIVE, 40 * SECOND, WAY);
    const each = (19 + 66) * 8;
    expect([send(0), send(0), send(1)]).toEqual(
      [each, 2 * each, each].map((wait) => 40 * SECOND + wait + WAY),
    );
  });
});

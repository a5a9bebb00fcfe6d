import type { Micros } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import type { BirdListener, SegmentKind } from "../src/index.js";
import { Mesh } from "./support.js";

/** What one node sent to its peer. */
class Capture implements BirdListener {
  readonly sent: { what: SegmentKind; at: Micros }[] = [];

  onSession(): void {
    // Not looked at here.
  }

  onRecoveryDone(): void {
    // Not looked at here.
  }

  onSegment(from: number, _to: number, what: SegmentKind, at: Micros): void {
    if (from === 0 && (what === "update" || what === "end-of-rib")) this.sent.push({ what, at });
  }
}

describe("the feed of a daemon with many blocks (law 3)", () => {
  test("goes step by step over several turns, and End-of-RIB behind", () => {
    const listener = new Capture();
    const mesh = new Mesh(2, { blocks: 1_200, listener }).start().run(10);
    expect(listener.sent.map(({ what }) => what)).toEqual([
      ...Array.from({ length: 5 }, () => "update"),
      "end-of-rib",
    ]);
    const times = listener.sent.slice(0, 5).map(({ at }) => at);
    // Two steps may leave in one segment where the first waits for an acknowledgement.
    expect(new Set(times).size).toBeGreaterThan(2);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    expect(mesh.bird.wire().update).toMatchObject({ reach: 10, nlri: 2_400, endOfRib: 2 });
  });

  test("begins anew on the next session when the process dies in the middle of it", () => {
    const listener = new Capture();
    const mesh = new Mesh(2, { blocks: 1_200, listener }).start();
    mesh.engine.run({ until: 10_000_000, predicate: () => listener.sent.length === 2 });
    mesh.bird.kill(0);
    listener.sent.length = 0;
    mesh.run(1).start([0]).run(20);
    expect(listener.sent.map(({ what }) => what)).toEqual([
      ...Array.from({ length: 5 }, () => "update"),
      "end-of-rib",
    ]);
    expect(mesh.bird.routes(1)).toHaveLength(2_400);
  });
});

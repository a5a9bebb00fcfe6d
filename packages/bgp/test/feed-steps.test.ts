import type { Micros } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import type { BirdListener, SegmentKind } from "../src/index.js";
import { Mesh, Peered } from "./support.js";

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

/** UPDATEs of one node to another. */
class Told implements BirdListener {
  count = 0;

  onSession(): void {
    // Not looked at here.
  }

  onRecoveryDone(): void {
    // Not looked at here.
  }

  onSegment(from: number, to: number, what: SegmentKind): void {
    if (from === 0 && to === 8 && what === "update") this.count++;
  }
}

// BIRD 1.6.8, a reflector with add-path and seven clients that have 259 prefixes each: it tells an eighth of 37 prefixes by each
// of the seven, then of the next 37, in 49 UPDATEs; three clients, 86 by each; five, 52. When it tells the table again, too.
test("a step of a feed ends with a whole prefix, however many paths lead there", () => {
  const listener = new Told();
  const lab = new Peered(9, { listener });
  const shared = lab.blocks(1, 259);
  for (let client = 1; client <= 8; client++) {
    lab.peer(0, client, { clusterId: 1 }, { passive: true });
    lab.bird.configure(client, { blocks: client === 8 ? [] : shared });
  }
  lab.bird.configure(0, { blocks: [] });
  lab.start([0, 1, 2, 3, 4, 5, 6, 7]).run(20).start([8]).run(20);
  expect(lab.bird.routes(8)).toHaveLength(259);
  expect(listener.count).toBe(49);
});

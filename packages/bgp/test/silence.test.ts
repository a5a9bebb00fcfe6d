import type { Micros } from "@calico-sim/core";
import { expect, test } from "vitest";
import type { BirdListener, SegmentKind } from "../src/index.js";
import { Mesh } from "./support.js";

/** Cuts all paths of a node, or heals them. */
function cut(mesh: Mesh, node: number, isCut: boolean): void {
  if (isCut) mesh.switch.cut.add(node);
  else mesh.switch.cut.delete(node);
  mesh.bird.pathsChanged();
}

test("a cut during which nobody had to send a keepalive sends none again when it heals", () => {
  const mesh = new Mesh(4).converged().run(1_000);
  cut(mesh, 3, true);
  const pending = mesh.engine.pendingForeground;
  cut(mesh, 3, false);
  expect(mesh.engine.pendingForeground).toBe(pending);
});

test("a keepalive that was lost in a cut comes again after it heals", () => {
  const mesh = new Mesh(4).converged().run(1_000);
  cut(mesh, 3, true);
  mesh.run(85);
  const pending = mesh.engine.pendingForeground;
  cut(mesh, 3, false);
  // Of each session both ends'.
  expect(mesh.engine.pendingForeground).toBe(pending + 6);
});

test("a host that has restarted without its daemon resets a peer at the peer's next keepalive", () => {
  const mesh = new Mesh(3).converged().run(1_000);
  mesh.bird.crash(2);
  mesh.run(1);
  mesh.bird.reboot(2);
  const left = mesh.bird.viewSession(0, 2)!.keepalive!.left;
  mesh.diary.forget();
  const from = mesh.engine.now;
  mesh.run(200);
  const [end] = mesh.diary.sessions.filter(({ node, peer }) => node === 0 && peer === 2);
  expect(mesh.since(from, end!.at) - left).toBeGreaterThanOrEqual(0);
  expect(mesh.since(from, end!.at) - left).toBeLessThan(1.1);
});

/** When a node's UPDATEs leave. */
class Wire implements BirdListener {
  readonly left: Micros[] = [];

  onSession(): void {}
  onRecoveryDone(): void {}

  onSegment(from: number, _to: number, what: SegmentKind, at: Micros): void {
    if (from === 0 && what === "update") this.left.push(at);
  }
}

// The time-out doubles from 200 ms (RFC 6298 §5.5): what is lost goes again after 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s.
test.each([
  ["one more change of many routes", 0],
  ["a change of the peer's", 1],
])("what a cut lost goes when its time-out is over, whatever comes first: %s", (_, who) => {
  const wire = new Wire();
  const mesh = new Mesh(2, { blocks: 1_000, listener: wire }).converged().run(300);
  cut(mesh, 1, true);
  wire.left.length = 0;
  const from = mesh.engine.now;
  mesh.bird.reconfigure(0, { blocks: mesh.blocks(0, 1_001) });
  mesh.run(7);
  cut(mesh, 1, false);
  mesh.run(1);
  mesh.bird.reconfigure(who, { blocks: mesh.blocks(who, 1_002) });
  mesh.run(10);
  expect(mesh.since(from, wire.left[0]!)).toBeGreaterThan(12.6);
  expect(mesh.since(from, wire.left[0]!)).toBeLessThan(12.61);
  expect(mesh.routesTo(1, 0)).toBe(1_000);
});

test("what is told after a path healed waits behind the keepalive that the cut lost", () => {
  const wire = new Wire();
  const mesh = new Mesh(2, { listener: wire }).converged().run(1_000);
  const from = mesh.engine.now;
  const lost = mesh.bird.viewSession(0, 1)!.keepalive!.left;
  cut(mesh, 1, true);
  mesh.run(85);
  cut(mesh, 1, false);
  const again = [0.2, 0.6, 1.4, 3, 6.2, 12.6, 25.4, 51, 102.2].find((wait) => lost + wait > 86)!;
  wire.left.length = 0;
  mesh.bird.reconfigure(0, { blocks: mesh.blocks(0, 2) });
  mesh.run(120);
  expect(mesh.since(from, wire.left[0]!) - lost - again).toBeGreaterThanOrEqual(0);
  expect(mesh.since(from, wire.left[0]!) - lost - again).toBeLessThan(1.1);
});

/** Of how many ends of a node the session is lost after a cut of a length has healed. */
function lostAfterHeal(seconds: number, eventPerKeepalive: boolean): number {
  let lost = 0;
  for (let seed = 1; seed <= 12; seed++) {
    let counts = false;
    const listener: BirdListener = {
      onSession: (_node, _peer, up) => {
        if (counts && !up) lost++;
      },
      onRecoveryDone: () => undefined,
    };
    const mesh = new Mesh(6, { eventPerKeepalive, listener, seed }).converged();
    mesh.run(500 + 17 * seed);
    cut(mesh, 2, true);
    mesh.run(seconds);
    cut(mesh, 2, false);
    counts = true;
    mesh.run(300);
  }
  return lost;
}

// A keepalive that was lost some 50 s after the cut goes after 51, 102 and 205 s: with the path healed between the last two it
// is too late for most hold times, which are over 180 to 240 s after what was heard last.
test.each([
  [90, 0, 2],
  [130, 50, 80],
])(
  "after a cut of %i s, %i to %i of 120 ends lose a session of which the next retransmission comes too late, in both forms of keepalives",
  (seconds, least, most) => {
    for (const eventPerKeepalive of [false, true]) {
      const lost = lostAfterHeal(seconds, eventPerKeepalive);
      expect(lost).toBeGreaterThanOrEqual(least);
      expect(lost).toBeLessThanOrEqual(most);
    }
  },
);

import { type Micros, SECOND } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import type { BirdListener } from "../src/index.js";
import { Mesh } from "./support.js";

/** When each direction of a mesh sent keepalives, as a capture shows them. */
class Capture implements BirdListener {
  readonly keepalives: Map<string, Micros[]> = new Map();
  readonly lost: { at: Micros; node: number; peer: number }[] = [];

  onSession(node: number, peer: number, up: boolean, at: Micros): void {
    if (!up) this.lost.push({ at, node, peer });
  }

  onRecoveryDone(): void {
    // Not looked at here.
  }

  onSegment(from: number, to: number, what: string, at: Micros): void {
    if (what !== "keepalive") return;
    const direction = `${from}-${to}`;
    const times = this.keepalives.get(direction);
    if (times === undefined) this.keepalives.set(direction, [at]);
    else times.push(at);
  }

  gaps(): number[] {
    return [...this.keepalives.values()].flatMap((times) =>
      times.slice(2).map((at, k) => (at - times[k + 1]!) / SECOND),
    );
  }
}

describe("keepalives and hold times as events", () => {
  test("a keepalive comes 60 to 80 s after the last, up to two wake-ups sooner or one later (law 13)", () => {
    const listener = new Capture();
    new Mesh(6, { eventPerKeepalive: true, listener }).start().run(3_000);
    const gaps = listener.gaps();
    expect(Math.min(...gaps)).toBeGreaterThan(57.9);
    expect(Math.max(...gaps)).toBeLessThan(81.3);
    const mean = gaps.reduce((x, y) => x + y, 0) / gaps.length;
    // Whole seconds 60 to 80 with a deviation of 6.06, about 1,280 of them, and a wake-up that may be late.
    expect(mean).toBeGreaterThan(69);
    expect(mean).toBeLessThan(71);
  });

  test("as many pass as are computed when nobody asks for events", () => {
    const sent = (eventPerKeepalive: boolean): number => {
      const mesh = new Mesh(5, { eventPerKeepalive }).start().run(7_200);
      return mesh.bird.wire().messages.keepalive;
    };
    const computed = sent(false);
    expect(Math.abs(sent(true) - computed)).toBeLessThan(0.02 * computed);
  });

  test("a silent cut is found when the hold time since the last keepalive is over (law 8 c)", () => {
    const listener = new Capture();
    const mesh = new Mesh(6, { eventPerKeepalive: true, listener }).start().run(500);
    const cut = mesh.engine.now;
    mesh.switch.cut.add(2);
    mesh.bird.pathsChanged();
    mesh.run(300);
    const found = listener.lost.map(({ at }) => (at - cut) / SECOND);
    expect(found).toHaveLength(2 * 5);
    expect(Math.min(...found)).toBeGreaterThan(98);
    expect(Math.max(...found)).toBeLessThan(242);
  });

  test("a cut that heals soon loses no session", () => {
    const listener = new Capture();
    const mesh = new Mesh(6, { eventPerKeepalive: true, listener }).start().run(500);
    mesh.switch.cut.add(2);
    mesh.run(20);
    mesh.switch.cut.clear();
    mesh.bird.pathsChanged();
    mesh.run(1_000);
    expect(listener.lost).toEqual([]);
  });

  test("the same seed gives the same history", () => {
    const digest = (): string =>
      new Mesh(3, { eventPerKeepalive: true }).start().run(300).engine.digest();
    expect(digest()).toBe(digest());
  });
});

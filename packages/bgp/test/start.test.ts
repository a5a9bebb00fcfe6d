import { SECOND } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { high, low, Mesh } from "./support.js";

const SEEDS = Array.from({ length: 40 }, (_, i) => i);

/** Seconds from the given start to the first establishment, per seed. */
function sessionTimes(first: number, second: number, gap: number): number[] {
  return SEEDS.map((seed) => {
    const mesh = new Mesh(2, { seed }).start([first]).run(gap);
    const from = mesh.engine.now;
    mesh.start([second]).run(5);
    return mesh.since(from, high(mesh.diary.sessions.map((s) => s.at)));
  });
}

describe("clock and timers (law 1) and session start (law 2)", () => {
  test("with both up at once the session is there two seconds after the start", () => {
    for (const seed of SEEDS) {
      const mesh = new Mesh(2, { seed }).start().run(5);
      expect(mesh.diary.sessions).toHaveLength(2);
      const at = high(mesh.diary.sessions.map((s) => mesh.since(0, s.at)));
      expect(at).toBeGreaterThan(1);
      expect(at).toBeLessThan(2.02);
    }
  });

  test("an opener that starts later waits its connect delay, undisturbed exactly two seconds", () => {
    const times = sessionTimes(0, 1, 3.3);
    expect(low(times)).toBeGreaterThan(2);
    expect(high(times)).toBeLessThan(2.02);
  });

  test("a passive end that starts later waits for the rest of the opener's two-second grid", () => {
    const times = sessionTimes(1, 0, 7.7);
    expect(low(times)).toBeGreaterThanOrEqual(0);
    expect(high(times)).toBeLessThan(2.05);
    const grid = new Mesh(2, { seed: 5 }).start([1]).run(20.5);
    grid.start([0]).run(3);
    expect(high(grid.diary.sessions.map((s) => s.at / SECOND)) % 2).toBeLessThan(0.05);
  });

  test("an opener woken by others connects in its second, between one and three seconds after its start", () => {
    const waits: number[] = [];
    for (const seed of SEEDS) {
      const mesh = new Mesh(5, { seed });
      for (const node of [4, 3, 2, 1]) mesh.start([node]).run(0.37);
      const from = mesh.engine.now - 0.37 * SECOND;
      mesh.start([0]).run(8);
      for (const s of mesh.diary.sessions)
        if (s.node === 1 && s.peer === 0) waits.push(mesh.since(from, s.at));
    }
    expect(low(waits)).toBeGreaterThan(1);
    expect(high(waits)).toBeLessThan(3.05);
    expect(high(waits) - low(waits)).toBeGreaterThan(0.5);
  });

  test("a daemon whose second ends while it starts connects a second early", () => {
    const mesh = new Mesh(2).start([0]).run(3.5);
    const from = mesh.engine.now;
    // The clock is read 1.3 ms after the start and ticks half a millisecond later.
    const clockPhase = SECOND - ((from + 1_800) % SECOND);
    mesh.start([1], { clockPhase }).run(4);
    expect(mesh.since(from, high(mesh.diary.sessions.map((s) => s.at)))).toBeCloseTo(1.01, 1);
  });

  test("a refused opener tries again every two seconds, without back-off (law 12)", () => {
    const mesh = new Mesh(2).start([1]).run(2).run(60);
    const { connects, refused, synSegments } = mesh.bird.wire().tcp;
    expect(connects).toBeGreaterThanOrEqual(29);
    expect(connects).toBeLessThanOrEqual(31);
    expect(refused).toBe(connects);
    expect(synSegments).toBe(connects);
    expect(mesh.bird.wire().messages.total).toBe(0);
  });

  test("a passive end alone sends nothing, ever (law 12)", () => {
    const mesh = new Mesh(2).start([0]).run(600);
    expect(mesh.bird.wire().tcp.synSegments).toBe(0);
  });

  test("an attempt without an answer is made anew every 4 or 5 s, a SYN a second (law 12)", () => {
    const mesh = new Mesh(2);
    mesh.switch.cut.add(0);
    mesh.start([1]).run(2).run(600);
    const { connects, synSegments } = mesh.bird.wire().tcp;
    expect(connects / 10).toBeGreaterThan(12.5);
    expect(connects / 10).toBeLessThan(14);
    expect(synSegments / 10).toBeGreaterThan(57);
    expect(synSegments / 10).toBeLessThan(62);
  });

  test("an absent peer leaves no trace that grows", () => {
    const mesh = new Mesh(2).start([1]).run(3_600);
    const state = mesh.bird as unknown as { x: { conns: { count: number } } };
    expect(state.x.conns.count).toBeLessThan(5);
  });
});

describe("messages of a start (law 3)", () => {
  test.each([2, 3, 5, 10, 40])("a mesh of %i nodes sends 4 N (N − 1) messages", (n) => {
    const mesh = new Mesh(n, { seed: n }).converged();
    const { messages, bytes, update, tcp } = mesh.bird.wire();
    const directions = n * (n - 1);
    expect(messages).toEqual({
      open: directions,
      keepalive: directions,
      update: 2 * directions,
      notification: 0,
      routeRefresh: 0,
      total: 4 * directions,
    });
    expect(bytes.total).toBe((149 + 9) * directions);
    expect(update).toEqual({
      reach: directions,
      nlri: directions,
      withdraw: 0,
      withdrawn: 0,
      endOfRib: directions,
    });
    expect(tcp.accepted).toBe(directions / 2);
    expect(mesh.complete()).toBe(true);
  });

  test("a node's blocks share one UPDATE: 149 + 9 k bytes a direction, 105 with none", () => {
    const bytes = (blocks: number): number =>
      new Mesh(3, { blocks }).converged().bird.wire().bytes.total / 6;
    expect(bytes(7)).toBe(149 + 9 * 7);
    expect(bytes(0)).toBe(105);
  });

  test("without add-path an OPEN is 57 bytes and a prefix 5", () => {
    const wire = new Mesh(3, { blocks: 2, addPath: false }).converged().bird.wire();
    expect(wire.bytes.open).toBe(6 * 57);
    expect(wire.bytes.total).toBe(6 * (149 - 6 + 5 * 2));
  });

  test.each([
    [255, [255]],
    [300, [255, 45]],
    [1_200, [255, 256, 256, 256, 177]],
  ])("%i blocks leave in steps of the feed", (blocks, steps) => {
    const wire = new Mesh(2, { blocks }).converged().bird.wire();
    expect(wire.update.reach).toBe(2 * steps.length);
    expect(wire.update.nlri).toBe(2 * blocks);
    expect(wire.bytes.update).toBe(2 * (44 * steps.length + 9 * blocks + 23));
  });
});

describe("kernel programming waits for every peer (law 4)", () => {
  test("a node's routes appear all at once, when its slowest session is up", () => {
    const mesh = new Mesh(4).start([0, 1, 2]).run(5).start([3]).run(5);
    const last = high(mesh.diary.sessions.map((s) => s.at));
    const routes = mesh.diary.routes.filter((r) => r.node < 3);
    expect(low(routes.map((r) => r.at))).toBeGreaterThan(6 * SECOND);
    expect(high(routes.map((r) => r.at)) - last).toBeLessThan(1.1 * SECOND);
  });

  test.each([
    [undefined, 240],
    [20, 20],
  ])(
    "a peer that never comes keeps every route out until graceful restart wait ends (%s)",
    (wait, seconds) => {
      const timers = wait === undefined ? {} : { gracefulRestartWait: wait };
      const mesh = new Mesh(5, { timers }).start([0, 1, 2, 3]).run(seconds + 10);
      expect(mesh.complete([0, 1, 2, 3])).toBe(true);
      const times = mesh.diary.routes.map((r) => mesh.since(0, r.at));
      expect(low(times)).toBeGreaterThan(seconds - 1);
      expect(high(times)).toBeLessThan(seconds + 2.1);
      expect(mesh.bird.wire().messages.update).toBe(2 * 12);
    },
  );

  test("without recovery routes are programmed as they arrive", () => {
    const mesh = new Mesh(5).start([0, 1, 2, 3], { recover: false }).run(5);
    expect(mesh.complete([0, 1, 2, 3])).toBe(true);
    expect(high(mesh.diary.routes.map((r) => mesh.since(0, r.at)))).toBeLessThan(2.1);
  });
});

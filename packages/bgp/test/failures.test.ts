import type { Micros } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { high, low, Mesh } from "./support.js";

const SEEDS = [1, 2, 3, 4, 5];

/** Seconds from a fault to the deletion of the victim's routes at the others. */
function deletions(mesh: Mesh, victim: number, from: Micros): number[] {
  return mesh.diary.routes
    .filter((r) => r.node !== victim && !r.added)
    .map((r) => mesh.since(from, r.at));
}

describe("SIGKILL (law 8 a)", () => {
  test.each(SEEDS)(
    "peers keep the routes for the restart time and up to 2.7 s more (seed %i)",
    (seed) => {
      const mesh = new Mesh(6, { seed, timers: { gracefulRestart: 10 } }).converged();
      const from = mesh.engine.now;
      mesh.diary.forget();
      mesh.bird.kill(2);
      mesh.run(30);
      const gone = deletions(mesh, 2, from);
      expect(gone).toHaveLength(5);
      expect(low(gone)).toBeGreaterThan(9.9);
      expect(high(gone)).toBeLessThan(12.8);
      const lost = mesh.diary.sessions.filter((s) => !s.up && s.node !== 2);
      expect(high(lost.map((s) => mesh.since(from, s.at)))).toBeLessThan(0.015);
      expect(mesh.routesTo(2, 3)).toBe(1);
    },
  );

  test("a restart within the restart time deletes no route anywhere (law 8 d)", () => {
    for (const seed of SEEDS) {
      const mesh = new Mesh(6, { seed }).converged();
      mesh.diary.forget();
      mesh.bird.kill(2);
      mesh.run(3).start([2]).run(20);
      expect(mesh.diary.routes).toEqual([]);
      expect(mesh.complete()).toBe(true);
      expect(mesh.bird.establishedEnds).toBe(30);
    }
  });

  test("a restart after the restart time brings the routes back at restart + 3.1 s (law 8 d)", () => {
    const mesh = new Mesh(6, { timers: { gracefulRestart: 10 } }).converged();
    mesh.bird.kill(2);
    mesh.run(20);
    mesh.diary.forget();
    const from = mesh.engine.now;
    mesh.start([2]).run(10);
    const back = mesh.diary.routes.filter((r) => r.node !== 2 && r.added);
    expect(back).toHaveLength(5);
    expect(low(back.map((r) => mesh.since(from, r.at)))).toBeGreaterThan(2);
    expect(high(back.map((r) => mesh.since(from, r.at)))).toBeLessThan(4.2);
    expect(mesh.complete()).toBe(true);
  });

  test("a block that the restarted node no longer has goes with its End-of-RIB", () => {
    const mesh = new Mesh(4, { blocks: 2 }).converged();
    mesh.bird.kill(1);
    mesh.bird.configure(1, { blocks: mesh.blocks(1, 1) });
    mesh.run(2).start([1]).run(15);
    expect(mesh.others(1).map((i) => mesh.routesTo(i, 1))).toEqual([1, 1, 1]);
    expect(mesh.kernels.best(1, mesh.block(1, 1))).toBe(0);
  });
});

describe("SIGTERM (law 8 b)", () => {
  test("removes the routes everywhere at once, and the victim keeps its own", () => {
    const mesh = new Mesh(6).converged();
    const from = mesh.engine.now;
    mesh.diary.forget();
    mesh.bird.terminate(2);
    mesh.run(5);
    const gone = deletions(mesh, 2, from);
    expect(gone).toHaveLength(5);
    expect(high(gone)).toBeLessThan(0.021);
    expect(mesh.bird.wire().messages.notification).toBe(5);
    expect(mesh.routesTo(2, 3)).toBe(1);
  });
});

describe("silent cut (law 8 c)", () => {
  test.each([
    [240, 80, 100, 242],
    [30, 10, 12, 32],
    [9, 3, 3, 11],
  ])("only the hold time helps: hold %i s", (hold, keepalive, atLeast, atMost) => {
    const gone: number[] = [];
    for (const seed of SEEDS) {
      const mesh = new Mesh(8, { seed, timers: { hold, keepalive } })
        .converged()
        .run(100 + 7 * seed);
      const from = mesh.engine.now;
      mesh.diary.forget();
      mesh.switch.cut.add(3);
      mesh.bird.pathsChanged();
      mesh.run(300);
      gone.push(...deletions(mesh, 3, from));
      expect(mesh.bird.isEstablished(0, 3)).toBe(false);
      expect(mesh.bird.isEstablished(3, 0)).toBe(false);
    }
    expect(gone).toHaveLength(7 * SEEDS.length);
    expect(low(gone)).toBeGreaterThan(atLeast);
    expect(high(gone)).toBeLessThan(atMost);
    expect(high(gone) - low(gone)).toBeGreaterThan(hold / 4);
  });

  test("a cut that heals in time is not noticed", () => {
    const mesh = new Mesh(4).converged();
    mesh.diary.forget();
    mesh.switch.cut.add(3);
    mesh.bird.pathsChanged();
    mesh.run(20);
    mesh.switch.cut.delete(3);
    mesh.bird.pathsChanged();
    mesh.run(1_000);
    expect(mesh.diary.sessions).toEqual([]);
    expect(mesh.diary.routes).toEqual([]);
  });

  test("after it heals late the mesh is whole again", () => {
    const mesh = new Mesh(4).converged();
    mesh.switch.cut.add(3);
    mesh.bird.pathsChanged();
    mesh.run(400);
    mesh.switch.cut.delete(3);
    mesh.bird.pathsChanged();
    mesh.run(60);
    expect(mesh.complete()).toBe(true);
    expect(mesh.bird.establishedEnds).toBe(12);
  });
});

describe("reboot (law 8 e)", () => {
  test.each(SEEDS)(
    "of a host whose sessions are still up at the peers deletes nothing there (seed %i)",
    (seed) => {
      const mesh = new Mesh(6, { seed }).converged();
      mesh.diary.forget();
      mesh.bird.crash(2);
      mesh.run(10);
      mesh.kernels.clear(2);
      mesh.bird.reboot(2);
      mesh.start([2]).run(120);
      expect(mesh.diary.routes.filter((r) => r.node !== 2)).toEqual([]);
      expect(mesh.bird.establishedEnds).toBe(30);
      expect(mesh.complete()).toBe(true);
    },
  );

  test("of a host that a peer's segments do not reach is noticed by the hold time, or by a reset once they do", () => {
    const lostAt = (healed: boolean): number => {
      const mesh = new Mesh(3).converged();
      mesh.switch.lost.add("0>2");
      mesh.bird.pathsChanged();
      mesh.bird.crash(2);
      mesh.run(10);
      const from = mesh.engine.now;
      mesh.bird.reboot(2);
      mesh.run(10);
      if (healed) mesh.switch.lost.clear();
      mesh.bird.pathsChanged();
      mesh.diary.forget();
      mesh.run(300);
      const [end] = mesh.diary.sessions.filter(({ node, peer }) => node === 0 && peer === 2);
      return mesh.since(from, end!.at);
    };
    expect(lostAt(false)).toBeGreaterThan(160);
    expect(lostAt(true)).toBeLessThan(100);
  });

  test("a host that stays away is noticed like a silent cut", () => {
    const mesh = new Mesh(5).converged().run(100);
    const from = mesh.engine.now;
    mesh.diary.forget();
    mesh.bird.crash(2);
    mesh.run(260);
    expect(low(deletions(mesh, 2, from))).toBeGreaterThan(100);
    expect(mesh.others(2).map((i) => mesh.routesTo(i, 2))).toEqual([0, 0, 0, 0]);
  });
});

import { MILLISECOND } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { high, low, Mesh } from "./support.js";

/** The usual 300 ms × 3: a detection time of 900 ms, less the age of the last packet. */
const bfd = { interval: 300 * MILLISECOND, multiplier: 3 };

/** Seconds from now until the routes of node 2 are gone at the others, after `fault`. */
function gone(mesh: Mesh, fault: (mesh: Mesh) => void, seconds: number): number[] {
  const from = mesh.engine.now;
  mesh.diary.forget();
  fault(mesh);
  mesh.run(seconds);
  return mesh.diary.routes
    .filter((route) => route.node !== 2 && !route.added)
    .map((route) => mesh.since(from, route.at));
}

function cut(mesh: Mesh): void {
  mesh.switch.cut.add(2);
  mesh.bird.pathsChanged();
}

describe("BFD, a what-if", () => {
  test.each([false, true])(
    "finds a silent cut within its detection time, which the hold time needs minutes for (keepalives as events: %s)",
    (eventPerKeepalive) => {
      const times = gone(new Mesh(5, { bfd, eventPerKeepalive }).converged(), cut, 5);
      expect(times).toHaveLength(4);
      expect(low(times)).toBeGreaterThan(0.6);
      expect(high(times)).toBeLessThanOrEqual(0.9);
      expect(gone(new Mesh(5, { eventPerKeepalive }).converged(), cut, 5)).toEqual([]);
    },
  );

  test("ends graceful restart: a killed BIRD's routes go before it is back", () => {
    const kill = (mesh: Mesh): void => mesh.bird.kill(2);
    const mesh = new Mesh(5, { bfd }).converged();
    expect(gone(mesh, kill, 5)).toHaveLength(4);
    expect(gone(new Mesh(5).converged(), kill, 5)).toEqual([]);
    mesh.start([2]).run(20);
    expect(mesh.complete()).toBe(true);
  });

  test.each([false, true])(
    "does not mind a cut that is shorter than its detection time (keepalives as events: %s)",
    (eventPerKeepalive) => {
      const mesh = new Mesh(5, { bfd, eventPerKeepalive }).converged();
      const times = gone(
        mesh,
        () => {
          cut(mesh);
          mesh.run(0.5);
          mesh.switch.cut.delete(2);
          mesh.bird.pathsChanged();
        },
        400,
      );
      expect(times).toEqual([]);
      expect(mesh.bird.establishedEnds).toBe(20);
    },
  );

  test("takes three packets lost in a row for a cut: the more is lost, the more often", () => {
    const alarms = [0, 0.01, 0.1, 0.2].map(
      (loss) => new Mesh(4, { bfd, cable: { loss } }).start().run(3_600).bird.lostEnds,
    );
    // An hour holds 13,714 packets to each of 12 ends: p³ (1 − p) of them begin such a run, while the session is up.
    expect(alarms.slice(0, 2)).toEqual([0, 0]);
    expect(alarms[2]! / (13_714 * 12 * 0.1 ** 3 * 0.9)).toBeGreaterThan(0.5);
    expect(alarms[2]! / (13_714 * 12 * 0.1 ** 3 * 0.9)).toBeLessThan(2.1);
    expect(alarms[3]).toBeGreaterThan(alarms[2]!);
  });

  test("minds a cable that turns bad, until it is mended", () => {
    const mesh = new Mesh(4, { bfd, cable: {} }).converged();
    const turn = (loss: number): number => {
      mesh.switch.cable = { ...mesh.switch.cable!, loss };
      mesh.bird.pathsChanged();
      const before = mesh.bird.lostEnds;
      mesh.run(600);
      return mesh.bird.lostEnds - before;
    };
    expect([turn(0), turn(0.2) > 0]).toEqual([0, true]);
    turn(0);
    expect(turn(0)).toBe(0);
    expect(mesh.bird.establishedEnds).toBe(12);
  });

  test("draws anew only where another share is lost, and so for nobody else", () => {
    const history = (disturb: (mesh: Mesh) => void): unknown[] => {
      const mesh = new Mesh(4, { bfd, cable: { loss: 0.1 } }).start();
      for (let minute = 0; minute < 30; minute++) {
        mesh.run(60);
        disturb(mesh);
      }
      return mesh.diary.sessions;
    };
    const undisturbed = history(() => {});
    expect(undisturbed.length).toBeGreaterThan(24);
    const slower = (mesh: Mesh): void => {
      mesh.switch.cable = { ...mesh.switch.cable!, jitterUs: 0 };
      mesh.bird.pathsChanged();
    };
    expect(history(slower)).toEqual(undisturbed);
  });

  test("keeps no run from coming to rest, however often its path was cut", () => {
    const mesh = new Mesh(4, { bfd, cable: { loss: 0.01 } }).start().run(300);
    expect(mesh.engine.pendingForeground).toBe(0);
    for (let i = 0; i < 50; i++) {
      cut(mesh);
      mesh.run(0.1);
      mesh.switch.cut.delete(2);
      mesh.bird.pathsChanged();
      mesh.run(1);
    }
    mesh.run(300);
    expect(mesh.bird.establishedEnds).toBe(12);
    expect(mesh.engine.pendingForeground).toBe(0);
    expect(mesh.engine.pending).toBeLessThan(50);
  });

  test("lets a session come up again after the error wait", () => {
    const mesh = new Mesh(5, { bfd }).converged();
    gone(mesh, cut, 5);
    mesh.switch.cut.delete(2);
    mesh.bird.pathsChanged();
    mesh.run(60);
    expect(mesh.bird.establishedEnds).toBe(20);
    expect(mesh.complete()).toBe(true);
  });
});

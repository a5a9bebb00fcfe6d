import { describe, expect, test } from "vitest";
import { SharedCores } from "../src/index.js";

const MILLISECOND = 1_000;

/** A daemon that was woken and has a core from now until a time. */
function running(cores: SharedCores, daemon: number, now: number, until: number): void {
  cores.wake(daemon, now, true);
  expect(cores.next(now)).toBe(daemon);
  cores.occupy(daemon, now, until);
}

describe("cores that daemons share", () => {
  test("one that goes on keeps its core, whoever else was woken meanwhile", () => {
    const cores = new SharedCores(1, 0);
    running(cores, 0, 0, 50);
    cores.wake(1, 10, false);
    cores.requeue(0);
    expect(cores.next(50)).toBe(0);
  });

  test("but not for longer than a tick", () => {
    const cores = new SharedCores(1, 0);
    running(cores, 0, 0, 5 * MILLISECOND);
    cores.wake(1, 10, false);
    cores.requeue(0);
    expect(cores.next(5 * MILLISECOND)).toBe(1);
  });

  test("a timer that comes up ends the sleep of all whose own is nearly up", () => {
    const cores = new SharedCores(1, 0);
    cores.sleep(0, 1_000);
    cores.sleep(1, 2_000);
    cores.sleep(2, 900);
    expect(cores.wakenBy(1_000)).toEqual([0, 2]);
    expect(cores.wakenBy(1_000)).toEqual([]);
  });

  test("a core that stood idle takes a daemon at once that a timer woke, and one that a message woke when it has waited", () => {
    const cores = new SharedCores(2, 0);
    running(cores, 0, 1_000, 5_000);
    cores.wake(1, 1_010, false);
    expect(cores.next(1_010)).toBe(-1);
    cores.wake(2, 1_020, true);
    expect(cores.next(1_020)).toBe(2);
    cores.occupy(2, 1_020, 1_030);
    // It has just let go of one.
    expect(cores.next(1_030)).toBe(1);
  });

  test("a core that other work has always is as good as none", () => {
    const cores = new SharedCores(2, 0, { taken: 1, seed: 7 });
    running(cores, 0, 0, 5_000);
    cores.wake(1, 10, true);
    expect(cores.next(20)).toBe(-1);
    expect(cores.nextFree(20)).toBe(5_000);
  });
});

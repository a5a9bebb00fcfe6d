import { SECOND } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { type BirdListener, type NodeDelay, SharedCores } from "../src/index.js";
import { Mesh } from "./support.js";

/** Namespaces of one machine: what is sent is there before the sender's turn is over. */
const ONE_MACHINE: NodeDelay = { delay: () => 2 };

/**
 * Two nodes that both open, on one machine. Node 1 starts 0.3 s later; its clock is such that its connect delay
 * is over when node 0 connects, but it would wake 0.3 s after that.
 */
function twoActiveEnds(cores: SharedCores): Mesh {
  const mesh = new Mesh(2, { sharedCores: cores, path: ONE_MACHINE });
  for (const node of mesh.all())
    mesh.bird.configure(node, { add: mesh.others(node).map((peer) => ({ peer, passive: false })) });
  mesh.start([0], { clockPhase: 0.1 * SECOND }).run(0.3);
  return mesh.start([1], { clockPhase: 0.6 * SECOND });
}

describe("two active ends on one machine (law 9)", () => {
  test("one that a connection wakes while its own is due reads an OPEN before its own is answered, and gives its own up", () => {
    const mesh = twoActiveEnds(new SharedCores(1, 0)).run(2.5);
    // Node 0 finds the connection that node 1 gave up when its session is up, and takes it for a restart.
    expect(mesh.diary.sessions.map(({ node, up }) => ({ node, up }))).toEqual([
      { node: 0, up: true },
      { node: 0, up: false },
    ]);
    expect(mesh.bird.wire().messages.notification).toBe(0);
  });

  test("so they meet again every two seconds", () => {
    const mesh = twoActiveEnds(new SharedCores(1, 0)).run(9);
    const lost = mesh.diary.sessions
      .filter(({ up }) => !up)
      .map(({ at }) => Math.round(at / SECOND));
    expect(lost).toEqual([2, 4, 6, 8]);
    expect(mesh.bird.wire().tcp.connects).toBe(8);
  });

  test("those that one timer wakes on two cores both get through, and one connection is sent away with a Cease", () => {
    const mesh = new Mesh(2, { sharedCores: new SharedCores(2, 0), path: ONE_MACHINE });
    for (const node of mesh.all())
      mesh.bird.configure(node, {
        add: mesh.others(node).map((peer) => ({ peer, passive: false })),
      });
    mesh.start(mesh.all(), { clockPhase: 0.1 * SECOND }).run(3);
    expect(mesh.bird.wire().messages.notification).toBeGreaterThan(0);
    expect(mesh.diary.sessions.filter(({ up }) => !up)).toEqual([]);
    expect(mesh.complete()).toBe(true);
  });
});

describe("the order of a daemon's timers", () => {
  test("peers are connected to as they are configured at first, and the other way round after all refused", () => {
    const order: number[] = [];
    const listener: BirdListener = {
      onSession: () => undefined,
      onRecoveryDone: () => undefined,
      onConnecting: (_node, peer) => order.push(peer),
    };
    const mesh = new Mesh(4, { listener });
    mesh.start([3]).run(5);
    expect(order).toEqual([0, 1, 2, 2, 1, 0]);
  });
});

import { SECOND } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { high, low, Mesh } from "./support.js";

/** Messages and bytes on the wire since a point. */
function onWire(mesh: Mesh): () => { messages: number; bytes: number; withdrawn: number } {
  const before = mesh.bird.wire();
  return () => {
    const after = mesh.bird.wire();
    return {
      messages:
        after.messages.total -
        after.messages.keepalive -
        (before.messages.total - before.messages.keepalive),
      bytes:
        after.bytes.total - after.bytes.keepalive - (before.bytes.total - before.bytes.keepalive),
      withdrawn: after.update.withdrawn - before.update.withdrawn,
    };
  };
}

/** Joins one more node to a converged mesh; seconds until everybody else has its block. */
function join(mesh: Mesh, lead: number): { node: number; from: number } {
  const node = mesh.addNode();
  const from = mesh.engine.now;
  for (const i of mesh.others(node))
    mesh.bird.reconfigure(i, { add: [{ peer: node, passive: true }] });
  mesh.run(lead);
  mesh.configure(node);
  mesh.start([node]);
  return { node, from };
}

describe("join (law 5)", () => {
  test.each([1, 2, 3])("everybody has the new block 3.05 s after the change (seed %i)", (seed) => {
    const mesh = new Mesh(9, { seed }).converged();
    mesh.diary.forget();
    const { node, from } = join(mesh, 0);
    mesh.run(10);
    const sessions = mesh.diary.sessions.map((s) => mesh.since(from, s.at));
    const last = high(sessions);
    expect(mesh.diary.sessions.every((s) => s.up && (s.node === node || s.peer === node))).toBe(
      true,
    );
    const others = mesh.diary.routes.filter((r) => r.node !== node);
    expect(others).toHaveLength(9);
    for (const r of others) {
      expect(mesh.since(from, r.at) - last).toBeGreaterThan(1.0);
      expect(mesh.since(from, r.at) - last).toBeLessThan(1.1);
    }
    const own = mesh.diary.routes.filter((r) => r.node === node);
    expect(low(own.map((r) => mesh.since(from, r.at))) - last).toBeGreaterThan(1.0);
  });

  test("a new session costs 8 messages and disturbs no other", () => {
    const mesh = new Mesh(9).converged();
    const since = onWire(mesh);
    const keepalives = mesh.bird.wire().messages.keepalive;
    join(mesh, 0);
    mesh.run(10);
    const sessions = 9;
    expect(since().messages + mesh.bird.wire().messages.keepalive - keepalives).toBe(8 * sessions);
    expect(mesh.bird.lostEnds).toBe(0);
  });

  test("with one configured peer down nobody hears of the block until graceful restart wait ends", () => {
    const mesh = new Mesh(5, { timers: { gracefulRestartWait: 20 } }).converged();
    mesh.bird.kill(2);
    mesh.run(1);
    mesh.diary.forget();
    const { node, from } = join(mesh, 0);
    mesh.run(30);
    const first = mesh.diary.routes.filter((r) => r.prefix === mesh.block(node, 0) && r.added);
    expect(low(first.map((r) => mesh.since(from, r.at)))).toBeGreaterThan(19);
    expect(high(first.map((r) => mesh.since(from, r.at)))).toBeLessThan(22.5);
  });
});

describe("block added or removed in steady state (law 6)", () => {
  const N = 10;
  const T = N - 1;

  test("a new block: five messages a peer, and everything else withdrawn for nothing", () => {
    const mesh = new Mesh(N).converged();
    const since = onWire(mesh);
    mesh.diary.forget();
    const from = mesh.engine.now;
    mesh.bird.reconfigure(4, { blocks: mesh.blocks(4, 2) });
    mesh.run(2);
    const perPeer = 23 + (44 + 9) + (23 + 9 * T + 8) + (44 + 9 * 2) + 23;
    expect(since()).toEqual({
      messages: 5 * (N - 1),
      bytes: perPeer * (N - 1),
      withdrawn: (T + 1) * (N - 1),
    });
    expect(mesh.diary.routes.map((r) => [r.prefix, r.added])).toEqual(
      mesh.all().map(() => [mesh.block(4, 1), true]),
    );
    for (const r of mesh.diary.routes) expect(mesh.since(from, r.at)).toBeLessThan(0.06);
  });

  test("a block taken away: five messages a peer with one left, four with none", () => {
    const mesh = new Mesh(N, { blocks: 2 }).converged();
    const one = onWire(mesh);
    mesh.bird.reconfigure(4, { blocks: mesh.blocks(4, 1) });
    mesh.run(2);
    const others = 23 + 9 * 2 * T + 8;
    expect(one().messages).toBe(5 * (N - 1));
    expect(one().bytes).toBe((23 + (23 + 9) + others + (44 + 9) + 23) * (N - 1));
    const none = onWire(mesh);
    mesh.bird.reconfigure(4, { blocks: [] });
    mesh.run(2);
    expect(none().messages).toBe(4 * (N - 1));
    expect(mesh.all().every((i) => mesh.kernels.best(i, mesh.block(4, 0)) === 0)).toBe(true);
  });

  test("a configuration that changes nothing sends nothing", () => {
    const mesh = new Mesh(4).converged();
    const since = onWire(mesh);
    mesh.bird.reconfigure(1, { blocks: mesh.blocks(1) });
    mesh.run(2);
    expect(since().messages).toBe(0);
  });

  test("a peer that leaves the configuration is told, and its routes go", () => {
    const mesh = new Mesh(3).converged();
    mesh.bird.reconfigure(0, { remove: [1] });
    mesh.run(1);
    expect(mesh.bird.isEstablished(0, 1)).toBe(false);
    expect(mesh.bird.isEstablished(0, 2)).toBe(true);
    expect(mesh.routesTo(0, 1)).toBe(0);
    expect(mesh.bird.wire().messages.notification).toBe(1);
  });
});

describe("idle sessions (law 13)", () => {
  test("send a keepalive every 60 to 80 s in each direction", () => {
    const mesh = new Mesh(8).converged();
    const before = mesh.bird.wire().messages.keepalive;
    const { events } = mesh.engine.run({ until: mesh.engine.now + 7_000 * SECOND });
    const sent = mesh.bird.wire().messages.keepalive - before;
    // What is left are timers that were overtaken, not keepalives.
    expect(events).toBeLessThan(2 * 8);
    expect(sent / (8 * 7)).toBeGreaterThan(7_000 / 80 - 1);
    expect(sent / (8 * 7)).toBeLessThan(7_000 / 60 + 1);
    expect(sent / (8 * 7)).toBeCloseTo(100, -1);
  });
});

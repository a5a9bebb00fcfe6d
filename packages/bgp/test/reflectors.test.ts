import { describe, expect, test } from "vitest";
import { Peered } from "./support.js";

const CLUSTER = 0xf400_0001;

/**
 * Reflectors first, then clients, which never open so that no connections collide. Reflectors open to
 * clients, and among themselves the one with the greater number does.
 */
function reflected(
  reflectors: number,
  clients: number,
  clusterOf: (reflector: number) => number = () => CLUSTER,
): Peered {
  const lab = new Peered(reflectors + clients);
  for (let r = 0; r < reflectors; r++) {
    for (let other = r + 1; other < reflectors; other++) lab.peer(other, r, {}, { passive: true });
    for (let c = reflectors; c < reflectors + clients; c++)
      lab.peer(r, c, { clusterId: clusterOf(r) }, { passive: true });
  }
  return lab;
}

describe("route reflection (RFC 4456)", () => {
  test("clients learn of each other through the reflector, with the originator as next hop", () => {
    const lab = reflected(1, 4).converged();
    expect(lab.complete()).toBe(true);
    expect(lab.nextHops(1, 3)).toEqual([3]);
    const [path] = lab.bird.paths(1, lab.block(3, 0));
    expect(path?.from).toBe(0);
    expect(path?.attributes.originatorId).toBe(4);
    expect(path?.attributes.clusterList).toEqual([CLUSTER]);
  });

  test("a reflector that shares no cluster id passes routes between any two that are not clients only of others", () => {
    const lab = reflected(2, 3, (r) => CLUSTER + r).converged();
    expect(lab.complete()).toBe(true);
    // Each path over either reflector, and what each reflector has from the other beside its own.
    expect(lab.learntFrom(2, 3).filter((from) => from === 0).length).toBe(2);
  });

  test("clients hold one path for each reflector of a shared cluster id (law 10)", () => {
    const lab = reflected(2, 4).converged();
    expect(lab.complete()).toBe(true);
    expect(lab.learntFrom(2, 5)).toEqual([0, 1]);
    expect(lab.nextHops(2, 5)).toEqual([5, 5]);
    // Reflectors take each other's reflected copies, and pass them to nobody.
    expect(lab.learntFrom(0, 5)).toEqual([5, 1]);
  });

  test("a clean start: each reflector tells every client one UPDATE for each origin (law 10)", () => {
    const [R, C] = [2, 5];
    const lab = reflected(R, C).converged();
    const { update } = lab.bird.wire();
    // Clients announce themselves to R reflectors; a reflector tells each client of the C − 1 others, of the
    // R − 1 other reflectors and of itself, and each other reflector of C clients and itself.
    const fromClients = C * R;
    const toClients = R * C * (C - 1 + (R - 1) + 1);
    const amongReflectors = R * (R - 1) * (C + 1);
    expect(update.reach).toBe(fromClients + toClients + amongReflectors);
    expect(update.nlri).toBe(update.reach);
    expect(update.withdraw).toBe(0);
  });

  test.each([
    [6, 1],
    [10, 2],
    [5, 3],
  ])(
    "a block added at one of %i clients of %i reflectors costs 5 R + R (C − 1 + R − 1) messages (law 10)",
    (C, R) => {
      const lab = reflected(R, C).converged();
      const before = lab.bird.wire().messages;
      const client = R + 2;
      lab.bird.reconfigure(client, { blocks: lab.blocks(client, 2) });
      lab.run(2);
      const after = lab.bird.wire().messages;
      const expected = 5 * R + R * (C - 1 + R - 1);
      expect(after.total - after.keepalive - (before.total - before.keepalive)).toBe(expected);
      expect(lab.all().every((i) => lab.kernels.best(i, lab.block(client, 1)) !== 0)).toBe(true);
      lab.bird.reconfigure(client, { blocks: lab.blocks(client, 1) });
      lab.run(2);
      const last = lab.bird.wire().messages;
      expect(last.total - last.keepalive - (after.total - after.keepalive)).toBe(expected);
      expect(lab.all().every((i) => lab.kernels.best(i, lab.block(client, 1)) === 0)).toBe(true);
    },
  );

  test("the second reflector's copy makes the kernel delete and add the route (law 10)", () => {
    const lab = reflected(2, 3).start([0, 2, 3, 4], { recover: false }).run(10);
    expect(lab.nextHops(2, 3)).toEqual([3]);
    lab.diary.forget();
    lab.start([1], { recover: false }).run(10);
    expect(lab.nextHops(2, 3)).toEqual([3, 3]);
    const changes = lab.diary.routes.filter((r) => r.node === 2 && r.prefix === lab.block(3, 0));
    expect(changes.map((r) => r.added)).toEqual([false, true]);
  });

  test("a reflector lost by SIGTERM: clients replace routes within milliseconds, all of them gone without another", () => {
    const pair = reflected(2, 4).converged();
    pair.diary.forget();
    const from = pair.engine.now;
    pair.bird.terminate(0);
    pair.run(1);
    for (const change of pair.diary.routes) expect(pair.since(from, change.at)).toBeLessThan(0.03);
    expect(pair.complete([2, 3, 4, 5])).toBe(true);
    const single = reflected(1, 4).converged();
    single.bird.terminate(0);
    single.run(1);
    expect([2, 3, 4].map((other) => single.routesTo(1, other))).toEqual([0, 0, 0]);
  });

  test("two reflectors with one cluster id leave clients of one unknown to clients of the other", () => {
    // projectcalico/calico: reflectors that share a cluster id take each other's routes for loops of their
    // cluster, so each client must peer with both (RFC 4456 §7: redundant reflectors of one cluster).
    const lab = new Peered(4);
    lab.peer(1, 0, {}, { passive: true });
    lab.peer(0, 2, { clusterId: CLUSTER }, { passive: true });
    lab.peer(1, 3, { clusterId: CLUSTER }, { passive: true });
    lab.converged();
    expect(lab.routesTo(2, 3)).toBe(0);
    expect(lab.routesTo(3, 2)).toBe(0);
    expect(lab.routesTo(0, 3)).toBe(1);
    const apart = new Peered(4);
    apart.peer(1, 0, {}, { passive: true });
    apart.peer(0, 2, { clusterId: CLUSTER }, { passive: true });
    apart.peer(1, 3, { clusterId: CLUSTER + 1 }, { passive: true });
    expect(apart.converged().complete()).toBe(true);
  });

  test("a node that was told its own route drops it by the originator", () => {
    const lab = new Peered(3);
    lab.peer(1, 0, { clusterId: CLUSTER }, { passive: true });
    lab.peer(2, 0, { clusterId: CLUSTER + 1 }, { passive: true });
    lab.peer(2, 1, {}, { passive: true });
    lab.converged();
    expect(lab.learntFrom(0, 0)).toEqual([0]);
    expect(lab.complete()).toBe(true);
  });
});

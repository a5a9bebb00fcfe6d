import { fork } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { contentOf, node, thing, World } from "./support.js";

const SECOND = 1_000_000;

function expectAllEqual(w: World): void {
  const wanted = contentOf(w.upstream.content);
  for (let client = 0; client < w.clients; client++) expect(w.mirror.view(client)).toEqual(wanted);
  expect(w.mirror.breaches).toEqual([]);
}

describe("a Typha's start", () => {
  test("it takes clients only after its own in-sync and a readiness probe", () => {
    const w = new World(2, 6);
    w.startTyphas();
    w.connectAll();
    w.run(0.5 * SECOND);
    expect(w.typha.ready(0)).toBe(false);
    w.run(14 * SECOND);
    expect(w.diary.ready.map(({ typha }) => typha).sort()).toEqual([0, 1]);
    const first = w.diary.ready[0]!.at;
    expect(w.mirror.calls.every(({ at }) => at > first)).toBe(true);
    expect(w.felix.load().connectionsActive).toBe(6);
    expectAllEqual(w);
  });

  test("without any Typha a client's process gives up after 30 s, again and again", () => {
    const w = new World(1, 1);
    w.connectAll();
    w.run(100 * SECOND);
    expect(w.diary.exits.length).toBeGreaterThanOrEqual(2);
    expect(w.diary.exits[0]!.at).toBeGreaterThanOrEqual(30 * SECOND);
    w.startTyphas();
    w.run(60 * SECOND);
    expectAllEqual(w);
  });

  test("Felix prefers the Typha on its own node, confd does not", () => {
    const w = World.running(3, 60);
    for (const local of [0, 1, 2]) expect(w.felix.typhaOf(local)).toBe(local);
    const spread = [0, 0, 0];
    for (let client = 0; client < 60; client++) spread[w.felix.typhaOf(client)]!++;
    for (const count of spread) expect(count).toBeGreaterThan(8);
    const bgp = w.typha.syncer("bgp");
    for (let client = 0; client < 60; client++) bgp.connect(client);
    w.run(SECOND);
    expect([0, 1, 2].every((local) => bgp.typhaOf(local) === local)).toBe(false);
    expect(w.typha.connections(0) + w.typha.connections(1) + w.typha.connections(2)).toBe(120);
  });
});

describe("what a Typha sends", () => {
  test("a herd shares one snapshot", () => {
    const load = World.running(1, 50).felix.load();
    expect(load.snapshotsGenerated).toBe(1);
    expect(load.snapshotsReused).toBe(49);
  });

  test("a snapshot stays shareable for a second although the cache went on", () => {
    const w = new World(1, 2);
    w.upstream.write(thing("a", "1"));
    w.startTyphas();
    w.run(12 * SECOND);
    w.felix.connect(0);
    w.run(0.2 * SECOND);
    w.felix.disconnect(0);
    for (let i = 0; i < 20; i++) {
      w.upstream.write(thing(`t${i}`, "1"));
      w.run(20_000);
    }
    w.felix.connect(1);
    w.run(0.1 * SECOND);
    expect(w.felix.load()).toMatchObject({ snapshotsGenerated: 1, snapshotsReused: 1 });
    expect(w.mirror.view(1)).toEqual(contentOf(w.upstream.content));
    w.run(SECOND);
    w.upstream.write(thing("a", "2"));
    w.run(SECOND);
    w.felix.connect(0);
    w.run(SECOND);
    expect(w.felix.load().snapshotsGenerated).toBe(2);
    expectAllEqual(w);
  });

  test("one change is one message to each client, in one fan-out a Typha", () => {
    const w = World.running(2, 20);
    const calls = w.mirror.calls.length;
    const before = w.felix.load();
    w.upstream.write(thing("a", "2"));
    w.run(SECOND);
    const after = w.felix.load();
    expect(after.messages - before.messages).toBe(20);
    expect(after.kvs - before.kvs).toBe(20);
    expect(w.mirror.calls.length - calls).toBe(2);
    expectAllEqual(w);
  });

  test("both Typhas send the very same batch object, so that it is read once", () => {
    const w = World.running(2, 20);
    w.upstream.write(thing("a", "2"));
    w.run(SECOND);
    const [x, y] = w.mirror.calls.slice(-2);
    expect(x!.batch).toBe(y!.batch);
  });

  test("a write that changes no value is counted and not sent", () => {
    const w = World.running(1, 3);
    const calls = w.mirror.calls.length;
    w.upstream.write(thing("a", "1"));
    w.upstream.write(node("n"), node("n", { "kubelet/heartbeat": "12:00" }));
    w.run(SECOND);
    expect(w.felix.load().updatesSkipped).toBe(2);
    expect(w.mirror.calls.length - calls).toBe(1);
    expect(w.mirror.breaches).toEqual([]);
  });

  test("a crumb holds at most 100 updates, and a busy sender merges crumbs into full messages", () => {
    const w = World.running(1, 40);
    const before = w.felix.load();
    for (let i = 0; i < 2_000; i++) {
      w.upstream.write(thing(`t${i}`, "1"));
      w.run(50);
    }
    w.run(5 * SECOND);
    const after = w.felix.load();
    expect(after.kvs - before.kvs).toBe(40 * 2_000);
    const perMessage = (40 * 2_000) / (after.messages - before.messages);
    expect(perMessage).toBeGreaterThan(5);
    expect(perMessage).toBeLessThanOrEqual(100);
    expectAllEqual(w);
  });

  test("clients that join while the sender is busy are not forgotten when the group's message passes them", () => {
    const w = World.running(1, 40);
    for (let i = 0; i < 3_000; i++) {
      w.upstream.write(thing(`t${i}`, "1"));
      // The snapshot of a client that comes back holds crumbs that the busy sender has not sent yet.
      if (i % 150 === 0) {
        w.felix.disconnect((i / 150) % 40);
        w.felix.connect((i / 150) % 40);
      }
      w.run(40);
    }
    w.run(10 * SECOND);
    w.upstream.write(thing("last", "1"));
    w.run(10 * SECOND);
    expectAllEqual(w);
  });

  test("a client whose CPU is behind is served alone and catches up", () => {
    const w = World.running(1, 4);
    w.pace.busyUntil[2] = w.engine.now + 10 * SECOND;
    for (let i = 0; i < 50; i++) {
      w.upstream.write(thing(`t${i}`, "1"));
      w.run(100_000);
    }
    expect(w.felix.load().fellBehind).toBe(1);
    expect(Object.keys(w.mirror.view(2))).toHaveLength(3);
    expect(Object.keys(w.mirror.view(1))).toHaveLength(53);
    w.run(20 * SECOND);
    expectAllEqual(w);
    // 50 crumbs, each older than 10 ms, in one message.
    expect(w.mirror.calls.filter(({ clients }) => clients.includes(2)).length).toBeLessThan(5);
  });

  test("a client that comes back more than 300 s behind is dropped and starts anew", () => {
    const w = World.running(1, 3);
    w.pace.busyUntil[1] = w.engine.now + 250 * SECOND;
    w.pace.busyUntil[2] = w.engine.now + 500 * SECOND;
    for (let i = 0; i < 600; i++) {
      w.upstream.write(thing("a", String(i)));
      w.run(SECOND);
    }
    expect(w.felix.load().fellBehind).toBe(2);
    expect(w.felix.load().connectionsDropped).toEqual({ "slow-client": 1 });
    expectAllEqual(w);
  });
});

describe("when something dies", () => {
  test("a killed Typha's clients are elsewhere within a fraction of a second", () => {
    const w = World.running(3, 30);
    w.typha.kill(1);
    w.run(0.5 * SECOND);
    expect(w.felix.load().connectionsActive).toBe(30);
    expect(w.typha.connections(1)).toBe(0);
    w.upstream.write(thing("a", "9"));
    w.run(SECOND);
    expectAllEqual(w);
  });

  test("clients of a Typha whose node vanished wait for their read timeout", () => {
    const w = World.running(3, 30);
    const lost = w.typha.connections(1);
    w.felix.disconnect(1);
    w.typha.nodeDown(1);
    w.run(15 * SECOND);
    expect(w.felix.load().connectionsActive).toBeLessThanOrEqual(30 - lost);
    w.run(40 * SECOND);
    expect(w.felix.load().connectionsActive).toBe(29);
  });

  test("a vanished client's connection is held until pongs are missing", () => {
    const w = World.running(1, 5);
    w.typha.nodeDown(4);
    w.run(30 * SECOND);
    expect(w.typha.connections(0)).toBe(5);
    w.run(40 * SECOND);
    expect(w.typha.connections(0)).toBe(4);
    expect(w.felix.load().connectionsDropped).toEqual({ "pong-timeout": 1 });
  });

  test("a short cut costs a retransmission, a long one a new connection", () => {
    const w = World.running(2, 10);
    const served = w.felix.typhaOf(7);
    const cut = (seconds: number): void => {
      w.wires.cut.add(7);
      w.typha.linksChanged();
      w.upstream.write(thing("a", `during-${seconds}`));
      w.run(seconds * SECOND);
      w.wires.cut.delete(7);
      w.typha.linksChanged();
    };
    cut(3);
    expect(w.mirror.view(7)).not.toEqual(w.mirror.view(6));
    w.run(5 * SECOND);
    expect(w.felix.load().connectionsAccepted).toBe(10);
    expect(w.felix.typhaOf(7)).toBe(served);
    expectAllEqual(w);
    cut(50);
    w.run(20 * SECOND);
    expect(w.felix.load().connectionsAccepted).toBe(11);
    expectAllEqual(w);
  });

  test("a cut in the middle of handshake or snapshot means a new connection", () => {
    for (const into of [500, 2_500, 4_500, 6_000, 7_000, 8_000, 20_000]) {
      const w = World.running(1, 2);
      w.felix.disconnect(1);
      w.run(SECOND);
      w.felix.connect(1);
      w.run(into);
      w.wires.cut.add(1);
      w.typha.linksChanged();
      w.run(into);
      w.wires.cut.delete(1);
      w.typha.linksChanged();
      w.upstream.write(thing("a", "5"));
      w.run(60 * SECOND);
      expectAllEqual(w);
    }
  });

  test("SIGTERM sheds connections over time and then ends", () => {
    const w = World.running(2, 40);
    w.typha.shutdown(0);
    w.run(10 * SECOND);
    const some = w.typha.connections(0);
    expect(some).toBeGreaterThan(1);
    w.run(60 * SECOND);
    expect(w.typha.connections(0)).toBe(0);
    expect(w.typha.connections(1)).toBe(40);
    expect(w.felix.load().connectionsDropped["shutdown"]).toBeGreaterThan(some);
    w.typha.start(0);
    w.run(20 * SECOND);
    expect(w.typha.ready(0)).toBe(true);
    expectAllEqual(w);
  });

  test("an excess of connections is closed, one a second, until it is gone", () => {
    const w = new World(2, 60, { config: { maxConnectionsLowerLimit: 32 } });
    w.upstream.write(...Array.from({ length: 10 }, (_, i) => node(`node-${i}`)));
    w.typha.start(0);
    w.run(15 * SECOND);
    w.connectAll();
    w.run(2 * SECOND);
    expect(w.typha.connections(0)).toBeGreaterThan(55);
    // 4 × (1 + 10 × 120 / 1 / 100) = 52.
    expect(w.typha.connectionLimit(0)).toBe(52);
    w.typha.start(1);
    w.run(15 * SECOND);
    w.run(40 * SECOND);
    const dropped = w.felix.load(0).connectionsDropped.rebalance!;
    expect(dropped).toBeLessThanOrEqual(58);
    expect(w.typha.connections(0)).toBeLessThanOrEqual(52);
    expectAllEqual(w);
  });
});

test("a fork in the middle of a storm goes on exactly as the original", () => {
  const w = World.running(2, 30);
  for (let i = 0; i < 300; i++) w.upstream.write(thing(`t${i}`, "1"));
  w.typha.kill(0);
  w.run(3_000);
  const copy = fork(w);
  for (const one of [w, copy]) {
    one.upstream.write(thing("a", "7"));
    one.typha.start(0);
    one.run(30 * SECOND);
  }
  expect(copy.engine.digest()).toBe(w.engine.digest());
  expect(copy.felix.load()).toEqual(w.felix.load());
  expect(copy.felix.series()).toEqual(w.felix.series());
  expectAllEqual(copy);
  w.upstream.write(thing("only-here", "1"));
  w.run(SECOND);
  expect(copy.mirror.view(3)).not.toEqual(w.mirror.view(3));
});

import { fork } from "@calico-sim/core";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { contentOf, thing, World } from "./support.js";

const SECOND = 1_000_000;
const TYPHAS = 3;
const CLIENTS = 6;

const names = fc.constantFrom("a", "b", "c", "d", "e");
const values = fc.constantFrom("1", "2", "3");
const client = fc.nat(CLIENTS - 1);
const typha = fc.nat(TYPHAS - 1);

const anyStep = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("write" as const), name: names, value: values }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("erase" as const), name: names }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("flood" as const), value: values }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("kill" as const), typha }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("start" as const), typha }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("shutdown" as const), typha }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lose-watch" as const), typha }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("relist" as const), typha }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("node-down" as const), client }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("connect" as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("disconnect" as const), client }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cut" as const), client }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("heal" as const), client }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("slow" as const),
      client,
      for: fc.nat(8 * SECOND),
    }),
  },
);

type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

const pause = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 3_000 }),
  fc.integer({ min: 1, max: 300_000 }),
  fc.integer({ min: 1, max: 40 * SECOND }),
);

const anyHistory = fc.array(fc.record({ step: anyStep, pause }), { maxLength: 40 });

function take(w: World, step: Step): void {
  switch (step.do) {
    case "write":
      w.upstream.write(thing(step.name, step.value));
      return;
    case "erase":
      w.upstream.erase(thing(step.name, ""));
      return;
    case "flood":
      for (let i = 0; i < 150; i++) w.upstream.write(thing(`f${i}`, step.value));
      return;
    case "kill":
      w.typha.kill(step.typha);
      return;
    case "start":
      w.typha.start(step.typha);
      return;
    case "shutdown":
      w.typha.shutdown(step.typha);
      return;
    case "lose-watch":
      w.upstream.lose(step.typha);
      return;
    case "relist":
      w.upstream.relist(step.typha);
      return;
    case "node-down":
      w.typha.nodeDown(step.client);
      return;
    case "connect":
      w.felix.connect(step.client);
      return;
    case "disconnect":
      w.felix.disconnect(step.client);
      return;
    case "cut":
      w.wires.cut.add(step.client);
      w.typha.linksChanged();
      return;
    case "heal":
      w.wires.cut.delete(step.client);
      w.typha.linksChanged();
      return;
    case "slow":
      w.pace.busyUntil[step.client] = w.engine.now + step.for;
  }
}

/** All paths whole, all processes up, and long enough for every timeout. */
function settle(w: World): void {
  w.wires.cut.clear();
  w.typha.linksChanged();
  w.startTyphas();
  for (let each = 0; each < TYPHAS; each++) w.upstream.relist(each);
  for (let each = 0; each < CLIENTS; each++) {
    if (w.felix.typhaOf(each) < 0) w.felix.connect(each);
  }
  w.run(500 * SECOND);
  w.startTyphas();
  w.run(100 * SECOND);
}

describe("control-plane-behaviour §8", () => {
  test.prop([anyHistory, fc.boolean()])(
    "after a finite history every client holds what the datastore holds, whatever was dropped",
    (history, warm) => {
      const w = warm ? World.running(TYPHAS, CLIENTS) : new World(TYPHAS, CLIENTS);
      for (const { step, pause: wait } of history) {
        take(w, step);
        w.run(wait);
      }
      settle(w);
      const wanted = contentOf(w.upstream.content);
      for (let each = 0; each < CLIENTS; each++) expect(w.mirror.view(each)).toEqual(wanted);
      for (let each = 0; each < TYPHAS; each++) {
        const held = new Map([...w.felix.cacheOf(each)].map(([k, u]) => [k, u.resource!]));
        expect(contentOf(held)).toEqual(wanted);
      }
      // No value twice on one connection, nothing overtaken, no delta without a snapshot.
      expect(w.mirror.breaches).toEqual([]);
      // As many streams as clients (invariant 6).
      expect(w.felix.load().connectionsActive).toBe(CLIENTS);
      const total = Array.from({ length: TYPHAS }, (_, i) => w.typha.connections(i));
      expect(total.reduce((n, count) => n + count, 0)).toBe(CLIENTS);
    },
  );

  test.prop([anyHistory, fc.nat(40)])(
    "a fork taken anywhere has the same future",
    (history, at) => {
      const w = World.running(TYPHAS, CLIENTS);
      let copy: World | undefined;
      history.forEach(({ step, pause: wait }, i) => {
        if (i === at) copy = fork(w);
        for (const one of copy === undefined ? [w] : [w, copy]) {
          take(one, step);
          one.run(wait);
        }
      });
      if (copy === undefined) return;
      for (const one of [w, copy]) settle(one);
      expect(copy.engine.digest()).toBe(w.engine.digest());
      expect(copy.felix.load()).toEqual(w.felix.load());
      expect(copy.mirror.calls.length).toBe(w.mirror.calls.length);
    },
  );
});

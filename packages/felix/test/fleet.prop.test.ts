import { fork, type Resource } from "@calico-sim/core";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { naiveRoutes } from "./naive.js";
import { block, key, node, pod, pool, World } from "./support.js";

const SECOND = 1_000_000;
const NAMES = ["a", "b", "c"];

const name = fc.constantFrom(...NAMES);
const mode = fc.constantFrom("none", "ipip", "ipip-cross", "vxlan", "vxlan-cross");
const programs = fc.constantFrom(
  "Disabled" as const,
  "Enabled" as const,
  "EnabledIPIPOnly" as const,
  "EnabledNoEncapOnly" as const,
);

const anyPool = fc
  .record({ which: fc.constantFrom(0, 1), mode })
  .map(({ which, mode: m }) => pool(`p${which}`, `10.${which}.0.0/16`, m));

const anyNode = fc
  .record({ name, subnet: fc.constantFrom(0, 1), vxlan: fc.boolean() })
  .map(({ name: n, subnet, vxlan }) => {
    const last = NAMES.indexOf(n) + 1;
    const tunnels = vxlan ? { vxlan: `10.0.0.${last}` } : {};
    return node(n, `192.168.${subnet}.${last}/24`, tunnels);
  });

const anyBlock = fc
  .record({
    cidr: fc.constantFrom(
      "10.0.0.0/29",
      "10.0.1.0/29",
      "10.1.0.0/29",
      "10.2.0.0/29",
      "10.0.7.1/32",
    ),
    owner: fc.option(name, { nil: null }),
    holders: fc.array(name, { maxLength: 4 }),
  })
  .map(({ cidr, owner, holders }) =>
    block(cidr, owner, cidr.endsWith("/32") ? holders.slice(0, 1) : holders),
  );

// Pod i always has address i of a block, so no two live pods share one.
const anyPod = fc
  .record({ which: fc.nat(5), on: name, running: fc.boolean() })
  .map(({ which, on, running }) =>
    pod(`pod-${which}`, on, running ? `10.${which % 2}.0.${which}` : undefined),
  );

const anyObject: fc.Arbitrary<Resource> = fc.oneof(
  { weight: 1, arbitrary: anyPool },
  { weight: 3, arbitrary: anyNode },
  { weight: 8, arbitrary: anyBlock },
  { weight: 8, arbitrary: anyPod },
);

const pause = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 30_000 }),
  fc.integer({ min: 1, max: 4 * SECOND }),
);

const anyStep = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      objects: fc.array(anyObject, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("erase" as const), object: anyObject }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("start" as const), on: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const), on: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lose" as const), on: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reconnect" as const), on: fc.nat(2) }) },
);

type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** One object of a key in a batch: a batch is a set of changes. */
function distinct(objects: readonly Resource[]): Resource[] {
  return [...new Map(objects.map((object) => [key(object), object])).values()];
}

function take(world: World, step: Step): void {
  switch (step.do) {
    case "write":
      world.write(...distinct(step.objects));
      return;
    case "erase":
      if (world.content.has(key(step.object))) world.erase(step.object);
      return;
    case "start":
      world.felix.start(step.on);
      return;
    case "kill":
      world.felix.kill(step.on);
      return;
    case "lose":
      if (world.connected.delete(step.on)) world.lost.add(step.on);
      return;
    case "reconnect":
      if (world.lost.has(step.on)) world.connect(step.on);
  }
}

/** All run, none is left without a stream, and time passes. */
function settle(world: World): void {
  for (const on of world.lost) world.connect(on);
  world.startAll();
  world.run(40 * SECOND);
}

const start: Step = {
  do: "write",
  objects: [
    pool("p0", "10.0.0.0/16", "ipip-cross"),
    pool("p1", "10.1.0.0/16", "vxlan"),
    ...NAMES.map((each, i) => node(each, `192.168.0.${i + 1}/24`, { vxlan: `10.0.0.${i + 1}` })),
  ],
};

/** Most histories begin with a cluster that works, or nearly every one would end without a route. */
const anyHistory = fc
  .tuple(
    fc.array(fc.record({ step: anyStep, pause }), { maxLength: 25 }),
    fc.constantFrom(0, 5_000, 3 * SECOND),
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([steps, wait, dice]) =>
    dice === 0
      ? steps
      : [
          { step: start, pause: 0 },
          ...[0, 1, 2].map((on) => ({ step: { do: "start" as const, on }, pause: wait })),
          ...steps,
        ],
  );

describe("routes of a Felix", () => {
  test.prop([programs, anyHistory])(
    "after any history they are those of the final objects",
    (owner, history) => {
      const world = new World(NAMES, owner);
      for (const { step, pause: wait } of history) {
        take(world, step);
        world.run(wait);
      }
      settle(world);
      for (const each of NAMES) {
        expect(world.routes(each)).toEqual(naiveRoutes(world.content.values(), each, owner));
      }
    },
  );

  test.prop([
    programs,
    fc.uniqueArray(anyObject, { selector: key, maxLength: 14 }),
    fc.array(fc.nat(1_000), { minLength: 30, maxLength: 30 }),
  ])(
    "the order and the batches in which the same objects come do not matter",
    (owner, objects, draws) => {
      const tables = [0, 1, 2].map((way) => {
        const world = new World(NAMES, owner);
        const left = [...objects];
        let drawn = way;
        const draw = (): number => draws[drawn++ % draws.length]!;
        if (way > 0) world.startAll();
        if (way > 1) world.run(3 * SECOND);
        while (left.length > 0) {
          const some: Resource[] = [];
          for (let n = 1 + (draw() % 4); n > 0 && left.length > 0; n--) {
            some.push(...left.splice(draw() % left.length, 1));
          }
          world.write(...some);
          world.run(draw());
        }
        settle(world);
        return NAMES.map((each) => world.routes(each));
      });
      expect(tables[1]).toEqual(tables[0]);
      expect(tables[2]).toEqual(tables[0]);
    },
  );

  test.prop([anyHistory])("telling a Felix again what it knows changes nothing", (history) => {
    const world = new World(NAMES, "Enabled");
    world.startAll();
    for (const { step, pause: wait } of history) {
      take(world, step);
      world.run(wait);
    }
    settle(world);
    const before = [...world.kernels.changes];
    const objects = [...world.content.values()];
    if (objects.length > 0) world.write(...objects);
    for (const on of world.connected) world.connect(on);
    world.run(40 * SECOND);
    expect([...world.kernels.changes]).toEqual(before);
  });

  test.prop([programs, anyHistory, fc.nat(25)])(
    "a fork taken anywhere has the same future",
    (owner, history, where) => {
      let world = new World(NAMES, owner);
      let copy: World | undefined;
      history.forEach(({ step, pause: wait }, i) => {
        if (i === where) copy = fork(world);
        for (const one of copy === undefined ? [world] : [world, copy]) {
          take(one, step);
          one.run(wait);
        }
      });
      world = fork(world);
      for (const one of [world, copy]) one?.run(20 * SECOND);
      if (copy === undefined) return;
      expect(copy.engine.digest()).toBe(world.engine.digest());
      for (const each of NAMES) expect(copy.routes(each)).toEqual(world.routes(each));
      expect(copy.felix.counts()).toEqual(world.felix.counts());
    },
  );
});

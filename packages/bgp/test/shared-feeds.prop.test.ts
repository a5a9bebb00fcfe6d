import { fork, hashText } from "@calico-sim/core";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, test as unit } from "vitest";
import { runs } from "../../../vitest.runs.js";
import type { BirdListener, BirdOptions } from "../src/index.js";
import type { Feed } from "../src/rib/feed.js";
import { Peered } from "./support.js";

const CLUSTER = 0xf400_0001;
/** A run is a whole cluster, so fewer than elsewhere unless asked for. */
const RUNS = runs(20);
/** Enough for a table of several steps of a feed (law 3: 256 routes each). */
const BLOCKS = 130;

/** What happens to a cluster in the time before its last node joins it. */
const happening = fc.record({
  what: fc.constantFrom("kill", "terminate", "start", "blocks", "blocks", "cut", "heal"),
  node: fc.nat(6),
  /** The blocks that a node has from now on. */
  blocks: fc.tuple(fc.nat(BLOCKS / 2), fc.integer({ min: 1, max: BLOCKS / 2 })),
  /** Milliseconds. */
  wait: fc.nat(1_500),
});
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

interface Plan {
  readonly reflectors: number;
  readonly addPath: boolean;
  readonly seed: number;
  readonly happenings: readonly Happening[];
}

const plan: fc.Arbitrary<Plan> = fc.record({
  reflectors: fc.integer({ min: 1, max: 2 }),
  addPath: fc.boolean(),
  seed: fc.nat(1_000_000),
  happenings: fc.array(happening, { maxLength: 6 }),
});

/** Reflectors and four clients; the last client is not started. */
function reflected(
  { reflectors, addPath, seed }: Plan,
  options: Partial<BirdOptions> = {},
  bothOpen = false,
): Peered {
  const lab = new Peered(reflectors + 4, { seed, blocks: BLOCKS, addPath, ...options });
  for (let r = 0; r < reflectors; r++) {
    for (let other = r + 1; other < reflectors; other++) lab.peer(other, r, {}, { passive: true });
    for (let c = reflectors; c < lab.nodes; c++)
      lab.peer(r, c, { clusterId: CLUSTER + r }, { passive: !bothOpen });
  }
  return lab;
}

function happen(lab: Peered, happenings: readonly Happening[]): void {
  for (const { what, node: which, blocks, wait } of happenings) {
    // The first client and the last are left alone.
    const node = which % (lab.nodes - 1);
    const [first, count] = blocks;
    const held = lab.blocks(node).slice(first, first + count);
    if (what === "blocks") lab.bird.reconfigure(node, { blocks: held });
    else if (what === "cut") lab.switch.cut.add(node);
    else if (what === "heal") lab.switch.cut.clear();
    else lab.bird[what](node);
    lab.bird.pathsChanged();
    lab.run(wait / 1_000);
  }
}

/** Every path is whole again, and every process runs. */
function heal(lab: Peered, nodes: readonly number[]): void {
  lab.switch.cut.clear();
  lab.bird.pathsChanged();
  lab.run(12).start(nodes).run(12);
}

/** Makes every daemon prepare its next feed from its table. */
function forgetFeeds(lab: Peered): void {
  const { x } = lab.bird as unknown as { x: { daemons: { groups: { feed: Feed }[] }[] } };
  for (const { groups } of x.daemons)
    for (const { feed } of groups) {
      feed.changed = 0;
      feed.steps.length = 0;
    }
}

/** Paths of a node that reflectors told it, but for what comes from some nodes. */
function told(lab: Peered, node: number, but: readonly number[]): string[] {
  const foreign = lab.bird
    .routes(node)
    .filter((prefix) => !but.some((other) => lab.blocks(other).includes(prefix)));
  return foreign
    .flatMap((prefix) =>
      lab.bird
        .paths(node, prefix)
        .map((path) => JSON.stringify([lab.prefixes.text(prefix), path.from, path.attributes])),
    )
    .sort();
}

/** Looks at every segment, so that none may leave together with others. */
class Onlooker implements BirdListener {
  onSession(): void {
    // Not looked at here.
  }

  onRecoveryDone(): void {
    // Not looked at here.
  }

  onSegment(): void {
    // That there is somebody who looks is enough.
  }
}

/** What people could have seen of a run. */
function seen({ bird, diary }: Peered): unknown {
  const routes = diary.routes.map((entry) => JSON.stringify(entry)).sort();
  return {
    wire: bird.wire(),
    cpu: bird.cpu.reduce((sum, cpu) => sum + cpu),
    changes: routes.length,
    // Thousands of lines, of which a difference would be unreadable.
    routes: hashText(routes.join("\n")),
  };
}

describe("what a group of peers is told", () => {
  test.prop([plan], RUNS)(
    "is the same for who is fed late, from what was prepared for others, as for who heard every change",
    (p) => {
      const lab = reflected(p);
      const late = lab.nodes - 1;
      const early = p.reflectors;
      lab.start(lab.others(late)).run(12);
      happen(lab, p.happenings);
      heal(lab, lab.others(late));
      const anew = fork(lab);
      forgetFeeds(anew);
      for (const run of [lab, anew]) run.start([late]).run(30);
      expect(told(lab, late, [late, early])).toEqual(told(lab, early, [late, early]));
      expect(told(lab, late, [late, early])).not.toEqual([]);
      // Prepared anew it is the same too, to the byte.
      expect(seen(anew)).toEqual(seen(lab));
    },
  );

  test.prop([plan], RUNS)(
    "leaves together as it would message by message: same times, counts, bytes and CPU",
    (p) => {
      const runs = [{}, { listener: new Onlooker() }].map((options) => {
        const lab = reflected(p, options, true).start().run(4);
        happen(lab, p.happenings);
        lab.run(10);
        return seen(lab);
      });
      expect(runs[1]).toEqual(runs[0]);
    },
  );

  unit(
    "leaves together as it would message by message where a feed takes longer than a round trip",
    () => {
      // Each node's block is an UPDATE of its own, and writing one takes 3 µs: a batch is acknowledged while it is written.
      const [reflectors, clients] = [2, 100];
      const runs = [{}, { listener: new Onlooker() }].map((options) => {
        const lab = new Peered(reflectors + clients, options);
        lab.peer(1, 0, {}, { passive: true });
        for (let r = 0; r < reflectors; r++)
          for (let c = reflectors; c < lab.nodes; c++) lab.peer(r, c, { clusterId: CLUSTER + r });
        lab.start().run(2);
        // What is under way to a process that dies is reset, message by message.
        for (let c = 60; c < 90; c++) {
          lab.run(0.03);
          lab.bird.kill(c);
        }
        // What waits for a cut path goes when it is whole again.
        lab.run(3);
        lab.switch.cut.add(40).add(41);
        lab.bird.pathsChanged();
        for (const c of [50, 51, 52]) lab.bird.reconfigure(c, { blocks: lab.blocks(c, 2) });
        lab.run(0.5);
        lab.switch.cut.clear();
        lab.bird.pathsChanged();
        for (let i = 0; i < 100; i++) {
          lab.run(0.01);
          const c = 10 + (i % 4);
          lab.bird.reconfigure(c, { blocks: lab.blocks(c, 1 + (i % 2)) });
        }
        lab.run(1).start().run(20);
        return seen(lab);
      });
      expect(runs[1]).toEqual(runs[0]);
    },
  );

  test.prop([plan, fc.nat(7_000)], RUNS)(
    "goes on in a fork as in the original, in the middle of a feed too",
    (p, at) => {
      const original = reflected(p, {}, true)
        .start()
        .run(at / 1_000);
      const copy = fork(original);
      for (const lab of [original, copy]) {
        happen(lab, p.happenings);
        lab.run(12);
      }
      expect(copy.engine.digest()).toBe(original.engine.digest());
      expect(seen(copy)).toEqual(seen(original));
    },
  );

  unit.each([
    [1, true],
    [1, false],
    [2, true],
  ])(
    "is prepared again from the lowest prefix that changed, wherever in a step that is (%i reflectors, add-path %s)",
    (reflectors, addPath) => {
      // Several steps of the feed (law 3): 255 routes, 256, and so on, and whole prefixes.
      const blocks = 600;
      const lab = new Peered(reflectors + 2, { blocks, addPath });
      const [client, late] = [reflectors, reflectors + 1];
      if (reflectors === 2) lab.peer(1, 0, {}, { passive: true });
      for (let r = 0; r < reflectors; r++) {
        for (const c of [client, late])
          lab.peer(r, c, { clusterId: CLUSTER + r }, { passive: true });
        lab.bird.configure(r, { blocks: [] });
      }
      lab.bird.configure(late, { blocks: [] });
      lab.start().run(10);
      const all = lab.blocks(client);
      let held = all;
      for (const [high, low] of [
        [599, 598],
        [300, 127],
        [597, 0],
        [511, 254],
        [256, 255],
        [510, 1],
        [254, 253],
        [255, 511],
      ]) {
        lab.bird.kill(late);
        for (const k of [high!, low!]) {
          held = held.includes(all[k]!)
            ? held.filter((p) => p !== all[k])
            : all.filter((p) => held.includes(p) || p === all[k]);
          lab.bird.reconfigure(client, { blocks: held });
          lab.run(1);
        }
        lab.start([late], { recover: false }).run(10);
        expect(lab.bird.routes(late)).toEqual([...held].sort((x, y) => x - y));
      }
    },
  );

  unit("is not what one said oneself, even where it shares a message with what others said", () => {
    // Routers of one AS: what a node passes on of each has the same attributes, hence goes in one UPDATE.
    const [node, one, other] = [0, 1, 2];
    const lab = new Peered(3, { blocks: 3 });
    const AS = 65_001;
    lab.speaker(node, {});
    for (const router of [one, other]) {
      lab.speaker(router, { asNumber: AS, router: true });
      const back = { remoteAS: 64_512, allowLocalAS: 1, passive: true };
      lab.peer(node, router, { remoteAS: AS, nextHop: "self" }, back);
    }
    lab.start([node, one]).run(10).start([other]).run(10);
    const { update } = lab.bird.wire();
    // Each router is told of the node's three blocks and of the other's three; none of its own.
    expect(update.nlri).toBe(3 + 3 + 2 * (3 + 3));
    expect(lab.learntFrom(one, other)).toEqual([node]);
    expect(lab.learntFrom(other, one)).toEqual([node]);
    expect(lab.learntFrom(one, one)).toEqual([one]);
    // A router that comes back while its routes are kept is fed from a table that holds them.
    lab.bird.kill(other);
    lab.run(1).start([other], { recover: true }).run(15);
    expect(lab.bird.wire().update.nlri).toBe(update.nlri + 3 + (3 + 3));
  });
});

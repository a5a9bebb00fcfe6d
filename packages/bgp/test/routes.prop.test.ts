import { fc, test } from "@fast-check/vitest";
import { describe, expect, test as unit } from "vitest";
import { Peered } from "./support.js";

const CLUSTER = 0xf400_0001;

/** A reflector topology: clusters with their reflectors and clients; reflectors are a mesh. */
interface Plan {
  readonly clusters: readonly { readonly reflectors: number; readonly clients: number }[];
  readonly sameId: boolean;
  readonly bothOpen: boolean;
  readonly addPath: boolean;
  readonly seed: number;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  clusters: fc.array(
    fc.record({
      reflectors: fc.integer({ min: 1, max: 2 }),
      clients: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  sameId: fc.boolean(),
  bothOpen: fc.boolean(),
  addPath: fc.boolean(),
  seed: fc.nat(1_000_000),
});

interface Member {
  readonly cluster: number;
  readonly reflector: boolean;
}

const joined = plan.filter((p) => members(p).length > 1);

function members({ clusters }: Plan): Member[] {
  return clusters.flatMap(({ reflectors, clients }, cluster) => [
    ...Array.from({ length: reflectors }, () => ({ cluster, reflector: true })),
    ...Array.from({ length: clients }, () => ({ cluster, reflector: false })),
  ]);
}

function build(p: Plan): Peered {
  const all = members(p);
  const lab = new Peered(all.length, { seed: p.seed, addPath: p.addPath });
  const idOf = (cluster: number): number => CLUSTER + (p.sameId ? 0 : cluster);
  all.forEach((a, i) => {
    all.forEach((b, j) => {
      if (j <= i || !(a.reflector || b.reflector)) return;
      if (!(a.reflector && b.reflector) && a.cluster !== b.cluster) return;
      const treats = (own: Member, other: Member): { clusterId?: number } =>
        own.reflector && (!other.reflector || idOf(own.cluster) !== idOf(other.cluster))
          ? { clusterId: idOf(own.cluster) }
          : {};
      lab.peer(i, j, treats(a, b), { ...treats(b, a), passive: !p.bothOpen });
    });
  });
  return lab;
}

/** Every node's paths, without the order in which equal ones came. */
const tables = (lab: Peered): string[] =>
  lab.tables((node, prefix) => lab.bird.bestPath(node, prefix));

unit("a reflector's two paths from one peer are told as two", () => {
  // Found by the property on orders: both went by the peer's number, so that the later replaced the other.
  const one = { reflectors: 1, clients: 0 };
  const clusters = [{ reflectors: 2, clients: 0 }, one, one];
  const lab = build({ clusters, sameId: false, bothOpen: false, addPath: true, seed: 0 });
  lab.start().run(30);
  const lists = lab.bird
    .paths(2, lab.block(0, 0))
    .filter(({ from }) => from === 3)
    .map(({ attributes }) => attributes.clusterList.length);
  expect(lists.sort()).toEqual([1, 2]);
});

describe("routes between peers of any kind", () => {
  test.prop([plan, fc.nat(1_000_000), fc.array(fc.nat(6_000), { minLength: 15, maxLength: 15 })])(
    "end in the same tables whatever the order of starts and deliveries",
    (p, otherSeed, delays) => {
      const quiet: Plan = { ...p, bothOpen: false };
      const together = build(quiet).start().run(30);
      const apart = build({ ...quiet, seed: otherSeed });
      const order = apart.all().sort((a, b) => delays[a]! - delays[b]! || a - b);
      let at = 0;
      for (const node of order) {
        apart.run((delays[node]! - at) / 1_000).start([node]);
        at = delays[node]!;
      }
      apart.run(30);
      expect(tables(apart)).toEqual(tables(together));
    },
  );

  test.prop([plan])("never come back to their origin, nor twice through a cluster", (p) => {
    const lab = build(p).start().run(60);
    for (const node of lab.all()) {
      for (const prefix of lab.bird.routes(node)) {
        for (const { from, attributes } of lab.bird.paths(node, prefix)) {
          const { clusterList, originatorId } = attributes;
          if (from === node) continue;
          expect(originatorId).not.toBe(node + 1);
          expect(new Set(clusterList).size).toBe(clusterList.length);
        }
      }
    }
  });

  test.prop([plan, fc.nat(20), fc.constantFrom("kill", "terminate", "crash")])(
    "are gone everywhere once their origin is gone and its restart time over",
    (p, which, how) => {
      const lab = build({ ...p, bothOpen: false })
        .start()
        .run(30);
      const victim = which % lab.nodes;
      lab.bird[how as "kill"](victim);
      // The hold time, or the restart time and what follows it (law 8).
      lab.run(260);
      for (const node of lab.others(victim)) {
        expect(lab.bird.routes(node)).not.toContain(lab.block(victim, 0));
        for (const prefix of lab.bird.routes(node)) {
          for (const { from } of lab.bird.paths(node, prefix))
            expect(from === node || lab.bird.isEstablished(node, from)).toBe(true);
        }
      }
    },
  );

  test.prop([plan])("send nothing when the configuration is read again unchanged", (p) => {
    const lab = build({ ...p, bothOpen: false })
      .start()
      .run(30);
    const before = lab.bird.wire().messages;
    for (const node of lab.all()) lab.bird.reconfigure(node, { blocks: lab.blocks(node) });
    lab.run(5);
    const after = lab.bird.wire().messages;
    expect(after.total - after.keepalive).toBe(before.total - before.keepalive);
  });

  test.prop([joined])("reach every node that a session or reflectors join to their origin", (p) => {
    // With cluster ids of their own, every reflector passes on what it has.
    const lab = build({ ...p, sameId: false, bothOpen: false })
      .start()
      .run(30);
    expect(lab.complete()).toBe(true);
  });

  test.prop([plan])("go on in one history for one seed, collisions included", (p) => {
    const digests = [0, 1].map(() => build(p).start().run(40).engine.digest());
    expect(digests[0]).toBe(digests[1]);
  });
});

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { FilterFunction, PeerOptions } from "../src/index.js";
import { Peered } from "./support.js";

const CLUSTER = 0xf400_0001;
const NODES = 4;

/** A filter of one session end: whose blocks it refuses, in each direction; and that it tags what it passes. */
interface Filters {
  readonly node: number;
  readonly peer: number;
  readonly imports: readonly number[];
  readonly exports: readonly number[];
  readonly tag: boolean;
}

const filters: fc.Arbitrary<Filters> = fc
  .record({
    node: fc.nat(NODES - 1),
    hop: fc.integer({ min: 1, max: NODES - 1 }),
    imports: fc.uniqueArray(fc.nat(NODES - 1), { maxLength: 2 }),
    exports: fc.uniqueArray(fc.nat(NODES - 1), { maxLength: 2 }),
    tag: fc.boolean(),
  })
  .map(({ node, hop, ...rest }) => ({ node, peer: (node + hop) % NODES, ...rest }));

const history = fc.array(fc.tuple(filters, fc.oneof(fc.nat(3_000), fc.nat(8))), {
  minLength: 1,
  maxLength: 6,
});

function optionsOf(lab: Peered, { imports, exports, tag }: Filters): PeerOptions {
  const made = (direction: "import" | "export", refused: readonly number[]): FilterFunction => ({
    filter: "f",
    direction,
    dependsOnPeerType: false,
    rules: [
      ...refused.map((node) => ({
        peerType: undefined,
        match: { net: { operator: "Equal", cidr: lab.prefixes.text(lab.block(node, 0)) } } as const,
        operations: [],
        action: "reject" as const,
      })),
      ...(tag
        ? [
            {
              peerType: undefined,
              match: {},
              operations: [{ addCommunity: "64512:1" }],
              action: "accept" as const,
            },
          ]
        : []),
    ],
  });
  return {
    importFilters: [{ filter: made("import", imports), internal: true }],
    exportFilters: [{ filter: made("export", exports), internal: true }],
  };
}

/** Node 0 reflects if asked; else all are peers, one of an AS of its own, so that routes are passed on. */
function build(reflected: boolean, blocks: number, last: readonly Filters[]): Peered {
  const lab = new Peered(NODES, { blocks });
  lab.speaker(NODES - 1, { asNumber: reflected ? 64_512 : 65_001 });
  for (let a = 0; a < NODES; a++)
    for (let b = a + 1; b < NODES; b++) {
      if (reflected && a > 0) continue;
      lab.peer(a, b, base(reflected, a, b), { ...base(reflected, b, a), passive: true });
    }
  for (const one of last) if (peers(reflected, one)) apply(lab, reflected, one, "configure");
  return lab;
}

function base(reflected: boolean, node: number, peer: number): PeerOptions {
  if (reflected) return node === 0 ? { clusterId: CLUSTER } : {};
  const as = (n: number): number => (n === NODES - 1 ? 65_001 : 64_512);
  return as(node) === as(peer) ? {} : { remoteAS: as(peer) };
}

function peers(reflected: boolean, { node, peer }: Filters): boolean {
  return !reflected || node === 0 || peer === 0;
}

function apply(
  lab: Peered,
  reflected: boolean,
  one: Filters,
  how: "configure" | "reconfigure",
): void {
  const { node, peer } = one;
  const options = { ...base(reflected, node, peer), ...optionsOf(lab, one) };
  lab.bird[how](node, { add: [{ peer, passive: node > peer, options }] });
}

const tables = (lab: Peered): string[] =>
  lab.tables((node, prefix) =>
    lab.kernels.all(node, prefix).map((route) => lab.kernels.route(route)),
  );

describe("filters that change while sessions stay", () => {
  // With ninety blocks each a table is told again in two steps of a feed.
  test.prop([fc.boolean(), fc.constantFrom(1, 1, 90), history])(
    "end in the tables that a start with the last filters gives, and no session is lost",
    (reflected, blocks, changes) => {
      const running = build(reflected, blocks, []).start().run(10);
      const last = new Map<string, Filters>();
      for (const [one, after] of changes) {
        if (!peers(reflected, one)) continue;
        running.run(after / 1_000);
        apply(running, reflected, one, "reconfigure");
        last.set(`${String(one.node)} ${String(one.peer)}`, one);
      }
      running.run(10);
      const fresh = build(reflected, blocks, [...last.values()])
        .start()
        .run(20);
      expect(tables(running)).toEqual(tables(fresh));
      expect(running.bird.lostEnds).toBe(0);
    },
  );
});

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { FilterFunction, PeerConfig, SessionDetail } from "../../src/index.js";
import { Peered } from "../support.js";

const NODES = 4;
const CLUSTER = 0xf400_0001;

/** Who peers with whom: all; node 0 reflects; node 3 is of another AS, without add-path. */
const shape = fc.constantFrom("mesh", "reflector", "outside");
type Shape = "mesh" | "reflector" | "outside";

const step = fc.record({
  what: fc.constantFrom(
    "block",
    "unblock",
    "kill",
    "start",
    "cut",
    "heal",
    "import",
    "export",
    "end",
  ),
  node: fc.nat(NODES - 1),
  other: fc.nat(NODES - 1),
  rest: fc.nat(9_000),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function peersWith(kind: Shape, a: number, b: number): boolean {
  return a !== b && (kind !== "reflector" || a === 0 || b === 0);
}

class Counted extends Peered {
  private readonly kind: Shape;
  /** By node, of whose blocks it wants nothing, in each direction. */
  private readonly refused = this.all().map(() => ({
    import: new Set<number>(),
    export: new Set<number>(),
  }));
  private readonly more = this.all().map(() => 0);

  constructor(
    kind: Shape,
    seed: number,
    options: { routeStats: boolean; eventPerMessage?: boolean },
  ) {
    super(NODES, { seed, ...options });
    this.kind = kind;
    for (const node of this.all()) this.bird.configure(node, this.files(node));
  }

  act({ what, node, other, rest }: Step): void {
    if (what === "kill") this.bird.kill(node);
    else if (what === "end") this.bird.terminate(node);
    else if (what === "start") this.bird.start(node);
    else if (what === "cut" || what === "heal") {
      if (what === "cut") this.switch.cut.add(node);
      else this.switch.cut.delete(node);
      this.bird.pathsChanged();
    } else {
      if (what === "block") this.more[node]!++;
      else if (what === "unblock") this.more[node] = 0;
      else if (!this.refused[node]![what].delete(other)) this.refused[node]![what].add(other);
      this.bird.reconfigure(node, this.files(node));
    }
    this.run(rest / 1_000);
  }

  /** Every session end, as its daemon shows it. */
  ends(): SessionDetail[] {
    return this.all().flatMap((node) =>
      this.others(node).flatMap((peer) => this.bird.viewSession(node, peer) ?? []),
    );
  }

  private files(node: number): {
    add: PeerConfig[];
    blocks: number[];
    speaker: { asNumber: number };
  } {
    const { kind } = this;
    const as = (n: number): number => (kind === "outside" && n === NODES - 1 ? 65_001 : 64_512);
    const add = this.others(node)
      .filter((peer) => peersWith(kind, node, peer))
      .map(
        (peer): PeerConfig => ({
          peer,
          passive: node < peer,
          options: {
            clusterId: kind === "reflector" && node === 0 ? CLUSTER : -1,
            remoteAS: as(peer) === as(node) ? 0 : as(peer),
            addPath: as(node) === 64_512,
            importFilters: this.filters(node, "import"),
            exportFilters: this.filters(node, "export"),
          },
        }),
      );
    return {
      add,
      blocks: this.blocks(node, 1 + this.more[node]!),
      speaker: { asNumber: as(node) },
    };
  }

  private filters(
    node: number,
    direction: "import" | "export",
  ): { filter: FilterFunction; internal: boolean }[] {
    const refused = [...this.refused[node]![direction]];
    if (refused.length === 0) return [];
    const rules = refused.map((other) => ({
      peerType: undefined,
      match: {
        net: { operator: "Equal", cidr: this.prefixes.text(this.block(other, 0)) },
      } as const,
      operations: [],
      action: "reject" as const,
    }));
    return [
      { filter: { filter: "f", direction, dependsOnPeerType: false, rules }, internal: true },
    ];
  }
}

function played(
  kind: Shape,
  seed: number,
  steps: readonly Step[],
  options: { routeStats: boolean; eventPerMessage?: boolean },
): Counted {
  const lab = new Counted(kind, seed, options);
  lab.start().run(5);
  for (const one of steps) lab.act(one);
  return lab;
}

const history = fc.array(step, { maxLength: 8 });
const seeds = fc.nat(1_000_000);

describe("the counters of routes", () => {
  test.prop([shape, seeds, history])("add up, whatever happens", (kind, seed, steps) => {
    for (const end of played(kind, seed, steps, { routeStats: true }).ends()) {
      const { importUpdates, importWithdraws, exportUpdates } = end.changes!;
      const { received, rejected, filtered, ignored, accepted } = importUpdates;
      expect(received).toBe(rejected + filtered + ignored + accepted);
      expect(exportUpdates.received).toBe(
        exportUpdates.rejected + exportUpdates.filtered + exportUpdates.accepted,
      );
      // What was filtered goes on as withdrawn, and routes also go without being withdrawn.
      expect(importWithdraws.ignored + importWithdraws.accepted).toBeGreaterThanOrEqual(
        importWithdraws.received + filtered,
      );
      // Less what replaced an earlier version.
      expect(end.imported).toBeLessThanOrEqual(accepted - importWithdraws.accepted);
      for (const count of Object.values({ ...importUpdates, ...importWithdraws, ...exportUpdates }))
        expect(count).toBeLessThan(10_000);
    }
  });

  // Not with a router outside: there the two forms differ in their UPDATEs already, now and then.
  test.prop([fc.constantFrom("mesh", "reflector"), seeds, history])(
    "are the same whether a message is an event or waits for its daemon to look",
    (kind, seed, steps) => {
      const [plain, fine] = [false, true].map((eventPerMessage) =>
        played(kind, seed, steps, { routeStats: true, eventPerMessage }).ends(),
      );
      expect(plain).toEqual(fine);
    },
  );

  test.prop([shape, seeds, history])(
    "change nothing, and without them the same routes are told",
    (kind, seed, steps) => {
      const [off, on] = [false, true].map((routeStats) =>
        played(kind, seed, steps, { routeStats }),
      );
      expect(on!.engine.digest()).toBe(off!.engine.digest());
      expect(on!.bird.wire()).toEqual(off!.bird.wire());
      expect(on!.diary.routes).toEqual(off!.diary.routes);
      expect(off!.ends().map(({ imported }) => imported)).toEqual(
        on!.ends().map(({ imported }) => imported),
      );
    },
  );

  test.prop([shape, seeds])(
    "of an undisturbed daemon say what each end told, and what the other got",
    (kind, seed) => {
      const lab = played(kind, seed, [], { routeStats: true });
      for (const node of lab.all())
        for (const peer of lab.others(node)) {
          const told = lab.bird.viewSession(node, peer)?.changes;
          const got = lab.bird.viewSession(peer, node)?.changes;
          if (told === undefined || got === undefined) continue;
          expect(
            told.exportUpdates.accepted + told.exportWithdraws.accepted,
          ).toBeGreaterThanOrEqual(got.importUpdates.received + got.importWithdraws.received);
        }
    },
  );
});

import { describe, expect, test } from "vitest";
import type { ExportRules, FilterFunction, PeerConfig } from "../src/index.js";
import { Mesh, Peered } from "./support.js";

const CLUSTER = 0xf400_0001;

/** A reflector, 40 clients of it with twenty blocks each, at rest: a table of 801 routes, in four steps of a feed. */
function reflected(): Peered {
  const lab = new Peered(41, { blocks: 20 });
  for (let client = 1; client <= 40; client++)
    lab.peer(0, client, { clusterId: CLUSTER }, { passive: true });
  return lab.start().run(30);
}

/** Lets nothing pass. */
const CLOSED: FilterFunction = {
  filter: "closed",
  direction: "export",
  dependsOnPeerType: false,
  rules: [{ peerType: undefined, match: {}, operations: [], action: "reject" }],
};

/** When each node gets its route to a prefix, microseconds. */
function arrivals(lab: Peered, prefix: number): number[] {
  return lab.diary.routes
    .filter((change) => change.prefix === prefix && change.added && change.node > 0)
    .map(({ at }) => at)
    .sort((x, y) => x - y);
}

describe("a daemon with many peers that gains a block", () => {
  test("tells all of them of it before any has the whole table again", () => {
    const lab = reflected();
    const [begin, before] = [lab.engine.now, lab.bird.wire()];
    const gained = lab.block(0, 20);
    lab.diary.forget();
    const blocks = Array.from({ length: 21 }, (_, k) => lab.block(0, k));
    lab.bird.reconfigure(0, { blocks });
    lab.engine.run({ until: begin + 10_000_000, predicate: () => lab.diary.routes.length === 41 });
    const told = arrivals(lab, gained);
    expect(told).toHaveLength(40);
    // BIRD 1.6.8 with 40 clients and 3,760 routes: the block within 3.2 ms, the last EoRR after 398.
    const early = lab.bird.wire();
    expect(early.messages.routeRefresh - before.messages.routeRefresh).toBe(40);
    expect(told.at(-1)! - begin).toBeLessThan(5_000);
    lab.run(10);
    const after = lab.bird.wire();
    expect(after.messages.routeRefresh - before.messages.routeRefresh).toBe(80);
    // Each has the change, and all routes but its own again; these are withdrawn with the subnet.
    expect(after.update.nlri - before.update.nlri).toBe(40 * (1 + 21 + 39 * 20));
    expect(lab.bird.lostEnds).toBe(0);
  });

  test("begins anew with a block that comes while it is at it, and forgets none", () => {
    const lab = reflected();
    const blocks = Array.from({ length: 20 }, (_, k) => lab.block(0, k));
    const before = lab.bird.wire().messages.routeRefresh;
    for (let k = 20; k < 24; k++) {
      blocks.push(lab.block(0, k));
      lab.bird.reconfigure(0, { blocks: [...blocks] });
      lab.run(0.004);
    }
    lab.run(10);
    // Every begin is told, and the end once for each that got there.
    const refreshes = lab.bird.wire().messages.routeRefresh - before;
    expect(refreshes).toBeGreaterThanOrEqual(40 * 5);
    expect(refreshes).toBeLessThan(40 * 8);
    for (let client = 1; client <= 40; client++)
      expect(lab.bird.routes(client)).toHaveLength(41 * 20 + 4);
  });

  test("ends with a peer whose session is lost meanwhile, and feeds it as a new one", () => {
    const lab = reflected();
    const blocks = Array.from({ length: 21 }, (_, k) => lab.block(0, k));
    lab.bird.reconfigure(0, { blocks });
    lab.run(0.004);
    lab.bird.kill(7);
    lab.run(1).start([7]).run(20);
    expect(lab.bird.routes(7)).toHaveLength(41 * 20 + 1);
  });
});

describe("routes that change while the table is told again", () => {
  /** All that is in one half of the pool is exported, or nothing of it. */
  const rules = (half: string, action: "accept" | "reject"): ExportRules => ({
    steps: [
      { kind: "pool", cidr: half, action },
      { kind: "own-blocks" },
      { kind: "pool", cidr: "10.0.0.0/8", action: "accept" },
    ],
    communities: [],
  });

  test("are told as they are, not as they were when it began", () => {
    const lab = reflected();
    lab.bird.reconfigure(0, { rules: rules("10.0.0.0/8", "reject") });
    lab.run(10);
    expect(lab.bird.routes(1)).toHaveLength(20);
    // All are told again from now on; one of them goes before its step comes.
    lab.bird.reconfigure(0, { rules: rules("10.0.0.0/8", "accept") });
    const kept = Array.from({ length: 19 }, (_, k) => lab.block(40, k));
    lab.bird.reconfigure(40, { blocks: kept });
    lab.run(10);
    expect(lab.bird.routes(1)).toHaveLength(41 * 20 - 1);
  });

  test.each([0, 1, 4, 8])(
    "are told by each peer's own filter, when that of another changes %i ms later",
    (later) => {
      const lab = reflected();
      lab.bird.reconfigure(0, { rules: rules("10.0.0.0/8", "reject") });
      lab.run(10);
      lab.bird.reconfigure(0, { rules: rules("10.0.0.0/8", "accept") });
      lab.run(later / 1_000);
      const exportFilters = [{ filter: CLOSED, internal: true }];
      const first = { peer: 1, passive: false, options: { clusterId: CLUSTER, exportFilters } };
      lab.bird.reconfigure(0, { add: [first] });
      lab.run(10);
      expect(lab.bird.routes(1)).toHaveLength(20);
      for (let client = 2; client <= 40; client++)
        expect(lab.bird.routes(client)).toHaveLength(41 * 20);
    },
  );

  test("are withdrawn if they came with a change that forbids them", () => {
    const lab = new Peered(2, { blocks: 2 });
    lab.peer(0, 1, {}, { passive: true }).start().run(20);
    const blocks = lab.blocks(0, 3);
    lab.bird.reconfigure(0, { blocks, rules: rules("10.0.0.0/15", "reject") });
    lab.run(10);
    // The change itself goes through the filter as it was, the table through the new one.
    expect(lab.bird.routes(1)).toEqual(lab.blocks(1));
  });

  test("come from another once the daemon's own are gone, where only the best is told", () => {
    const lab = new Peered(3, { addPath: false });
    for (const client of [1, 2]) lab.peer(0, client, { clusterId: CLUSTER }, { passive: true });
    const both = lab.block(0, 1);
    for (const node of [0, 1]) lab.bird.configure(node, { blocks: [lab.block(node, 0), both] });
    lab.start().run(20);
    expect(lab.bird.paths(2, both).map(({ nextHop }) => nextHop)).toEqual([0]);
    lab.bird.reconfigure(0, { blocks: [lab.block(0, 0)] });
    lab.run(10);
    expect(lab.bird.paths(2, both).map(({ nextHop }) => nextHop)).toEqual([1]);
  });
});

describe("a mesh node with a large table", () => {
  test("withdraws what it does not tell step by step, in messages of 4,096 octets at most", () => {
    const mesh = new Mesh(4, { blocks: 200 }).start().run(20);
    const before = mesh.bird.wire();
    const blocks = Array.from({ length: 201 }, (_, k) => mesh.block(0, k));
    mesh.bird.reconfigure(0, { blocks });
    mesh.run(10);
    const after = mesh.bird.wire();
    // The 600 blocks of others and the subnet, to each of three.
    expect(after.update.withdrawn - before.update.withdrawn).toBe(3 * 601);
    expect(after.update.nlri - before.update.nlri).toBe(3 * (1 + 201));
    expect(after.bytes.routeRefresh - before.bytes.routeRefresh).toBe(3 * 2 * 23);
    expect(mesh.bird.routes(1)).toHaveLength(801);
  });

  /** One with a thousand blocks that begins to feed a peer which comes later. */
  function feeding(peers: readonly PeerConfig[] = []): Mesh {
    const mesh = new Mesh(3);
    mesh.bird.configure(0, { blocks: mesh.blocks(0, 1_000), add: peers });
    mesh.start([0]).run(10).start([2]);
    while (mesh.bird.establishedEnds < 1) mesh.run(0.001);
    return mesh;
  }

  test("leaves no block out of a first feed amid which it loses one", () => {
    const mesh = feeding();
    mesh.bird.reconfigure(0, { blocks: mesh.blocks(0, 1_000).slice(1) });
    mesh.run(20);
    expect(mesh.bird.routes(2)).toHaveLength(999 + 1);
  });

  test("leaves no block out of a first feed amid which the last peer with a filter loses it", () => {
    const exportFilters = [{ filter: { ...CLOSED, rules: [] }, internal: true }];
    const mesh = feeding([{ peer: 1, passive: true, options: { exportFilters } }]);
    mesh.bird.reconfigure(0, { add: [{ peer: 1, passive: true }] });
    mesh.run(20);
    expect(mesh.bird.routes(2)).toHaveLength(1_000 + 1);
  });
});

describe("a reflector that starts before its clients", () => {
  test("feeds those that come together side by side, in steps of 256 routes", () => {
    const [first, late] = [
      [1, 2],
      [3, 4, 5, 6],
    ] as const;
    const lab = new Peered(7, { blocks: 600 });
    for (let client = 1; client < 7; client++)
      lab.peer(0, client, { clusterId: CLUSTER }, { passive: true });
    for (const client of late) lab.bird.configure(client, { blocks: [] });
    lab.start([0, ...first]).run(20);
    lab.diary.forget();
    lab.start(late).run(20);
    // 1,800 routes each: their first steps come before anybody's last.
    const times = late.map((client) =>
      lab.diary.routes.filter(({ node, added }) => node === client && added).map(({ at }) => at),
    );
    for (const own of times) expect(own).toHaveLength(1_800);
    const lastBegin = Math.max(...times.map((own) => own[0]!));
    const firstEnd = Math.min(...times.map((own) => own.at(-1)!));
    expect(lastBegin).toBeLessThan(firstEnd);
  });
});

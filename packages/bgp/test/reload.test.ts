import { describe, expect, test } from "vitest";
import type { ExportRules, FilterFunction, PeerOptions } from "../src/index.js";
import { Mesh, Peered } from "./support.js";

/** A BGPFilter that refuses one block. */
function refusing(cidr: string, direction: "import" | "export"): FilterFunction {
  const match = { net: { operator: "Equal", cidr } } as const;
  return {
    filter: "f",
    direction,
    dependsOnPeerType: false,
    rules: [{ peerType: undefined, match, operations: [], action: "reject" }],
  };
}

function filtered(cidrs: { readonly import?: string; readonly export?: string }): PeerOptions {
  const called = (direction: "import" | "export"): PeerOptions["importFilters"] =>
    cidrs[direction] === undefined
      ? []
      : [{ filter: refusing(cidrs[direction], direction), internal: true }];
  return { importFilters: called("import") ?? [], exportFilters: called("export") ?? [] };
}

/** Calico's export filter: pools that are not exported, then own blocks, then pools that are. */
function rules(
  disabled: readonly string[],
  enabled: readonly string[],
  community?: string,
): ExportRules {
  return {
    steps: [
      ...disabled.map((cidr) => ({ kind: "pool", cidr, action: "reject" }) as const),
      { kind: "add-communities" },
      { kind: "own-blocks" },
      ...enabled.map((cidr) => ({ kind: "pool", cidr, action: "accept" }) as const),
    ],
    communities: community === undefined ? [] : [{ cidr: "10.0.0.0/8", add: [community] }],
  };
}

const POOL = ["10.0.0.0/10"];

/** Three nodes with two blocks each, at rest. */
function atRest(): Mesh {
  const mesh = new Mesh(3, { blocks: 2 });
  for (const node of mesh.all()) mesh.bird.configure(node, { rules: rules([], POOL) });
  return mesh.converged();
}

/** Messages and bytes but keepalives that a change sends within five seconds, ROUTE-REFRESH apart. */
function sent(
  mesh: Mesh,
  change: () => void,
): { refresh: number; update: number; bytes: number; other: number } {
  const before = mesh.bird.wire();
  change();
  mesh.run(5);
  const after = mesh.bird.wire();
  const [a, b] = [after.messages, before.messages];
  return {
    refresh: a.routeRefresh - b.routeRefresh,
    update: a.update - b.update,
    bytes:
      after.bytes.total - after.bytes.keepalive - (before.bytes.total - before.bytes.keepalive),
    other: a.open + a.notification - b.open - b.notification,
  };
}

/** Makes node 0 treat node 1 otherwise. */
function treat(mesh: Mesh, options: PeerOptions | undefined, passive = true): void {
  const peer = { peer: 1, passive, ...(options === undefined ? {} : { options }) };
  mesh.bird.reconfigure(0, { add: [peer] });
}

const FIRST = "10.0.0.0/26";
const OF_PEER = "10.2.0.0/26";

// Every figure is of BIRD 1.6.8 with Calico's configuration for three nodes with two /26 blocks each, in a network namespace
// each on one bridge of 10.10.0.0/24: the file of the first was rewritten, the daemon sent SIGHUP, and the messages read
// from a capture of TCP port 179 on the bridge. BIRD's log said "Reconfigured" and "Reloading protocol", never "Restarting".
describe("a filter that changes while the session stays", () => {
  test("an export filter: the peer is fed again, nobody else hears of it", () => {
    const mesh = atRest();
    // BoRR 23, withdrawn 76: the subnet, the four blocks of others and the one refused; announced 53; EoRR 23.
    expect(sent(mesh, () => treat(mesh, filtered({ export: FIRST })))).toEqual({
      refresh: 2,
      update: 2,
      bytes: 23 + 76 + 53 + 23,
      other: 0,
    });
    expect(mesh.routesTo(1, 0)).toBe(1);
    expect(mesh.routesTo(2, 0)).toBe(2);
    // And back: 67 withdrawn, 62 announced.
    expect(sent(mesh, () => treat(mesh, undefined))).toEqual({
      refresh: 2,
      update: 2,
      bytes: 23 + 67 + 62 + 23,
      other: 0,
    });
    expect(mesh.complete()).toBe(true);
    expect(mesh.bird.lostEnds).toBe(0);
  });

  test("an import filter: the peer is asked, and tells everything again", () => {
    const mesh = atRest();
    const change = (options: PeerOptions | undefined): void => treat(mesh, options);
    // The request 23, then the peer's BoRR, 67 withdrawn, 62 announced, EoRR.
    const messages = { refresh: 3, update: 2, bytes: 23 + 23 + 67 + 62 + 23, other: 0 };
    expect(sent(mesh, () => change(filtered({ import: OF_PEER })))).toEqual(messages);
    expect(mesh.routesTo(0, 1)).toBe(1);
    mesh.diary.forget();
    expect(sent(mesh, () => change(undefined))).toEqual(messages);
    expect(mesh.complete()).toBe(true);
    // What is told again unchanged does not touch the kernel.
    expect(mesh.diary.routes.map(({ node, added }) => [node, added])).toEqual([[0, true]]);
  });

  test("both: one request, and each end feeds the other", () => {
    const mesh = atRest();
    const both = filtered({ import: OF_PEER, export: FIRST });
    expect(sent(mesh, () => treat(mesh, both))).toEqual({
      refresh: 5,
      update: 4,
      bytes: 23 + (23 + 76 + 53 + 23) + (23 + 67 + 62 + 23),
      other: 0,
    });
    // Back: each knows one block less than before, so that 58 bytes withdraw what is not told.
    expect(sent(mesh, () => treat(mesh, undefined))).toEqual({
      refresh: 5,
      update: 4,
      bytes: 23 + 2 * (23 + 58 + 62 + 23),
      other: 0,
    });
    expect(mesh.complete()).toBe(true);
  });

  test("a pool that is not exported any more: every peer is fed again", () => {
    const mesh = atRest();
    const disabled = rules([FIRST], POOL);
    expect(sent(mesh, () => mesh.bird.reconfigure(0, { rules: disabled }))).toEqual({
      refresh: 4,
      update: 4,
      bytes: 2 * (23 + 76 + 53 + 23),
      other: 0,
    });
    expect([1, 2].map((node) => mesh.routesTo(node, 0))).toEqual([1, 1]);
  });

  test("a pool more, in which nothing lies: every peer is fed again all the same", () => {
    const mesh = atRest();
    const more = rules([], [...POOL, "10.99.0.0/16"]);
    expect(sent(mesh, () => mesh.bird.reconfigure(0, { rules: more }))).toEqual({
      refresh: 4,
      update: 4,
      bytes: 2 * (23 + 67 + 62 + 23),
      other: 0,
    });
  });

  test("a community: seven bytes more", () => {
    const mesh = atRest();
    const tagged = rules([], POOL, "64512:100");
    expect(sent(mesh, () => mesh.bird.reconfigure(0, { rules: tagged })).bytes).toBe(
      2 * (23 + 67 + 69 + 23),
    );
  });

  test("filters and blocks in one change: each peer is fed once", () => {
    const mesh = atRest();
    const options = filtered({ export: FIRST });
    const change = { add: [{ peer: 1, passive: true, options }], blocks: mesh.blocks(0, 3) };
    expect(sent(mesh, () => mesh.bird.reconfigure(0, change)).refresh).toBe(4);
    expect([1, 2].map((n) => mesh.kernels.best(n, mesh.block(0, 2)) !== 0)).toEqual([true, true]);
    expect(mesh.routesTo(1, 0)).toBe(1);
  });

  test("of a peer that is not there: it is taken over in silence, and holds when the peer comes", () => {
    const mesh = atRest();
    mesh.bird.terminate(1);
    mesh.run(2);
    const filters = filtered({ import: OF_PEER });
    expect(sent(mesh, () => treat(mesh, filters))).toEqual({
      refresh: 0,
      update: 0,
      bytes: 0,
      other: 0,
    });
    mesh.start([1]).run(10);
    expect(mesh.routesTo(0, 1)).toBe(1);
  });
});

describe("what a daemon reads in the turn in which it is reconfigured", () => {
  test("is passed on all the same, however close the two are", () => {
    // Found by the property on peerings of any kind: what waited for the end of the turn was forgotten.
    for (let micros = 0; micros <= 400; micros += 10) {
      const lab = new Peered(3);
      for (const client of [1, 2]) lab.peer(0, client, { clusterId: 1 }, { passive: true });
      lab.converged();
      lab.bird.reconfigure(1, { blocks: lab.blocks(1, 2) });
      lab.run(micros / 1e6);
      // Busy with the first change, it finds the UPDATE and the second in one turn.
      lab.bird.reconfigure(0, { blocks: lab.blocks(0, 2) });
      lab.run(5e-6);
      lab.bird.reconfigure(0, { blocks: lab.blocks(0, 3) });
      lab.run(2);
      expect([micros, lab.kernels.best(2, lab.block(1, 1)) !== 0]).toEqual([micros, true]);
    }
  });
});

describe("a change that needs a new session", () => {
  test.each([
    ["the restart time", { options: { gracefulRestart: 60 } }],
    ["who opens", { passive: false }],
    ["the rest of what the file says", { session: "keepalive time 20" }],
  ])("%s: Cease 6.6, then a session as at the start", (_, more) => {
    const mesh = new Mesh(3, { blocks: 2 });
    mesh.bird.configure(0, { add: [{ peer: 1, passive: true, session: "" }] });
    mesh.converged();
    const change = { add: [{ peer: 1, passive: true, session: "", ...more }] };
    // Measured: NOTIFICATION 21; 2.0 s later 2 × (OPEN 63, KEEPALIVE 19, UPDATE 62, End-of-RIB 23).
    expect(sent(mesh, () => mesh.bird.reconfigure(0, change))).toMatchObject({
      refresh: 0,
      update: 4,
      other: 3,
      bytes: 21 + 2 * (63 + 62 + 23),
    });
    expect(mesh.complete()).toBe(true);
    expect(mesh.bird.viewSession(1, 0)?.lastError).toBe("");
  });

  test("the same file read again is none", () => {
    const mesh = new Mesh(3).converged();
    const change = { add: [{ peer: 1, passive: true, session: "x" }] };
    for (let time = 0; time < 2; time++)
      expect(sent(mesh, () => mesh.bird.reconfigure(0, change)).bytes).toBe(0);
    expect(mesh.bird.lostEnds).toBe(0);
  });
});

import { nextHopsOf, parseCidr } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { Peered } from "./support.js";

const CALICO = 64_512;
const CLUSTER = 0xf400_0001;

/** Node 0 and routers 1 … n with an AS each, which all announce the same prefix. */
function behindRouters(routers: number): { lab: Peered; prefix: number } {
  const lab = new Peered(routers + 1);
  const prefix = lab.prefixes.intern(parseCidr("10.200.0.0/24")!);
  lab.speaker(0, { asNumber: CALICO });
  for (let tor = 1; tor <= routers; tor++) {
    const asNumber = 65_000 + tor;
    lab.peer(
      0,
      tor,
      { remoteAS: asNumber },
      { remoteAS: CALICO, passive: true, addPath: false, onLink: true },
    );
    lab.speaker(tor, { asNumber, router: true }, { blocks: [prefix] });
  }
  return { lab, prefix };
}

function gateways(lab: Peered, node: number, prefix: number): number[] {
  const route = lab.kernels.best(node, prefix);
  if (route === 0) return [];
  return nextHopsOf(lab.kernels.route(route)).map(({ gateway }) => gateway);
}

function changes(lab: Peered, node: number, prefix: number): boolean[] {
  return lab.diary.routes
    .filter((r) => r.node === node && r.prefix === prefix)
    .map(({ added }) => added);
}

// What BIRD 1.6.8 did with Calico's files behind two passive routers that announce 10.200.0.0/24: `ip route` and
// `ip monitor route` in the node's network namespace.
describe("merge paths", () => {
  test("two routers' paths to one prefix are one route with two next hops, in the order of addresses", () => {
    const { lab, prefix } = behindRouters(2);
    lab.start([2], { recover: false }).run(1);
    lab.start([1], { recover: false }).start([0]).run(10);
    expect(lab.bird.paths(0, prefix)).toHaveLength(2);
    expect(gateways(lab, 0, prefix)).toEqual([1, 2]);
    // Outside the kernel it stays the best path alone.
    expect(lab.bird.bestPath(0, prefix)).toBe(1);
  });

  test("a router that is terminated leaves by a deletion and an addition, and the rest stays", () => {
    const { lab, prefix } = behindRouters(2);
    lab.start([1, 2], { recover: false }).start([0]).run(10);
    lab.diary.forget();
    lab.bird.terminate(2);
    lab.run(1);
    expect(gateways(lab, 0, prefix)).toEqual([1]);
    expect(changes(lab, 0, prefix)).toEqual([false, true]);
  });

  test("a router that was killed keeps its next hop; when it is back the route is written twice (law 8 d, g)", () => {
    // Measured: 0.1 ms apart, first without and then with the next hop of the router that came back.
    const { lab, prefix } = behindRouters(2);
    lab.start([1, 2], { recover: false }).start([0]).run(10);
    lab.diary.forget();
    lab.bird.kill(2);
    lab.run(3);
    expect(gateways(lab, 0, prefix)).toEqual([1, 2]);
    expect(changes(lab, 0, prefix)).toEqual([]);
    lab.start([2], { recover: false }).run(8);
    expect(gateways(lab, 0, prefix)).toEqual([1, 2]);
    expect(changes(lab, 0, prefix)).toEqual([false, true, false, true]);
  });

  test("a longer AS path is no equal", () => {
    const { lab, prefix } = behindRouters(2);
    const far = { asNumber: 65_003, router: true };
    lab.speaker(2, { asNumber: 65_002, router: true }, { blocks: [] });
    const longer = new Peered(4);
    longer.speaker(0, { asNumber: CALICO });
    for (const [tor, asNumber] of [
      [1, 65_001],
      [2, 65_002],
    ] as const)
      longer
        .peer(0, tor, { remoteAS: asNumber }, { remoteAS: CALICO, passive: true, addPath: false })
        .speaker(tor, { asNumber, router: true }, { blocks: tor === 1 ? [prefix] : [] });
    longer.peer(2, 3, { remoteAS: 65_003 }, { remoteAS: 65_002, passive: true, addPath: false });
    longer.speaker(3, far, { blocks: [longer.prefixes.intern(parseCidr("10.200.0.0/24")!)] });
    longer.speaker(
      1,
      { asNumber: 65_001, router: true },
      {
        blocks: [longer.prefixes.intern(parseCidr("10.200.0.0/24")!)],
      },
    );
    longer.start([1, 2, 3], { recover: false }).start([0]).run(10);
    const same = longer.prefixes.intern(parseCidr("10.200.0.0/24")!);
    expect(longer.bird.paths(0, same)).toHaveLength(2);
    expect(gateways(longer, 0, same)).toEqual([1]);
  });

  test("more than sixteen routers: the sixteen lowest addresses", () => {
    const { lab, prefix } = behindRouters(18);
    lab.start(lab.others(0), { recover: false }).start([0]).run(10);
    expect(gateways(lab, 0, prefix)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  });

  test("two reflectors' copies of one path lead to one next hop, unless they put themselves there", () => {
    for (const nextHop of ["auto", "self"] as const) {
      const lab = new Peered(4);
      for (const reflector of [0, 1])
        for (const client of [2, 3])
          lab.peer(reflector, client, { clusterId: CLUSTER, nextHop }, { passive: true });
      lab.converged();
      expect(lab.bird.paths(2, lab.block(3, 0))).toHaveLength(2);
      expect(gateways(lab, 2, lab.block(3, 0))).toEqual(nextHop === "auto" ? [3] : [0, 1]);
    }
  });

  test.each([
    [undefined, [1]],
    [true, [1, 2]],
  ])(
    "an ordinary router (`mergePaths`: %s) has one next hop, or with `merge paths` all, and tells one",
    (mergePaths, hops) => {
      const lab = new Peered(4);
      const prefix = lab.prefixes.intern(parseCidr("10.200.0.0/24")!);
      for (const node of [1, 2]) lab.peer(0, node, { passive: true }, {});
      lab.peer(0, 3, { passive: true, remoteAS: 65_003, addPath: false }, { remoteAS: CALICO });
      lab.speaker(0, { router: true, ...(mergePaths === undefined ? {} : { mergePaths }) });
      for (const node of [1, 2]) lab.speaker(node, {}, { blocks: [prefix] });
      lab.speaker(3, { asNumber: 65_003, router: true });
      lab.converged();
      expect(lab.bird.paths(0, prefix)).toHaveLength(2);
      expect(gateways(lab, 0, prefix)).toEqual(hops);
      expect(lab.bird.paths(3, prefix)).toHaveLength(1);
      lab.bird.terminate(1);
      lab.run(5);
      expect(gateways(lab, 0, prefix)).toEqual([2]);
    },
  );
});

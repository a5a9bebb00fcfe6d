import { describe, expect, test } from "vitest";
import type { WireSummary } from "../src/index.js";
import { Mesh, Peered } from "./support.js";

/** Bytes sent since `before`, keepalives apart. */
function since(before: WireSummary, after: WireSummary): Record<"update" | "refresh", number> {
  return {
    update: after.bytes.update - before.bytes.update,
    refresh: after.bytes.routeRefresh - before.bytes.routeRefresh,
  };
}

// Every figure was measured with Debian's bird6 1.6.8, in network namespaces, as an internal multihop peer with graceful restart.
describe("the BIRD of IPv6", () => {
  test.each([1, 2, 12, 70])("starts a mesh with the messages of IPv4, longer (%i blocks)", (k) => {
    const wire = new Mesh(3, { family: 6, blocks: k }).converged().bird.wire();
    const sessions = 3;
    expect(wire.messages).toMatchObject({ open: 6, keepalive: 6, update: 12, routeRefresh: 0 });
    expect(wire.bytes.open).toBe(2 * sessions * 63);
    expect(wire.bytes.keepalive).toBe(2 * sessions * 19);
    // 70 blocks make MP_REACH_NLRI longer than 255 octets: one more for its length.
    const reach = 61 + 21 * k + (21 + 21 * k > 255 ? 1 : 0);
    expect(wire.bytes.update).toBe(2 * sessions * (reach + 29));
  });

  test("has shorter OPENs and prefixes without add-path", () => {
    const wire = new Mesh(2, { family: 6, blocks: 2, addPath: false }).converged().bird.wire();
    expect(wire.bytes.open).toBe(2 * 57);
    expect(wire.bytes.update).toBe(2 * (95 + 29));
  });

  test("feeds a new block with enhanced refresh: the change, what is withdrawn, everything", () => {
    const mesh = new Mesh(2, { family: 6, blocks: 70 }).converged();
    const before = mesh.bird.wire();
    mesh.bird.reconfigure(0, { blocks: mesh.blocks(0, 71) });
    mesh.run(3);
    const { update, refresh } = since(before, mesh.bird.wire());
    expect(refresh).toBe(2 * 23);
    expect(update).toBe(61 + 21 + 1513 + 1553);
    expect(mesh.kernels.best(1, mesh.block(0, 70))).not.toBe(0);
  });

  test("the same without add-path", () => {
    const mesh = new Mesh(2, { family: 6, blocks: 2, addPath: false }).converged();
    const before = mesh.bird.wire();
    mesh.bird.reconfigure(0, { blocks: mesh.blocks(0, 3) });
    mesh.run(3);
    expect(since(before, mesh.bird.wire()).update).toBe(61 + 17 + 72 + 112);
  });

  test.each([
    { addPath: true, one: 21, full: 191, longest: 4073 },
    { addPath: false, one: 17, full: 235, longest: 4057 },
  ])("a step of a feed that is too long for one message goes as two (add-path: $addPath)", (of) => {
    const { addPath, one, full, longest } = of;
    const wire = new Mesh(2, { family: 6, blocks: 255, addPath }).converged().bird.wire();
    expect(wire.update).toMatchObject({ reach: 4, nlri: 510, endOfRib: 2 });
    const rest = 62 + one * (255 - full);
    expect(wire.bytes.update).toBe(2 * (longest + rest + 29));
  });

  test("withdraws at most 193 prefixes in a message", () => {
    // Of six daemons with 40 blocks each, one tells the others' 200 as withdrawn, with the connected subnet.
    const mesh = new Mesh(6, { family: 6, blocks: 40 }).converged();
    const before = mesh.bird.wire();
    mesh.bird.reconfigure(0, { blocks: mesh.blocks(0, 41) });
    mesh.run(3);
    const after = mesh.bird.wire();
    expect(after.update.withdraw - before.update.withdraw).toBe(2 * 5);
    const withdrawn = 30 + 193 * 21 + 13 + (29 + 7 * 21);
    expect(since(before, after).update).toBe(5 * (61 + 21 + withdrawn + 62 + 41 * 21));
  });

  test("does not know of the routes of the other family in its kernel", () => {
    const mesh = new Mesh(2, { family: 6, blocks: 1 }).converged();
    const foreign = mesh.prefixes.intern({ family: 4, value: 10 << 24, length: 26, address: 0 });
    mesh.kernels.replace(0, foreign, mesh.kernels.best(0, mesh.block(1, 0)));
    mesh.bird.kill(0);
    mesh.run(1).start([0]).run(20);
    expect(mesh.kernels.best(0, foreign)).not.toBe(0);
  });

  test("reads the clock of its host, as the BIRD of IPv4 does, and draws its own timers", () => {
    const [v4, v6] = ([4, 6] as const).map((family) => {
      const mesh = new Mesh(8, { family }).converged();
      mesh.diary.forget();
      mesh.bird.kill(7);
      return mesh.run(300);
    });
    // When routes of a restarting peer go is a matter of whole seconds on the clock of each node (laws 1 and 8 a).
    const gone = ({ diary }: Mesh): unknown =>
      diary.routes
        .map(({ node, at }) => [node, Math.round(at / 100_000)] as const)
        .sort(([a], [b]) => a - b);
    expect(gone(v6!)).toHaveLength(7);
    expect(gone(v6!)).toEqual(gone(v4!));
    const timers = (mesh: Mesh): unknown =>
      mesh.others(0).map((peer) => mesh.bird.viewSession(0, peer)?.keepalive?.left);
    expect(timers(v6!)).not.toEqual(timers(v4!));
  });
});

// Measured with bird6 1.6.8: two routers and two nodes in one subnet, the routers `direct`, the nodes `multihop` as Calico has it.
describe("next hops of IPv6 between two on one link", () => {
  const direct = { onLink: true, addPath: false } as const;

  test.each([
    { onLink: true, blocks: 1, bytes: 93 },
    { onLink: false, blocks: 1, bytes: 77 },
    { onLink: true, blocks: 255, bytes: 4_089 + 400 },
    { onLink: false, blocks: 255, bytes: 4_073 + 384 },
  ])("come with the link-local address: on link $onLink, $blocks blocks", (of) => {
    const { onLink, blocks, bytes } = of;
    const lab = new Peered(2, { family: 6, blocks });
    lab
      .speaker(0, { asNumber: 65_001, router: true })
      .speaker(1, { asNumber: 65_002, router: true });
    const options = { onLink, addPath: false };
    lab.peer(
      0,
      1,
      { ...options, remoteAS: 65_002 },
      { ...options, remoteAS: 65_001, passive: true },
    );
    expect(lab.start().run(10).bird.wire().bytes.update).toBe(2 * (bytes + 29));
  });

  test.each([4, 6] as const)("are left as they are where that is known (IPv%i)", (family) => {
    const lab = new Peered(4, { family });
    lab
      .speaker(0, { asNumber: 65_001, router: true })
      .speaker(1, { asNumber: 65_002, router: true });
    lab.peer(0, 1, { ...direct, remoteAS: 65_002 }, { ...direct, remoteAS: 65_001, passive: true });
    lab.peer(
      1,
      2,
      { ...direct, remoteAS: 64_512 },
      { remoteAS: 65_002, addPath: false, passive: true },
    );
    lab.peer(2, 3, {}, { passive: true });
    lab.speaker(2, {}).speaker(3, {});
    lab.start().run(10);
    const hop = (node: number, of: number): number =>
      lab.bird.paths(node, lab.block(of, 0))[0]!.nextHop;
    // A router's, which comes with it; and it stays inside the nodes' AS, where it goes on without.
    expect([hop(2, 0), hop(3, 0)]).toEqual([0, 0]);
    // A node's, which comes without: in IPv6 the router tells its own.
    expect(hop(0, 2)).toBe(family === 4 ? 2 : 1);
  });
});

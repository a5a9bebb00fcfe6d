import { PROTOCOL, parseCidr } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import type { ExportRules, FilterFunction } from "../src/index.js";
import { Mesh, Peered } from "./support.js";

const RULES: ExportRules = {
  steps: [{ kind: "own-blocks" }, { kind: "pool", cidr: "10.0.0.0/10", action: "accept" }],
  communities: [],
};

function host(lab: Mesh | Peered, cidr: string): number {
  return lab.prefixes.intern(parseCidr(cidr)!);
}

/** The kernel gets a route to a pod, as Felix writes it, or the CNI plugin with metric 0. */
function pod(lab: Mesh | Peered, node: number, cidr: string, metric = 1024): void {
  const route = lab.kernels.intern({
    type: "unicast",
    device: "cali1",
    gateway: -1,
    onlink: false,
    metric,
    protocol: PROTOCOL.boot,
  });
  lab.kernels.replace(node, host(lab, cidr), route);
}

function noPod(lab: Mesh | Peered, node: number, cidr: string, metric = 1024): void {
  lab.kernels.remove(node, host(lab, cidr), metric, PROTOCOL.boot);
}

/** UPDATEs and their bytes that a change sends. */
function updates(lab: Mesh | Peered, change: () => void): { update: number; bytes: number } {
  const before = lab.bird.wire();
  change();
  lab.run(2);
  const after = lab.bird.wire();
  return {
    update: after.messages.update - before.messages.update,
    bytes: after.bytes.update - before.bytes.update,
  };
}

function atRest(): Mesh {
  const mesh = new Mesh(3);
  for (const node of mesh.all()) mesh.bird.configure(node, { rules: RULES });
  return mesh.converged();
}

/** In the block of node 2, and in that of node 1. */
const BORROWED = "10.4.0.5/32";
const OWN = "10.2.0.5/32";

// The figures are of BIRD 1.6.8 with Calico's configuration in a mesh of three: `ip route add` and `ip route del` of a
// device `cali…` in the second node's network namespace, messages read from a capture of TCP port 179.
describe("routes of pods that BIRD learns from its kernel", () => {
  test("an address of another node's block is told to every peer at once, and withdrawn", () => {
    const mesh = atRest();
    const from = mesh.engine.now;
    mesh.diary.forget();
    expect(updates(mesh, () => pod(mesh, 1, BORROWED))).toEqual({ update: 2, bytes: 2 * 53 });
    for (const node of [0, 2]) {
      const route = mesh.kernels.route(mesh.kernels.best(node, host(mesh, BORROWED)));
      expect(route).toMatchObject({ gateway: 1, metric: 1024, protocol: PROTOCOL.bird });
      expect(mesh.bird.bestPath(node, host(mesh, BORROWED))).toBe(1);
    }
    // Measured 4 ms from the command to the UPDATE.
    for (const { at } of mesh.diary.routes) expect(mesh.since(from, at)).toBeLessThan(0.01);
    expect(mesh.bird.bestPath(1, host(mesh, BORROWED))).toBe(1);
    expect(updates(mesh, () => noPod(mesh, 1, BORROWED))).toEqual({ update: 2, bytes: 2 * 32 });
    expect(mesh.all().map((n) => mesh.kernels.best(n, host(mesh, BORROWED)))).toEqual([0, 0, 0]);
  });

  test("one of the own block is told to nobody", () => {
    const mesh = atRest();
    expect(updates(mesh, () => pod(mesh, 1, OWN)).update).toBe(0);
    expect(updates(mesh, () => noPod(mesh, 1, OWN)).update).toBe(0);
  });

  test("a metric below the ordinary is told even then, and wins everywhere; with the ordinary one it is withdrawn", () => {
    // Measured: local preference 2147483647, preference 200 at the receivers, a kernel route without a metric there.
    const mesh = atRest();
    expect(updates(mesh, () => pod(mesh, 1, OWN, 0))).toEqual({ update: 2, bytes: 2 * 53 });
    expect(mesh.bird.paths(0, host(mesh, OWN))[0]?.attributes.localPref).toBe(2147483647);
    expect(updates(mesh, () => pod(mesh, 1, OWN)).update).toBe(0);
    expect(updates(mesh, () => noPod(mesh, 1, OWN, 0))).toEqual({ update: 2, bytes: 2 * 32 });
  });

  test("a node that starts tells of what its kernel held before; one that joins hears of it", () => {
    const mesh = new Mesh(3);
    for (const node of mesh.all()) mesh.bird.configure(node, { rules: RULES });
    pod(mesh, 1, BORROWED);
    mesh.converged();
    expect(mesh.bird.bestPath(0, host(mesh, BORROWED))).toBe(1);
    mesh.bird.kill(1);
    noPod(mesh, 1, BORROWED);
    mesh.start([1]).run(10);
    expect(mesh.bird.bestPath(0, host(mesh, BORROWED))).toBe(-1);
  });

  test("a block that comes covers its pods, and one that goes uncovers them", () => {
    const mesh = atRest();
    pod(mesh, 1, "10.2.0.70/32");
    mesh.run(2);
    const address = host(mesh, "10.2.0.70/32");
    expect(mesh.kernels.best(0, address)).not.toBe(0);
    mesh.bird.reconfigure(1, { blocks: mesh.blocks(1, 2) });
    mesh.run(2);
    expect(mesh.kernels.best(0, address)).toBe(0);
    mesh.bird.reconfigure(1, { blocks: mesh.blocks(1, 1) });
    mesh.run(2);
    expect(mesh.kernels.best(0, address)).not.toBe(0);
  });

  test("a reflector passes it on, unless the address is of its own block (rule 5)", () => {
    const lab = new Peered(4);
    for (const client of [1, 2, 3]) lab.peer(0, client, { clusterId: 1 }, { passive: true });
    for (const node of lab.all()) lab.bird.configure(node, { rules: RULES });
    lab.converged();
    pod(lab, 1, BORROWED);
    pod(lab, 1, "10.0.0.9/32");
    lab.run(2);
    expect([0, 2, 3].map((n) => lab.bird.bestPath(n, host(lab, BORROWED)))).toEqual([1, 1, 1]);
    expect([0, 2, 3].map((n) => lab.bird.bestPath(n, host(lab, "10.0.0.9/32")))).toEqual([
      1, -1, -1,
    ]);
  });

  test("it is fed to a peer that comes later, beside the blocks, and in a re-feed", () => {
    const mesh = atRest();
    mesh.bird.terminate(0);
    mesh.run(1);
    pod(mesh, 1, BORROWED);
    mesh.run(1);
    mesh.start([0]).run(10);
    expect(mesh.bird.bestPath(0, host(mesh, BORROWED))).toBe(1);
    const before = mesh.bird.wire().bytes.update;
    mesh.bird.reconfigure(1, { blocks: mesh.blocks(1, 2) });
    mesh.run(2);
    // To each peer: the new block 53; withdrawn the subnet and two blocks of others 23 + 8 + 18; two blocks and the /32, 44 + 27.
    expect(mesh.bird.wire().bytes.update - before).toBe(2 * (53 + 49 + 71));
  });

  test("pods of the own block are withdrawn in every re-feed though nobody knew of them: nine bytes each", () => {
    // Measured with three pods and a block more: 53, then withdrawn 23 + 8 + 9 each, then all blocks.
    const mesh = atRest();
    for (const last of [5, 6, 7]) pod(mesh, 1, `10.2.0.${String(last)}/32`);
    mesh.run(1);
    const change = (): void => mesh.bird.reconfigure(1, { blocks: mesh.blocks(1, 2) });
    expect(updates(mesh, change)).toEqual({
      update: 6,
      bytes: 2 * (53 + (23 + 8 + 9 * (3 + 2)) + 62),
    });
    expect(mesh.bird.wire().update.withdrawn).toBe(2 * 6);
  });

  test.each([
    ["cali*", true],
    ["cali?", true],
    ["eth*", false],
    ["*.calico", false],
  ])("a BGPFilter that refuses the interface %s keeps it back: %s", (pattern, refuses) => {
    const filter: FilterFunction = {
      filter: "f",
      direction: "export",
      dependsOnPeerType: false,
      rules: [
        { peerType: undefined, match: { interface: pattern }, operations: [], action: "reject" },
      ],
    };
    const lab = new Peered(2);
    lab.peer(1, 0, { exportFilters: [{ filter, internal: true }] }, { passive: true });
    for (const node of lab.all()) lab.bird.configure(node, { rules: RULES });
    lab.converged();
    pod(lab, 1, BORROWED);
    lab.run(1);
    expect(lab.bird.bestPath(0, host(lab, BORROWED))).toBe(refuses ? -1 : 1);
    expect(lab.routesTo(0, 1)).toBe(1);
  });
});

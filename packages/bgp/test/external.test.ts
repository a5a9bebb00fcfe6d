import { parseCidr } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import type { ExportRules } from "../src/index.js";
import { Peered } from "./support.js";

const TOR = 65_001;
const CALICO = 64_512;
/** Calico's export filter with one pool, in which the nodes' blocks of these tests lie. */
const RULES: ExportRules = {
  steps: [{ kind: "own-blocks" }, { kind: "pool", cidr: "10.0.0.0/10", action: "accept" }],
  communities: [],
};

/** Nodes 0 … n − 1 in a mesh, and node n as an external router that waits and has a prefix of its own. */
function withRouter(nodes: number, meshed: boolean, asOf = (_: number): number => CALICO): Peered {
  const lab = new Peered(nodes + 1);
  const tor = nodes;
  const prefix = lab.prefixes.intern(parseCidr("10.200.0.0/24")!);
  for (let i = 0; i < nodes; i++) {
    lab.speaker(i, { asNumber: asOf(i) }, { rules: RULES });
    if (meshed) for (let j = 0; j < i; j++) lab.peer(i, j, {}, { passive: true });
    lab.peer(
      i,
      tor,
      { remoteAS: TOR },
      { remoteAS: asOf(i), passive: true, addPath: false, onLink: true },
    );
  }
  lab.speaker(tor, { asNumber: TOR, router: true }, { blocks: [prefix] });
  return lab;
}

function startAll(lab: Peered): Peered {
  const tor = lab.nodes - 1;
  return lab.start([tor], { recover: false }).start(lab.all().slice(0, -1)).run(10);
}

describe("external peers (RFC 4271)", () => {
  test("a router with an AS for each node passes every block on, AS path prepended (ground-truth s5-tor-as)", () => {
    const lab = startAll(withRouter(6, false, (i) => 64_600 + i));
    expect(lab.complete([0, 1, 2, 3, 4, 5])).toBe(true);
    const { messages, bytes, update } = lab.bird.wire();
    expect(messages.total).toBe(78);
    expect(bytes.total).toBe(3_354);
    expect(update.reach).toBe(42);
    expect(update.nlri).toBe(42);
    const [path] = lab.bird.paths(0, lab.block(3, 0));
    expect(path?.attributes.asPath).toEqual([TOR, 64_603]);
    expect(path?.attributes.localPref).toBe(100);
    // On one link the router leaves the next hop as it is.
    expect(path?.nextHop).toBe(3);
  });

  test("nodes of one AS refuse what a router brings back of it, unless they allow their AS", () => {
    const lab = startAll(withRouter(3, false));
    expect(lab.routesTo(0, 1)).toBe(0);
    const tor = lab.prefixes.intern(parseCidr("10.200.0.0/24")!);
    expect(lab.kernels.best(0, tor)).not.toBe(0);
    const allowed = new Peered(3);
    for (const i of [0, 1])
      allowed.peer(i, 2, { remoteAS: TOR, allowLocalAS: 1 }, { remoteAS: CALICO, passive: true });
    allowed.speaker(2, { asNumber: TOR, router: true }, { blocks: [] });
    expect(startAll(allowed).routesTo(0, 1)).toBe(1);
  });

  test("a mesh passes to the router what it learnt, in one UPDATE with the own block (law 11)", () => {
    const lab = startAll(withRouter(5, true));
    expect(lab.complete([0, 1, 2, 3, 4])).toBe(true);
    const { update, bytes, messages } = lab.bird.wire();
    expect(messages.open).toBe(30);
    expect(update.endOfRib).toBe(30);
    // One UPDATE each where everything was known before: 34 with 70 prefixes and 5,043 bytes in all.
    expect(update.reach).toBeGreaterThanOrEqual(34);
    expect(update.nlri).toBeGreaterThanOrEqual(70);
    expect(bytes.total).toBeGreaterThanOrEqual(5_043);
    // The router has no two paths from one node, and the node's own block from it or a peer of it.
    const [best] = lab.bird.paths(5, lab.block(3, 0));
    expect(best?.attributes.asPath).toEqual([CALICO]);
    expect(lab.bird.paths(5, lab.block(3, 0))).toHaveLength(5);
  });

  test("what is in no pool stays: the router's prefix is not told to other nodes", () => {
    const lab = startAll(withRouter(2, true));
    const tor = lab.prefixes.intern(parseCidr("10.200.0.0/24")!);
    expect(lab.bird.paths(0, tor).map((p) => p.from)).toEqual([2]);
  });

  test("an OPEN of another AS than configured is refused, and tried again ever later", () => {
    const lab = new Peered(2);
    lab.peer(1, 0, { remoteAS: 64_999 }, { passive: true });
    lab.start().run(300);
    expect(lab.bird.isEstablished(0, 1)).toBe(false);
    const { messages, tcp } = lab.bird.wire();
    expect(messages.notification).toBeGreaterThan(5);
    // Error waits of 5, 10, 20 and then 30 s, each less up to a quarter, with the connect delay behind.
    expect(tcp.connects).toBeLessThan(20);
    expect(tcp.connects).toBeGreaterThan(8);
  });
});

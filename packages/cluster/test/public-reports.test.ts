import { describe, expect, test } from "vitest";
import {
  at,
  cluster,
  fail,
  firewall,
  heal,
  pods,
  type Result,
  type Step,
  simulate,
  start,
} from "../src/index.js";

/**
 * What people reported of Calico's BGP in public, with the signature that they saw (field-data.md). Five
 * nodes of one subnet, an unencapsulated pool, so that BIRD programs every remote route; a few pods, so that
 * every node has a block.
 */
function report(steps: readonly Step[], until = "900s"): Result {
  const spec = cluster({
    nodes: 5,
    pools: [{ cidr: "10.244.0.0/16", ipipMode: "Never", vxlanMode: "Never" }],
  });
  const setUp = [at(0, start()), at("20s", pods.create(10, { over: "1s" }))];
  return simulate(spec, [...setUp, ...steps], { seed: 1, until });
}

/** When `from` lost and had again its way to the block of `owner`, after a time; seconds. */
function outage(result: Result, from: string, owner: string, after: number): [number, number] {
  const gap = result.blackholes.intervals.find(
    (each) => each.from === from && each.owner === owner && each.endSeconds > after,
  );
  return [gap?.beginSeconds ?? 0, gap?.endSeconds ?? 0];
}

describe("reports from the field", () => {
  test("calico#7144: of two nodes that reboot together the first waits 240 s for the other", () => {
    const result = report([
      at("60s", fail.node("node-1")),
      at("60s", fail.node("node-2")),
      at("100s", heal.node("node-1")),
      at("800s", heal.node("node-2")),
    ]);
    for (const owner of ["node-0", "node-3", "node-4"]) {
      const [, back] = outage(result, "node-1", owner, 100);
      expect(back - 100).toBeGreaterThan(230);
      expect(back - 100).toBeLessThan(250);
    }
    expect(outage(result, "node-2", "node-1", 800)[1]).toBeLessThan(900);
    expect(result.converged).toBe(true);
  });

  test("one dead peer keeps every node that starts without BIRD's routes for 240 s", () => {
    const others = ["node-1", "node-2", "node-3"];
    const result = report([
      at("60s", fail.process("calico-node", "node-4", { restartAfter: "never" })),
      ...others.map((node) => at("70s", fail.node(node))),
      ...others.map((node) => at("100s", heal.node(node))),
    ]);
    for (const node of others) {
      const [, back] = outage(result, node, "node-0", 100);
      expect(back - 100).toBeGreaterThan(230);
      expect(back - 100).toBeLessThan(250);
    }
    expect(result.bgp.sessionEndsEstablished).toBe(4 * 3);
  });

  test("kops#18739: a firewall that drops port 179 one way stops the session of the node that opens, and no other", () => {
    const reboot = [at("60s", fail.node("node-3")), at("100s", heal.node("node-3"))];
    const blocked = (from: string, to: string): Result =>
      report([at("50s", firewall.drop({ from, to, port: 179 })), ...reboot]);

    // node-3 has the greater address, so it opens towards node-1: its SYNs vanish, and its 240 s wait is in vain.
    const up = blocked("node-3", "node-1");
    expect(up.bgp.sessionEndsEstablished).toBe(18);
    expect(up.findings.map(({ code }) => code)).toContain("not-converged");
    expect(outage(up, "node-3", "node-0", 100)[1] - 100).toBeGreaterThan(230);
    expect(outage(up, "node-3", "node-1", 100)[1]).toBe(900);

    // The other way nothing is ever opened, and the answers from port 179 pass.
    const down = blocked("node-1", "node-3");
    expect(down.bgp.sessionEndsEstablished).toBe(20);
    expect(down.converged).toBe(true);
  });

  test("the session is back within one retry after the firewall is gone", () => {
    const result = report(
      [
        at("50s", firewall.drop({ from: "node-3", to: "node-1", port: 179 })),
        at("60s", fail.node("node-3")),
        at("100s", heal.node("node-3")),
        at("600s", firewall.allow({ from: "node-3", to: "node-1", port: 179 })),
      ],
      "620s",
    );
    const [, back] = outage(result, "node-3", "node-1", 600);
    expect(back - 600).toBeGreaterThan(0);
    expect(back - 600).toBeLessThan(7);
    expect(result.bgp.sessionEndsEstablished).toBe(20);
  });
});

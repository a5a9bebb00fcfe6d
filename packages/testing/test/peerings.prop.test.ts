import { at, blocks, fail, pods } from "@calico-sim/cluster";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { kernelsMatchOracle } from "../src/index.js";
import { POOL, plan, simulated } from "./peering-plan.js";
import { judged, looked } from "./support.js";

/** Two blocks of eight addresses: some node has none. */
const SCARCE = { cidr: "10.200.0.0/28", blockSize: 29, ipipMode: "Never" } as const;

describe("nodes of any AS that peer in any way", () => {
  test.prop([plan])(
    "have the routes that the oracle finds by itself, every next hop included",
    (p) => {
      const steps = p.nodes.map((_, i) => at("2m", blocks.add(`node-${String(i)}`)));
      expect(kernelsMatchOracle(simulated(p, POOL, steps))).toEqual([]);
    },
  );

  test.prop([plan])(
    "have those of borrowed addresses too, which no reflector tells that owns their block",
    (p) => {
      const steps = [at("2m", pods.create(7, { over: "10s" }))];
      expect(kernelsMatchOracle(simulated(p, SCARCE, steps))).toEqual([]);
    },
  );

  test.prop([plan, fc.nat(4), fc.integer({ min: 121, max: 500 })])(
    "are followed by the tracker through each other, whichever node is lost",
    (p, victim, seconds) => {
      const blocksOfAll = p.nodes.map((_, i) => at("2m", blocks.add(`node-${String(i)}`)));
      const lost = at("3m", fail.node(`node-${String(victim % p.nodes.length)}`));
      const simulation = simulated(p, POOL, [...blocksOfAll, lost], seconds);
      expect(judged(simulation)).toEqual(judged(looked(simulation)));
    },
  );
});

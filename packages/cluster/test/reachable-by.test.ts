import { describe, expect, test } from "vitest";
import { at, start } from "../src/index.js";
import { OUT, peer, session, wayOut, withRouters } from "./outside.js";
import { run } from "./support.js";

const FAR = { name: "far", ip: "10.50.0.1", asNumber: 65_001, prefixes: [OUT] };

/** `show route` of node-0 behind a far router that its BGPPeer names a gateway for; times as in the measurement. */
function shown(reachableBy: string): readonly string[] {
  const resources = [peer("far", { peerIP: FAR.ip, asNumber: 65_001, reachableBy })];
  const simulation = run(withRouters(2, [FAR], { resources }), [at("0s", start())], "1m");
  expect(session(simulation, "node-0", "far")).toBe("Established");
  expect(wayOut(simulation, "node-0")).toBe("far");
  const text = simulation.views.showRoute("node-0").replace(/\d\d:\d\d:\d\d/g, "07:48:50");
  return text.split("\n").slice(1, -1);
}

// The lines of BIRD 1.6.8 under the files that `birdFiles` writes, on a node whose peer stands behind the gateway.
describe("a gateway to a peer (BGPPeer reachableBy)", () => {
  test("is a static route to the peer, over which what the peer tells resolves", () => {
    expect(shown("10.0.0.253")).toEqual([
      "10.0.0.0/24        dev eth0 [direct1 07:48:50] * (240)",
      "10.50.0.1/32       via 10.0.0.253 on eth0 [static1 07:48:50] * (200)",
      "10.100.0.0/16      via 10.0.0.253 on eth0 [Global_10_50_0_1 07:48:50 from 10.50.0.1] * (100/?) [AS65001i]",
    ]);
  });

  test("that is not on the node's link is in no table", () => {
    expect(shown("10.7.0.253")).toEqual([
      "10.0.0.0/24        dev eth0 [direct1 07:48:50] * (240)",
      "10.100.0.0/16      via 10.50.0.1 on eth0 [Global_10_50_0_1 07:48:50] * (100/?) [AS65001i]",
    ]);
  });
});

import { SECOND } from "@calico-sim/core";
import {
  checkInvariants,
  everyPodReachable,
  everyTyphaClientServed,
  INCIDENT_KINDS,
  kernelsMatchOracle,
  noAddressTwice,
  ribsWithinSessions,
} from "@calico-sim/testing";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { runs } from "../../../vitest.runs.js";
import { arbitraryCase, atRest, judged, looked, prepared } from "./support.js";

describe("a cluster that had nothing but pods", () => {
  test.prop([arbitraryCase({ kinds: ["pods", "churn"] })], runs(20))(
    "comes to rest within the laws",
    (each) => {
      expect(checkInvariants(atRest(each))).toEqual([]);
    },
  );
});

describe("after everything that failed is healed", () => {
  test.prop([arbitraryCase()], runs(60))(
    "kernels equal the oracle, every pod is reachable from every node without a loop, no address is used twice",
    (each) => {
      const simulation = atRest(each);
      expect(simulation.outcome).toBe("until");
      expect(kernelsMatchOracle(simulation)).toEqual([]);
      expect(everyPodReachable(simulation)).toEqual([]);
      expect(noAddressTwice(simulation)).toEqual([]);
      expect(ribsWithinSessions(simulation)).toEqual([]);
      expect(everyTyphaClientServed(simulation)).toEqual([]);
    },
  );

  test.prop([arbitraryCase({ kinds: ["crash", "cut", "rack", "link"], during: "1m" })], runs(20))(
    "the tracker, which follows every change, agrees with the oracle, which starts from nothing",
    (each) => {
      const simulation = atRest(each);
      expect(simulation.tracker.converged).toBe(kernelsMatchOracle(simulation).length === 0);
      expect(simulation.tracker.darkPairs).toBe(0);
    },
  );
});

describe("a cluster without IPv4", () => {
  const ipv6 = { families: ["ipv6"] } as const;
  test.prop([arbitraryCase(ipv6)], runs(30))(
    "keeps the laws after everything that failed is healed",
    (each) => {
      expect(checkInvariants(atRest(each))).toEqual([]);
    },
  );

  test.prop([arbitraryCase({ ...ipv6, externalRoutersMax: 2, withoutBird: false })], runs(15))(
    "keeps them with routers outside that have no IPv4 either",
    (each) => {
      const simulation = atRest(each);
      expect(checkInvariants(simulation)).toEqual([]);
      expect(simulation.tracker.converged).toBe(true);
    },
  );

  test.prop([arbitraryCase({ ...ipv6, withoutBird: false })], runs(10))(
    "runs the same again with the same seed, in pieces too",
    (each) => {
      const whole = atRest(each);
      const sliced = prepared(each);
      sliced.run(90 * SECOND);
      const fork = sliced.fork();
      fork.run(whole.engine.now);
      expect(fork.digest()).toBe(whole.digest());
      const { bgp } = whole.result();
      expect(bgp.ipv6?.sessionEndsEstablished).toBe(bgp.sessionEndsEstablished);
    },
  );
});

describe("blocks so few that nodes borrow addresses from one another", () => {
  const scarce = arbitraryCase({
    blocksMin: 1,
    podsMax: 20,
    nodesMax: 5,
    kinds: ["pods", "churn", "crash", "remove"],
  });
  test.prop([scarce], runs(20))("do not harm the laws", (each) => {
    expect(checkInvariants(atRest(each))).toEqual([]);
  });

  test.prop([scarce, fc.integer({ min: 60, max: 600 })], runs(20))(
    "are followed change by change as well as all at once, at any moment",
    (each, seconds) => {
      const simulation = prepared(each);
      simulation.run(seconds * SECOND);
      expect(judged(simulation)).toEqual(judged(looked(simulation)));
      const rest = atRest(each);
      expect(rest.tracker.converged).toBe(kernelsMatchOracle(rest).length === 0);
    },
  );
});

describe("at any moment of any scenario that leaves pools alone", () => {
  const kinds = INCIDENT_KINDS.filter((kind) => kind !== "pool-mode");
  test.prop([arbitraryCase({ kinds, healed: false, during: "2m" })], runs(20))(
    "no address has two users",
    (each) => {
      const simulation = prepared(each);
      for (let second = 10; second <= 300; second += 10) {
        simulation.run(second * 1_000_000);
        expect(noAddressTwice(simulation)).toEqual([]);
      }
    },
  );
});

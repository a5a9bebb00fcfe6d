import { Fabric, HOST_LINK, micros, SECOND } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { ClusterDatastorePath } from "../src/datastore-path.js";
import {
  at,
  ClusterError,
  type ClusterOptions,
  cluster,
  start,
  type UnderlayOptions,
} from "../src/index.js";
import { run } from "./support.js";

const RACK = "10.0.0.0/24";

function refusal(underlay: UnderlayOptions): ClusterError {
  try {
    cluster({ nodes: 4, racks: 2, underlay });
  } catch (error) {
    if (error instanceof ClusterError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the links of a cluster", () => {
  test("are the default ones, which delay and do nothing else", () => {
    const { fabric } = cluster({ nodes: 4, racks: 2 });
    const built = Fabric.build(fabric);
    expect(built.impaired).toBe(false);
    expect(built.links()[2]).toMatchObject(HOST_LINK);
  });

  test("are described together and one by one", () => {
    const { fabric } = cluster({
      nodes: 4,
      racks: 2,
      underlay: {
        hostLink: { latencyUs: 80 },
        rackLink: { jitterUs: 9 },
        links: [
          { between: ["spine-0", RACK], loss: 0.01 },
          { between: ["node-1", "10.0.1.0/24"], bandwidthMbps: 100 },
        ],
      },
    });
    const [first, second, uplink, other] = Fabric.build(fabric).links();
    expect(first).toMatchObject({ from: RACK, latencyUs: 15, jitterUs: 9, loss: 0.01 });
    expect(second).toMatchObject({ latencyUs: 15, jitterUs: 9, loss: 0 });
    expect(uplink).toMatchObject({ from: "node-0", latencyUs: 80 });
    expect(other).toMatchObject({ from: "node-1", latencyUs: 80, bandwidthMbps: 100 });
  });

  test("are refused by name where there is no such link, or none can be so", () => {
    const missing = refusal({ links: [{ between: [RACK, "10.0.1.0/24"] }] });
    expect(missing.message).toContain(`there is no link between ${RACK} and 10.0.1.0/24`);
    expect(missing.path).toEqual(["underlay", "links", 0, "between"]);
    const wrong = refusal({
      links: [
        { between: [RACK, "spine-0"], loss: 0.1 },
        { between: ["node-1", "10.0.1.0/24"], loss: 10 },
        { between: ["node-0", RACK], loss: 11 },
      ],
    });
    expect(wrong.message).toContain("loss must be from 0 to 1, not 10");
    expect(wrong.path).toEqual(["underlay", "links", 1]);
    expect(refusal({ hostLink: { jitterUs: -1 } }).path).toEqual(["underlay"]);
  });
});

describe("the way to a datastore outside", () => {
  const path = (underlay: UnderlayOptions): ClusterDatastorePath =>
    new ClusterDatastorePath(
      Fabric.build(cluster({ nodes: 4, racks: 2, underlay }).fabric),
      [],
      "1",
    );

  test("takes 250 µs over the default links, and what others are slower", () => {
    expect(path({}).delay(0)).toBe(250);
    expect(path({ hostLink: { latencyUs: 10 } }).delay(0)).toBe(250);
    const slow = path({ links: [{ between: [RACK, "spine-0"], latencyUs: 1_015 }] });
    expect([slow.delay(0), slow.delay(1)]).toEqual([1_250, 250]);
  });

  test("is as wide as its narrowest link, which nodes of a rack share each way", () => {
    // 1,250 octets and 66 of headers at 10 megabits a second: 1,053 µs.
    const narrow = path({ links: [{ between: [RACK, "spine-0"], bandwidthMbps: 10 }] });
    expect(narrow.arrival(0, 0, 1_250, false)).toBe(1_303);
    expect(narrow.arrival(2, 0, 1_250, false)).toBe(2_356);
    expect(narrow.arrival(2, 0, 1_250, true)).toBe(1_303);
    expect(narrow.arrival(1, 0, 1_250, false)).toBe(250);
  });
});

describe("a start over links that are not what they should be", () => {
  const SPEC: ClusterOptions = { nodes: 6, racks: 2, typhas: 1 };
  /** When the last Felix was in sync and every session up. */
  const converged = (underlay: UnderlayOptions, options = SPEC): number => {
    const simulation = run({ ...options, underlay }, [at("0s", start())], "5m");
    expect(simulation.result().converged).toBe(true);
    expect(simulation.bird.establishedEnds).toBe(30);
    return simulation.result().changes[0]!.controlPlane.maxSeconds;
  };
  const uplink = (change: object): UnderlayOptions => ({
    links: [{ between: [RACK, "spine-0"], ...change }],
  });

  test.each([1, 0])("takes longer the narrower a rack's uplink is, with %i Typhas", (typhas) => {
    const times = [{}, { bandwidthMbps: 10 }, { bandwidthMbps: 1 }].map((change) =>
      converged(uplink(change), { ...SPEC, typhas }),
    );
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[2]! - times[0]!).toBeGreaterThan(1);
  });

  test("ends in the same tables whatever is lost, and later", () => {
    expect(converged(uplink({ loss: 0.3 }))).toBeGreaterThan(converged({}) + 0.2);
  });

  test("has one history for one seed, fork or not", () => {
    const underlay: UnderlayOptions = {
      hostLink: { jitterUs: 500, loss: 0.02 },
      rackLink: { bandwidthMbps: 20 },
    };
    const [one, other] = [0, 1].map(() => run({ ...SPEC, underlay }, [at("0s", start())], "3s"));
    const twin = one!.fork();
    for (const simulation of [one!, other!, twin]) simulation.run(micros("1m"));
    expect(other!.digest()).toBe(one!.digest());
    expect(twin.digest()).toBe(one!.digest());
    expect(one!.engine.now).toBe(60 * SECOND);
  });
});

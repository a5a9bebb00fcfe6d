import { Fabric, HOST_LINK, micros, SECOND } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { ClusterDatastorePath } from "../src/datastore-path.js";
import {
  at,
  ClusterError,
  type ClusterOptions,
  cluster,
  simulate,
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

  test("are refused by name where there is no such link, or none can be so, all at once", () => {
    const { issues, message } = refusal({
      hostLink: { jitterUs: -1, latency: 5 } as object,
      rackLink: 5 as never,
      links: [
        { between: [RACK, "10.0.1.0/24"] },
        { between: ["node-1", "10.0.1.0/24"], loss: 10, bandwidthMbps: "5" as never },
        { between: ["node-9", RACK], loss: null as never },
        { between: ["node-0"] as never, up: "yes" as never },
        { loss: 0.1 } as never,
      ],
      link: [],
    } as never);
    expect(
      issues.map(({ field, message: text, want }) => `${field ?? ""}: ${text} — ${want ?? ""}`),
    ).toEqual([
      'underlay.link: the underlay has no field "link"; did you mean "links"? — hostLink, rackLink, links',
      "underlay.hostLink.jitterUs: -1 is out of range — 0 to 3600000000",
      'underlay.hostLink.latency: a link has no field "latency"; did you mean "latencyUs"? — latencyUs, jitterUs, bandwidthMbps, loss, up',
      "underlay.rackLink: a link is an object, not 5 — latencyUs, jitterUs, bandwidthMbps, loss, up",
      "underlay.links[1].loss: 10 is out of range — 0 to 1",
      'underlay.links[1].bandwidthMbps: must be a number, not the text "5" (remove the quotes) — a number',
      'underlay.links[3].up: must be true or false, not the text "yes" (write true or false) — true or false',
      "underlay.links[3].between: a link has two ends — two names",
      'underlay.links[4].between: "between" is required — a value',
      `underlay.links[0].between: there is no link between ${RACK} and 10.0.1.0/24 — a neighbour of ${RACK}: spine-0, node-0, node-2`,
      'underlay.links[2].between[0]: there is no node, rack or router of the underlay "node-9"; did you mean "node-0"? — 10.0.0.0/24, spine-0, 10.0.1.0/24, node-0, node-1, node-2, node-3',
    ]);
    expect(message).toContain("underlay.links[1].loss: 10 is out of range (expected 0 to 1)");
    expect(refusal(7 as never).message).toContain("the underlay is an object, not 7");
  });

  test("are refused together with every other option", () => {
    const options = { nodes: 0, underlay: { rakLink: {} }, externalRouters: [{ nam: "x" }] };
    expect(() => cluster(options as never)).toThrow(
      /0 is no number of nodes.*no field "nam".*the underlay has no field "rakLink"; did you mean "rackLink"\?/s,
    );
  });

  test("may leave fields empty", () => {
    const empty = { hostLink: null, links: null, rackLink: { loss: null, jitterUs: 3 } } as never;
    const { fabric } = cluster({ nodes: 2, underlay: empty });
    expect(Fabric.build(fabric).links()[0]).toMatchObject({ jitterUs: 3, loss: 0 });
  });

  test("are refused where one is described twice, with both places", () => {
    const { issues } = refusal({
      links: [
        { between: ["node-0", RACK], loss: 0.1 },
        { between: ["node-1", "10.0.1.0/24"], loss: 0.1 },
        { between: [RACK, "node-0"], jitterUs: 4 },
      ],
    });
    expect(issues.map(({ field, message }) => `${field ?? ""}: ${message}`)).toEqual([
      `underlay.links[2].between: links[0] describes the link between ${RACK} and node-0 already`,
    ]);
  });

  test("are refused where their times could not be counted, and work up to there", () => {
    const { issues } = refusal({
      hostLink: { latencyUs: Number.MAX_SAFE_INTEGER, bandwidthMbps: 1e-15 },
    });
    expect(issues.map(({ message, want }) => `${message} — ${want ?? ""}`)).toEqual([
      "9007199254740991 is out of range — 0 to 3600000000",
      "1e-15 is out of range — 0.001 or more",
    ]);
    const slow = { latencyUs: 3_600_000_000, jitterUs: 3_600_000_000, bandwidthMbps: 0.001 };
    const underlay = { hostLink: slow };
    expect(() => run({ nodes: 4, underlay }, [at("0s", start())], "30h")).not.toThrow();
  });

  test("may be those of external routers", () => {
    const tor = { name: "tor", ip: "10.0.1.254", asNumber: 65_001 };
    const links = [{ between: ["10.0.1.0/24", "tor"], latencyUs: 9_000 }] as const;
    const spec = { nodes: 4, racks: 2, underlay: { links } };
    const { fabric } = run({ ...spec, externalRouters: [tor] }, [at("0s", start())], "1m");
    expect(fabric.delay(1, 4)).toBe(9_050);
    expect(() => cluster({ ...spec, externalRouters: [{ ...tor, rack: RACK }] })).toThrow(
      "there is no link between 10.0.1.0/24 and tor",
    );
    // Only what is wrong with the router itself is said, not its echo.
    expect(() => cluster({ ...spec, externalRouters: [{ ...tor, ip: "x" }] })).toThrow(
      /^externalRouters\[0\]\.ip: [^\n]*$/,
    );
    expect(() => cluster(spec)).toThrow('no node, rack or router of the underlay "tor"');
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

  test("loses keepalives of idle sessions where each is an event, and else none", () => {
    const spec = cluster({ nodes: 4, underlay: { hostLink: { loss: 0.5 } } });
    const ended = (eventPerKeepalive: boolean): number => {
      const parameters = { bird: { eventPerKeepalive } };
      const { bgp } = simulate(spec, [at("0s", start())], { until: "6h", parameters });
      return bgp.sessionEndsLost;
    };
    expect(ended(false)).toBe(0);
    expect(ended(true)).toBeGreaterThan(12);
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

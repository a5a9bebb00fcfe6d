import type { BGPFilter } from "@calico-sim/core";
import { parseCidr } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { oracleRules, POD_DEVICE, type RuledRoute, ruled } from "../src/oracle-filter-rules.js";

const ROUTE: RuledRoute = {
  prefix: parseCidr("10.1.2.0/24")!,
  learnt: true,
  device: "eth0",
  communities: ["65000:1", "65000:1:2"],
  asPath: [65_001, 65_002],
  localPref: 2_147_483_647 - 1024,
};

function verdict(
  rules: readonly object[],
  route: Partial<RuledRoute> & { readonly net?: string } = {},
  internal = true,
): string {
  const { net, ...rest } = route;
  const prefix = net === undefined ? ROUTE.prefix : parseCidr(net)!;
  const filter = { spec: { importV4: rules, importV6: rules } } as unknown as BGPFilter;
  const read = oracleRules(filter, "import", prefix.family);
  return ruled(read, { ...ROUTE, ...rest, prefix }, internal).verdict;
}

/** Whether one rule with these conditions speaks of a route. */
function matches(
  rule: object,
  route: Parameters<typeof verdict>[1] = {},
  internal = true,
): boolean {
  return verdict([{ action: "Reject", ...rule }], route, internal) === "reject";
}

describe("the rules of a BGPFilter, as the oracle reads them", () => {
  test("are asked one after the other, and the first that holds decides", () => {
    const [accept, reject] = [{ action: "Accept" }, { action: "Reject" }];
    const other = { action: "Reject", matchOperator: "In", cidr: "172.16.0.0/12" };
    expect(verdict([])).toBe("open");
    expect(verdict([other])).toBe("open");
    expect(verdict([other, accept, reject])).toBe("accept");
    expect(verdict([reject, accept])).toBe("reject");
  });

  test("need all their conditions", () => {
    const rule = {
      matchOperator: "In",
      cidr: "10.0.0.0/8",
      source: "RemotePeers",
      peerType: "iBGP",
    };
    expect(matches(rule)).toBe(true);
    expect(matches(rule, { learnt: false })).toBe(false);
    expect(matches(rule, { net: "11.0.0.0/24" })).toBe(false);
    expect(matches(rule, {}, false)).toBe(false);
  });

  // A filter of all these conditions, run on BIRD 1.6.8 over routes to five prefixes.
  const P = "10.1.0.0/16";
  test.each([
    ["Equal", undefined, [P]],
    ["NotEqual", undefined, ["10.0.0.0/8", "10.1.2.0/24", "10.1.2.64/26", "172.30.0.0/24"]],
    ["In", undefined, [P, "10.1.2.0/24", "10.1.2.64/26"]],
    ["NotIn", undefined, ["10.0.0.0/8", "172.30.0.0/24"]],
    ["Equal", { min: 16, max: 24 }, []],
    [
      "NotEqual",
      { min: 16, max: 24 },
      ["10.0.0.0/8", P, "10.1.2.0/24", "10.1.2.64/26", "172.30.0.0/24"],
    ],
    ["In", { min: 16, max: 24 }, [P, "10.1.2.0/24"]],
    ["NotIn", { min: 16, max: 24 }, ["10.0.0.0/8", "10.1.2.64/26", "172.30.0.0/24"]],
    ["In", { min: 8, max: 24 }, ["10.0.0.0/8", P, "10.1.2.0/24"]],
    ["In", { min: 0, max: 32 }, ["10.0.0.0/8", P, "10.1.2.0/24", "10.1.2.64/26"]],
    ["In", { max: 24 }, [P, "10.1.2.0/24"]],
    ["In", { min: 25 }, ["10.1.2.64/26"]],
  ] as const)(
    "%s 10.1.0.0/16 with lengths %j holds for %j",
    (matchOperator, prefixLength, held) => {
      const nets = ["10.0.0.0/8", P, "10.1.2.0/24", "10.1.2.64/26", "172.30.0.0/24"];
      const rule = { matchOperator, cidr: P, prefixLength };
      expect(nets.filter((net) => matches(rule, { net }))).toEqual(held);
    },
  );

  test("compare IPv6 prefixes the same way", () => {
    const rule = { matchOperator: "In", cidr: "fd00::/48", prefixLength: { max: 64 } };
    expect(matches(rule, { net: "fd00:0:0:1::/64" })).toBe(true);
    expect(matches(rule, { net: "fd00::40/122" })).toBe(false);
  });

  test("tell peers of the same AS from others", () => {
    expect(matches({ peerType: "iBGP" }, {}, true)).toBe(true);
    expect(matches({ peerType: "eBGP" }, {}, true)).toBe(false);
    expect(matches({ peerType: "eBGP" }, {}, false)).toBe(true);
  });

  test("tell what peers told from what a node originates", () => {
    expect(matches({ source: "RemotePeers" })).toBe(true);
    expect(matches({ source: "RemotePeers" }, { learnt: false })).toBe(false);
  });

  test.each([
    ["eth0", "eth0", true],
    ["eth*", "eth0", true],
    ["e*h?", "eth0", true],
    ["eth?", "eth10", false],
    ["*", "eth0", true],
    // A blackhole has no interface, whose name is blank text (measured on BIRD 1.6.8).
    ["*", "", true],
    ["eth*", "", false],
    ["ens.1", "ens-1", false],
  ])("the interface %s is like %s: %s", (pattern, device, wanted) => {
    expect(matches({ interface: pattern }, { device })).toBe(wanted);
  });

  test("do not know the end of the name of a pod's interface", () => {
    const of = (pattern: string): string =>
      verdict([{ action: "Reject", interface: pattern }], { device: POD_DEVICE });
    expect(["*", "cali*", "c*"].map(of)).toEqual(["reject", "reject", "reject"]);
    expect(["eth*", "tunl0", "calx*"].map(of)).toEqual(["open", "open", "open"]);
    expect(["cali1*", "cali12345678901", "*.calico", "cal?*"].map(of)).toEqual(
      Array.from({ length: 4 }, () => "unknown"),
    );
    // Another condition that fails settles it.
    const rule = { action: "Reject", interface: "cali1*", source: "RemotePeers" };
    expect(verdict([rule], { device: POD_DEVICE, learnt: false })).toBe("open");
  });

  test("ask for a community, standard or large", () => {
    const holds = (value: string): boolean => matches({ communities: { values: [value] } });
    expect(["65000:1", "65000:1:2", "65000:2"].map(holds)).toEqual([true, true, false]);
  });

  test("ask for the beginning of an AS path", () => {
    const holds = (asPathPrefix: readonly number[]): boolean => matches({ asPathPrefix });
    expect(holds([65_001])).toBe(true);
    expect(holds([65_001, 65_002])).toBe(true);
    expect(holds([65_002])).toBe(false);
    expect(holds([65_001, 65_002, 65_003])).toBe(false);
  });

  test("ask for a priority, which is a local preference from the other end", () => {
    expect(matches({ priority: 1024 })).toBe(true);
    expect(matches({ priority: 1024 }, { localPref: 100 })).toBe(false);
  });

  test("change what they accept, in order", () => {
    const rule = {
      action: "Accept",
      operations: [
        { setPriority: { value: 512 } },
        { prependASPath: { prefix: [65_010, 65_011] } },
        { prependASPath: { prefix: [65_012] } },
        { addCommunity: { value: "64000:7" } },
        { addCommunity: { value: "65000:1" } },
      ],
    };
    const filter = { spec: { exportV4: [rule] } } as unknown as BGPFilter;
    const { route } = ruled(oracleRules(filter, "export", 4), ROUTE, true);
    expect(route).toEqual({
      ...ROUTE,
      localPref: 2_147_483_135,
      asPath: [65_012, 65_010, 65_011, 65_001, 65_002],
      communities: ["64000:7", "65000:1", "65000:1:2"],
    });
    expect(oracleRules(filter, "import", 4)).toEqual([]);
    expect(oracleRules(filter, "export", 6)).toEqual([]);
  });
});

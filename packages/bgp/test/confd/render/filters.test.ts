import { describe, expect, test } from "vitest";
import { node, render, resource } from "./fixture.js";

const A = node("a", { v4: "10.0.0.1/24", v6: "fd00::1/64" });
const functions = (spec: object, family: 4 | 6 = 4, name = "f") =>
  render([A, resource("BGPFilter", name, spec)], "a", family).filters;
const rule = (spec: object) => functions({ importV4: [spec] })[0]!.rules[0]!;

describe("BGPFilter", () => {
  test("is one function for each direction and family that has rules", () => {
    const spec = {
      importV4: [{ action: "Accept" }],
      exportV4: [{ action: "Reject" }],
      exportV6: [{ action: "Accept" }],
    };
    expect(functions(spec)).toMatchObject([
      { direction: "import", rules: [{ action: "accept" }] },
      { direction: "export", rules: [{ action: "reject" }] },
    ]);
    expect(functions(spec, 6)).toMatchObject([{ direction: "export" }]);
    expect(functions({})).toEqual([]);
  });

  test.each([
    ["45characters.exactly.so.should.not.truncate-1", undefined],
    [
      "46characters.exactly.so.should.truncate-123456",
      "46characters.exactly.so.shou_9615CBDC00BAC628",
    ],
    [
      "greater-than-64-characters.so.this.should.definitely.truncate-1234567890",
      "greater-than-64-characters.s_4C5DB3273E544641",
    ],
  ])("keeps 45 characters of a name: %s", (name, cut) => {
    expect(functions({ importV4: [{ action: "Accept" }] }, 4, name)[0]?.filter).toBe(cut ?? name);
  });

  test("matches prefix, length range, source, interface, AS path and peer type together", () => {
    const spec = {
      action: "Reject",
      matchOperator: "NotIn",
      cidr: "10.0.0.0/8",
      prefixLength: { min: 24, max: 28 },
      source: "RemotePeers",
      interface: "*.calico",
      asPathPrefix: [65000, 65001],
      peerType: "eBGP",
    };
    expect(rule(spec)).toEqual({
      peerType: "eBGP",
      match: {
        net: { operator: "NotIn", cidr: "10.0.0.0/8", prefixLength: { min: 24, max: 28 } },
        source: "RemotePeers",
        interface: "*.calico",
        asPathPrefix: [65000, 65001],
      },
      operations: [],
      action: "reject",
    });
  });

  test("tells large communities from standard ones", () => {
    const match = (value: string) => rule({ communities: { values: [value] } }).match;
    expect(match("65000:1")).toEqual({ community: "65000:1" });
    expect(match("65000:1:2")).toEqual({ largeCommunity: "65000:1:2" });
  });

  test("turns priorities into local preferences and prepends last first", () => {
    const operations = [
      { setPriority: { value: 512 } },
      { prependASPath: { prefix: [65000, 65001] } },
      { addCommunity: { value: "65000:1" } },
      { addCommunity: { value: "65000:1:2" } },
    ];
    const read = rule({ action: "Accept", priority: 1024, operations });
    expect(read.match).toEqual({ localPref: 2147482623 });
    expect(read.operations).toEqual([
      { setLocalPref: 2147483135 },
      { prependAS: 65001 },
      { prependAS: 65000 },
      { addCommunity: "65000:1" },
      { addLargeCommunity: "65000:1:2" },
    ]);
  });
});

import { describe, expect, test } from "vitest";
import {
  addressCount,
  blockAt,
  blockCount,
  type Cidr,
  cidrContains,
  cidrEquals,
  cidrOverlaps,
  compareCidrs,
  formatAddress,
  formatCidr,
  formatCidrAddress,
  hostCidr,
  isHostCidr,
  nthAddress,
  parseAddress,
  parseCidr,
} from "../../src/net/index.js";

const cidr = (text: string): Cidr => {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`not a CIDR: ${text}`);
  return parsed;
};

describe("parseCidr", () => {
  test("keeps the network and the address as written", () => {
    expect(cidr("10.0.0.5/24")).toStrictEqual({
      family: 4,
      value: 0x0a000000,
      length: 24,
      address: 0x0a000005,
    });
    expect(formatCidr(cidr("10.0.0.5/24"))).toBe("10.0.0.0/24");
    expect(formatCidrAddress(cidr("10.0.0.5/24"))).toBe("10.0.0.5/24");
    expect(formatCidr(cidr("FD00:0::5/64"))).toBe("fd00::/64");
    expect(formatCidrAddress(cidr("fd00::5/64"))).toBe("fd00::5/64");
    expect(Object.isFrozen(cidr("10.0.0.5/24"))).toBe(true);
  });

  test.each(["0.0.0.0/0", "10.244.0.0/16", "192.168.255.255/32", "::/0", "fd00::/122", "::1/128"])(
    "%s is read",
    (text) => {
      expect(formatCidr(cidr(text))).toBe(text);
    },
  );

  test.each([
    ["10.0.0.0", "no length"],
    ["10.0.0.0/", "an empty length"],
    ["10.0.0.0/08", "a leading zero in the length"],
    ["10.0.0.0/00", "two zeros"],
    ["10.0.0.0/+8", "a sign"],
    ["10.0.0.0/-1", "a negative length"],
    ["10.0.0.0/33", "a length beyond 32"],
    ["::/129", "a length beyond 128"],
    ["::/1000", "four digits"],
    ["10.0.0.0/8 ", "a space"],
    ["10.0.0.0/255.0.0.0", "a netmask"],
    ["10.0.0.0/8/8", "two lengths"],
    ["010.0.0.0/8", "a leading zero in the address"],
    ["10.1/16", "a short address"],
    ["fe80::1%eth0/64", "a zone"],
    ["/8", "no address"],
    ["", "nothing"],
  ])("%j is refused: %s", (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

describe("relations", () => {
  test.each([
    ["10.244.0.0/16", "10.244.3.64/26", true],
    ["10.244.3.64/26", "10.244.0.0/16", false],
    ["10.244.0.0/16", "10.244.0.0/16", true],
    ["10.244.0.0/16", "10.245.0.0/26", false],
    ["0.0.0.0/0", "255.255.255.255/32", true],
    ["128.0.0.0/1", "192.168.0.0/16", true],
    ["fd00::/8", "fd12::/64", true],
    ["::/0", "10.0.0.0/8", false],
    ["0.0.0.0/0", "::/0", false],
  ])("%s contains %s: %s", (outer, inner, expected) => {
    expect(cidrContains(cidr(outer), cidr(inner))).toBe(expected);
  });

  test("a prefix contains its addresses and no others", () => {
    const at = (text: string) => parseAddress(text)!;
    expect(cidrContains(cidr("10.0.0.64/26"), at("10.0.0.127"))).toBe(true);
    expect(cidrContains(cidr("10.0.0.64/26"), at("10.0.0.128"))).toBe(false);
    expect(cidrContains(cidr("fd00::/122"), at("fd00::3f"))).toBe(true);
    expect(cidrContains(cidr("fd00::/122"), at("fd00::40"))).toBe(false);
    expect(cidrContains(cidr("::/0"), at("10.0.0.1"))).toBe(false);
  });

  test("prefixes overlap exactly when one contains the other", () => {
    expect(cidrOverlaps(cidr("10.0.0.0/8"), cidr("10.1.0.0/16"))).toBe(true);
    expect(cidrOverlaps(cidr("10.1.0.0/16"), cidr("10.0.0.0/8"))).toBe(true);
    expect(cidrOverlaps(cidr("10.0.0.0/16"), cidr("10.1.0.0/16"))).toBe(false);
    expect(cidrOverlaps(cidr("0.0.0.0/0"), cidr("::/0"))).toBe(false);
  });

  test("equality and order look at the network alone", () => {
    expect(cidrEquals(cidr("10.0.0.5/24"), cidr("10.0.0.0/24"))).toBe(true);
    expect(cidrEquals(cidr("10.0.0.0/24"), cidr("10.0.0.0/25"))).toBe(false);
    const sorted = ["fd00::/64", "10.0.0.0/26", "10.0.0.0/16", "9.0.0.0/8"].map(cidr);
    expect(sorted.sort(compareCidrs).map(formatCidr)).toStrictEqual([
      "9.0.0.0/8",
      "10.0.0.0/16",
      "10.0.0.0/26",
      "fd00::/64",
    ]);
  });

  test("a host prefix holds one address", () => {
    expect(formatCidr(hostCidr(parseAddress("10.0.0.1")!))).toBe("10.0.0.1/32");
    expect(formatCidr(hostCidr(parseAddress("::1")!))).toBe("::1/128");
    expect(isHostCidr(cidr("10.0.0.1/32"))).toBe(true);
    expect(isHostCidr(cidr("fd00::/32"))).toBe(false);
  });
});

describe("addresses and blocks of a prefix", () => {
  test("a /26 holds 64 addresses", () => {
    const block = cidr("10.244.3.64/26");
    expect(addressCount(block)).toBe(64);
    expect(formatAddress(nthAddress(block, 0))).toBe("10.244.3.64");
    expect(formatAddress(nthAddress(block, 63))).toBe("10.244.3.127");
    expect(() => nthAddress(block, 64)).toThrow("10.244.3.64/26 has no address number 64");
    expect(() => nthAddress(block, -1)).toThrow(RangeError);
    expect(() => nthAddress(block, 0.5)).toThrow(RangeError);
  });

  test("offsets beyond 2^53 are bigints", () => {
    const pool = cidr("fd00::/48");
    expect(addressCount(pool)).toBe(2 ** 80);
    expect(formatAddress(nthAddress(pool, (1n << 80n) - 1n))).toBe(
      "fd00::ffff:ffff:ffff:ffff:ffff",
    );
    expect(() => nthAddress(pool, 1n << 80n)).toThrow(RangeError);
  });

  test("the default pools of Calico divide into /26 and /122 blocks", () => {
    const pool4 = cidr("192.168.0.0/16");
    expect(blockCount(pool4, 26)).toBe(1024);
    expect(formatCidr(blockAt(pool4, 26, 0))).toBe("192.168.0.0/26");
    expect(formatCidr(blockAt(pool4, 26, 1023))).toBe("192.168.255.192/26");
    const pool6 = cidr("fd00:10:244::/64");
    expect(blockCount(pool6, 122)).toBe(2 ** 58);
    expect(formatCidr(blockAt(pool6, 122, 3))).toBe("fd00:10:244::c0/122");
  });

  test("a block that the pool does not hold is refused", () => {
    const pool = cidr("10.244.0.0/24");
    expect(() => blockAt(pool, 26, 4)).toThrow("10.244.0.0/24 has no block number 4 of size /26");
    expect(() => blockCount(pool, 20)).toThrow("a block of 10.244.0.0/24 is /24 to /32, not /20");
    expect(() => blockCount(pool, 33)).toThrow(RangeError);
  });
});

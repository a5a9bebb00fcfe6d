import { describe, expect, test } from "vitest";
import {
  type Address,
  addressEquals,
  compareAddresses,
  formatAddress,
  formatIPv4,
  formatIPv6,
  parseAddress,
  parseIPv4,
  parseIPv6,
} from "../../src/net/index.js";

describe("parseIPv4 is as strict as Go's net/netip", () => {
  test.each([
    ["0.0.0.0", 0],
    ["10.0.0.1", 0x0a000001],
    ["172.16.254.3", 0xac10fe03],
    ["255.255.255.255", 0xffffffff],
  ])("%s is read", (text, value) => {
    expect(parseIPv4(text)).toBe(value);
    expect(formatIPv4(value)).toBe(text);
  });

  test.each([
    ["010.0.0.1", "a leading zero is octal to some"],
    ["10.0.0.00", "two zeros are a leading zero"],
    ["10.1", "no short form"],
    ["167772161", "no plain integer"],
    ["0x0a.0.0.1", "no hexadecimal"],
    ["10.0.0.256", "an octet ends at 255"],
    ["10.0.0.", "an octet is missing at the end"],
    [".10.0.0.1", "an octet is missing at the start"],
    ["10..0.1", "an octet is missing within"],
    ["10.0.0.1.2", "five octets"],
    [" 10.0.0.1", "a space before"],
    ["10.0.0.1 ", "a space after"],
    ["10.0.0.-1", "a sign"],
    ["10.0.0.1/24", "a prefix length"],
    ["١٠.0.0.1", "digits of another script"],
    ["", "nothing"],
  ])("%j is refused: %s", (text) => {
    expect(parseIPv4(text)).toBe(-1);
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe("parseIPv6 is as strict as Go's net/netip", () => {
  test.each<[string, bigint]>([
    ["::", 0n],
    ["::1", 1n],
    ["1::", 1n << 112n],
    ["fd00::5", (0xfd00n << 112n) | 5n],
    ["FD00::AbC", (0xfd00n << 112n) | 0xabcn],
    ["2001:0db8:0:0:0:0:0:1", (0x2001_0db8n << 96n) | 1n],
    ["1:2:3:4:5:6:7:8", 0x0001_0002_0003_0004_0005_0006_0007_0008n],
    ["1:2:3:4:5:6:7::", 0x0001_0002_0003_0004_0005_0006_0007_0000n],
    ["::2:3:4:5:6:7:8", 0x0002_0003_0004_0005_0006_0007_0008n],
    ["::ffff:10.0.0.1", 0xffff_0a00_0001n],
    ["::10.0.0.1", 0x0a00_0001n],
    ["64:ff9b::10.0.0.1", (0x0064_ff9bn << 96n) | 0x0a00_0001n],
    ["1:2:3:4:5:6:10.0.0.1", 0x0001_0002_0003_0004_0005_0006_0a00_0001n],
  ])("%s is read", (text, value) => {
    expect(parseIPv6(text)).toBe(value);
  });

  test.each([
    ["::1%eth0", "no zone in a Calico resource"],
    ["fe80::1%", "an empty zone"],
    [":", "one colon"],
    [":::", "three colons"],
    [":1:2:3:4:5:6:7", "a single colon in front"],
    ["1:2:3:4:5:6:7:", "a single colon at the end"],
    ["1::2::3", "two ellipses"],
    ["1:2:3:4:5:6:7", "seven groups"],
    ["1:2:3:4:5:6:7:8:9", "nine groups"],
    ["1:2:3:4::5:6:7:8", "an ellipsis that stands for nothing"],
    ["12345::", "five digits"],
    ["00001::", "five digits, be they zeros"],
    ["g::", "no hexadecimal digit"],
    ["1:2:3:4:5:10.0.0.1", "a dotted tail in the wrong place"],
    ["1:2:3:4:5:6:7:10.0.0.1", "a dotted tail without room"],
    ["::ffff:010.0.0.1", "a leading zero in the dotted tail"],
    ["::10.0.0.1:1", "a dotted part that is no tail"],
    ["::10.1", "a short dotted tail"],
    ["[::1]", "brackets"],
    [" ::1", "a space"],
    ["", "nothing"],
  ])("%j is refused: %s", (text) => {
    expect(parseIPv6(text)).toBe(-1n);
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe("formatIPv6 follows RFC 5952", () => {
  test.each([
    ["2001:0db8::0001", "2001:db8::1", "§4.1 no leading zeros"],
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1", "§4.2.1 shorten as much as possible"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "§4.2.2 never a single group"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1", "§4.2.3 the longest run"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "§4.2.3 the first of equal runs"],
    ["2001:DB8::ABCD", "2001:db8::abcd", "§4.3 lower case"],
    ["0:0:0:0:0:ffff:a00:1", "::ffff:10.0.0.1", "§5 a mapped address keeps its dotted tail"],
    ["0:0:0:0:0:0:0:0", "::", "all zeros"],
    ["1:0:0:0:0:0:0:0", "1::", "a run at the end"],
  ])("%s is printed as %s: %s", (text, printed) => {
    expect(formatIPv6(parseIPv6(text))).toBe(printed);
  });
});

describe("Address", () => {
  const address = (text: string): Address => {
    const parsed = parseAddress(text);
    if (parsed === undefined) throw new Error(`not an address: ${text}`);
    return parsed;
  };

  test("is frozen plain data", () => {
    expect(address("10.0.0.1")).toStrictEqual({ family: 4, value: 0x0a000001 });
    expect(address("::1")).toStrictEqual({ family: 6, value: 1n });
    expect(Object.isFrozen(address("10.0.0.1"))).toBe(true);
    expect(formatAddress(address("FD00::1"))).toBe("fd00::1");
  });

  test("an IPv4-mapped address is not the IPv4 address", () => {
    expect(addressEquals(address("::ffff:10.0.0.1"), address("10.0.0.1"))).toBe(false);
    expect(addressEquals(address("::0a"), address("::a"))).toBe(true);
  });

  test("sorts IPv4 first, then by value and not by text", () => {
    const sorted = ["::2", "10.0.0.9", "::1", "10.0.0.10", "9.9.9.9"].map(address);
    expect(sorted.sort(compareAddresses).map(formatAddress)).toStrictEqual([
      "9.9.9.9",
      "10.0.0.9",
      "10.0.0.10",
      "::1",
      "::2",
    ]);
  });
});

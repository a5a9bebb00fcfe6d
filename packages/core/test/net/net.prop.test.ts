import { fc, test } from "@fast-check/vitest";
import ipaddr from "ipaddr.js";
import { describe, expect } from "vitest";
import { runs } from "../../../../vitest.runs.js";
import {
  type Address,
  address4,
  address6,
  addressCount,
  addressEquals,
  blockAt,
  blockCount,
  type Cidr,
  cidrAround,
  cidrContains,
  cidrEquals,
  cidrOverlaps,
  compareCidrs,
  formatAddress,
  formatCidr,
  formatCidrAddress,
  LongestPrefixMatch,
  networkAddress,
  nthAddress,
  PrefixTable,
  parseAddress,
  parseCidr,
  parseIPv4,
  parseIPv6,
} from "../../src/net/index.js";

/** Bits that favour zeros and ones in runs: that is where `::` and carries are decided. */
const group = fc.oneof(fc.constantFrom(0, 0, 1, 0xffff), fc.nat(0xffff));
const value6 = fc
  .array(group, { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((value, g) => (value << 16n) | BigInt(g), 0n));
const value4 = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0xffffffff, 0x80000000));
const address: fc.Arbitrary<Address> = fc.oneof(value4.map(address4), value6.map(address6));
const cidr: fc.Arbitrary<Cidr> = fc.oneof(
  fc.tuple(value4, fc.nat(32)).map(([v, length]) => cidrAround(address4(v), length)),
  fc.tuple(value6, fc.nat(128)).map(([v, length]) => cidrAround(address6(v), length)),
);

/** Few values and few lengths, so that prefixes nest and addresses hit. */
const nestedCidr = fc.oneof(
  fc
    .tuple(fc.nat(255), fc.constantFrom(0, 8, 24, 26, 28, 31, 32))
    .map(([low, length]) => cidrAround(address4(0xac100000 + low), length)),
  fc
    .tuple(fc.nat(255), fc.constantFrom(0, 48, 64, 120, 122, 127, 128))
    .map(([low, length]) => cidrAround(address6((0xfd00n << 112n) | BigInt(low)), length)),
);
const nestedAddress = fc.oneof(
  fc.nat(255).map((low) => address4(0xac100000 + low)),
  fc.nat(255).map((low) => address6((0xfd00n << 112n) | BigInt(low))),
);

/** Texts near the border between address and none. */
const nearlyIPv4 = fc
  .array(fc.constantFrom("0", "1", "9", "10", "255", "256", "01", "", " "), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => parts.join("."));
const nearlyIPv6 = fc
  .array(fc.constantFrom("0", "1", "ffff", "FFFF", "00a", "12345", "g", ""), {
    minLength: 1,
    maxLength: 9,
  })
  .map((parts) => parts.join(":"));

describe("addresses agree with ipaddr.js", () => {
  test.prop([address])("what is printed is what it prints, and is read back", (subject) => {
    const text = formatAddress(subject);
    const oracle = ipaddr.parse(text);
    // It prints mapped addresses in hexadecimal; RFC 5952 §5 recommends the dotted tail.
    const mapped = oracle instanceof ipaddr.IPv6 && oracle.isIPv4MappedAddress();
    if (!mapped) {
      expect(text).toBe(
        oracle instanceof ipaddr.IPv6 ? oracle.toRFC5952String() : oracle.toString(),
      );
    }
    expect(parseAddress(text)).toStrictEqual(subject);
  });

  test.prop([value6])("every way of writing an IPv6 address is read alike", (value) => {
    const oracle = ipaddr.parse(formatAddress(address6(value))) as ipaddr.IPv6;
    const padded = oracle.parts.map((part) => part.toString(16).padStart(4, "0")).join(":");
    expect(parseIPv6(oracle.toNormalizedString())).toBe(value);
    expect(parseIPv6(padded)).toBe(value);
    expect(parseIPv6(padded.toUpperCase())).toBe(value);
  });

  test.prop([nearlyIPv4], runs(1000))("the same IPv4 texts are refused", (text) => {
    // Its strict test still reads octal; Go refuses any leading zero.
    const valid = ipaddr.IPv4.isValidFourPartDecimal(text) && !/(^|\.)0\d/.test(text);
    expect(parseIPv4(text) >= 0).toBe(valid);
  });

  test.prop([nearlyIPv6], runs(1000))("the same IPv6 texts are refused", (text) => {
    // It is lenient where Go is not: an ellipsis for no group at all, and groups of five digits.
    const groups = text.split(":").filter((part) => part !== "").length;
    const lenient = (text.includes("::") && groups > 7) || /[0-9a-f]{5}/i.test(text);
    fc.pre(!lenient || parseIPv6(text) >= 0n);
    expect(parseIPv6(text) >= 0n).toBe(ipaddr.IPv6.isValid(text));
  });

  test.prop([fc.string()])("no text makes the parsers throw", (text) => {
    const parsed = parseAddress(text);
    if (parsed !== undefined) expect(ipaddr.isValid(text)).toBe(true);
    expect(parseCidr(`${text}/8`) === undefined).toBe(parsed === undefined);
  });
});

describe("prefixes agree with ipaddr.js", () => {
  test.prop([cidr])("networks", (subject) => {
    const text = formatCidrAddress(subject);
    const oracle =
      subject.family === 4
        ? ipaddr.IPv4.networkAddressFromCIDR(text)
        : ipaddr.IPv6.networkAddressFromCIDR(text);
    expect(addressEquals(networkAddress(subject), parseAddress(oracle.toString())!)).toBe(true);
    expect(parseCidr(text)).toStrictEqual(subject);
  });

  test.prop([fc.oneof(cidr, nestedCidr), fc.oneof(address, nestedAddress)])(
    "containment of addresses",
    (outer, inner) => {
      const [network, length] = ipaddr.parseCIDR(formatCidr(outer));
      const oracle = ipaddr.parse(formatAddress(inner));
      const expected = network.kind() === oracle.kind() && oracle.match(network, length);
      expect(cidrContains(outer, inner)).toBe(expected);
    },
  );
});

describe("laws of prefixes", () => {
  test.prop([nestedCidr, nestedCidr])("containing each other is being equal", (a, b) => {
    const both = cidrContains(a, b) && cidrContains(b, a);
    expect(both).toBe(cidrEquals(a, b));
    expect(cidrOverlaps(a, b)).toBe(cidrContains(a, b) || cidrContains(b, a));
    expect(compareCidrs(a, b) === 0).toBe(cidrEquals(a, b));
    expect(Math.sign(compareCidrs(a, b))).toBe(-Math.sign(compareCidrs(b, a)) + 0);
  });

  test.prop([cidr, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })])(
    "the n-th address is inside, and one beyond the last is none",
    (subject, share) => {
      const count = addressCount(subject);
      const n = BigInt(Math.floor(share * count));
      expect(cidrContains(subject, nthAddress(subject, n))).toBe(true);
      expect(cidrContains(subject, nthAddress(subject, BigInt(count) - 1n))).toBe(true);
      expect(() => nthAddress(subject, BigInt(count))).toThrow(RangeError);
    },
  );

  test.prop([cidr, fc.nat(12), fc.nat(4095)])("blocks tile their pool", (pool, bits, draw) => {
    const blockSize = Math.min(pool.length + bits, pool.family === 4 ? 32 : 128);
    const count = blockCount(pool, blockSize);
    const index = draw % count;
    const block = blockAt(pool, blockSize, index);
    expect(block.length).toBe(blockSize);
    expect(cidrContains(pool, block)).toBe(true);
    if (index > 0) expect(cidrOverlaps(block, blockAt(pool, blockSize, index - 1))).toBe(false);
    expect(count * addressCount(block)).toBe(addressCount(pool));
  });
});

describe("tables agree with a linear scan", () => {
  const longestFirst = (cidrs: readonly Cidr[], of: Address): Cidr[] =>
    cidrs.filter((c) => cidrContains(c, of)).sort((a, b) => b.length - a.length);

  test.prop([fc.array(fc.tuple(fc.boolean(), nestedCidr)), fc.array(nestedAddress)])(
    "longest-prefix match, after any inserts and deletes",
    (steps, addresses) => {
      const table = new LongestPrefixMatch<number>();
      let kept: { cidr: Cidr; value: number }[] = [];
      steps.forEach(([insert, c], value) => {
        const there = kept.some((entry) => cidrEquals(entry.cidr, c));
        kept = kept.filter((entry) => !cidrEquals(entry.cidr, c));
        if (insert) {
          table.insert(c, value);
          kept.push({ cidr: c, value });
        } else {
          expect(table.delete(c)).toBe(there);
        }
      });
      expect(table.size).toBe(kept.length);
      expect([...table]).toStrictEqual(kept.sort((a, b) => compareCidrs(a.cidr, b.cidr)));
      for (const { cidr: c, value } of kept) expect(table.get(c)).toBe(value);
      for (const of of addresses) {
        const best = longestFirst(
          kept.map((entry) => entry.cidr),
          of,
        )[0];
        expect(table.match(of)?.cidr).toStrictEqual(best);
      }
    },
  );

  test.prop([fc.array(nestedCidr), fc.array(nestedAddress)])("candidates", (cidrs, addresses) => {
    const table = new PrefixTable();
    const ids = cidrs.map((c) => table.intern(c));
    cidrs.forEach((c, i) => {
      expect(table.find(c)).toBe(ids[i]);
      expect(table.text(ids[i]!)).toBe(formatCidr(c));
    });
    const distinct = [...new Map(cidrs.map((c) => [formatCidr(c), c])).values()];
    expect(table.aggregateCount + table.hostCount).toBe(distinct.length);
    for (const of of addresses) {
      const expected = longestFirst(distinct, of).map((c) => table.find(c));
      expect(table.candidates(of)).toStrictEqual(expected);
    }
  });
});

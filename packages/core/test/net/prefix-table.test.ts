import { describe, expect, test } from "vitest";
import { fork } from "../../src/engine/fork.js";
import {
  type Cidr,
  HOST_BASE,
  LongestPrefixMatch,
  PrefixTable,
  parseAddress,
  parseCidr,
} from "../../src/net/index.js";

const cidr = (text: string): Cidr => parseCidr(text)!;
const at = (text: string) => parseAddress(text)!;

describe("PrefixTable", () => {
  test("numbers aggregates from 0 and host prefixes from HOST_BASE", () => {
    const table = new PrefixTable();
    expect(table.intern(cidr("10.244.0.0/26"))).toBe(0);
    expect(table.intern(cidr("10.244.0.1/32"))).toBe(HOST_BASE);
    expect(table.intern(cidr("fd00::/122"))).toBe(1);
    expect(table.intern(cidr("fd00::1/128"))).toBe(HOST_BASE + 1);
    expect([table.aggregateCount, table.hostCount]).toStrictEqual([2, 2]);
    expect([0, 1, HOST_BASE, HOST_BASE + 1].map((id) => table.isHost(id))).toStrictEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  test("gives one id to one network", () => {
    const table = new PrefixTable();
    const id = table.intern(cidr("10.0.0.5/24"));
    expect(table.intern(cidr("10.0.0.0/24"))).toBe(id);
    expect(table.find(cidr("10.0.0.9/24"))).toBe(id);
    expect(table.find(cidr("10.0.0.0/25"))).toBe(-1);
    expect(table.find(cidr("fd00::/64"))).toBe(-1);
  });

  test("prints networks, and refuses ids it never gave", () => {
    const table = new PrefixTable();
    table.intern(cidr("10.0.0.5/24"));
    table.intern(cidr("10.0.0.5/32"));
    expect([table.text(0), table.text(0), table.text(HOST_BASE)]).toStrictEqual([
      "10.0.0.0/24",
      "10.0.0.0/24",
      "10.0.0.5/32",
    ]);
    expect(() => table.cidr(1)).toThrow("no prefix has the id 1");
    expect(() => table.text(HOST_BASE + 1)).toThrow(RangeError);
    expect(() => table.text(-1)).toThrow(RangeError);
  });

  test("lists all prefixes that contain an address, longest first", () => {
    const table = new PrefixTable();
    for (const text of ["0.0.0.0/0", "10.0.0.1/32", "10.0.0.0/26", "10.0.0.64/26", "10.0.0.0/8"]) {
      table.intern(cidr(text));
    }
    table.intern(cidr("::/0"));
    const texts = (address: string) => table.candidates(at(address)).map((id) => table.text(id));
    expect(texts("10.0.0.1")).toStrictEqual([
      "10.0.0.1/32",
      "10.0.0.0/26",
      "10.0.0.0/8",
      "0.0.0.0/0",
    ]);
    expect(texts("10.0.0.65")).toStrictEqual(["10.0.0.64/26", "10.0.0.0/8", "0.0.0.0/0"]);
    expect(texts("fd00::1")).toStrictEqual(["::/0"]);
    const into = new Int32Array(8);
    expect(table.candidatesInto(at("10.0.0.1"), into)).toBe(4);
    expect([...into.slice(0, 4)]).toStrictEqual(table.candidates(at("10.0.0.1")));
  });

  test("a fork grows apart from the original", () => {
    const table = new PrefixTable();
    table.intern(cidr("10.0.0.0/26"));
    const twin = fork(table);
    expect(twin.intern(cidr("10.0.0.64/26"))).toBe(1);
    expect(table.find(cidr("10.0.0.64/26"))).toBe(-1);
    expect(twin.find(cidr("10.0.0.0/26"))).toBe(0);
  });
});

describe("LongestPrefixMatch", () => {
  test("prefers the longest prefix, and falls back when it goes", () => {
    const table = new LongestPrefixMatch<string>();
    table.insert(cidr("0.0.0.0/0"), "default");
    table.insert(cidr("10.0.0.0/26"), "block");
    table.insert(cidr("10.0.0.7/32"), "pod");
    expect(table.lookup(at("10.0.0.7"))).toBe("pod");
    expect(table.match(at("10.0.0.7"))?.cidr).toStrictEqual(cidr("10.0.0.7/32"));
    expect(table.delete(cidr("10.0.0.7/32"))).toBe(true);
    expect(table.delete(cidr("10.0.0.7/32"))).toBe(false);
    expect(table.lookup(at("10.0.0.7"))).toBe("block");
    expect(table.lookup(at("10.0.0.64"))).toBe("default");
    expect(table.lookup(at("::1"))).toBeUndefined();
    expect(table.size).toBe(2);
  });

  test("replaces the value of a prefix, and finds it exactly", () => {
    const table = new LongestPrefixMatch<number>();
    table.insert(cidr("10.0.0.5/24"), 1);
    table.insert(cidr("10.0.0.0/24"), 2);
    expect(table.size).toBe(1);
    expect(table.get(cidr("10.0.0.0/24"))).toBe(2);
    expect(table.get(cidr("10.0.0.0/25"))).toBeUndefined();
  });

  test("iterates in the order of addresses, whatever the history", () => {
    const table = new LongestPrefixMatch<number>();
    const texts = ["fd00::/64", "10.0.0.64/26", "0.0.0.0/0", "10.0.0.0/26", "10.0.0.0/8"];
    texts.forEach((text, i) => {
      table.insert(cidr(text), i);
    });
    expect([...table].map((entry) => entry.value)).toStrictEqual([2, 4, 3, 1, 0]);
  });
});

import { describe, expect, test } from "vitest";
import { formatIpamShow, formatIpamShowIP, ipamCells } from "../src/index.js";
import { fiveDigits, wholePercent } from "../src/ipam/quantity.js";

describe("calicoctl ipam show", () => {
  test("puts figures to the right, as today's library does", () => {
    const usages = [
      { grouping: "IP Pool", cidr: "192.168.0.0/16", capacity: 65536n, inUse: 5n },
      { grouping: "Block", cidr: "192.168.7.64/26", capacity: 64n, inUse: 5n, reserved: 1n },
    ] as const;
    expect(formatIpamShow(usages)).toBe(
      [
        "+----------+-----------------+-----------+------------+--------------+--------------+",
        "| GROUPING | CIDR            | IPS TOTAL | IPS IN USE | IPS RESERVED | IPS FREE     |",
        "+----------+-----------------+-----------+------------+--------------+--------------+",
        "| IP Pool  | 192.168.0.0/16  |     65536 |     5 (0%) |       0 (0%) | 65531 (100%) |",
        "| Block    | 192.168.7.64/26 |        64 |     5 (8%) |       1 (2%) |     58 (91%) |",
        "+----------+-----------------+-----------+------------+--------------+--------------+",
      ].join("\n"),
    );
  });

  test("rounds halves to even, as Go does", () => {
    expect([wholePercent(3, 8), wholePercent(5, 8)]).toEqual(["38%", "62%"]);
    expect([fiveDigits(100005), fiveDigits(100015)]).toEqual(["1e+05", "1.0002e+05"]);
  });

  test("writes large counts with an exponent of two digits", () => {
    expect([65536, 131072, 1048576].map(fiveDigits)).toEqual(["65536", "1.3107e+05", "1.0486e+06"]);
    const cells = ipamCells({
      grouping: "IP Pool",
      cidr: "fd00::/48",
      capacity: 1n << 80n,
      inUse: 7n,
    });
    expect(cells).toMatchObject({ total: "1.2089e+24", free: "1.2089e+24 (100%)" });
  });

  test("tells who holds an address, attributes by name", () => {
    const attributes = { pod: "web-0", namespace: "web", node: "node-1" };
    expect(formatIpamShowIP("10.65.0.2", { handle: "k8s-pod-network.1", attributes })).toBe(
      "IP 10.65.0.2 is in use\nHandle ID: k8s-pod-network.1\nActive Owner Attributes:\n" +
        "  namespace: web\n  node: node-1\n  pod: web-0\n",
    );
    expect(formatIpamShowIP("10.65.0.2", {})).toBe(
      "IP 10.65.0.2 is in use\nHandle ID: <none>\nNo Active Owner attributes defined\n",
    );
    expect(formatIpamShowIP("10.65.0.2", undefined)).toBe("10.65.0.2 is not assigned\n");
  });
});

import { describe, expect, test } from "vitest";
import {
  type ApiResource,
  defaultASNumber,
  formatGetTable,
  joinAndTruncate,
  UnknownKindError,
} from "../src/index.js";

function resource(kind: string, name: string, spec: object, namespace?: string): ApiResource {
  return { kind, metadata: { name, namespace }, spec };
}

/** The cells of the only row. */
function cells(one: ApiResource, wide = false): string[] {
  const line = formatGetTable([one], { wide }).split("\n")[1] ?? "";
  return line.split(/ {3,}/).filter((cell) => cell !== "");
}

describe("calicoctl get", () => {
  test("pads every column by three blanks, to five characters at least, and ends with an empty line", () => {
    const tiers = [resource("Tier", "default", { order: 1 }), resource("Tier", "x", {})];
    expect(formatGetTable(tiers)).toBe(
      "NAME      ORDER   \ndefault   1       \nx                 \n\n",
    );
    expect(formatGetTable([])).toBe("");
  });

  test("shows the AS of a node in brackets when it is the cluster's, and none without BGP", () => {
    const asOf = (bgp: object | undefined, bgpConfiguration?: ApiResource): string => {
      const options = bgpConfiguration === undefined ? {} : { bgpConfiguration };
      const table = formatGetTable([resource("Node", "n", bgp === undefined ? {} : { bgp })], {
        wide: true,
        ...options,
      });
      return table.split("\n")[1]?.trim().split(/ +/)[1] ?? "";
    };
    const ipv4Address = "10.0.0.5/24";
    expect(asOf({ ipv4Address })).toBe("(64512)");
    expect(
      asOf({ ipv4Address }, resource("BGPConfiguration", "default", { asNumber: 65001 })),
    ).toBe("(65001)");
    expect(asOf({ ipv4Address, asNumber: 65002 })).toBe("65002");
    expect(asOf(undefined)).toBe("");
  });

  test("prints an AS number given in two halves as one number", () => {
    expect(cells(resource("BGPPeer", "p", { peerIP: "10.0.0.1", asNumber: "1.10" }))[3]).toBe(
      "65546",
    );
    expect(defaultASNumber(resource("BGPConfiguration", "default", { asNumber: "1.0" }))).toBe(
      "65536",
    );
  });

  test("joins a map in the order of its keys, not of its cells", () => {
    expect(joinAndTruncate({ "a-b": 1, a: 2 })).toBe("a=2,a-b=1");
  });

  test("names what a BGPPeer applies to", () => {
    expect(cells(resource("BGPPeer", "p", { peerIP: "10.0.0.1", asNumber: 64512 }))[2]).toBe(
      "(global)",
    );
    expect(cells(resource("BGPPeer", "p", { peerIP: "10.0.0.1", node: "a" }))[2]).toBe("a");
    expect(
      cells(resource("BGPPeer", "p", { peerIP: "10.0.0.1", nodeSelector: "has(rr)" }))[2],
    ).toBe("has(rr)");
  });

  test("cuts lists of networks at 80 characters", () => {
    const nets = Array.from({ length: 20 }, (_, i) => `10.0.${String(i)}.0/24`);
    const cell = cells(resource("GlobalNetworkSet", "s", { nets }), true)[1];
    expect(cell).toHaveLength(80);
    expect(cell).toMatch(/^10\.0\.0\.0\/24,10\..*\.\.\.$/);
  });

  test("begins with the namespace of namespaced kinds when asked for all", () => {
    const policy = resource("NetworkPolicy", "p", {}, "web");
    expect(formatGetTable([policy], { allNamespaces: true })).toMatch(/^NAMESPACE {3}NAME {3}TIER/);
    const pool = resource("IPPool", "p", { cidr: "10.0.0.0/8" });
    expect(formatGetTable([pool], { allNamespaces: true })).toMatch(/^NAME {3}CIDR/);
  });

  test("shows dashes where a BGPConfiguration says nothing", () => {
    expect(
      cells(resource("BGPConfiguration", "default", { nodeToNodeMeshEnabled: false })),
    ).toEqual(["default", "-", "false", "-"]);
  });

  test("refuses an unknown kind, naming those it knows, and a mixture", () => {
    expect(() => formatGetTable([resource("Pod", "p", {})])).toThrow(UnknownKindError);
    expect(() => formatGetTable([resource("constructor", "p", {})])).toThrow(/no table for kind/);
    expect(() => formatGetTable([resource("Node", "n", {}), resource("Tier", "t", {})])).toThrow(
      "a table holds resources of one kind, not Node and Tier",
    );
  });
});

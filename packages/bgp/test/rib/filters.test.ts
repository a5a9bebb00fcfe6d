import { parseCidr } from "@calico-sim/core";
import { describe, expect, test } from "vitest";
import { filterSet } from "../../src/confd/render/filters.js";
import { PLAIN_SET } from "../../src/rib/attributes.js";
import { runFilters } from "../../src/rib/filters.js";

const P = "10.1.0.0/16";
const NETS = ["10.0.0.0/8", P, "10.1.2.0/24", "10.1.2.64/26", "172.30.0.0/24"];

/** Whether one import rule with these conditions speaks of a route. */
function matches(rule: object, net: string, device?: string): boolean {
  const spec = { importV4: [{ action: "Reject", ...rule }] };
  const resource = {
    apiVersion: "projectcalico.org/v3",
    kind: "BGPFilter",
    metadata: { name: "f" },
    spec,
  } as const;
  const filter = filterSet([resource], 4).get("f")!.import!;
  const route = { prefix: parseCidr(net)!, attributes: PLAIN_SET, learnt: true, device };
  return runFilters([{ filter, internal: true }], route) === "reject";
}

describe("a rule's conditions hold as in a filter that was run on BIRD 1.6.8", () => {
  test.each([
    ["Equal", undefined, [P]],
    ["NotEqual", undefined, ["10.0.0.0/8", "10.1.2.0/24", "10.1.2.64/26", "172.30.0.0/24"]],
    ["In", undefined, [P, "10.1.2.0/24", "10.1.2.64/26"]],
    ["NotIn", undefined, ["10.0.0.0/8", "172.30.0.0/24"]],
    // `net = [ … ]` compares a prefix with a set.
    ["Equal", { min: 16, max: 24 }, []],
    ["NotEqual", { min: 16, max: 24 }, NETS],
    ["In", { min: 16, max: 24 }, [P, "10.1.2.0/24"]],
    ["NotIn", { min: 16, max: 24 }, ["10.0.0.0/8", "10.1.2.64/26", "172.30.0.0/24"]],
    // A shorter prefix that agrees in its own bits is in the set.
    ["In", { min: 8, max: 24 }, ["10.0.0.0/8", P, "10.1.2.0/24"]],
    ["In", { min: 0, max: 32 }, ["10.0.0.0/8", P, "10.1.2.0/24", "10.1.2.64/26"]],
  ] as const)("%s 10.1.0.0/16 with lengths %j: %j", (matchOperator, prefixLength, held) => {
    const rule = { matchOperator, cidr: P, prefixLength };
    expect(NETS.filter((net) => matches(rule, net))).toEqual(held);
  });

  test("no interface has a blank name, which `*` matches", () => {
    expect(matches({ interface: "*" }, P)).toBe(true);
    expect(matches({ interface: "eth*" }, P)).toBe(false);
    expect(matches({ interface: "eth*" }, P, "eth0")).toBe(true);
  });
});

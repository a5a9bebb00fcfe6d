import type { AddressFamily, BGPFilter } from "@calico-sim/core";
import fc from "fast-check";

/** Bounds of {@link arbitraryBgpFilter}. */
export interface BgpFilterConstraints {
  /** Rules for each direction and family. @defaultValue 3 */
  readonly rulesMax?: number;
  /** CIDRs that rules ask for. @defaultValue some of {@link import("./pools.js").arbitraryPools}, and what lies around */
  readonly cidrs?: Readonly<Record<AddressFamily, readonly string[]>>;
  /** AS numbers in paths. @defaultValue that of a cluster, and others */
  readonly asNumbers?: readonly number[];
}

/** What a BGPFilter says. */
export type BgpFilterSpec = NonNullable<BGPFilter["spec"]>;

const CIDRS: Readonly<Record<AddressFamily, readonly string[]>> = Object.freeze({
  4: ["10.200.0.0/16", "10.200.0.0/25", "10.200.0.64/26", "10.100.0.0/16", "0.0.0.0/0"],
  6: ["fd00:10:244::/48", "fd00:10:244::/118", "fd00:10:244::40/122", "::/0"],
});

/**
 * The specification of a BGPFilter: rules with every kind of match and operation, most of which match something of a small
 * cluster. Shrinks to no rule at all, and each rule to `Accept` without a condition.
 */
export function arbitraryBgpFilter(
  constraints: BgpFilterConstraints = {},
): fc.Arbitrary<BgpFilterSpec> {
  const { rulesMax = 3, cidrs = CIDRS, asNumbers = [64_512, 65_001, 65_002] } = constraints;
  const rules = (family: AddressFamily): fc.Arbitrary<object[]> =>
    fc.array(arbitraryRule(family, cidrs[family], asNumbers), { maxLength: rulesMax });
  return fc.record({
    exportV4: rules(4),
    importV4: rules(4),
    exportV6: rules(6),
    importV6: rules(6),
  });
}

function arbitraryRule(
  family: AddressFamily,
  cidrs: readonly string[],
  asNumbers: readonly number[],
): fc.Arbitrary<object> {
  const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(value, { nil: undefined, freq: 1 });
  const seldom = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.oneof({ arbitrary: fc.constant(undefined), weight: 5 }, { arbitrary: value, weight: 1 });
  const community = fc.constantFrom("65000:1", "65000:2", "65000:1:2");
  const priority = fc.constantFrom(1024, 512, 100, 2000);
  const longest = family === 4 ? 32 : 128;
  const prefix = fc.record({
    cidr: fc.constantFrom(...cidrs),
    matchOperator: fc.constantFrom("In", "Equal", "NotIn", "NotEqual"),
    prefixLength: seldom(
      fc.record({ min: rarely(fc.nat({ max: longest })), max: rarely(fc.nat({ max: longest })) }),
    ),
  });
  const operation = fc.oneof(
    community.map((value) => ({ addCommunity: { value } })),
    fc
      .array(fc.constantFrom(...asNumbers), { minLength: 1, maxLength: 2 })
      .map((list) => ({ prependASPath: { prefix: list } })),
    priority.map((value) => ({ setPriority: { value } })),
  );
  const rule = fc.record({
    action: fc.constantFrom("Accept", "Reject"),
    prefix: rarely(prefix),
    peerType: seldom(fc.constantFrom("iBGP", "eBGP")),
    source: seldom(fc.constant("RemotePeers")),
    interface: seldom(fc.constantFrom("*", "eth*", "eth?", "cali*", "tunl0")),
    communities: seldom(community.map((value) => ({ values: [value] }))),
    asPathPrefix: seldom(fc.array(fc.constantFrom(...asNumbers), { minLength: 1, maxLength: 2 })),
    priority: seldom(priority),
    operations: fc.array(operation, { maxLength: 2 }),
  });
  return rule.map(({ prefix: net, ...rest }) => plain({ ...net, ...rest }));
}

/** Without fields that are not set, as an API object has it. */
function plain(rule: object): object {
  return JSON.parse(JSON.stringify(rule)) as object;
}

/** A BGPFilter of that name. */
export function bgpFilter(name: string, spec: BgpFilterSpec): BGPFilter {
  return { apiVersion: "projectcalico.org/v3", kind: "BGPFilter", metadata: { name }, spec };
}

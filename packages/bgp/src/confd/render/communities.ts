import { type AddressFamily, formatCidr, parseCidr } from "@calico-sim/core";
import type { BgpSpec, ConfdInputs } from "./inputs.js";
import type { CommunityRule } from "./model.js";
import { compareText } from "./text.js";

/**
 * The communities of advertised prefixes: those of `node.<name>` where it has any, else the global
 * ones. A community is a value or the name of one that the same resource defines; each is added once
 * (calico: confd/pkg/backends/calico/bgp_processor.go:840-908).
 */
export function communityRules(
  inputs: ConfdInputs,
  node: string,
  family: AddressFamily,
): readonly CommunityRule[] {
  const own = inputs.nodeSpecs.get(node);
  const spec: BgpSpec = own?.prefixAdvertisements?.length ? own : inputs.global;
  const values = new Map(
    (spec.communities ?? []).map(({ name, value }) => [name ?? "", value] as const),
  );
  return (spec.prefixAdvertisements ?? []).flatMap(({ cidr, communities }) => {
    const prefix = parseCidr(cidr ?? "");
    if (prefix?.family !== family) return [];
    const add = (communities ?? []).flatMap((community) => {
      const value = isCommunity(community) ? community : values.get(community);
      return value === undefined ? [] : [value];
    });
    if (add.length === 0) return [];
    return [{ cidr: formatCidr(prefix), add: [...new Set(add)].sort(compareText) }];
  });
}

/** `aa:nn` or `aa:nn:mm`. */
function isCommunity(text: string): boolean {
  return /^\d+:\d+(:\d+)?$/.test(text);
}

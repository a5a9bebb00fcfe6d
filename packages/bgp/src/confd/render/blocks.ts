import { type AddressFamily, formatCidr, isHostCidr, parseCidr } from "@calico-sim/core";
import type { ConfdInputs } from "./inputs.js";
import type { OwnBlock, StaticRoute } from "./model.js";
import { compareText } from "./text.js";

/** The blocks of one node: what it advertises as one, and the blackholes under it. */
export interface BlockRoutes {
  readonly blackholes: readonly StaticRoute[];
  readonly ownBlocks: readonly OwnBlock[];
}

/**
 * The routes of a node's blocks. A pending affinity counts as deleted, one without a state as
 * confirmed (calico: confd/pkg/backends/calico/client.go:1686-1700). A block that is being released
 * keeps its blackhole and is no longer advertised as one (node-behaviour §1.7). A block of one
 * address has no blackhole.
 *
 * @param usePodCIDR - host-local IPAM: the blocks are the pod CIDRs of the Node
 *   (calico: libcalico-go/lib/backend/syncersv1/bgpsyncer/bgpsyncer.go).
 */
export function blockRoutes(
  inputs: ConfdInputs,
  node: string,
  family: AddressFamily,
  usePodCIDR: boolean,
): BlockRoutes {
  const held = usePodCIDR
    ? (inputs.nodeByName.get(node)?.podCIDRs ?? []).map((cidr) => ({ cidr, state: "" }))
    : affinities(inputs, node);
  const blocks = held
    .flatMap(({ cidr, state }) => {
      const block = parseCidr(cidr);
      return block?.family === family ? [{ block, cidr: formatCidr(block), state }] : [];
    })
    .sort((a, b) => compareText(a.cidr, b.cidr));
  return {
    blackholes: blocks
      .filter(({ block }) => !isHostCidr(block))
      .map(({ cidr }) => ({ cidr, type: "blackhole", origin: "block" })),
    ownBlocks: blocks
      .filter(({ state }) => state !== "pendingDeletion")
      .map(({ cidr, state }) => ({
        cidr,
        state: state === "confirmed" ? "confirmed" : "implicitly-confirmed",
      })),
  };
}

function affinities(
  inputs: ConfdInputs,
  node: string,
): readonly { readonly cidr: string; readonly state: string }[] {
  return (inputs.affinities.get(node) ?? []).flatMap(({ spec }) => {
    const { cidr, state = "", type = "", deleted } = spec;
    const gone = state === "pending" || deleted === true || deleted === "true";
    return gone || (type !== "" && type !== "host") ? [] : [{ cidr, state }];
  });
}

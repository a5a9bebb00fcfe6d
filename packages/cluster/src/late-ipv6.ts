import { nodeView, ofKind, parseCidr } from "@calico-sim/core";
import type { Action } from "./scenario.js";

/** Whether an action brings IPv6 to a cluster that may have been without: addresses of nodes, a pool, or a search for them. */
export function bringsIpv6(action: Action): boolean {
  switch (action.type) {
    case "node-join":
      return action.node.ipv6Address !== undefined || action.node.address.includes(":");
    case "apply":
      return (
        ofKind(action.resources, "IPPool").some(({ spec }) => parseCidr(spec.cidr)?.family === 6) ||
        ofKind(action.resources, "Node").some((node) => nodeView(node).ipv6Address !== undefined)
      );
    case "detect-ipv6":
      return true;
    default:
      return false;
  }
}

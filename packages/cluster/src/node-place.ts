import { type Cidr, formatCidr, type NodeView, parseCidr } from "@calico-sim/core";

/** What is known of a node's addresses. */
type Addresses = Partial<
  Pick<NodeView, "ipv4Address" | "internalIP" | "ipv6Address" | "internalIPv6">
>;

/** By IPv6 subnet, as text, the IPv4 subnet of nodes that have an address in both: one link has both. */
export function sharedLinks(nodes: Iterable<Addresses>): ReadonlyMap<string, Cidr> {
  const shared = new Map<string, Cidr>();
  for (const node of nodes) {
    const [v4, v6] = [subnetIn(node, 4), subnetIn(node, 6)];
    if (v4 !== undefined && v6 !== undefined && !shared.has(formatCidr(v6)))
      shared.set(formatCidr(v6), v4);
  }
  return shared;
}

/**
 * The subnet by which a node stands on the underlay: that of its IPv4 address, or of nodes whose link it shares; else that
 * of its IPv6 address. Undefined without any.
 */
export function subnetOf(node: Addresses, shared: ReadonlyMap<string, Cidr>): Cidr | undefined {
  const v6 = subnetIn(node, 6);
  return subnetIn(node, 4) ?? (v6 === undefined ? undefined : (shared.get(formatCidr(v6)) ?? v6));
}

/** An address that only the kubelet reports is taken to be in a /24, or a /64. */
function subnetIn(
  { ipv4Address, internalIP, ipv6Address, internalIPv6 }: Addresses,
  family: 4 | 6,
): Cidr | undefined {
  const reported = internalIP?.includes(":") === false ? internalIP : undefined;
  const text = family === 4 ? (ipv4Address ?? reported) : (ipv6Address ?? internalIPv6);
  if (text === undefined) return undefined;
  return parseCidr(text.includes("/") ? text : `${text}/${family === 4 ? "24" : "64"}`);
}

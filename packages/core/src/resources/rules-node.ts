import { parseAddress, parseCidr } from "../net/index.js";
import type { Report } from "./issue.js";
import type { Node } from "./kubernetes.js";
import { NODE_ANNOTATIONS } from "./node-view.js";

/** Annotations of a Kubernetes Node that hold an address, with or without prefix length. */
const ADDRESS_ANNOTATIONS: readonly string[] = [
  NODE_ANNOTATIONS.ipv4Address,
  NODE_ANNOTATIONS.ipv6Address,
  NODE_ANNOTATIONS.ipv4IPIPTunnelAddr,
  NODE_ANNOTATIONS.ipv4VXLANTunnelAddr,
  NODE_ANNOTATIONS.ipv6VXLANTunnelAddr,
  NODE_ANNOTATIONS.ipv4WireguardInterfaceAddr,
  NODE_ANNOTATIONS.ipv6WireguardInterfaceAddr,
];

/** What Calico reads from the annotations of a Kubernetes Node must be readable. */
export function checkNode(node: Node, report: Report): void {
  const annotations = node.metadata.annotations ?? {};
  for (const name of ADDRESS_ANNOTATIONS) {
    const value = annotations[name];
    if (value === undefined || value === "") continue;
    if (parseCidr(value) !== undefined || parseAddress(value) !== undefined) continue;
    report({
      code: "ADDRESS_INVALID",
      message: `${JSON.stringify(value)} is not an IP address, with or without prefix length`,
      path: ["metadata", "annotations", name],
      got: value,
      want: "an address such as 10.0.0.5/24",
    });
  }
  const asNumber = annotations[NODE_ANNOTATIONS.asNumber];
  if (asNumber !== undefined && asNumber !== "" && !/^\d+(\.\d+)?$/.test(asNumber)) {
    report({
      code: "VALUE_OUT_OF_RANGE",
      rule: "L43",
      message: `${JSON.stringify(asNumber)} is not an AS number`,
      path: ["metadata", "annotations", NODE_ANNOTATIONS.asNumber],
      got: asNumber,
      want: "0 to 4294967295",
    });
  }
  const addresses = node.apiVersion === "v1" ? (node.status?.addresses ?? []) : [];
  addresses.forEach(({ type, address }, i) => {
    if (type !== "InternalIP" || parseAddress(address) !== undefined) return;
    report({
      code: "ADDRESS_INVALID",
      message: `${JSON.stringify(address)} is not an IP address`,
      path: ["status", "addresses", i, "address"],
      got: address,
      want: "an IP address",
    });
  });
}

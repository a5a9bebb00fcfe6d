import {
  type Address,
  type Cidr,
  cidrContains,
  parseAddress,
  parseCidr,
  writtenAddress,
} from "../net/index.js";
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

/** Addresses that no host has: "this network", loopback, multicast and reserved (RFC 1122 §3.2.1.3, RFC 4291 §2.4). */
const NO_HOST = ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "ff00::/8"].flatMap(
  (text) => parseCidr(text) ?? [],
);

function isNoHost(address: Address): boolean {
  return NO_HOST.some((cidr) => cidrContains(cidr, address));
}

/** The first and the last address of an IPv4 subnet are nobody's, but in a /31 or /32 (RFC 1122 §3.2.1.3, RFC 3021). */
function isNobodys(cidr: Cidr): boolean {
  if (cidr.family !== 4 || cidr.length > 30) return false;
  const offset = cidr.address - cidr.value;
  return offset === 0 || offset === 2 ** (32 - cidr.length) - 1;
}

/** What Calico reads from the annotations of a Kubernetes Node must be readable. */
export function checkNode(node: Node, report: Report): void {
  const annotations = node.metadata.annotations ?? {};
  for (const name of ADDRESS_ANNOTATIONS) {
    const value = annotations[name];
    if (value === undefined || value === "") continue;
    const cidr = parseCidr(value);
    const address = cidr === undefined ? parseAddress(value) : writtenAddress(cidr);
    const family = /IPv6/.test(name) ? 6 : 4;
    if (address !== undefined && address.family !== family) {
      const message = `${JSON.stringify(value)} is no IPv${String(family)} address`;
      const path = ["metadata", "annotations", name];
      const want = family === 4 ? "an address such as 10.0.0.5/24" : "one such as fd00::5/64";
      report({ code: "ADDRESS_INVALID", message, path, got: value, want });
      continue;
    }
    if (address !== undefined && !isNoHost(address)) {
      if (cidr === undefined || !isNobodys(cidr) || name !== NODE_ANNOTATIONS.ipv4Address) continue;
      report({
        severity: "warning",
        code: "ADDRESS_INVALID",
        message: `${value} is the address of the subnet itself or its broadcast address, and no host's`,
        path: ["metadata", "annotations", name],
        got: value,
        want: "the address of the host, such as 10.0.0.5/24",
      });
      continue;
    }
    const text = JSON.stringify(value);
    report({
      code: "ADDRESS_INVALID",
      message:
        address === undefined
          ? `${text} is not an IP address, with or without prefix length`
          : `${text} is not the address of a host`,
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
    if (type !== "InternalIP") return;
    const parsed = parseAddress(address);
    if (parsed !== undefined && !isNoHost(parsed)) return;
    const what = parsed === undefined ? "an IP address" : "the address of a host";
    report({
      code: "ADDRESS_INVALID",
      message: `${JSON.stringify(address)} is not ${what}`,
      path: ["status", "addresses", i, "address"],
      got: address,
      want: "an IP address",
    });
  });
}

import type { ApiResource } from "@calico-sim/calicoctl";
import { type Node, nodeView } from "@calico-sim/core";

/** A Node as Calico's API shows it, whichever API it is stored in (calico: libcalico-go/lib/backend/k8s/resources/node.go). */
export function calicoNode(node: Node): ApiResource {
  const { name, labels, ipv4Address, ipv6Address, asNumber } = nodeView(node);
  const hasBgp = ipv4Address !== undefined || ipv6Address !== undefined;
  return {
    kind: "Node",
    metadata: { name, labels },
    spec: hasBgp ? { bgp: { ipv4Address, ipv6Address, asNumber } } : {},
  };
}

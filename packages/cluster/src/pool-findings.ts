import { cidrContains, hostAddress, nodeView, parseCidr } from "@calico-sim/core";
import type { ObservedCluster } from "./build-result.js";
import type { Finding } from "./result.js";

/**
 * Pools that hold addresses of nodes: IPAM may give one of them to a pod, and Felix and BIRD take the hosts for pods.
 *
 * @see calico documentation: "IP pool", which must not overlap the network of the hosts
 */
export function poolsOverNodes({ datastore }: ObservedCluster): Finding[] {
  const nodes = datastore.list("Node").map(nodeView);
  return datastore.list("IPPool").flatMap(({ metadata, spec }): readonly Finding[] => {
    const cidr = parseCidr(spec.cidr);
    if (cidr === undefined) return [];
    const inside = nodes.flatMap(({ name, ipv4Address, internalIP, ipv6Address, internalIPv6 }) =>
      [ipv4Address ?? internalIP, ipv6Address ?? internalIPv6].flatMap((text) => {
        const address = hostAddress(text);
        return address !== undefined && cidrContains(cidr, address)
          ? [`${name} (${text ?? ""})`]
          : [];
      }),
    );
    const [first] = inside;
    if (first === undefined) return [];
    const text = `IPPool ${metadata.name} (${spec.cidr}) holds the addresses of ${String(inside.length)} of the nodes, such as ${first}; what Calico would do to the hosts' own addresses is not simulated`;
    return [{ code: "not-modelled", text }];
  });
}

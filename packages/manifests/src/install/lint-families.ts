import { nodeView, ofKind, type Resource } from "@calico-sim/core";
import type { IssueLog } from "../issue-log.js";
import type { InstallSettings } from "./settings.js";
import type { Installation } from "./workloads.js";

/**
 * IPv6 takes four settings that do not know of each other: a pool, the CNI plugin's `assign_ipv6`, `IP6` for BIRD's
 * address, and `FELIX_IPV6SUPPORT`. Whoever sets some of them gets addresses without routes, or routes without
 * addresses.
 *
 * @see calico documentation: "Configure dual stack or IPv6 only"
 */
export function lintFamilies(
  parts: Installation,
  settings: InstallSettings,
  resources: readonly Resource[],
  log: IssueLog,
): void {
  const { configMap, node, operator } = parts;
  // The operator sets all of them by its pools.
  if (node === undefined || operator !== undefined || settings.cni?.ipam !== "calico-ipam") return;
  const pools = [...ofKind(resources, "IPPool"), ...settings.derivedPools];
  const pool = pools.find(({ spec }) => spec.cidr.includes(":"));
  const assigned = settings.podFamilies.includes(6);
  const onNode = (variable: string, message: string, want: string): void => {
    const set = node.environment.get(variable);
    log.add(set?.object ?? node.object, {
      severity: "warning",
      code: "FAMILY_MISMATCH",
      message,
      path: set?.path ?? [...node.path, "env"],
      got: set?.value,
      want,
    });
  };
  const onPlugin = (message: string, want: string): void => {
    log.add(configMap ?? node.object, {
      severity: "warning",
      code: "FAMILY_MISMATCH",
      message,
      path: configMap === undefined ? [...node.path, "env"] : ["data", "cni_network_config"],
      want,
    });
  };
  if (pool === undefined && !assigned) return;
  if (pool !== undefined && !assigned) {
    onPlugin(
      `no pod gets an address of the IPv6 pool ${pool.metadata.name} (${pool.spec.cidr}): the CNI plugin asks IPAM for IPv4 alone`,
      '"assign_ipv6": "true" under "ipam"',
    );
  }
  if (pool === undefined && pools.length > 0) {
    onPlugin(
      "no sandbox of a pod succeeds: the CNI plugin asks for an IPv6 address, and there is no pool of them",
      "an IPPool of IPv6, or no assign_ipv6",
    );
  }
  if (settings.felixEnvironment["ipv6Support"] === false) {
    onNode(
      "FELIX_IPV6SUPPORT",
      "Felix does nothing for IPv6 addresses of pods: no route, no policy",
      'FELIX_IPV6SUPPORT "true"',
    );
  }
  if (settings.backend === "bird") lintNodes(settings, resources, onNode);
}

/** BIRD of IPv6 needs an IPv6 address of each Node: one that is written there, or one that calico-node looks for. */
function lintNodes(
  { addressDetection: { ip6 } }: InstallSettings,
  resources: readonly Resource[],
  onNode: (variable: string, message: string, want: string) => void,
): void {
  const bare = ofKind(resources, "Node")
    .map(nodeView)
    .filter(({ ipv6Address }) => ipv6Address === undefined);
  if (ip6 !== "autodetect") {
    if (bare.length === 0) return;
    onNode(
      "IP6",
      `${String(bare.length)} of the Nodes have no IPv6 address, and calico-node looks for none: BIRD of IPv6 has no peers there`,
      "IP6 autodetect",
    );
    return;
  }
  const silent = bare.filter(({ internalIPv6 }) => internalIPv6 === undefined).length;
  if (silent === 0) return;
  onNode(
    "IP6",
    `${String(silent)} of the Nodes report no IPv6 address, so autodetection is taken to find none: BIRD of IPv6 has no peers there`,
    "an InternalIP of IPv6 in status.addresses of each Node, or the annotation projectcalico.org/IPv6Address",
  );
}

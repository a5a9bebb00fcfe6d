import { nodeView, ofKind, parseAddress, type Resource } from "@calico-sim/core";
import type { ManifestIssue } from "../issue.js";
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

/**
 * Hosts without an IPv4 address take two more: `IP` must not ask for one, and BIRD needs a router id that is not the
 * node's IPv4 address.
 *
 * @see calico documentation: "Configure dual stack or IPv6 only"
 */
export function lintAddresses(
  { node, operator }: Installation,
  settings: InstallSettings,
  resources: readonly Resource[],
  log: IssueLog,
): void {
  if (node === undefined || operator !== undefined) return;
  const { routerId, addressDetection, backend } = settings;
  const report = (
    variable: string,
    finding: Pick<ManifestIssue, "severity" | "code" | "message" | "want">,
  ): void => {
    const set = node.environment.get(variable);
    const path = set?.path ?? [...node.path, "env"];
    log.add(set?.object ?? node.object, { ...finding, path, got: set?.value });
  };
  if (routerId !== "" && routerId !== "hash" && parseAddress(routerId)?.family !== 4) {
    report("CALICO_ROUTER_ID", {
      severity: "error",
      code: "SETTING_INVALID",
      message: `BIRD does not start: CALICO_ROUTER_ID cannot be ${JSON.stringify(routerId)}`,
      want: "hash, or an IPv4 address",
    });
  }
  const bare = ofKind(resources, "Node")
    .map(nodeView)
    .filter(({ ipv4Address, internalIP }) => ![ipv4Address, internalIP].some(isIpv4)).length;
  if (bare === 0) return;
  const warn = (variable: string, message: string, want: string): void => {
    report(variable, {
      severity: "warning",
      code: "FAMILY_MISMATCH",
      message: `${String(bare)} of the Nodes have no IPv4 address, ${message}`,
      want,
    });
  };
  if (detectsIpv4(addressDetection.ip))
    warn("IP", "and calico-node does not start where it looks for one in vain", "IP none");
  if (backend === "bird" && routerId === "")
    warn("CALICO_ROUTER_ID", "and BIRD none to take its router id from", "CALICO_ROUTER_ID hash");
}

/** Whether calico-node looks for an IPv4 address: also where `IP` is blank (calico: node/pkg/lifecycle/startup/startup.go). */
function detectsIpv4(ip: string): boolean {
  return ip === "autodetect" || ip === "";
}

function isIpv4(text: string | undefined): boolean {
  return text?.includes(":") === false;
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

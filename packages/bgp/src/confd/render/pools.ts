import type { AddressFamily, PoolView } from "@calico-sim/core";
import type { BgpNode, ConfdInputs } from "./inputs.js";
import type { ExportStep, KernelPoolRule } from "./model.js";
import type { ServiceRoutes } from "./services.js";
import { compareText } from "./text.js";

function poolsOf(inputs: ConfdInputs, family: AddressFamily): readonly PoolView[] {
  return inputs.pools
    .filter((pool) => pool.family === family)
    .sort((a, b) => compareText(a.cidr, b.cidr));
}

/** Whether BIRD programs the routes of IP-in-IP pools, or of pools without encapsulation (node-behaviour §1.9). */
export function birdPrograms(inputs: ConfdInputs, pools: "ipip" | "no-encap"): boolean {
  const claim = inputs.programClusterRoutes;
  return (
    claim === "Enabled" || claim === (pools === "ipip" ? "EnabledIPIPOnly" : "EnabledNoEncapOnly")
  );
}

/**
 * The checks of `calico_export_to_bgp_peers`, in order. A disabled pool is advertised like any
 * other: it keeps the routes of the pods it has (calico: confd/pkg/backends/calico/bgp_processor.go:910-1156).
 */
export function exportSteps(
  inputs: ConfdInputs,
  node: BgpNode | undefined,
  family: AddressFamily,
  services: ServiceRoutes,
): readonly ExportStep[] {
  const pools = poolsOf(inputs, family);
  const pool = (action: "accept" | "reject", disableBGPExport: boolean): readonly ExportStep[] =>
    pools
      .filter((view) => view.disableBGPExport === disableBGPExport)
      .map(({ cidr }) => ({ kind: "pool", cidr, action }));
  // While Felix owns IP-in-IP, its routes on tunl0 are learnt from the kernel and must stay here.
  const tunnels = ["*.cali", "*.calico", ...(birdPrograms(inputs, "ipip") ? [] : ["tunl0"])];
  const reflects = node !== undefined && node.clusterId !== "";
  return [
    ...pool("reject", true),
    { kind: "reject-tunnel-to-internal", interfaces: tunnels },
    { kind: "reject-local", interfaces: ["bpf*.cali"] },
    { kind: "add-communities" },
    { kind: "own-blocks" },
    ...services.routes.map((cidr) => ({ kind: "static", cidr }) as const),
    ...(reflects ? services.reflected : []).map(
      (cidr) => ({ kind: "service-range", cidr }) as const,
    ),
    ...pool("accept", false),
  ];
}

/**
 * The kernel filter's statements about pools. IPv6 has only those that reject; IPv4 has none while
 * the own subnet is unknown (calico: confd/pkg/backends/calico/bgp_processor.go:910-1156, 984).
 */
export function kernelPoolRules(
  inputs: ConfdInputs,
  node: BgpNode | undefined,
  family: AddressFamily,
): readonly KernelPoolRule[] {
  const subnet = node?.subnet;
  if (family === 4 && subnet === undefined) return [];
  const rules = poolsOf(inputs, family).map((pool) => kernelPoolRule(inputs, pool, subnet ?? ""));
  return family === 4 ? rules : rules.filter(({ action }) => action === "reject");
}

function kernelPoolRule(inputs: ConfdInputs, pool: PoolView, subnet: string): KernelPoolRule {
  const { cidr, ipipMode, vxlanMode } = pool;
  if (vxlanMode !== "Never") return { cidr, action: "reject", reason: "felix-programs-vxlan" };
  if (!birdPrograms(inputs, ipipMode === "Never" ? "no-encap" : "ipip"))
    return { cidr, action: "reject", reason: "felix-programs-cluster-routes" };
  if (ipipMode === "Never") return { cidr, action: "accept", tunnel: undefined };
  const direct = ipipMode === "CrossSubnet" ? { direct: subnet } : {};
  return { cidr, action: "accept", tunnel: { device: "tunl0", ...direct } };
}

/**
 * The next hops whose routes Felix sends through WireGuard: those of the nodes that have a WireGuard
 * address, if this node has one (calico: confd/pkg/backends/calico/bgp_processor.go:1013-1068).
 */
export function wireguardNextHops(
  inputs: ConfdInputs,
  node: BgpNode | undefined,
  family: AddressFamily,
): readonly string[] {
  if (node?.wireguard[family] === undefined) return [];
  return inputs.nodes.flatMap((other) => {
    const address = other.address[family];
    const peers = other !== node && other.wireguard[family] !== undefined;
    return peers && address !== undefined ? [address] : [];
  });
}

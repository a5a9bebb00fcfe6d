import {
  type Cidr,
  cidrContains,
  formatCidr,
  hostCidr,
  type IPAMBlock,
  type IPPool,
  type Node,
  networkAddress,
  nodeView,
  nthAddress,
  type Pod,
  type ProgramClusterRoutes,
  parseAddress,
  parseCidr,
  type Resource,
  writtenAddress,
} from "@calico-sim/core";
import { workloadInterfaceName } from "../src/naming/interface-name.js";

/**
 * The routes that node-behaviour §3.6 and §4.4 ask for, read from the text alone: no ids, no caches, no
 * order. What Felix programs must equal this once all is quiet.
 */
export function naiveRoutes(
  content: Iterable<Resource>,
  self: string,
  programs: ProgramClusterRoutes,
): Record<string, string> {
  const all = [...content];
  const pools = all.filter((r): r is IPPool => r.kind === "IPPool");
  const nodes = all.filter((r): r is Node => r.kind === "Node").map((n) => nodeView(n));
  const routes = new Map<string, string>();

  const addressOf = (name: string): Cidr | undefined =>
    parseCidr(nodes.find((n) => n.name === name)?.ipv4Address ?? "");

  const poolRoute = (cidr: Cidr, owner: string): string | undefined => {
    const found = pools.find((p) => cidrContains(parseCidr(p.spec.cidr)!, cidr))?.spec;
    if (found === undefined) return undefined;
    const vxlan = found.vxlanMode !== "Never";
    const ipip = found.ipipMode !== "Never";
    const cross = found.vxlanMode === "CrossSubnet" || found.ipipMode === "CrossSubnet";
    if (ipip && !["Enabled", "EnabledIPIPOnly"].includes(programs)) return undefined;
    if (!ipip && !vxlan && !["Enabled", "EnabledNoEncapOnly"].includes(programs)) return undefined;
    if (owner === self) return cidr.length === 32 ? undefined : "blackhole proto 80";
    const address = addressOf(owner);
    const own = addressOf(self);
    if (address === undefined) return undefined;
    const direct = `via ${owner} dev eth0 proto 80 onlink`;
    if (!ipip && !vxlan) return own === undefined ? undefined : direct;
    if (cross && own !== undefined && cidrContains(own, writtenAddress(address))) return direct;
    if (ipip) return `via ${owner} dev tunl0 proto 80 onlink`;
    const vtep = nodes.find((n) => n.name === owner)?.ipv4VXLANTunnelAddr;
    if (vtep === undefined) return undefined;
    if (cidr.length === 32 && parseAddress(vtep)!.value === networkAddress(cidr).value) {
      return "dev vxlan.calico proto 3";
    }
    return `via ${owner} dev vxlan.calico proto 3 onlink`;
  };

  const put = (cidr: Cidr, route: string | undefined): void => {
    if (route === undefined) routes.delete(formatCidr(cidr));
    else routes.set(formatCidr(cidr), route);
  };
  for (const { spec } of all.filter((r): r is IPAMBlock => r.kind === "IPAMBlock")) {
    const cidr = parseCidr(spec.cidr)!;
    const host = spec.affinity?.slice("host:".length);
    if (host !== undefined) put(cidr, poolRoute(cidr, host));
    spec.allocations.forEach((attribute, ordinal) => {
      const holder = spec.attributes[attribute ?? -1]?.secondary?.["node"];
      if (holder === undefined || holder === host) return;
      const address = hostCidr(nthAddress(cidr, ordinal));
      put(address, poolRoute(address, holder));
    });
  }
  for (const pod of all.filter((r): r is Pod => r.kind === "Pod")) {
    if (pod.spec?.nodeName !== self || pod.status?.podIP === undefined) continue;
    const device = workloadInterfaceName(pod.metadata.namespace!, pod.metadata.name);
    put(hostCidr(parseAddress(pod.status.podIP)!), `dev ${device} proto 3 metric 1024`);
  }
  return Object.fromEntries(routes);
}

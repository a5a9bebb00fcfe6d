import type { Simulation } from "@calico-sim/cluster";
import { allocationsOf, type Cidr, cidrOverlaps, nodeView, parseCidr } from "@calico-sim/core";
import { type Violation, Violations } from "./violation.js";

/**
 * No address has two users: no two pods, tunnel devices or nodes share one, no two blocks overlap, and
 * every address in use is allocated in IPAM to the node that uses it.
 *
 * Holds at every moment at which no pool is changing its encapsulation: a tunnel address that is no longer
 * needed is released first and leaves the Node a few milliseconds later (calico: node/pkg/allocateip).
 */
export function noAddressTwice(simulation: Simulation): readonly Violation[] {
  const violations = new Violations("noAddressTwice", simulation);
  const users = new Map<string, string>();
  const use = (address: string, user: string): void => {
    const other = users.get(address);
    if (other !== undefined) violations.add(`${address} is used by ${other} and by ${user}`);
    users.set(address, user);
  };
  const allocated = allocations(simulation, violations);
  const needs = (address: string, node: string, user: string): void => {
    use(address, user);
    const holder = allocated.get(address);
    if (holder === node) return;
    violations.add(
      holder === undefined
        ? `${address} of ${user} is not allocated`
        : `${address} of ${user} is allocated to ${holder}`,
    );
  };
  const { workloads, datastore } = simulation;
  for (const key of workloads.keys()) {
    const pod = workloads.pod(key);
    if (pod?.phase !== "running" || pod.spec.hostNetwork === true) continue;
    for (const address of pod.addresses) needs(address, pod.spec.node, key);
  }
  for (const node of datastore.list("Node")) {
    const view = nodeView(node);
    const { name, internalIP, ipv4IPIPTunnelAddr, ipv4VXLANTunnelAddr, ipv6VXLANTunnelAddr } = view;
    if (internalIP !== undefined) use(internalIP, name);
    for (const tunnel of [ipv4IPIPTunnelAddr, ipv4VXLANTunnelAddr, ipv6VXLANTunnelAddr]) {
      if (tunnel !== undefined) needs(tunnel, name, `tunnel of ${name}`);
    }
  }
  return violations.found;
}

/** Node by allocated address; checks on the way that blocks are disjoint. */
function allocations(simulation: Simulation, violations: Violations): Map<string, string> {
  const holders = new Map<string, string>();
  const cidrs: Cidr[] = [];
  for (const block of simulation.datastore.list("IPAMBlock")) {
    const cidr = parseCidr(block.spec.cidr);
    if (cidr === undefined) continue;
    if (cidrs.some((other) => cidrOverlaps(other, cidr))) {
      violations.add(`block ${block.spec.cidr} overlaps another`);
    }
    cidrs.push(cidr);
    for (const { address, node } of allocationsOf(block)) holders.set(address, node ?? "nobody");
  }
  return holders;
}

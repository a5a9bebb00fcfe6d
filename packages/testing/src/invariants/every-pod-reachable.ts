import type { Simulation } from "@calico-sim/cluster";
import { type Address, nextHopsOf, parseAddress } from "@calico-sim/core";
import { routeText } from "./kernels-match-oracle.js";
import { connected, liveNodes, type Violation, Violations } from "./violation.js";

/** How a packet's walk ended. */
export type WalkEnd =
  | { readonly type: "delivered"; readonly node: number }
  | { readonly type: "lost"; readonly why: string };

/**
 * From every live node a packet to every running pod arrives at the pod's node, without a loop.
 *
 * The packet is walked hop by hop through the kernels' longest-prefix lookups. Pods whose node is cut off
 * from the sender are left out. Holds once all is quiet.
 */
export function everyPodReachable(simulation: Simulation): readonly Violation[] {
  const { workloads, nodes } = simulation;
  const violations = new Violations("everyPodReachable", simulation);
  const live = liveNodes(simulation);
  for (const key of workloads.keys()) {
    const pod = workloads.pod(key);
    if (pod?.phase !== "running" || pod.spec.hostNetwork === true) continue;
    const home = nodes.id(pod.spec.node);
    for (const text of pod.addresses) {
      const address = parseAddress(text);
      if (address === undefined) {
        violations.add(`${key} has the address "${text}"`);
        continue;
      }
      for (const from of live) {
        if (!connected(simulation, from, home)) continue;
        const end = walk(simulation, from, address);
        const where = `from ${nodes.name(from)} to ${key} (${text} on ${pod.spec.node}): `;
        if (end.type === "lost") violations.add(where + end.why);
        else if (end.node !== home) violations.add(`${where}arrives at ${nodes.name(end.node)}`);
      }
    }
  }
  return violations.found;
}

/**
 * Follows a packet from a node's own stack to a pod's interface. Over a multipath route every next hop has to deliver: a
 * flow takes one of them for good, and some flow takes each.
 */
export function walk(
  simulation: Simulation,
  from: number,
  address: Address,
  before: readonly number[] = [],
): WalkEnd {
  const { kernels, prefixes, nodes, fabric } = simulation;
  const lost = (why: string): WalkEnd => ({ type: "lost", why });
  const visited = [...before, from];
  const name = nodes.name(from);
  if (before.includes(from))
    return lost(`loop through ${before.map((n) => nodes.name(n)).join(", ")}`);
  const found = kernels.lookup(from, address);
  if (found === undefined) return lost(`no route at ${name}`);
  const route = kernels.route(found.route);
  const text = `${prefixes.text(found.prefix)} ${routeText(simulation, route)}`;
  if (route.type !== "unicast") return lost(`dropped at ${name} by ${text}`);
  if (route.device.startsWith("cali")) return { type: "delivered", node: from };
  let end: WalkEnd | undefined;
  for (const { gateway: next, device } of nextHopsOf(route)) {
    if (next < 0) return lost(`no neighbour at ${name} for ${text}`);
    if (!fabric.reachable(from, next)) return lost(`no path at ${name} for ${text}`);
    // Without encapsulation the packet shows a pod's address to the underlay, whose routers know none.
    if (device === "eth0" && !fabric.sameSubnet(from, next)) {
      return lost(`router between ${name} and ${nodes.name(next)} knows no pods: ${text}`);
    }
    const onward = walk(simulation, next, address, visited);
    if (onward.type === "lost") return onward;
    end ??= onward;
  }
  return end ?? lost(`no next hop at ${name} for ${text}`);
}

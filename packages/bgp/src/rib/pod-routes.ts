import type { AddressFamily, Kernels } from "@calico-sim/core";

/** Whether a route of a kernel is a pod's, written by Felix or the CNI plugin (node-behaviour §4.4); 0 = no route. */
export function isPodRoute(kernels: Kernels, route: number): boolean {
  return route !== 0 && kernels.route(route).device.startsWith("cali");
}

/** Pods' routes of one family in a node's kernel, all of which its BIRD learns. */
export function podPrefixes(kernels: Kernels, node: number, family: AddressFamily): number[] {
  return kernels
    .hostPrefixes(node)
    .filter(
      (prefix) =>
        kernels.familyOf(prefix) === family && isPodRoute(kernels, kernels.best(node, prefix)),
    );
}

import {
  hostAddress,
  hostCidr,
  type Kernels,
  PROTOCOL,
  type PrefixTable,
  resourceKey,
} from "@calico-sim/core";
import { workloadInterfaceName } from "@calico-sim/felix";
import type { PodSpec } from "./pod-objects.js";

/** What Linux makes of a route without a metric; IPv6 knows none, and gets 1024 (node-behaviour §4.4). */
const METRIC = 0;

/** Whom a kernel tells of new interfaces. */
export interface InterfaceMonitor {
  /** A pod's interface is up, with the CNI plugin's routes. */
  interfaceUp(node: number, podKey: string): void;
}

/**
 * The CNI plugin's own routes to pods, `ADDRESS/32 dev cali… proto boot scope link` without a metric: it makes them when it
 * sets an interface up (node-behaviour §4.4; §6.5, step 5), and they go with the interface if Felix has not taken them away.
 *
 * Of IPv6 there are none here: the kernel gives the plugin's route Felix's metric, so that the two are one route.
 */
export class RouteCopies {
  private readonly kernels: Kernels;
  private readonly prefixes: PrefixTable;
  private readonly monitor: InterfaceMonitor;

  constructor(kernels: Kernels, prefixes: PrefixTable, monitor: InterfaceMonitor) {
    this.kernels = kernels;
    this.prefixes = prefixes;
    this.monitor = monitor;
  }

  /** The pod's interface is up, with routes to its addresses. */
  add(node: number, pod: PodSpec, addresses: readonly string[]): void {
    const route = this.routeOf(pod);
    for (const prefix of this.hosts(addresses)) this.kernels.replace(node, prefix, route);
    this.monitor.interfaceUp(node, resourceKey("Pod", pod.name, pod.namespace));
  }

  /** The pod's interface is gone, and what was routed over it without a metric. */
  remove(node: number, pod: PodSpec, addresses: readonly string[]): void {
    const route = this.routeOf(pod);
    for (const prefix of this.hosts(addresses)) {
      // Another pod may have the address by now, and a copy of its own.
      if (this.kernels.all(node, prefix).includes(route))
        this.kernels.remove(node, prefix, METRIC, PROTOCOL.boot);
    }
  }

  private routeOf({ namespace, name }: PodSpec): number {
    return this.kernels.intern({
      type: "unicast",
      device: workloadInterfaceName(namespace, name),
      gateway: -1,
      onlink: false,
      metric: METRIC,
      protocol: PROTOCOL.boot,
    });
  }

  /** Host prefixes of the IPv4 addresses. */
  private hosts(addresses: readonly string[]): number[] {
    return addresses.flatMap((text) => {
      const address = hostAddress(text);
      return address?.family === 4 ? [this.prefixes.intern(hostCidr(address))] : [];
    });
  }
}

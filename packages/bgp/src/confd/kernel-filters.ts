import {
  type Address,
  type AddressFamily,
  type Cidr,
  cidrContains,
  cidrEquals,
  type Kernels,
  PROTOCOL,
  type PrefixTable,
} from "@calico-sim/core";
import type { KernelFilter } from "../types.js";

/** What bird_ipam.cfg says of one pool. */
export interface FilterPool {
  readonly cidr: Cidr;
  readonly encapsulation: "none" | "ipip" | "vxlan";
  /** IP-in-IP between subnets only. */
  readonly crossSubnet: boolean;
}

/** One rendering of the kernel filter: pools, and which classes BIRD programs (`programClusterRoutes`). */
export interface FilterConfig {
  readonly pools: readonly FilterPool[];
  /** Ranges of services, which stay out of the kernel. @defaultValue none */
  readonly reject?: readonly Cidr[];
  readonly programsIpip: boolean;
  readonly programsNoEncap: boolean;
}

/** Metric of ordinary routes (calico: confd/pkg/backends/calico/bgp_processor.go: 2147483647 − local_pref). */
const NORMAL_METRIC = 1024;

/** In place of a pool. */
const REJECTED = -1;

/**
 * The kernel filters of all nodes, as confd renders them into bird_ipam.cfg
 * (calico: confd/pkg/backends/calico/bgp_processor.go, node-behaviour §1.6 "Kernel filter").
 */
export class KernelFilters implements KernelFilter {
  private readonly prefixes: PrefixTable;
  private readonly kernels: Kernels;
  private readonly configs: FilterConfig[] = [];
  /** Index of the config that each node has. */
  private readonly configOf: number[] = [];
  private readonly addresses: (Address | undefined)[] = [];
  private readonly subnets: (Cidr | undefined)[] = [];
  /** Pool of a prefix by config, + 1; 0 = none, {@link REJECTED} = inside a range of services. */
  private readonly poolOf: Map<number, number>[] = [];
  private readonly direct: number[] = [];
  private readonly tunnelled: number[] = [];
  private readonly blackhole: number;
  private readonly routers: Set<number> = new Set();
  /** By id of a pod that speaks BGP: the node that it runs on, and the interface there. */
  private readonly guests: Map<number, { readonly host: number; readonly device: string }> =
    new Map();

  constructor(kernels: Kernels, prefixes: PrefixTable, family: AddressFamily = 4) {
    this.kernels = kernels;
    this.prefixes = prefixes;
    this.blackhole = kernels.intern({
      type: "blackhole",
      device: "",
      gateway: -1,
      onlink: false,
      // The filter gives a metric to what comes by BGP alone (node-behaviour §1.6, kernel rule 2); `ip route` of BIRD 1.6.8
      // shows none. IPv6 knows no route without: the kernel makes it 1024 (`ip -6 route` of bird6; linux: IP6_RT_PRIO_USER).
      metric: family === 4 ? 0 : 1024,
      protocol: PROTOCOL.bird,
    });
  }

  /** Registers a rendering; equal ones share an index. */
  config(config: FilterConfig): number {
    const text = JSON.stringify(config, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v));
    const known = this.texts.indexOf(text);
    if (known >= 0) return known;
    this.texts.push(text);
    this.poolOf.push(new Map());
    return this.configs.push(config) - 1;
  }

  private readonly texts: string[] = [];

  /** A node got this rendering; true if it differs from what it had. */
  set(node: number, config: number): boolean {
    if (this.configOf[node] === config) return false;
    this.configOf[node] = config;
    return true;
  }

  /** Address and own subnet (`network_v4`) of a node. */
  place(node: number, address: Address | undefined, subnet: Cidr | undefined): void {
    this.addresses[node] = address;
    this.subnets[node] = subnet;
  }

  /** A host with an ordinary router, whose kernel takes all that it learns. */
  placeRouter(node: number, address: Address): void {
    this.place(node, address, undefined);
    this.routers.add(node);
  }

  /** A pod that speaks BGP, with the interface on its node that leads to it. */
  placeGuest(pod: number, address: Address, host: number, device: string): void {
    this.placeRouter(pod, address);
    this.guests.set(pod, { host, device });
  }

  /** See {@link KernelFilter}. The rules are numbered in node-behaviour §1.6. */
  kernelRoute(node: number, prefix: number, nextHop: number, metric: number): number {
    const index = this.configOf[node];
    if (this.routers.has(node)) return nextHop < 0 ? 0 : this.accept(nextHop, metric);
    if (index === undefined) return 0;
    const config = this.configs[index]!;
    if (this.isConnected(node, prefix)) return 0;
    const device = this.podDevice(node, nextHop);
    // An own /32 block gets no static blackhole: it would shadow the pod's route (node-behaviour §1.7).
    if (nextHop < 0 && this.prefixes.isHost(prefix)) return 0;
    const pool = this.pool(index, prefix);
    if (pool === "rejected") return 0;
    if (device !== undefined && (pool === undefined || pool.encapsulation === "none")) {
      if (pool !== undefined && !config.programsNoEncap) return 0;
      return device === "" ? this.unreachable(metric) : this.route(nextHop, device, false, metric);
    }
    if (pool === undefined) return this.accept(nextHop, metric);
    if (pool.encapsulation === "vxlan") return 0;
    if (pool.encapsulation === "none")
      return config.programsNoEncap ? this.accept(nextHop, metric) : 0;
    if (!config.programsIpip) return 0;
    if (nextHop < 0) return this.blackhole;
    const subnet = this.subnets[node];
    const address = this.addresses[nextHop];
    const near =
      pool.crossSubnet &&
      subnet !== undefined &&
      address !== undefined &&
      cidrContains(subnet, address);
    return near ? this.accept(nextHop, metric) : this.tunnel(nextHop, metric);
  }

  /**
   * The best route to the node's own subnet is that of the protocol `direct`, with a preference of 240 (bird: nest/route.h,
   * DEF_PREF_DIRECT), and the kernel has one of its own: nothing is exported to it (BIRD 1.6.8, measured).
   */
  isConnected(node: number, prefix: number): boolean {
    const subnet = this.subnets[node];
    return subnet !== undefined && cidrEquals(subnet, this.prefixes.cidr(prefix));
  }

  /** See {@link KernelFilter}. */
  podDevice(node: number, nextHop: number): string | undefined {
    const guest = this.guests.get(nextHop);
    if (guest === undefined) return undefined;
    return guest.host === node ? guest.device : "";
  }

  private pool(index: number, prefix: number): FilterPool | "rejected" | undefined {
    const known = this.poolOf[index]!;
    const { pools, reject = [] } = this.configs[index]!;
    let at = known.get(prefix);
    if (at === undefined) {
      const cidr = this.prefixes.cidr(prefix);
      const rejected = reject.some((range) => cidrContains(range, cidr));
      at = rejected ? REJECTED : pools.findIndex((p) => cidrContains(p.cidr, cidr)) + 1;
      known.set(prefix, at);
    }
    if (at === REJECTED) return "rejected";
    return at === 0 ? undefined : pools[at - 1];
  }

  private accept(nextHop: number, metric: number): number {
    if (nextHop < 0) return this.blackhole;
    if (metric !== NORMAL_METRIC) return this.route(nextHop, "eth0", false, metric);
    this.direct[nextHop] ??= this.route(nextHop, "eth0", false, metric);
    return this.direct[nextHop];
  }

  /** What resolves over nothing: in the kernel too, with the metric of the path (bird: nest/rt-table.c, rta_apply_hostentry; measured on BIRD 1.6.8). */
  private unreachable(metric: number): number {
    const protocol = PROTOCOL.bird;
    const nowhere = { device: "", gateway: -1, onlink: false } as const;
    return this.kernels.intern({ type: "unreachable", ...nowhere, metric, protocol });
  }

  private tunnel(nextHop: number, metric: number): number {
    if (metric !== NORMAL_METRIC) return this.route(nextHop, "tunl0", true, metric);
    this.tunnelled[nextHop] ??= this.route(nextHop, "tunl0", true, metric);
    return this.tunnelled[nextHop];
  }

  private route(gateway: number, device: string, onlink: boolean, metric: number): number {
    return this.kernels.intern({
      type: "unicast",
      device,
      gateway,
      onlink,
      metric,
      protocol: PROTOCOL.bird,
    });
  }
}

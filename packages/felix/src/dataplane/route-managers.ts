import {
  type AddressFamily,
  type Kernels,
  PROTOCOL,
  type PrefixTable,
  type ProgramClusterRoutes,
} from "@calico-sim/core";
import type { BatchReader } from "../calc/batch-work.js";
import type { NodeViews } from "../calc/node-views.js";
import { POOL } from "../calc/pool-sets.js";

/** Which route classes a Felix programs beside VXLAN (node-behaviour §1.9). */
export interface RouteOwnership {
  readonly ipip: boolean;
  readonly noEncap: boolean;
  /** IPv6 routes at all, those of pods among them. */
  readonly ipv6: boolean;
}

/** Reads a value of `programClusterRoutes`; an unknown one is the default of the release. */
export function routeOwnership(value: ProgramClusterRoutes, ipv6: boolean): RouteOwnership {
  return {
    ipv6,
    ipip: value === "Enabled" || value === "EnabledIPIPOnly",
    noEncap: value === "Enabled" || value === "EnabledNoEncapOnly",
  };
}

const IPIP = 0;
const VXLAN = 1;
const VXLAN_V6 = 2;
const DIRECT = 3;
const DIRECT_V6 = 4;
const KINDS = 5;

/** Metric of an IPv6 route that is given none (calico: felix/routetable/route_table.go:1288); IPv4 has 0. */
const METRIC_V6 = 1024;

/**
 * The route that each Felix wants for a prefix: L3RouteResolver and the IPIP, VXLAN and no-encap
 * managers in one function of what the node knows (node-behaviour §3.6, §4.4).
 *
 * It is asked once for every (node, prefix) of a cold start, so it reads arrays and allocates nothing.
 */
export class RouteManagers {
  private readonly kernels: Kernels;
  private readonly prefixes: PrefixTable;
  private readonly reader: BatchReader;
  private readonly views: NodeViews;
  private readonly parentDevice: string;
  private readonly deviceProtocol: number;
  /** By family. */
  private readonly blackhole: Readonly<Record<AddressFamily, number>>;
  private readonly tunnelLink: readonly [number, number];
  /** Route id by gateway node × kind; 0 = not interned yet. */
  private via: Int32Array = new Int32Array(0);

  constructor(
    kernels: Kernels,
    prefixes: PrefixTable,
    reader: BatchReader,
    views: NodeViews,
    device: { readonly parent: string; readonly protocol: number },
  ) {
    this.kernels = kernels;
    this.prefixes = prefixes;
    this.reader = reader;
    this.views = views;
    this.parentDevice = device.parent;
    this.deviceProtocol = device.protocol;
    const common = { gateway: -1, onlink: false, metric: 0 };
    const { protocol } = this;
    const blackhole = { ...common, type: "blackhole", device: "", protocol } as const;
    this.blackhole = {
      4: kernels.intern(blackhole),
      6: kernels.intern({ ...blackhole, metric: METRIC_V6 }),
    };
    const link = { ...common, type: "unicast", protocol: device.protocol } as const;
    this.tunnelLink = [
      kernels.intern({ ...link, device: "vxlan.calico" }),
      kernels.intern({ ...link, device: "vxlan-v6.calico", metric: METRIC_V6 }),
    ];
  }

  /** Route id that the Felix of `node` wants for a prefix now, or 0. */
  wanted(node: number, prefix: number, ownership: RouteOwnership): number {
    const { views } = this;
    if (!this.prefixes.isHost(prefix)) {
      const content = views.content(node, prefix);
      if (content === 0) return 0;
      return this.block(node, prefix, this.reader.contents.owner(content), ownership, false);
    }
    // Route classes: a local workload wins over every other (calico: felix/routetable/defs.go:37-47).
    if (!ownership.ipv6 && this.prefixes.cidr(prefix).family === 6) return 0;
    const endpoint = views.local[node]!.get(prefix);
    if (endpoint !== undefined) return this.reader.endpoints.get(endpoint).route;
    const holder = views.borrowed[node]!.get(prefix);
    if (holder !== undefined) return this.block(node, prefix, holder, ownership, true);
    const content = views.hostBlocks[node]!.get(prefix);
    if (content === undefined) return 0;
    return this.block(node, prefix, this.reader.contents.owner(content), ownership, true);
  }

  private block(
    node: number,
    prefix: number,
    owner: number,
    ownership: RouteOwnership,
    host: boolean,
  ): number {
    if (owner < 0) return 0;
    const { pools, infos } = this.reader;
    const flags = pools.flags(this.views.poolSet[node]!, prefix);
    const type = flags & POOL.typeMask;
    if (type === POOL.none) return 0;
    if (type === POOL.ipip && !ownership.ipip) return 0;
    if (type === POOL.noEncap && !ownership.noEncap) return 0;
    // The CNI's route for a /32 would collide with a blackhole for it, so there is none (§4.4).
    const family = this.prefixes.cidr(prefix).family;
    if (family === 6 && !ownership.ipv6) return 0;
    if (owner === node) return host ? 0 : this.blackhole[family];
    const rows = this.views.infos[node]!;
    const info = rows[owner] ?? 0;
    if (!infos.reachable(info, family)) return 0;
    const own = rows[node] ?? 0;
    // The parent device is the link with the node's own address: unknown while the own Node is.
    const parent = infos.reachable(own, family);
    const direct = family === 4 ? DIRECT : DIRECT_V6;
    if (type === POOL.noEncap) return parent ? this.route(owner, direct) : 0;
    const cross = (flags & POOL.crossSubnet) !== 0;
    if (cross && parent && infos.sameSubnet(own, info, family)) return this.route(owner, direct);
    if (type === POOL.ipip) return this.route(owner, IPIP);
    // An address of the tunnel device itself needs no gateway behind the tunnel (§4.4).
    if (host && infos.isTunnelAddress(info, this.prefixes.cidr(prefix))) {
      return this.tunnelLink[family === 4 ? 0 : 1];
    }
    if (!infos.hasVtep(info, family)) return 0;
    return this.route(owner, family === 4 ? VXLAN : VXLAN_V6);
  }

  /** Routes other than those of workloads and VXLAN tunnels carry 80, unless DeviceRouteProtocol was changed. */
  private get protocol(): number {
    return this.deviceProtocol === PROTOCOL.boot ? PROTOCOL.felix : this.deviceProtocol;
  }

  private route(gateway: number, kind: number): number {
    const at = gateway * KINDS + kind;
    if (at >= this.via.length) {
      const wider = new Int32Array(Math.max(64, (at + KINDS) * 2));
      wider.set(this.via);
      this.via = wider;
    }
    let id = this.via[at]!;
    if (id === 0) {
      const metric = kind === VXLAN_V6 || kind === DIRECT_V6 ? METRIC_V6 : 0;
      const common = { type: "unicast", gateway, onlink: true, metric } as const;
      const vxlan = { ...common, protocol: this.deviceProtocol };
      const other = { ...common, protocol: this.protocol };
      if (kind === IPIP) id = this.kernels.intern({ ...other, device: "tunl0" });
      else if (kind === VXLAN) id = this.kernels.intern({ ...vxlan, device: "vxlan.calico" });
      else if (kind === VXLAN_V6) id = this.kernels.intern({ ...vxlan, device: "vxlan-v6.calico" });
      else id = this.kernels.intern({ ...other, device: this.parentDevice });
      this.via[at] = id;
    }
    return id;
  }
}

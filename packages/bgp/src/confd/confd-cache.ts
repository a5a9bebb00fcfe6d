import {
  type AddressFamily,
  type BGPConfiguration,
  type BlockAffinity,
  bgpSettings,
  type Era,
  formatAddress,
  hostAddress,
  type IPPool,
  type Node,
  type NodeDirectory,
  nodeView,
  type PrefixTable,
  parseCidr,
  poolView,
  type ResourceKind,
  type SyncerUpdate,
  type UpdateBatch,
  writtenAddress,
} from "@calico-sim/core";
import type { FilterPool, KernelFilters } from "./kernel-filters.js";
import { Latest } from "./latest.js";
import { routerIdOf } from "./render/configuration.js";
import { meshRole } from "./render/mesh.js";
import type { RenderedPeers } from "./rendered-peers.js";

/** The BGP keys of one Node, of one family (calico: bgpnodeprocessor.go). */
interface BgpKeys {
  readonly address: string;
  readonly network: string;
  /** See {@link ConfdCache.routerIds}. */
  readonly routerId: string;
  readonly asNumber: number;
  readonly clusterId: string;
}

/** What one batch means to the files of a family; computed once for all receivers. */
export interface FamilyWork {
  /** Nodes whose BGP keys changed. */
  readonly nodes: readonly number[];
  /** Pools or BGPConfiguration changed. */
  readonly global: boolean;
  /** By node: blocks gained (confirmed) and lost, as prefix ids. */
  readonly blocks: ReadonlyMap<
    number,
    readonly { readonly prefix: number; readonly own: boolean }[]
  >;
}

/** Where {@link ConfdCache} puts what it reads. */
interface CacheOptions {
  readonly family: AddressFamily;
  readonly nodes: NodeDirectory;
  readonly prefixes: PrefixTable;
  readonly filters: KernelFilters;
  readonly era: Era;
  /** `CALICO_ROUTER_ID` of calico-node: `hash`, or an id. */
  readonly routerId?: string;
}

/**
 * The latest content of the `bgp` syncer's stream that any confd has seen, common to all of them, as far as it concerns
 * one family: keys by node, pools, settings (calico: confd/pkg/backends/calico/client.go).
 */
export class ConfdCache {
  readonly keys: Latest<number, BgpKeys> = new Latest();
  /**
   * Identifier of a node's BIRD: what `CALICO_ROUTER_ID` says, else its IPv4 address, in both families (calico:
   * confd/pkg/backends/calico/bgp_processor.go:192-207). Blank without one: then that of IPv6 refuses its configuration, and
   * that of IPv4 looks for an address of the host itself, and ends where there is none (bird: conf/conf.c, config_parse;
   * nest/iface.c, if_choose_router_id; seen with BIRD 1.6.8). Assumed: what it finds is the InternalIP.
   */
  readonly routerIds: Latest<number, string> = new Latest();
  /** The kernel filter that follows from it; see {@link KernelFilters.config}. */
  filterConfig = -1;
  /** Some range of services is configured. */
  serviceRangesSet = false;
  /** AS of nodes that have none of their own. */
  globalAS: number;
  private readonly family: AddressFamily;
  private readonly nodes: NodeDirectory;
  private readonly prefixes: PrefixTable;
  private readonly filters: KernelFilters;
  private readonly era: Era;
  private readonly givenId: string | undefined;
  private readonly rendered: RenderedPeers;
  private readonly pools: Latest<string, FilterPool> = new Latest();
  private readonly bgp: Latest<string, BGPConfiguration> = new Latest();
  private mesh = true;

  /** @param rendered - takes every update too. */
  constructor(
    { family, nodes, prefixes, filters, era, routerId }: CacheOptions,
    rendered: RenderedPeers,
  ) {
    this.family = family;
    this.nodes = nodes;
    this.prefixes = prefixes;
    this.filters = filters;
    this.era = era;
    this.givenId = routerId;
    this.rendered = rendered;
    this.globalAS = era.bgp.asNumber;
  }

  /** Reads a batch, which is done once for all who get it. */
  read(batch: UpdateBatch): FamilyWork {
    const nodes: number[] = [];
    const blocks = new Map<number, { prefix: number; own: boolean }[]>();
    let global = false;
    if (batch.snapshot) this.forgetUnnamed(batch);
    for (const update of batch.updates) {
      this.rendered.update(update);
      switch (update.kind) {
        case "Node":
          this.readNode(update, nodes);
          break;
        case "BlockAffinity":
          this.readAffinity(update, blocks);
          break;
        case "IPPool":
          global = true;
          this.readPool(update);
          break;
        case "BGPPeer":
        case "BGPFilter":
          global = true;
          break;
        case "BGPConfiguration":
          global ||= this.rendered.needed;
          if (update.key.endsWith("/default")) {
            global = true;
            this.bgp.set(
              "default",
              update.resource as BGPConfiguration | undefined,
              update.revision,
            );
          }
          break;
        default:
          break;
      }
    }
    if (global || batch.snapshot) this.filterConfig = this.renderFilter();
    return { nodes, global, blocks };
  }

  private readNode(update: SyncerUpdate, nodes: number[]): void {
    const name = update.key.slice(update.key.lastIndexOf("/") + 1);
    const node = this.nodes.id(name);
    if (node < 0) return;
    const resource = update.resource as Node | undefined;
    const keys = resource && this.keysOf(resource);
    const routerId = keys?.routerId ?? (resource && this.routerIdOf(resource));
    this.routerIds.set(node, routerId, update.revision);
    // What the receivers held before, not what is known here: one client's snapshot may have told of the
    // change before the others hear of it.
    const { previous } = update;
    const before = previous === undefined ? undefined : this.keysOf(previous as Node);
    const relabelled =
      (this.rendered.needed || this.rendered.serviceRanges().length > 0) &&
      JSON.stringify(previous?.metadata.labels) !==
        JSON.stringify(update.resource?.metadata.labels);
    if (previous === undefined || !sameKeys(before, keys) || relabelled) nodes.push(node);
    const held = this.keys.get(node);
    this.keys.set(node, keys, update.revision);
    const latest = this.keys.get(node);
    if (sameKeys(held, latest)) return;
    const network = latest === undefined ? undefined : parseCidr(latest.network);
    this.filters.place(node, network && writtenAddress(network), network);
  }

  /** What a snapshot does not name was deleted, unless it is newer than the snapshot. */
  private forgetUnnamed({ updates }: UpdateBatch): void {
    const revision = updates.reduce((newest, update) => Math.max(newest, update.revision), 0);
    const keysOf = (kind: ResourceKind): string[] =>
      updates.filter((update) => update.kind === kind).map(({ key }) => key);
    const nodes = keysOf("Node").map((key) => this.nodes.id(key.slice(key.lastIndexOf("/") + 1)));
    this.keys.keepOnly(new Set(nodes), revision);
    this.routerIds.keepOnly(new Set(nodes), revision);
    this.rendered.keepOnly(new Set(updates.map(({ key }) => key)), revision);
    this.pools.keepOnly(new Set(keysOf("IPPool")), revision);
    const settings = keysOf("BGPConfiguration").some((key) => key.endsWith("/default"));
    this.bgp.keepOnly(new Set(settings ? ["default"] : []), revision);
  }

  private keysOf(node: Node): BgpKeys | undefined {
    const view = nodeView(node);
    const network = this.family === 4 ? view.ipv4Address : view.ipv6Address;
    const cidr = network === undefined ? undefined : parseCidr(network);
    if (cidr?.family !== this.family || network === undefined) return undefined;
    const address = formatAddress(writtenAddress(cidr));
    return {
      address,
      network,
      routerId: this.family === 4 && !this.givenId ? address : this.routerIdOf(node),
      asNumber: view.asNumber ?? -1,
      clusterId: view.routeReflectorClusterID ?? "",
    };
  }

  private routerIdOf(node: Node): string {
    const { name, ipv4Address, internalIP } = nodeView(node);
    // The host's own address is BIRD's finding, not confd's.
    const v4 =
      hostAddress(ipv4Address) ?? (this.family === 4 ? hostAddress(internalIP) : undefined);
    return routerIdOf(this.givenId, name, v4?.family === 4 ? formatAddress(v4) : undefined) ?? "";
  }

  /** A pending affinity counts as deleted; one without a state as confirmed (calico: client.go:1686-1700). */
  private readAffinity(
    update: SyncerUpdate,
    blocks: Map<number, { prefix: number; own: boolean }[]>,
  ): void {
    const held = (update.resource ?? update.previous) as BlockAffinity | undefined;
    if (held === undefined) return;
    const node = this.nodes.id(held.spec.node);
    const cidr = parseCidr(held.spec.cidr);
    if (node < 0 || cidr?.family !== this.family) return;
    const state = (update.resource as BlockAffinity | undefined)?.spec.state ?? "";
    const own =
      update.resource !== undefined &&
      (state === "" || state === "confirmed" || state === "pendingDeletion");
    const change = { prefix: this.prefixes.intern(cidr), own };
    const list = blocks.get(node);
    if (list === undefined) blocks.set(node, [change]);
    else list.push(change);
  }

  private readPool(update: SyncerUpdate): void {
    const name = update.key;
    if (update.resource === undefined) {
      this.pools.set(name, undefined, update.revision);
      return;
    }
    const view = poolView(update.resource as IPPool, this.era);
    const cidr = parseCidr(view.cidr);
    if (cidr?.family !== this.family) return;
    const ipip = view.ipipMode !== "Never";
    const vxlan = view.vxlanMode !== "Never";
    const encapsulation = vxlan ? "vxlan" : ipip ? "ipip" : "none";
    const pool = { cidr, encapsulation, crossSubnet: view.ipipMode === "CrossSubnet" } as const;
    this.pools.set(name, pool, update.revision);
  }

  private renderFilter(): number {
    this.serviceRangesSet = this.rendered.watchesServices;
    const settings = bgpSettings(this.bgp.values(), this.era);
    const { programClusterRoutes } = settings;
    this.mesh = settings.nodeToNodeMeshEnabled;
    this.globalAS = settings.asNumber;
    return this.filters.config({
      pools: this.pools.values(),
      reject: this.rendered.serviceRanges().flatMap((text) => parseCidr(text) ?? []),
      programsIpip:
        programClusterRoutes === "Enabled" || programClusterRoutes === "EnabledIPIPOnly",
      programsNoEncap:
        programClusterRoutes === "Enabled" || programClusterRoutes === "EnabledNoEncapOnly",
    });
  }

  /**
   * Whether a node peers with another in the full mesh, and then whether it is the passive end
   * (calico: confd/pkg/backends/calico/bgp_processor.go:293-430). The keys are the latest that any
   * confd has seen, so a render may be some milliseconds ahead of its own stream.
   */
  meshPeer(node: number, peer: number): boolean | undefined {
    const own = this.keys.get(node);
    const other = this.keys.get(peer);
    if (peer === node || own === undefined || other === undefined || !this.mesh) return undefined;
    const role = meshRole(own, other);
    return role === undefined ? undefined : role === "passive";
  }
}

function sameKeys(a: BgpKeys | undefined, b: BgpKeys | undefined): boolean {
  return (
    a?.address === b?.address &&
    a?.network === b?.network &&
    a?.routerId === b?.routerId &&
    a?.asNumber === b?.asNumber &&
    a?.clusterId === b?.clusterId
  );
}

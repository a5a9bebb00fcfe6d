import type { AddressFamily } from "@calico-sim/core";

/** The role a peer was configured in; it decides the name of its protocol and who opens. */
export type PeeringType = "mesh" | "global" | "node" | "local-workload";

/** One `protocol bgp` of a rendered configuration (node-behaviour §1.3, §1.4). */
export interface BirdPeer {
  /** `Mesh_`, `Global_`, `Node_` or `Local_Workload_`, the address with `_` for `.` and `:`, then `_port_<n>`. */
  readonly name: string;
  readonly type: PeeringType;
  readonly address: string;
  /** Absent means 179. */
  readonly port: number | undefined;
  readonly asNumber: number;
  /** The AS that this node shows to this peer, if not its own. */
  readonly localAS: number | undefined;
  /** Times that the own AS may be in a received path. */
  readonly allowLocalAS: number | undefined;
  readonly sourceAddress: string | undefined;
  /** This end never opens. */
  readonly passive: boolean;
  /** Hops within which the peer must be; absent: no TTL security and any number of hops. */
  readonly ttlSecurity: number | undefined;
  readonly nextHop: "auto" | "self" | "keep";
  /** Set when the peer is this reflector's client: the cluster id of this node. */
  readonly reflectorClusterId: string | undefined;
  readonly gracefulRestartSeconds: number | undefined;
  readonly keepaliveSeconds: number | undefined;
  readonly password: string | undefined;
  /** Peer and this node are in one AS, as this peer sees it. */
  readonly internal: boolean;
  readonly importFilters: readonly FilterCall[];
  readonly exportFilters: readonly FilterCall[];
}

/** A peer's use of a {@link FilterFunction}. */
export interface FilterCall {
  readonly filter: string;
  /** Argument of a function whose rules ask for the type of the peer: whether it is internal. */
  readonly internal: boolean | undefined;
}

/** One direction of a BGPFilter for one family, as a BIRD function (node-behaviour §1.10). */
export interface FilterFunction {
  /** Name of the BGPFilter, cut and hashed where it is too long for a BIRD symbol. */
  readonly filter: string;
  readonly direction: "import" | "export";
  readonly dependsOnPeerType: boolean;
  readonly rules: readonly FilterRule[];
}

/** A rule: where everything in `match` holds, the operations are done and the action ends the list. */
export interface FilterRule {
  readonly peerType: "iBGP" | "eBGP" | undefined;
  readonly match: FilterMatch;
  readonly operations: readonly FilterOperation[];
  readonly action: "accept" | "reject";
}

/** What a rule looks at; an absent field matches everything. */
export interface FilterMatch {
  readonly net?: {
    readonly operator: "Equal" | "NotEqual" | "In" | "NotIn";
    readonly cidr: string;
    readonly prefixLength?: { readonly min?: number; readonly max?: number };
  };
  /** `RemotePeers`: learnt by BGP. */
  readonly source?: "RemotePeers";
  readonly interface?: string;
  readonly community?: string;
  readonly largeCommunity?: string;
  readonly asPathPrefix?: readonly number[];
  /** From `priority`: 2147483647 − priority. */
  readonly localPref?: number;
}

/** What a rule does to a route. */
export type FilterOperation =
  | { readonly addCommunity: string }
  | { readonly addLargeCommunity: string }
  | { readonly prependAS: number }
  | { readonly setLocalPref: number };

/** Communities added to exported routes inside a prefix, sorted; `aa:nn` standard, `aa:nn:mm` large. */
export interface CommunityRule {
  readonly cidr: string;
  readonly add: readonly string[];
}

/** One check of `calico_export_to_bgp_peers`; the first that decides ends (node-behaviour §1.6). */
export type ExportStep =
  | { readonly kind: "pool"; readonly cidr: string; readonly action: "accept" | "reject" }
  /** Routes through these interfaces are not for internal peers. */
  | { readonly kind: "reject-tunnel-to-internal"; readonly interfaces: readonly string[] }
  | { readonly kind: "reject-local"; readonly interfaces: readonly string[] }
  | { readonly kind: "add-communities" }
  | { readonly kind: "own-blocks" }
  | { readonly kind: "static"; readonly cidr: string }
  /** On route reflectors: the configured external and load balancer ranges. */
  | { readonly kind: "service-range"; readonly cidr: string };

/** What the kernel filter does with the routes of a pool. */
export type KernelPoolRule =
  | {
      readonly cidr: string;
      readonly action: "reject";
      readonly reason: "felix-programs-vxlan" | "felix-programs-cluster-routes";
    }
  | {
      readonly cidr: string;
      readonly action: "accept";
      /** The tunnel that the route goes through; `direct` names the subnet whose next hops need none. */
      readonly tunnel: { readonly device: "tunl0"; readonly direct?: string } | undefined;
    };

/** `calico_kernel_programming`, in the order of its checks; what none decides is accepted (node-behaviour §1.6). */
export interface KernelFilterRules {
  /** Ranges of services: never programmed. */
  readonly reject: readonly string[];
  /** Routes with these next hops are Felix's, which sends them through WireGuard. */
  readonly wireguardNextHops: readonly string[];
  readonly pools: readonly KernelPoolRule[];
}

/** A route of `protocol static`. */
export type StaticRoute =
  | { readonly cidr: string; readonly type: "blackhole"; readonly origin: "block" | "service" }
  | {
      readonly cidr: string;
      readonly type: "via";
      readonly gateway: string;
      readonly origin: "global-peer" | "node-peer";
    };

/** A block advertised as one route: what lies inside it is held back (node-behaviour §1.6, rule 5). */
export interface OwnBlock {
  readonly cidr: string;
  readonly state: "confirmed" | "implicitly-confirmed";
}

/** What BIRD of one family is told on one node: `bird*.cfg`, `bird*_aggr.cfg` and `bird*_ipam.cfg` in one. */
export interface BirdConfiguration {
  readonly node: string;
  readonly family: AddressFamily;
  /** The node's address of this family; without one there is no BGP section at all. */
  readonly address: string | undefined;
  /** Absent when the node has no IPv4 address and no other id is given. */
  readonly routerId: string | undefined;
  readonly asNumber: number;
  readonly listen: { readonly address: string | undefined; readonly port: number | undefined };
  /** BIRD's debug flags. */
  readonly debug: readonly string[];
  readonly direct: { readonly exclude: readonly string[]; readonly include: readonly string[] };
  /** Metric of ordinary routes; one below it is elevated. */
  readonly routePriority: number;
  /** By name. */
  readonly peers: readonly BirdPeer[];
  readonly filters: readonly FilterFunction[];
  readonly communities: readonly CommunityRule[];
  readonly exportSteps: readonly ExportStep[];
  readonly kernel: KernelFilterRules;
  readonly staticRoutes: readonly StaticRoute[];
  readonly ownBlocks: readonly OwnBlock[];
}

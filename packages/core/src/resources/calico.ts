import type {
  ConfigMap,
  EndpointSlice,
  Namespace,
  Node,
  Pod,
  Secret,
  Service,
} from "./kubernetes.js";
import type { Resource } from "./resource.js";

/** How a pool's packets to another node are wrapped. @see calico: api/pkg/apis/projectcalico/v3/ippool.go */
export type EncapsulationMode = "Never" | "Always" | "CrossSubnet";

/**
 * Which pools' routes a component programs. VXLAN routes are always Felix's.
 *
 * @see calico: design/cluster-route-programming/DESIGN.md
 */
export type ProgramClusterRoutes =
  | "Disabled"
  | "Enabled"
  | "EnabledIPIPOnly"
  | "EnabledNoEncapOnly";

/** A range that pods (or tunnels, or load balancers) get addresses from. @see calico: api/pkg/apis/projectcalico/v3/ippool.go */
export interface IPPool extends Resource<"IPPool"> {
  readonly spec: {
    /** Immutable once created. */
    readonly cidr: string;
    readonly ipipMode?: EncapsulationMode;
    readonly vxlanMode?: EncapsulationMode;
    readonly natOutgoing?: boolean;
    readonly disabled?: boolean;
    readonly disableBGPExport?: boolean;
    /** Prefix length of a block: 20–32, or 116–128 for IPv6. Immutable once created. */
    readonly blockSize?: number;
    readonly nodeSelector?: string;
    readonly namespaceSelector?: string;
    readonly allowedUses?: readonly (
      | "Workload"
      | "Tunnel"
      | "LoadBalancer"
      | "HostSecondaryInterface"
    )[];
    readonly assignmentMode?: "Automatic" | "Manual";
  };
}

/** Addresses that are never given out. @see calico: api/pkg/apis/projectcalico/v3/ipreservation.go */
export interface IPReservation extends Resource<"IPReservation"> {
  readonly spec: { readonly reservedCIDRs?: readonly string[] };
}

/** A Kubernetes Secret's key. */
export interface SecretKeyRef {
  readonly secretKeyRef?: {
    readonly name: string;
    readonly key: string;
    readonly optional?: boolean;
  };
}

/** Cluster-wide BGP settings (`default`) or those of one node (`node.<name>`). @see calico: api/pkg/apis/projectcalico/v3/bgpconfig.go */
export interface BGPConfiguration extends Resource<"BGPConfiguration"> {
  readonly spec?: {
    readonly logSeverityScreen?: string;
    readonly nodeToNodeMeshEnabled?: boolean;
    readonly asNumber?: number | string;
    readonly listenPort?: number;
    readonly bindMode?: "None" | "NodeIP";
    readonly serviceClusterIPs?: readonly { readonly cidr: string }[];
    readonly serviceExternalIPs?: readonly { readonly cidr: string }[];
    readonly serviceLoadBalancerIPs?: readonly { readonly cidr: string }[];
    readonly serviceLoadBalancerAggregation?: "Enabled" | "Disabled";
    readonly communities?: readonly { readonly name?: string; readonly value?: string }[];
    readonly prefixAdvertisements?: readonly {
      readonly cidr?: string;
      readonly communities?: readonly string[];
    }[];
    readonly nodeMeshPassword?: SecretKeyRef;
    readonly nodeMeshMaxRestartTime?: string;
    readonly ignoredInterfaces?: readonly string[];
    readonly localWorkloadPeeringIPV4?: string;
    readonly localWorkloadPeeringIPV6?: string;
    readonly programClusterRoutes?: ProgramClusterRoutes;
  };
}

/** A BGP session beside the mesh. @see calico: api/pkg/apis/projectcalico/v3/bgppeer.go */
export interface BGPPeer extends Resource<"BGPPeer"> {
  readonly spec: {
    readonly node?: string;
    readonly nodeSelector?: string;
    readonly peerIP?: string;
    readonly peerSelector?: string;
    readonly asNumber?: number | string;
    readonly localASNumber?: number | string;
    readonly keepOriginalNextHop?: boolean;
    readonly nextHopMode?: "Auto" | "Self" | "Keep";
    readonly password?: SecretKeyRef;
    readonly sourceAddress?: "UseNodeIP" | "None";
    readonly maxRestartTime?: string;
    readonly keepaliveTime?: string;
    readonly numAllowedLocalASNumbers?: number;
    readonly ttlSecurity?: number;
    readonly reachableBy?: string;
    readonly filters?: readonly string[];
    readonly localWorkloadSelector?: string;
    readonly reversePeering?: "Auto" | "Manual";
  };
}

/** Import and export rules of BGP peers; loosely typed until the filter language is modelled. */
export interface BGPFilter extends Resource<"BGPFilter"> {
  readonly spec?: Readonly<Record<string, unknown>>;
}

/**
 * Felix's settings, cluster-wide (`default`) or of one node (`node.<name>`).
 *
 * Only the fields the simulator acts on are typed; the others are kept as they are.
 *
 * @see calico: api/pkg/apis/projectcalico/v3/felixconfig.go
 */
export interface FelixConfiguration extends Resource<"FelixConfiguration"> {
  readonly spec?: {
    readonly programClusterRoutes?: ProgramClusterRoutes;
    readonly routeSource?: "CalicoIPAM" | "WorkloadIPs";
    readonly ipipEnabled?: boolean;
    readonly ipipMTU?: number;
    readonly vxlanEnabled?: boolean;
    readonly vxlanMTU?: number;
    readonly vxlanMTUV6?: number;
    readonly vxlanPort?: number;
    readonly vxlanVNI?: number;
    readonly mtuIfacePattern?: string;
    readonly wireguardEnabled?: boolean;
    readonly wireguardEnabledV6?: boolean;
    readonly wireguardMTU?: number;
    readonly wireguardMTUV6?: number;
    readonly wireguardHostEncryptionEnabled?: boolean;
    readonly ipv6Support?: boolean;
    readonly bpfEnabled?: boolean;
    readonly reportingInterval?: string;
    readonly reportingTTL?: string;
    readonly routeRefreshInterval?: string;
    readonly interfaceRefreshInterval?: string;
    readonly ipsetsRefreshInterval?: string;
    readonly iptablesRefreshInterval?: string;
    readonly endpointReportingEnabled?: boolean;
    readonly endpointReportingDelay?: string;
    readonly removeExternalRoutes?: boolean;
    readonly defaultEndpointToHostAction?: "Drop" | "Accept" | "Return";
    readonly [field: string]: unknown;
  };
}

/** A node's claim on a block. @see calico: libcalico-go/lib/apis/v3/block_affinity.go */
export interface BlockAffinity extends Resource<"BlockAffinity"> {
  readonly spec: {
    readonly cidr: string;
    readonly node: string;
    /** `pending` until the block itself is written; an empty state counts as confirmed. */
    readonly state?: "" | "pending" | "confirmed" | "pendingDeletion";
    readonly type?: string;
    /** Text in `crd.projectcalico.org/v1`, a boolean in `projectcalico.org/v3`. */
    readonly deleted?: boolean | string;
  };
}

/** A block of addresses and who holds each. @see calico: libcalico-go/lib/apis/v3/ipam_block.go */
export interface IPAMBlock extends Resource<"IPAMBlock"> {
  readonly spec: {
    readonly cidr: string;
    /** `host:<node>`, or absent for a block nobody owns. */
    readonly affinity?: string | null;
    /** One entry per address: an index into `attributes`, or null where free. */
    readonly allocations: readonly (number | null)[];
    /** Free ordinals, first to be given out first. */
    readonly unallocated: readonly number[];
    readonly attributes: readonly {
      readonly handle_id?: string | null;
      readonly secondary?: Readonly<Record<string, string>>;
    }[];
    readonly strictAffinity?: boolean;
    readonly sequenceNumber?: number;
    readonly sequenceNumberForAllocation?: Readonly<Record<string, number>>;
    readonly deleted?: boolean;
  };
}

/** What one handle (a pod sandbox, a tunnel) holds. @see calico: libcalico-go/lib/apis/v3/ipam_handle.go */
export interface IPAMHandle extends Resource<"IPAMHandle"> {
  readonly spec: {
    readonly handleID: string;
    /** Number of addresses held, by block CIDR. */
    readonly block: Readonly<Record<string, number>>;
    readonly deleted?: boolean;
  };
}

/** Cluster-wide IPAM switches. @see calico: libcalico-go/lib/apis/v3/ipam_config.go */
export interface IPAMConfig extends Resource<"IPAMConfig"> {
  readonly spec?: {
    readonly strictAffinity?: boolean;
    readonly autoAllocateBlocks?: boolean;
    readonly maxBlocksPerHost?: number;
    readonly kubeVirtVMAddressPersistence?: string;
    /** Seconds a freed address stays unusable. */
    readonly ipCooldownSeconds?: number;
  };
}

/** What start-up found out about the cluster. @see calico: api/pkg/apis/projectcalico/v3/clusterinfo.go */
export interface ClusterInformation extends Resource<"ClusterInformation"> {
  readonly spec?: {
    readonly clusterGUID?: string;
    readonly clusterType?: string;
    readonly calicoVersion?: string;
    readonly datastoreReady?: boolean;
    readonly variant?: string;
  };
}

/** Settings of kube-controllers. @see calico: api/pkg/apis/projectcalico/v3/kubecontrollersconfig.go */
export interface KubeControllersConfiguration extends Resource<"KubeControllersConfiguration"> {
  readonly spec?: {
    readonly logSeverityScreen?: string;
    readonly healthChecks?: "Enabled" | "Disabled";
    readonly prometheusMetricsPort?: number;
    readonly etcdV3CompactionPeriod?: string;
    readonly controllers?: {
      readonly node?: {
        readonly reconcilerPeriod?: string;
        readonly syncLabels?: "Enabled" | "Disabled";
        readonly leakGracePeriod?: string;
        readonly hostEndpoint?: Readonly<Record<string, unknown>>;
      };
      readonly [controller: string]: Readonly<Record<string, unknown>> | undefined;
    };
  };
}

/** The typed kinds, discriminated by `kind`. */
export type KnownResource =
  | Node
  | Pod
  | Namespace
  | ConfigMap
  | Secret
  | Service
  | EndpointSlice
  | IPPool
  | IPReservation
  | BGPConfiguration
  | BGPPeer
  | BGPFilter
  | FelixConfiguration
  | BlockAffinity
  | IPAMBlock
  | IPAMHandle
  | IPAMConfig
  | ClusterInformation
  | KubeControllersConfiguration;

/** The typed resource of a kind. */
export type ResourceOfKind<Kind extends KnownResource["kind"]> = Extract<
  KnownResource,
  { readonly kind: Kind }
>;

/** The resources of one kind, typed, in the order given. */
export function ofKind<Kind extends KnownResource["kind"]>(
  resources: readonly Resource[],
  kind: Kind,
): readonly ResourceOfKind<Kind>[] {
  return resources.filter((r): r is ResourceOfKind<Kind> => r.kind === kind);
}

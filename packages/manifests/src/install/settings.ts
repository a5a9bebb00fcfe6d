import type { AddressFamily, IPPool, ProgramClusterRoutes } from "@calico-sim/core";

/** Who distributes routes: BIRD over BGP, Felix with VXLAN alone, or nobody. */
export type Backend = "bird" | "vxlan" | "none";

/** What the CNI plugin was told. @see calico: cni-plugin/pkg/types/types.go */
export interface CNISettings {
  /** `calico-ipam`, or `host-local` (addresses from the node's podCIDR). */
  readonly ipam: string;
  /** Bytes; absent or 0 where Felix's file decides. */
  readonly mtu?: number;
  readonly datastore: "kubernetes" | "etcdv3";
  readonly etcdEndpoints: readonly string[];
  readonly networkName: string;
  /** Families of the addresses that a pod gets (`assign_ipv4`, true unless said otherwise, and `assign_ipv6`, false). */
  readonly families: readonly AddressFamily[];
  /** The plugin chain by type: `calico`, `portmap`, `bandwidth`. */
  readonly plugins: readonly string[];
  /** Requests per second and burst of the plugin's Kubernetes client, where set. */
  readonly qps?: number;
  readonly burst?: number;
}

/** How Typha is deployed. */
export interface TyphaSettings {
  /** False: every Felix and confd watches the datastore itself. */
  readonly enabled: boolean;
  readonly serviceName?: string;
  /**
   * Replicas of the Deployment. `undefined` with the operator, which counts nodes: see
   * {@link import("./typha-replicas.js").operatorTyphaReplicas}.
   */
  readonly replicas: number | undefined;
  /** `TYPHA_…` variables as written. */
  readonly environment: Readonly<Record<string, string>>;
  /** Seconds. */
  readonly terminationGracePeriod?: number;
}

/** How kube-controllers is deployed. */
export interface KubeControllersSettings {
  readonly replicas: number;
  /** `ENABLED_CONTROLLERS`, split. */
  readonly enabledControllers: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What the installation manifests say, resolved: the settings that are simulated. */
export interface InstallSettings {
  /** `none` where no installation manifest was read: everything below is then a default. */
  readonly method: "manifest" | "operator" | "none";
  /** For `eraOf`: from the image of calico-node, else ClusterInformation, else the newest known. */
  readonly calicoVersion: string;
  readonly datastore: "kubernetes" | "etcdv3";
  readonly etcdEndpoints: readonly string[];
  /** In effect. */
  readonly backend: Backend;
  /** As written, where it was: any value but `vxlan` and `none` starts BIRD. */
  readonly backendWritten?: string;
  /** `CLUSTER_TYPE`, split. */
  readonly clusterType: readonly string[];
  /** Felix and confd take blocks from the nodes' podCIDRs (`USE_POD_CIDR`). */
  readonly usePodCIDR: boolean;
  /** `veth_mtu`, bytes; 0 = automatic. */
  readonly vethMTU: number;
  /** Absent where no CNI network configuration was read. */
  readonly cni?: CNISettings;
  /** How the node finds its addresses: `IP` and `IP_AUTODETECTION_METHOD`, and `IP6`, blank where it is not set. */
  readonly addressDetection: {
    readonly ip: string;
    readonly method: string;
    readonly ip6: string;
  };
  /** `CALICO_ROUTER_ID`: `hash`, an id for all nodes, or blank for the nodes' IPv4 addresses. */
  readonly routerId: string;
  /** Families of the addresses that pods get: by the CNI configuration, or by the pools of the operator's Installation. */
  readonly podFamilies: readonly AddressFamily[];
  readonly typha: TyphaSettings;
  /** Absent where no Deployment of it was read. */
  readonly kubeControllers?: KubeControllersSettings;
  /** `FELIX_…` variables as fields of FelixConfiguration; they win over the resource. */
  readonly felixEnvironment: Readonly<Record<string, unknown>>;
  /** Every variable of calico-node whose value the manifests tell. */
  readonly nodeEnvironment: Readonly<Record<string, string>>;
  /** What the operator's `clusterRoutingMode` writes, where set. */
  readonly programClusterRoutes?: {
    readonly felix: ProgramClusterRoutes;
    readonly bgp: ProgramClusterRoutes;
  };
  /**
   * Pools that do not stand in the manifests but will exist: what calico-node creates at start-up
   * when there is no pool, or the operator from its Installation. Empty when a pool is written.
   *
   * Start-up's IPv6 pool is derived only where `IP6` or `CALICO_IPV6POOL_CIDR` asks for IPv6, and
   * with a fixed range in place of a random one.
   */
  readonly derivedPools: readonly IPPool[];
}

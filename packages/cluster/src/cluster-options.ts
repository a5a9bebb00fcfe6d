import type { AddressFamily, FabricSpec, Resource } from "@calico-sim/core";
import type { TyphaConfig } from "@calico-sim/typha";
import type { ExternalRouter, UndescribedPeers } from "./external-router.js";
import type { Finding } from "./result.js";
import type { UnderlayOptions } from "./underlay.js";
import type { WorkloadRouter } from "./workload-router.js";

/** An IP pool in short. */
export interface PoolOptions {
  /** @defaultValue `default-ipv4-ippool` or `default-ipv6-ippool`, of the others `pool-1`, … */
  readonly name?: string;
  /** A pool of IPv6 makes the cluster dual-stack, unless `nodeFamilies` says otherwise. */
  readonly cidr: string;
  readonly ipipMode?: "Never" | "Always" | "CrossSubnet";
  readonly vxlanMode?: "Never" | "Always" | "CrossSubnet";
  /** @defaultValue 26, of IPv6 122 */
  readonly blockSize?: number;
  /** @defaultValue true, of IPv6 false */
  readonly natOutgoing?: boolean;
  /** BIRD tells no peer of routes to the pool's addresses. @defaultValue false */
  readonly disableBGPExport?: boolean;
}

/** Route reflectors in short. */
export interface RouteReflectorOptions {
  /** So many of the first nodes are reflectors, each in a rack of its own as far as there are racks. */
  readonly count: number;
  /**
   * `one` cluster id for all, as in Calico's documentation: a reflector drops what another reflected, so that each node
   * has one path from each reflector. With an id for `each` they reflect what others reflected, and nodes have a path for
   * each way through them: 4 with two reflectors, 15 with three, 64 with four (RFC 4456 §7, §8). @defaultValue `one`
   */
  readonly clusterIds?: "one" | "each";
}

/** A cluster in short. */
export interface ClusterOptions {
  /** How many nodes, or their names. */
  readonly nodes: number | readonly string[];
  /** Subnets (one rack each) that the nodes are dealt to in turn. @defaultValue 1 */
  readonly racks?: number;
  /** @defaultValue 0: no Typha */
  readonly typhas?: number;
  /** @defaultValue one pool 10.244.0.0/16 with IP-in-IP always, as the operator makes it */
  readonly pools?: readonly PoolOptions[];
  /**
   * Families of the nodes' own addresses: `[6]` makes a cluster without IPv4, `[4, 6]` one that a pool of IPv6 can come to
   * later. @defaultValue IPv4, and IPv6 where a pool is of IPv6
   */
  readonly nodeFamilies?: readonly AddressFamily[];
  /** See `ClusterSpec.routerId`; blank for none. @defaultValue `hash` where nodes have no IPv4 address, else none */
  readonly routerId?: string;
  /** Of a release that is not known the nearest is taken, and the results have a finding. @defaultValue `3.33` */
  readonly calicoVersion?: string;
  /** @defaultValue `kubernetes` */
  readonly datastore?: "kubernetes" | "etcd";
  /** Of the datastore `etcd`: where it is, e.g. `https://10.0.0.1:2379`. Needed by `config.etcdEndpoints` alone. */
  readonly etcdEndpoints?: readonly string[];
  /** @defaultValue `bird` */
  readonly backend?: "bird" | "vxlan" | "none";
  /** Autonomous system of every node. @defaultValue 64512 */
  readonly asNumber?: number;
  /**
   * Route reflectors instead of the node-to-node mesh: how many of the first nodes, each with the label
   * `route-reflector: "true"`, or more about them. Every node peers with all of them.
   *
   * @defaultValue none: every node peers with every other
   */
  readonly routeReflectors?: number | RouteReflectorOptions;
  /**
   * BGP speakers outside the cluster. Each gets a BGPPeer (and a Secret for its password), unless `resources` holds
   * one for its address.
   */
  readonly externalRouters?: readonly ExternalRouter[];
  /** Pods that speak BGP with their node. BGPPeers with a `localWorkloadSelector` are for `resources` to hold. */
  readonly workloadRouters?: readonly WorkloadRouter[];
  /** What stands at a `peerIP` that is no node's and that no external router describes. @defaultValue `accept` */
  readonly undescribedPeers?: UndescribedPeers;
  /** The CNI plugin's own route to each pod is part of the model: see `ClusterSpec.cniRouteCopies`. @defaultValue false */
  readonly cniRouteCopies?: boolean;
  /** What the links are like: latency, jitter, bandwidth, loss. */
  readonly underlay?: UnderlayOptions;
  /**
   * Further resources, or replacements of the generated ones by kind and name. A BGPConfiguration `default` that leaves
   * out `nodeToNodeMeshEnabled` or `asNumber` keeps what `routeReflectors` and `asNumber` ask for; where a resource says
   * something else it wins, and the results have a finding.
   */
  readonly resources?: readonly Resource[];
}

/** A cluster as `clusterFromResources` takes it; the fields are those of `ClusterSpec`. */
export interface ResourceClusterOptions {
  readonly resources: readonly Resource[];
  readonly typhas?: number;
  readonly calicoVersion?: string;
  readonly datastore?: "kubernetes" | "etcd";
  readonly etcdEndpoints?: readonly string[];
  readonly backend?: "bird" | "vxlan" | "none";
  readonly podFamilies?: readonly AddressFamily[];
  readonly detectIpv6?: boolean;
  readonly detectIpv4?: boolean;
  readonly routerId?: string;
  readonly fabric?: FabricSpec;
  readonly underlay?: UnderlayOptions;
  readonly typhaConfig?: Partial<TyphaConfig>;
  readonly externalRouters?: readonly ExternalRouter[];
  readonly workloadRouters?: readonly WorkloadRouter[];
  readonly undescribedPeers?: UndescribedPeers;
  readonly cniRouteCopies?: boolean;
  readonly secretNamespace?: string;
  /** Of the cluster that this one is made from, as in `clusterFromResources({ ...spec, resources })`. */
  readonly findings?: readonly Finding[];
}

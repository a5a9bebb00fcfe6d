import {
  addressOrCidr,
  any,
  autonomousSystem,
  boolean,
  cidr,
  duration,
  type FieldSchema,
  fields,
  integer,
  integerOrText,
  listOf,
  mapOf,
  object,
  oneOf,
  selector,
  text,
} from "./schema.js";

const encapsulation = oneOf("Never", "Always", "CrossSubnet", "");
const switchable = oneOf("Enabled", "Disabled");
const clusterRoutes = oneOf("Enabled", "Disabled", "EnabledIPIPOnly", "EnabledNoEncapOnly");
const secretKey = object({
  secretKeyRef: object({ name: text, key: text, optional: boolean }, ["name", "key"]),
});
const cidrEntries = listOf(object({ cidr }));

/** @see calico: api/pkg/apis/projectcalico/v3/ippool.go */
const ipPool = object(
  {
    cidr,
    ipipMode: encapsulation,
    vxlanMode: encapsulation,
    natOutgoing: boolean,
    disabled: boolean,
    disableBGPExport: boolean,
    // The range depends on the address family: see validate.ts.
    blockSize: integer(),
    nodeSelector: selector,
    namespaceSelector: selector,
    allowedUses: listOf(oneOf("Workload", "Tunnel", "LoadBalancer", "HostSecondaryInterface")),
    assignmentMode: oneOf("Automatic", "Manual"),
    // Deprecated spellings of the v1 API, still accepted by the type.
    ipip: any,
    "nat-outgoing": boolean,
  },
  ["cidr"],
);

/** @see calico: api/pkg/apis/projectcalico/v3/bgpconfig.go */
const bgpConfiguration = object({
  logSeverityScreen: text,
  nodeToNodeMeshEnabled: boolean,
  asNumber: autonomousSystem,
  listenPort: integer(1, 65535),
  bindMode: oneOf("None", "NodeIP"),
  serviceClusterIPs: cidrEntries,
  serviceExternalIPs: cidrEntries,
  serviceLoadBalancerIPs: cidrEntries,
  serviceLoadBalancerAggregation: switchable,
  communities: listOf(object({ name: text, value: text })),
  prefixAdvertisements: listOf(object({ cidr, communities: listOf(text) })),
  nodeMeshPassword: secretKey,
  nodeMeshMaxRestartTime: duration,
  ignoredInterfaces: listOf(text),
  localWorkloadPeeringIPV4: addressOrCidr,
  localWorkloadPeeringIPV6: addressOrCidr,
  programClusterRoutes: clusterRoutes,
  ...fields(
    integer(1, 2147483647),
    "ipv4NormalRoutePriority ipv4ElevatedRoutePriority ipv6NormalRoutePriority ipv6ElevatedRoutePriority",
  ),
});

/** @see calico: api/pkg/apis/projectcalico/v3/bgppeer.go */
const bgpPeer = object({
  ...fields(text, "node peerIP reachableBy"),
  ...fields(selector, "nodeSelector peerSelector localWorkloadSelector"),
  ...fields(autonomousSystem, "asNumber localASNumber"),
  keepOriginalNextHop: boolean,
  nextHopMode: oneOf("Auto", "Self", "Keep"),
  password: secretKey,
  sourceAddress: oneOf("UseNodeIP", "None"),
  maxRestartTime: duration,
  keepaliveTime: duration,
  numAllowedLocalASNumbers: integer(0),
  ttlSecurity: integer(0, 255),
  filters: listOf(text),
  reversePeering: oneOf("Auto", "Manual"),
});

const controllerOf = (more: Record<string, FieldSchema> = {}): FieldSchema =>
  object({ reconcilerPeriod: duration, ...more });

/** @see calico: api/pkg/apis/projectcalico/v3/kubecontrollersconfig.go */
const kubeControllers = object({
  logSeverityScreen: text,
  healthChecks: switchable,
  prometheusMetricsPort: integer(0, 65535),
  debugProfilePort: integer(0, 65535),
  etcdV3CompactionPeriod: duration,
  controllers: object({
    node: controllerOf({
      syncLabels: switchable,
      leakGracePeriod: duration,
      hostEndpoint: any,
    }),
    policy: controllerOf(),
    workloadEndpoint: controllerOf(),
    serviceAccount: controllerOf(),
    namespace: controllerOf(),
    loadBalancer: object({ assignIPs: oneOf("AllServices", "RequestedServicesOnly") }),
    policyMigration: any,
  }),
});

const prefixLength = object({ min: integer(0, 128), max: integer(0, 128) });
const filterRules = listOf(
  object({
    action: oneOf("Accept", "Reject"),
    peerType: oneOf("iBGP", "eBGP", ""),
    matchOperator: oneOf("Equal", "NotEqual", "In", "NotIn", ""),
    cidr,
    prefixLength,
    // As earlier releases spelt it.
    prefixLengthV4: prefixLength,
    prefixLengthV6: prefixLength,
    source: oneOf("RemotePeers", ""),
    interface: text,
    communities: object({ values: listOf(text) }),
    asPathPrefix: listOf(integer(0, 0xffff_ffff)),
    priority: integer(0),
    operations: listOf(
      object({
        addCommunity: object({ value: text }),
        prependASPath: object({ prefix: listOf(integer(0, 0xffff_ffff)) }),
        setPriority: object({ value: integer(0) }),
      }),
    ),
  }),
);

/** @see calico: api/pkg/apis/projectcalico/v3/bgpfilter.go */
const bgpFilter = object(fields(filterRules, "importV4 exportV4 importV6 exportV6"));

/** @see calico: libcalico-go/lib/apis/v3/node.go */
const calicoNode = object({
  bgp: object({
    asNumber: autonomousSystem,
    ipv4Address: addressOrCidr,
    ipv6Address: addressOrCidr,
    ipv4IPIPTunnelAddr: addressOrCidr,
    routeReflectorClusterID: text,
    interfaces: listOf(any),
  }),
  orchRefs: listOf(any),
  ...fields(addressOrCidr, "ipv4VXLANTunnelAddr ipv6VXLANTunnelAddr"),
  ...fields(text, "vxlanTunnelMACAddr vxlanTunnelMACAddrV6"),
  wireguard: object(fields(addressOrCidr, "interfaceIPv4Address interfaceIPv6Address")),
  addresses: listOf(object({ address: addressOrCidr, type: text })),
});

/**
 * The `spec` of each Calico kind but FelixConfiguration, by kind. `CalicoNode` stands for the Node
 * of Calico's own API group.
 */
export const CALICO_SPECS: Readonly<Record<string, FieldSchema>> = {
  IPPool: ipPool,
  BGPConfiguration: bgpConfiguration,
  BGPPeer: bgpPeer,
  KubeControllersConfiguration: kubeControllers,
  CalicoNode: calicoNode,
  BGPFilter: bgpFilter,
  IPReservation: object({ reservedCIDRs: listOf(addressOrCidr) }),
  BlockAffinity: object(
    {
      cidr,
      node: text,
      state: oneOf("", "pending", "confirmed", "pendingDeletion"),
      type: text,
      deleted: any,
    },
    ["cidr", "node"],
  ),
  IPAMBlock: object(
    {
      cidr,
      affinity: text,
      affinityClaimTime: any,
      strictAffinity: boolean,
      // Null: a free address.
      allocations: { type: "list", of: integer(0), nulls: true },
      unallocated: listOf(integer(0)),
      attributes: listOf(any),
      deleted: boolean,
      sequenceNumber: integer(0),
      sequenceNumberForAllocation: mapOf(integer(0)),
    },
    ["cidr", "allocations", "unallocated", "attributes"],
  ),
  IPAMHandle: object({ handleID: text, block: mapOf(integer(0)), deleted: boolean }, ["handleID"]),
  IPAMConfig: object({
    strictAffinity: boolean,
    autoAllocateBlocks: boolean,
    maxBlocksPerHost: integer(0),
    kubeVirtVMAddressPersistence: switchable,
    // calico: libcalico-go/lib/ipam caps the cooldown at 1200 s.
    ipCooldownSeconds: integer(0, 1200),
  }),
  ClusterInformation: object({
    clusterGUID: text,
    clusterType: text,
    calicoVersion: integerOrText,
    datastoreReady: boolean,
    variant: text,
  }),
};

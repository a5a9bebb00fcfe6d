import {
  any,
  boolean,
  duration,
  type FieldSchema,
  fields,
  integer,
  integerOrText,
  listOf,
  object,
  oneOf,
  oneOfAnyCase,
  text,
} from "./schema.js";

const switchable = oneOf("Enabled", "Disabled");
const mtu = integer(0, 65535);
const port = integer(0, 65535);
const nonNegative = integer(0);

/** `Debug`, `Info`, … in any case: Felix compares case-insensitively (calico: felix/config/config_params.go). */
const severity = text;
/** The resource's pattern is case-insensitive: `Accept`, `ACCEPT`. */
const hostAction = oneOfAnyCase("Drop", "Accept", "Return");

/**
 * The `spec` of FelixConfiguration: every field by its resource name.
 *
 * @see calico: api/pkg/apis/projectcalico/v3/felixconfig.go
 */
export const FELIX_FIELDS: Readonly<Record<string, FieldSchema>> = {
  // Routing.
  programClusterRoutes: oneOf("Enabled", "Disabled", "EnabledIPIPOnly", "EnabledNoEncapOnly"),
  routeSource: oneOfAnyCase("CalicoIPAM", "WorkloadIPs"),
  ...fields(boolean, "removeExternalRoutes routeSyncDisabled"),
  ...fields(nonNegative, "deviceRouteProtocol"),
  ...fields(text, "deviceRouteSourceAddress deviceRouteSourceAddressIPv6"),
  ...fields(
    integer(1, 2147483647),
    "ipv4NormalRoutePriority ipv4ElevatedRoutePriority ipv6NormalRoutePriority ipv6ElevatedRoutePriority",
  ),
  ...fields(duration, "liveMigrationRouteConvergenceTime localSubnetL2ReachabilityRefreshInterval"),
  ...fields(switchable, "ipForwarding localSubnetL2Reachability"),
  ...fields(any, "routeTableRange routeTableRanges"),
  // Refresh intervals.
  ...fields(
    duration,
    "routeRefreshInterval interfaceRefreshInterval ipsetsRefreshInterval iptablesRefreshInterval nftablesRefreshInterval xdpRefreshInterval iptablesPostWriteCheckInterval iptablesLockProbeInterval iptablesLockTimeout netlinkTimeout dataplaneWatchdogTimeout",
  ),
  ...fields(text, "iptablesLockFilePath"),
  // Encapsulation and MTU.
  ...fields(
    boolean,
    "ipipEnabled vxlanEnabled requireMTUFile allowVXLANPacketsFromWorkloads allowIPIPPacketsFromWorkloads",
  ),
  ...fields(mtu, "ipipMTU vxlanMTU vxlanMTUV6 wireguardMTU wireguardMTUV6"),
  vxlanPort: port,
  vxlanVNI: integer(0, 16777215),
  mtuIfacePattern: text,
  externalNodesList: listOf(text),
  // WireGuard.
  ...fields(
    boolean,
    "wireguardEnabled wireguardEnabledV6 wireguardHostEncryptionEnabled wireguardThreadingEnabled",
  ),
  ...fields(port, "wireguardListeningPort wireguardListeningPortV6"),
  ...fields(text, "wireguardInterfaceName wireguardInterfaceNameV6"),
  wireguardRoutingRulePriority: nonNegative,
  wireguardKeepAlive: duration,
  // NAT.
  natOutgoingExclusions: oneOf("IPPoolsOnly", "IPPoolsAndHostIPs"),
  natOutgoingAddress: text,
  natPortRange: integerOrText,
  floatingIPs: switchable,
  serviceLoopPrevention: oneOf("Drop", "Reject", "Disabled"),
  // Interfaces.
  ...fields(text, "interfacePrefix interfaceExclude chainInsertMode workloadSourceSpoofing"),
  ipv6Support: boolean,
  kubeNodePortRanges: listOf(integerOrText),
  // Policy.
  defaultEndpointToHostAction: hostAction,
  ...fields(
    oneOfAnyCase("Drop", "Reject", "Accept", "Return"),
    "iptablesFilterAllowAction iptablesMangleAllowAction iptablesFilterDenyAction nftablesFilterAllowAction nftablesMangleAllowAction nftablesFilterDenyAction",
  ),
  disableConntrackInvalidCheck: boolean,
  ...fields(listOf(any), "failsafeInboundHostPorts failsafeOutboundHostPorts"),
  ...fields(text, "policySyncPathPrefix"),
  maxIpsetSize: integer(1),
  // Back end.
  iptablesBackend: oneOfAnyCase("Auto", "Legacy", "NFT"),
  nftablesMode: oneOf("Auto", "Enabled", "Disabled"),
  ...fields(nonNegative, "iptablesMarkMask nftablesMarkMask"),
  iptablesNATOutgoingInterfaceFilter: text,
  ...fields(
    boolean,
    "xdpEnabled genericXDPEnabled useInternalDataplaneDriver sidecarAccelerationEnabled",
  ),
  ...fields(text, "dataplaneDriver featureDetectOverride featureGates windowsManageFirewallRules"),
  ...fields(text, "windowsNetworkName awsSrcDstCheck"),
  // Reporting, health, metrics and logs.
  ...fields(
    duration,
    "reportingInterval reportingTTL endpointReportingDelay usageReportingInterval usageReportingInitialDelay flowLogsFlushInterval",
  ),
  ...fields(boolean, "endpointReportingEnabled usageReportingEnabled healthEnabled"),
  ...fields(text, "endpointStatusPathPrefix healthHost prometheusMetricsHost"),
  ...fields(port, "healthPort prometheusMetricsPort debugPort"),
  ...fields(
    text,
    "prometheusMetricsCAFile prometheusMetricsCertFile prometheusMetricsKeyFile prometheusMetricsClientAuth",
  ),
  ...fields(
    boolean,
    "prometheusMetricsEnabled prometheusGoMetricsEnabled prometheusProcessMetricsEnabled prometheusWireGuardMetricsEnabled",
  ),
  ...fields(
    severity,
    "logSeverityScreen logSeverityFile logSeveritySys logFilePath logPrefix logActionRateLimit",
  ),
  logActionRateLimitBurst: nonNegative,
  ...fields(text, "logDebugFilenameRegex clusterGUID debugHost"),
  ...fields(boolean, "debugDisableLogDropping"),
  ...fields(
    duration,
    "debugSimulateCalcGraphHangAfter debugSimulateDataplaneHangAfter debugSimulateDataplaneApplyDelay",
  ),
  debugMemoryProfilePath: text,
  healthTimeoutOverrides: listOf(object({ name: text, timeout: duration })),
  ...fields(
    any,
    "flowLogsCollectorDebugTrace flowLogsGoldmaneServer flowLogsLocalReporter flowLogsPolicyEvaluationMode",
  ),
  // Runtime.
  ...fields(integer(-1), "goGCThreshold goMemoryLimitMB goMaxProcs"),
  // Metadata address, OpenStack.
  metadataAddr: text,
  metadataPort: port,
  openstackRegion: text,
  istioAmbientMode: switchable,
  istioDSCPMark: integerOrText,
  // eBPF data plane: named, not modelled.
  ...fields(
    boolean,
    "bpfEnabled bpfConnectTimeLoadBalancingEnabled bpfDisableUnprivileged bpfKubeProxyIptablesCleanupEnabled bpfPolicyDebugEnabled",
  ),
  ...fields(
    any,
    "bpfAttachType bpfHostNetworkedNATWithoutCTLB bpfCTLBLogFilter bpfConnectTimeLoadBalancing bpfConntrackLogLevel bpfConntrackCleanupMode bpfConntrackTimeouts bpfDataIfacePattern bpfDSROptoutCIDRs bpfDisableGROForIfaces bpfEnforceRPF bpfExcludeCIDRsFromNAT bpfExportBufferSizeMB bpfExtToServiceConnmark bpfExternalServiceMode bpfForceTrackPacketsFromIfaces bpfHostConntrackBypass bpfHostNetworkedNAT bpfJITHardening bpfKubeProxyEndpointSlicesEnabled bpfKubeProxyHealthzPort bpfKubeProxyMinSyncPeriod bpfL3IfacePattern bpfLogFilters bpfLogLevel bpfMaglevMaxEndpointsPerService bpfMaglevMaxServices bpfMapSizeConntrack bpfMapSizeConntrackCleanupQueue bpfMapSizeConntrackScaling bpfMapSizeIPSets bpfMapSizeIfState bpfMapSizeNATAffinity bpfMapSizeNATBackend bpfMapSizeNATFrontend bpfMapSizePerCpuConntrack bpfMapSizeRoute bpfPSNATPorts bpfProfiling bpfRedirectToPeer",
  ),
};

/** The `spec` of FelixConfiguration as one schema. */
export const FELIX_SPEC: FieldSchema = object(FELIX_FIELDS);

import { MILLISECOND, MINUTE, type Micros, SECOND } from "@calico-sim/core";

/** What calico-node's start-up and the heartbeats of a node do; "assumed" marks numbers without a source. */
export interface NodeServiceParameters {
  /** Pause between two GETs of a datastore that does not answer (calico: node/pkg/lifecycle/startup/startup.go:102-249). @defaultValue 1 s */
  readonly datastoreRetry: Micros;
  /** Start of the container until its first request; assumed. @defaultValue 500 ms */
  readonly processStart: Micros;
  /** IP autodetection over the interfaces; assumed. @defaultValue 20 ms */
  readonly autodetection: Micros;
  /** Shape of the log-normal draws of the two times above; assumed. @defaultValue 0.25 */
  readonly spread: number;
  /** Whether a node that changes its address lists all Nodes for one that has it (`DISABLE_NODE_IP_CHECK`). @defaultValue true */
  readonly conflictCheck: boolean;
  /** Whether start-up creates what is missing: pool, ClusterInformation, FelixConfiguration. @defaultValue true */
  readonly createDefaults: boolean;
  /** Version that start-up writes to ClusterInformation. @defaultValue "v3.33.0" */
  readonly calicoVersion: string;
  /** Prefix length of an address that only the kubelet's report tells; assumed. @defaultValue 24 */
  readonly subnetLength: number;
  /** `IP6: autodetect`: start-up looks for an IPv6 address too; without it a Node keeps what it has. @defaultValue false */
  readonly detectIpv6: boolean;
  /** `IP`: see `ClusterSpec.detectIpv4`. @defaultValue undefined */
  readonly detectIpv4: boolean | undefined;
  /** Prefix length of an IPv6 address that only the kubelet's report tells; assumed. @defaultValue 64 */
  readonly subnetLengthIpv6: number;
  /** Two GETs of the Node each (calico: node/pkg/lifecycle/startup/startup.go:62, `AUTODETECT_POLL_INTERVAL`). @defaultValue 60 s */
  readonly addressMonitorPeriod: Micros;
  /** The kubelet renews its Lease (kubernetes: kubelet nodeLeaseDurationSeconds 40 × 0.25). @defaultValue 10 s */
  readonly leasePeriod: Micros;
  /** The kubelet reports an unchanged Node (kubernetes: kubelet nodeStatusReportFrequency). @defaultValue 5 min */
  readonly nodeStatusPeriod: Micros;
}

/** The defaults of {@link NodeServiceParameters}. */
export const NODE_SERVICE_DEFAULTS: NodeServiceParameters = Object.freeze({
  datastoreRetry: SECOND,
  processStart: 500 * MILLISECOND,
  autodetection: 20 * MILLISECOND,
  spread: 0.25,
  conflictCheck: true,
  createDefaults: true,
  calicoVersion: "v3.33.0",
  subnetLength: 24,
  detectIpv6: false,
  detectIpv4: undefined,
  subnetLengthIpv6: 64,
  addressMonitorPeriod: MINUTE,
  leasePeriod: 10 * SECOND,
  nodeStatusPeriod: 5 * MINUTE,
});

import { isRecord } from "@calico-sim/core";
import { type Joinable, joinAndTruncate } from "../table/join.js";
import { type ApiResource, asNumberAt, listAt, textAt, valueAt } from "./resource.js";

/** What cells need beside their resource. */
export interface GetContext {
  /** AS of nodes that have none of their own, see {@link import("./default-as-number.js").defaultASNumber}. */
  readonly defaultASNumber: string;
}

/** A column of a table of resources. */
export interface Column {
  readonly heading: string;
  readonly cell: (resource: ApiResource, context: GetContext) => string;
}

/** The columns of one kind. */
export interface KindColumns {
  /** Plain `get`. */
  readonly narrow: readonly Column[];
  /** `-o wide`. */
  readonly wide: readonly Column[];
  readonly namespaced?: boolean;
}

/** Cells with lists of networks are cut at this length (control-plane-behaviour §6.5). */
const NETS_MAX = 80;

function text(heading: string, path: string, absent = ""): Column {
  return { heading, cell: (resource) => textAt(resource, path, absent) };
}

function asNumber(heading: string, absent: string): Column {
  return { heading, cell: (resource) => asNumberAt(resource, "spec.asNumber", absent) };
}

function list(heading: string, path: string, maxLength = 0): Column {
  return {
    heading,
    cell: (resource) => joinAndTruncate(valueAt(resource, path) as Joinable, ",", maxLength),
  };
}

function count(heading: string, path: string): Column {
  return { heading, cell: (resource) => String(listAt(resource, path).length) };
}

const NAME = text("NAME", "metadata.name");
const TIER = text("TIER", "spec.tier", "default");
const NODE = text("NODE", "spec.node");

/** In brackets when it is the cluster's; nothing for a node without BGP. */
const NODE_ASN: Column = {
  heading: "ASN",
  cell: (resource, { defaultASNumber }) =>
    valueAt(resource, "spec.bgp") === undefined
      ? ""
      : asNumberAt(resource, "spec.bgp.asNumber", `(${defaultASNumber})`),
};

const PEER_NODE: Column = {
  heading: "NODE",
  cell: (resource) =>
    textAt(resource, "spec.nodeSelector") || textAt(resource, "spec.node", "(global)"),
};

/** A pod by its name, any other workload by its own. */
const WORKLOAD: Column = {
  heading: "WORKLOAD",
  cell: (resource) => textAt(resource, "spec.pod") || textAt(resource, "spec.workload"),
};

/** Go prints a structure as its fields in braces. */
const NATS: Column = {
  heading: "NATS",
  cell: (resource) =>
    listAt(resource, "spec.ipNATs")
      .map((nat) =>
        isRecord(nat) ? `{${String(nat["internalIP"])} ${String(nat["externalIP"])}}` : "",
      )
      .join(","),
};

const policy: KindColumns = {
  narrow: [NAME, TIER],
  wide: [NAME, TIER, text("ORDER", "spec.order"), text("SELECTOR", "spec.selector")],
};

const networkSet: KindColumns = {
  narrow: [NAME],
  wide: [NAME, list("NETS", "spec.nets", NETS_MAX)],
};

const nameOnly: KindColumns = both([NAME]);

const ENDPOINT: readonly Column[] = [
  WORKLOAD,
  NODE,
  list("NETWORKS", "spec.ipNetworks"),
  text("INTERFACE", "spec.interfaceName"),
];

const IPAM: readonly Column[] = [
  NAME,
  text("STRICTAFFINITY", "spec.strictAffinity", "false"),
  text("AUTOALLOCATEBLOCKS", "spec.autoAllocateBlocks", "true"),
];

/** The tables of `calicoctl get` by kind (calico: calicoctl/calicoctl/resourcemgr/; control-plane-behaviour §6.5). */
export const KIND_COLUMNS: Readonly<Record<string, KindColumns>> = {
  Node: {
    narrow: [NAME],
    wide: [
      NAME,
      NODE_ASN,
      text("IPV4", "spec.bgp.ipv4Address"),
      text("IPV6", "spec.bgp.ipv6Address"),
    ],
  },
  IPPool: {
    narrow: [NAME, text("CIDR", "spec.cidr"), text("SELECTOR", "spec.nodeSelector", "all()")],
    wide: [
      NAME,
      text("CIDR", "spec.cidr"),
      text("NAT", "spec.natOutgoing", "false"),
      text("IPIPMODE", "spec.ipipMode", "Never"),
      text("VXLANMODE", "spec.vxlanMode", "Never"),
      text("DISABLED", "spec.disabled", "false"),
      text("DISABLEBGPEXPORT", "spec.disableBGPExport", "false"),
      text("SELECTOR", "spec.nodeSelector", "all()"),
      text("ASSIGNMENTMODE", "spec.assignmentMode", "Automatic"),
    ],
  },
  BGPPeer: both([NAME, text("PEERIP", "spec.peerIP"), PEER_NODE, asNumber("ASN", "0")]),
  BGPConfiguration: both([
    NAME,
    text("LOGSEVERITY", "spec.logSeverityScreen", "-"),
    text("MESHENABLED", "spec.nodeToNodeMeshEnabled", "-"),
    asNumber("ASNUMBER", "-"),
  ]),
  BGPFilter: both([
    NAME,
    count("NUMEXPORTV4", "spec.exportV4"),
    count("NUMIMPORTV4", "spec.importV4"),
    count("NUMEXPORTV6", "spec.exportV6"),
    count("NUMIMPORTV6", "spec.importV6"),
  ]),
  WorkloadEndpoint: {
    narrow: ENDPOINT,
    wide: [NAME, ...ENDPOINT, list("PROFILES", "spec.profiles"), NATS],
    namespaced: true,
  },
  GlobalNetworkPolicy: policy,
  StagedGlobalNetworkPolicy: policy,
  NetworkPolicy: { ...policy, namespaced: true },
  StagedNetworkPolicy: { ...policy, namespaced: true },
  StagedKubernetesNetworkPolicy: { ...policy, namespaced: true },
  HostEndpoint: {
    narrow: [NAME, NODE],
    wide: [
      NAME,
      NODE,
      text("INTERFACE", "spec.interfaceName"),
      list("IPS", "spec.expectedIPs"),
      list("PROFILES", "spec.profiles"),
    ],
  },
  Profile: { narrow: [NAME], wide: [NAME, list("LABELS", "spec.labelsToApply")] },
  Tier: both([NAME, text("ORDER", "spec.order")]),
  CalicoNodeStatus: { narrow: [NAME, NODE], wide: [NAME, NODE, list("CLASSES", "spec.classes")] },
  IPReservation: { narrow: [NAME], wide: [NAME, list("CIDRS", "spec.reservedCIDRs", NETS_MAX)] },
  GlobalNetworkSet: networkSet,
  NetworkSet: { ...networkSet, namespaced: true },
  IPAMConfiguration: {
    narrow: IPAM,
    wide: [...IPAM, text("MAXBLOCKSPERHOST", "spec.maxBlocksPerHost", "0")],
  },
  ClusterInformation: both([
    NAME,
    text("CLUSTERGUID", "spec.clusterGUID"),
    text("CLUSTERTYPE", "spec.clusterType"),
    text("CALICOVERSION", "spec.calicoVersion"),
    text("DATASTOREREADY", "spec.datastoreReady"),
  ]),
  FelixConfiguration: nameOnly,
  KubeControllersConfiguration: nameOnly,
};

function both(columns: readonly Column[]): KindColumns {
  return { narrow: columns, wide: columns };
}

import type { ProgramClusterRoutes } from "./calico.js";
import { freezeDeep } from "./freeze.js";
import { type Issue, issueAt } from "./issue.js";

/** Defaults of an IPPool. @see calico: libcalico-go/lib/clientv3/ippool.go */
export interface IPPoolDefaults {
  readonly blockSizeIPv4: number;
  readonly blockSizeIPv6: number;
  readonly ipipMode: "Never";
  readonly vxlanMode: "Never";
  readonly natOutgoing: boolean;
  readonly disabled: boolean;
  readonly disableBGPExport: boolean;
  readonly nodeSelector: string;
  readonly allowedUses: readonly ("Workload" | "Tunnel")[];
  readonly assignmentMode: "Automatic";
}

/** Defaults of a BGPConfiguration and of confd. */
export interface BGPDefaults {
  readonly programClusterRoutes: ProgramClusterRoutes;
  readonly asNumber: number;
  readonly nodeToNodeMeshEnabled: boolean;
  readonly logSeverityScreen: string;
  readonly listenPort: number;
  readonly nodeMeshMaxRestartTime: string;
  readonly bindMode: "None";
}

/** Defaults of a FelixConfiguration that the simulator acts on. @see calico: felix/config/config_params.go */
export interface FelixDefaults {
  readonly programClusterRoutes: ProgramClusterRoutes;
  readonly routeSource: "CalicoIPAM" | "WorkloadIPs";
  readonly removeExternalRoutes: boolean;
  readonly routeRefreshInterval: string;
  readonly interfaceRefreshInterval: string;
  readonly ipsetsRefreshInterval: string;
  readonly iptablesRefreshInterval: string;
  readonly vxlanPort: number;
  readonly vxlanVNI: number;
  readonly ipipMTU: number;
  readonly vxlanMTU: number;
  readonly vxlanMTUV6: number;
  readonly wireguardMTU: number;
  readonly wireguardMTUV6: number;
  readonly mtuIfacePattern: string;
  readonly requireMTUFile: boolean;
  readonly wireguardEnabled: boolean;
  readonly wireguardEnabledV6: boolean;
  readonly wireguardHostEncryptionEnabled: boolean;
  readonly ipv6Support: boolean;
  readonly bpfEnabled: boolean;
  readonly defaultEndpointToHostAction: "Drop" | "Accept" | "Return";
  readonly reportingInterval: string;
  readonly reportingTTL: string;
  readonly endpointReportingEnabled: boolean;
  readonly endpointReportingDelay: string;
}

/** Defaults of IPAM when no IPAMConfig exists. @see calico: libcalico-go/lib/ipam/ipam.go */
export interface IPAMDefaults {
  readonly strictAffinity: boolean;
  readonly autoAllocateBlocks: boolean;
  /** 0 stands for {@link blocksPerHostWhenUnset}. */
  readonly maxBlocksPerHost: number;
  readonly blocksPerHostWhenUnset: number;
  readonly ipCooldownSeconds: number;
}

/** The pools that calico-node creates at start-up when there is none. @see calico: node/pkg/lifecycle/startup/startup.go */
export interface StartupDefaults {
  readonly ipv4PoolName: string;
  readonly ipv4PoolCidr: string;
  readonly ipv4PoolNatOutgoing: boolean;
  readonly ipv6PoolName: string;
  readonly ipv6PoolNatOutgoing: boolean;
  /** What the official image's tunnel switches stand for when unset. */
  readonly ipipMode: "Never" | "Always" | "CrossSubnet";
  readonly vxlanMode: "Never" | "Always" | "CrossSubnet";
}

/**
 * Everything that changed between Calico releases, as data.
 *
 * Code never asks which version runs; it reads the field it needs from the era.
 */
export interface Era {
  /** Major and minor version: `"3.33"`. */
  readonly calicoVersion: string;
  /** The values this release knows for `programClusterRoutes`. */
  readonly programClusterRoutesValues: readonly ProgramClusterRoutes[];
  readonly ipPool: IPPoolDefaults;
  readonly bgp: BGPDefaults;
  readonly felix: FelixDefaults;
  readonly ipam: IPAMDefaults;
  readonly startup: StartupDefaults;
}

/** Calico 3.33, the newest era known: Felix owns IPIP routes. */
const ERA_3_33: Era = {
  calicoVersion: "3.33",
  // calico: design/cluster-route-programming/DESIGN.md
  programClusterRoutesValues: ["Disabled", "Enabled", "EnabledIPIPOnly", "EnabledNoEncapOnly"],
  ipPool: {
    // calico: libcalico-go/lib/clientv3/ippool.go:396-470
    blockSizeIPv4: 26,
    blockSizeIPv6: 122,
    ipipMode: "Never",
    vxlanMode: "Never",
    nodeSelector: "all()",
    allowedUses: ["Workload", "Tunnel"],
    assignmentMode: "Automatic",
    // calico: api/pkg/apis/projectcalico/v3/ippool.go (zero values)
    natOutgoing: false,
    disabled: false,
    disableBGPExport: false,
  },
  bgp: {
    // calico: confd/pkg/backends/calico/bgp_processor.go
    programClusterRoutes: "EnabledNoEncapOnly",
    // calico: confd/pkg/backends/calico/client.go:63-67
    asNumber: 64512,
    nodeToNodeMeshEnabled: true,
    logSeverityScreen: "Info",
    // calico: api/pkg/apis/projectcalico/v3/bgpconfig.go
    listenPort: 179,
    nodeMeshMaxRestartTime: "120s",
    bindMode: "None",
  },
  felix: {
    // All from calico: felix/config/config_params.go:175-562
    programClusterRoutes: "EnabledIPIPOnly",
    routeSource: "CalicoIPAM",
    removeExternalRoutes: true,
    routeRefreshInterval: "90s",
    interfaceRefreshInterval: "90s",
    ipsetsRefreshInterval: "90s",
    iptablesRefreshInterval: "180s",
    vxlanPort: 4789,
    vxlanVNI: 4096,
    ipipMTU: 0,
    vxlanMTU: 0,
    vxlanMTUV6: 0,
    wireguardMTU: 0,
    wireguardMTUV6: 0,
    mtuIfacePattern: "^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)",
    requireMTUFile: false,
    wireguardEnabled: false,
    wireguardEnabledV6: false,
    wireguardHostEncryptionEnabled: false,
    ipv6Support: true,
    bpfEnabled: false,
    defaultEndpointToHostAction: "Drop",
    reportingInterval: "30s",
    reportingTTL: "90s",
    endpointReportingEnabled: false,
    endpointReportingDelay: "1s",
  },
  ipam: {
    // calico: libcalico-go/lib/ipam/ipam.go:2166-2190
    strictAffinity: false,
    autoAllocateBlocks: true,
    maxBlocksPerHost: 0,
    ipCooldownSeconds: 0,
    // calico: libcalico-go/lib/ipam/ipam.go:731-752
    blocksPerHostWhenUnset: 20,
  },
  startup: {
    // calico: node/pkg/lifecycle/startup/startup.go
    ipv4PoolName: "default-ipv4-ippool",
    ipv4PoolCidr: "192.168.0.0/16",
    ipv4PoolNatOutgoing: true,
    ipv6PoolName: "default-ipv6-ippool",
    ipv6PoolNatOutgoing: false,
    ipipMode: "Never",
    vxlanMode: "Never",
  },
};

/** Calico 3.32: BIRD programs IPIP and unencapsulated routes alike. */
const ERA_3_32: Era = {
  ...ERA_3_33,
  calicoVersion: "3.32",
  // Inferred: the two split values arrived together with the split default of 3.33.
  programClusterRoutesValues: ["Disabled", "Enabled"],
  // calico: design/cluster-route-programming/DESIGN.md: (Disabled, Enabled) is the default before 3.33.
  bgp: { ...ERA_3_33.bgp, programClusterRoutes: "Enabled" },
  felix: { ...ERA_3_33.felix, programClusterRoutes: "Disabled" },
};

/** The eras known, oldest first. */
export const ERAS: readonly Era[] = freezeDeep([ERA_3_32, ERA_3_33]);

/** The version that is taken where nobody names one: the newest known. */
export const DEFAULT_CALICO_VERSION = "3.33";

interface EraChoice {
  readonly era: Era;
  readonly exact: boolean;
}

/**
 * The defaults of a Calico release; of the nearest known one if this one is not known
 * ({@link eraNote} says so).
 *
 * @param calicoVersion - `"3.33"`, `"v3.32.1"`, an image tag such as `"master"`.
 */
export function eraOf(calicoVersion: string): Era {
  return choose(calicoVersion).era;
}

/** The note to show when {@link eraOf} had to take the nearest era; `undefined` when it knew the version. */
export function eraNote(calicoVersion: string): Issue | undefined {
  const { era, exact } = choose(calicoVersion);
  if (exact) return undefined;
  return issueAt(undefined, {
    severity: "note",
    code: "CALICO_VERSION_NEAREST",
    message: `no defaults are known for Calico ${JSON.stringify(calicoVersion)}; those of ${era.calicoVersion} are used`,
    got: calicoVersion,
    want: ERAS.map((e) => e.calicoVersion).join(", "),
  });
}

function choose(calicoVersion: string): EraChoice {
  const newest = ERAS[ERAS.length - 1] ?? ERA_3_33;
  const match = /^(?:release-)?v?(\d+)\.(\d+)(?:[.-].*)?$/.exec(calicoVersion.trim());
  if (match === null) return { era: newest, exact: false };
  const wanted = rank(Number(match[1]), Number(match[2]));
  let nearest = newest;
  let distance = Number.POSITIVE_INFINITY;
  for (const era of ERAS) {
    const [major = 0, minor = 0] = era.calicoVersion.split(".").map(Number);
    const d = Math.abs(rank(major, minor) - wanted);
    if (d < distance) {
      nearest = era;
      distance = d;
    }
  }
  return { era: nearest, exact: distance === 0 };
}

function rank(major: number, minor: number): number {
  return major * 1000 + minor;
}

import type { EncapsulationsInUse } from "./in-use.js";

/** A network interface of a host, as Felix lists it. */
export interface HostInterface {
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  /** Operational state: an interface that is down does not count. */
  readonly up: boolean;
}

/**
 * Bytes each encapsulation adds to a packet.
 *
 * @see calico: felix/dataplane/linux/int_dataplane.go:484-489
 */
export const ENCAPSULATION_OVERHEAD = {
  ipip: 20,
  vxlan: 50,
  vxlanV6: 70,
  wireguard: 60,
  wireguardV6: 80,
  /**
   * More on AKS with host encryption: Azure fragments at 1400 bytes below a NIC of 1500.
   *
   * @see calico: felix/dataplane/linux/int_dataplane.go:1830-1874
   */
  wireguardOnAKS: 100,
} as const;

/**
 * Taken as host MTU when no interface matches: the smallest of the common cloud providers.
 *
 * @see calico: felix/dataplane/linux/int_dataplane.go:1732-1771
 */
export const FALLBACK_HOST_MTU = 1460;

/**
 * MTU of a pod's veth when neither the CNI configuration nor Felix's file says one.
 *
 * @see calico: cni-plugin/pkg/dataplane/linux
 */
export const DEFAULT_VETH_MTU = 1500;

/** What Felix is told about MTUs. Bytes; 0 = automatic. */
export interface MTUSettings {
  readonly ipipMTU: number;
  readonly vxlanMTU: number;
  readonly vxlanMTUV6: number;
  readonly wireguardMTU: number;
  readonly wireguardMTUV6: number;
  readonly wireguardHostEncryptionEnabled: boolean;
  /** `"AKS"` where Azure runs the cluster. */
  readonly kubernetesProvider?: string;
}

/** The MTU of each tunnel device, in bytes, whether or not the device is in use. */
export interface DeviceMTUs {
  readonly ipip: number;
  readonly vxlan: number;
  readonly vxlanV6: number;
  readonly wireguard: number;
  readonly wireguardV6: number;
}

/**
 * The MTU of the host: the smallest of its interfaces that are up and match `MTUIfacePattern`.
 *
 * @param pattern - FelixConfiguration `mtuIfacePattern`; the default does not match `bond0`.
 * @see calico: felix/dataplane/linux/int_dataplane.go:1732-1771
 */
export function hostMTU(interfaces: readonly HostInterface[], pattern: RegExp): number {
  let smallest = 0;
  for (const { name, mtu, up } of interfaces) {
    if (!up || !pattern.test(name)) continue;
    if (smallest === 0 || mtu < smallest) smallest = mtu;
  }
  return smallest === 0 ? FALLBACK_HOST_MTU : smallest;
}

/**
 * The MTU of each tunnel device: as configured, else what the encapsulation leaves of the host's.
 *
 * @see calico: felix/dataplane/linux/int_dataplane.go:1830-1874
 */
export function deviceMTUs(host: number, settings: MTUSettings): DeviceMTUs {
  const onAKS = settings.kubernetesProvider === "AKS" && settings.wireguardHostEncryptionEnabled;
  const wireguardHost = onAKS ? host - ENCAPSULATION_OVERHEAD.wireguardOnAKS : host;
  // 0 asks for the automatic value, hence || and not ??.
  return {
    ipip: settings.ipipMTU || host - ENCAPSULATION_OVERHEAD.ipip,
    vxlan: settings.vxlanMTU || host - ENCAPSULATION_OVERHEAD.vxlan,
    vxlanV6: settings.vxlanMTUV6 || host - ENCAPSULATION_OVERHEAD.vxlanV6,
    wireguard: settings.wireguardMTU || wireguardHost - ENCAPSULATION_OVERHEAD.wireguard,
    wireguardV6: settings.wireguardMTUV6 || wireguardHost - ENCAPSULATION_OVERHEAD.wireguardV6,
  };
}

/**
 * The MTU that Felix writes to the file from which the CNI plugin reads it for new pods: the
 * smallest of all encapsulations in use, else the host's.
 *
 * One VXLAN pool, even CrossSubnet, thus lowers the MTU of every pod. A running pod keeps its MTU.
 *
 * @see calico: felix/dataplane/linux/int_dataplane.go:1778-1825
 */
export function podMTU(host: number, devices: DeviceMTUs, inUse: EncapsulationsInUse): number {
  let smallest = 0;
  for (const encapsulation of ["ipip", "vxlan", "vxlanV6", "wireguard", "wireguardV6"] as const) {
    const mtu = devices[encapsulation];
    if (inUse[encapsulation] && mtu !== 0 && (smallest === 0 || mtu < smallest)) smallest = mtu;
  }
  return smallest === 0 ? host : smallest;
}

/** What the CNI plugin has to choose a veth's MTU from. */
export interface VethMTUInput {
  /** `mtu` of the CNI network configuration; 0 or absent = not said. */
  readonly networkConfigMTU?: number;
  /** What Felix wrote ({@link podMTU}); absent while the file does not exist. */
  readonly fileMTU?: number;
  /** The CNI configuration insists on Felix's file. */
  readonly requireFile?: boolean;
}

/** The MTU of a veth, or the reason why the CNI ADD fails. */
export type VethMTU =
  | { readonly outcome: "mtu"; readonly mtu: number }
  | { readonly outcome: "error"; readonly message: string };

/**
 * The MTU the CNI plugin gives a new pod: the CNI configuration's, else Felix's file's, else 1500.
 *
 * The file is read first even where the configuration decides, so a missing required file fails
 * the ADD in any case.
 *
 * @see calico: cni-plugin/internal/pkg/utils/utils.go (MTUFromFile)
 */
export function vethMTU(input: VethMTUInput): VethMTU {
  if (input.fileMTU === undefined && input.requireFile === true) {
    return {
      outcome: "error",
      message: "Felix has not written its MTU file yet, and the CNI configuration requires it",
    };
  }
  return { outcome: "mtu", mtu: input.networkConfigMTU || input.fileMTU || DEFAULT_VETH_MTU };
}

/**
 * Which encapsulations a node uses, and what MTU they leave.
 *
 * @module
 */
export {
  type EncapsulatedPool,
  type EncapsulationSwitches,
  type EncapsulationsInUse,
  encapsulationsInUse,
} from "./in-use.js";
export {
  DEFAULT_VETH_MTU,
  type DeviceMTUs,
  deviceMTUs,
  ENCAPSULATION_OVERHEAD,
  FALLBACK_HOST_MTU,
  type HostInterface,
  hostMTU,
  type MTUSettings,
  podMTU,
  type VethMTU,
  type VethMTUInput,
  vethMTU,
} from "./mtu.js";
export {
  configureTunnelDevice,
  type TunnelDevice,
  type TunnelDeviceTarget,
} from "./tunnel-device.js";

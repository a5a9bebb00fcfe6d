/**
 * Which encapsulations a node uses, and what MTU they leave.
 *
 * @module
 */
export {
  type EncapsulatedPool,
  type EncapsulationsInUse,
  encapsulationsInUse,
} from "./in-use.js";
export {
  type DeviceMTUs,
  deviceMTUs,
  type HostInterface,
  hostMTU,
  type MTUSettings,
  podMTU,
  type VethMTU,
  vethMTU,
} from "./mtu.js";
export { configureTunnelDevice } from "./tunnel-device.js";

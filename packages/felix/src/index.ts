export type { Cost, FelixCosts } from "./cost-profile.js";
export { FELIX_COSTS } from "./cost-profile.js";
export {
  configureTunnelDevice,
  type DeviceMTUs,
  deviceMTUs,
  type EncapsulatedPool,
  type EncapsulationsInUse,
  encapsulationsInUse,
  type HostInterface,
  hostMTU,
  type MTUSettings,
  podMTU,
  type VethMTU,
  vethMTU,
} from "./encapsulation/index.js";
export { FelixFleet } from "./fleet.js";
export { vtepMac, workloadInterfaceName } from "./naming/interface-name.js";
export type { FelixCounts, FelixListener, FelixOptions, RestartReason } from "./options.js";

/**
 * What runs on a node beside Felix and BIRD: start-up, tunnel addresses, monitor, heartbeats.
 *
 * @module
 */
export { type HeartbeatStore, Heartbeats } from "./heartbeats.js";
export { type NodeFields, withNodeFields } from "./node-edit.js";
export {
  type HostAddresses,
  NodeServices,
  type NodeServicesListener,
  type NodeServicesOptions,
} from "./node-services.js";
export { NODE_SERVICE_DEFAULTS, type NodeServiceParameters } from "./parameters.js";

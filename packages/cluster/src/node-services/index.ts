/**
 * What runs on a node beside Felix and BIRD: start-up, tunnel addresses, monitor, heartbeats.
 *
 * @module
 */
export { NodeServices, type NodeServicesListener } from "./node-services.js";
export { NODE_SERVICE_DEFAULTS, type NodeServiceParameters } from "./parameters.js";

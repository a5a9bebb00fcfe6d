/**
 * EndpointSlices that follow pods, as Kubernetes' controller writes them.
 *
 * @module
 */
export { EndpointSlices } from "./endpoint-slices.js";
export { ENDPOINT_SLICE_DEFAULTS, type EndpointSliceParameters } from "./parameters.js";

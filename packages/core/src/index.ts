/**
 * The foundation of calico-sim: engine, randomness, addresses, resources, datastore, IPAM, fabric and kernel.
 *
 * @module
 */
export * from "./datastore/index.js";
export * from "./engine/index.js";
export * from "./fabric/index.js";
export * from "./ipam/index.js";
export * from "./kernel/index.js";
export * from "./metrics/index.js";
export * from "./net/index.js";
export * from "./nodes.js";
export * from "./resources/index.js";
export { Rows } from "./rows.js";

/**
 * The underlay that carries every message: subnets, racks, routers and links, and what is cut of them.
 *
 * @module
 */
export { Fabric, type NodeRef } from "./fabric.js";
export { FabricError, type FabricFault } from "./fabric-error.js";
export { type FabricVertex, fabricGraph } from "./fabric-graph.js";
export {
  type FabricLink,
  type FabricSpec,
  HOST_LINK,
  type HostSpec,
  LINK_BANDWIDTH_MIN,
  LINK_DELAY_MAX,
  type LinkAttributes,
  type LinkSpec,
  type RackSpec,
  type RouterSpec,
  SWITCH_LINK,
} from "./fabric-spec.js";
export { type LeafSpineNode, type LeafSpineOptions, leafSpine } from "./leaf-spine.js";
export { type LinkChange, type PathQuality, qualityOf } from "./path-quality.js";
export { type SingleMachineOptions, singleMachine } from "./single-machine.js";
export {
  isLost,
  jitterOf,
  SEGMENT_DATA,
  SEGMENT_HEADERS,
  serialisation,
  type TcpPassage,
  type TcpPath,
  tcpPassage,
} from "./tcp-passage.js";

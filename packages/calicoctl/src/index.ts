/**
 * What Calico's tools print and read: `calicoctl node status`, `get`, `ipam show`, and the status of nodes.
 *
 * @module
 */
export {
  type AddressSeparator,
  type ProtocolPeer,
  readBgpState,
  readProtocolRow,
  scanProtocols,
} from "./bird/protocols.js";
export { type BirdRoute, scanRoutes } from "./bird/routes.js";
export { BirdOutputError } from "./bird/scan.js";
export { type BirdStatus, scanStatus } from "./bird/status.js";
export { defaultASNumber } from "./get/default-as-number.js";
export { formatGetTable, type GetOptions, TABLE_KINDS, UnknownKindError } from "./get/get-table.js";
export type { ApiResource } from "./get/resource.js";
export {
  formatIpamShow,
  formatIpamShowIP,
  type IpamAssignment,
  type IpamCells,
  type IpamShowOptions,
  type IpamUsage,
  ipamCells,
} from "./ipam/show.js";
export {
  type BirdAnswer,
  formatNodeStatus,
  type NodeStatusInput,
  type NodeStatusOptions,
  peerTypeText,
} from "./node/node-status.js";
export {
  isLearned,
  type NodeStatusBird,
  type NodeStatusPeer,
  type NodeStatusRoute,
  type RouteSource,
  toNodeStatusBird,
  toNodeStatusPeer,
  toNodeStatusRoute,
} from "./status/node-status-resource.js";
export { type NodeStatusSummary, nodeStatusRow } from "./status/table-row.js";
export { type BoxStyle, type BoxTable, formatBoxTable } from "./table/box-table.js";
export { type Joinable, joinAndTruncate } from "./table/join.js";

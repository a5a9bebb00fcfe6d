/**
 * BIRD as Calico runs it: daemons, sessions, routing tables.
 *
 * @module
 */

export { BirdFleet } from "./bird-fleet.js";
export type { ConfdCosts, ConfdListener, ConfdOptions } from "./confd/confd-fleet.js";
export { CONFD_COSTS, ConfdFleet } from "./confd/confd-fleet.js";
export type { ExternalPeers } from "./confd/external-peers.js";
export type { FilterConfig, FilterPool } from "./confd/kernel-filters.js";
export { KernelFilters } from "./confd/kernel-filters.js";
export type { LocalEndpoint, LocalEndpoints } from "./confd/local-endpoints.js";
export type { RenderOptions } from "./confd/render/configuration.js";
export { bgpConfiguration, renderBird } from "./confd/render/configuration.js";
export {
  BGP_TEMPLATE,
  ELEVATED_PREFERENCE,
  KERNEL_PROTOCOL,
  LOCAL_PREF_BASE,
} from "./confd/render/constants.js";
export type { ConfdInputOptions, ConfdInputs, ConfdResource } from "./confd/render/inputs.js";
export { confdInputs } from "./confd/render/inputs.js";
export type {
  EndpointSlice,
  Endpoints,
  KubernetesResource,
  Secret,
  Service,
} from "./confd/render/kubernetes.js";
export type { MeshEnd } from "./confd/render/mesh.js";
export { meshRole } from "./confd/render/mesh.js";
export type {
  BirdConfiguration,
  BirdPeer,
  CommunityRule,
  ExportStep,
  FilterCall,
  FilterFunction,
  FilterMatch,
  FilterOperation,
  FilterRule,
  KernelFilterRules,
  KernelPoolRule,
  OwnBlock,
  PeeringType,
  StaticRoute,
} from "./confd/render/model.js";
export { type LocalWorkload, parsePeerIP } from "./confd/render/peerings.js";
export { addressNumber } from "./confd/rendered-peers.js";
export { type BirdFile, birdFiles } from "./confd/text/bird-files.js";
export type { BirdCosts } from "./cost-profile.js";
export { BIRD_COSTS } from "./cost-profile.js";
export type { MessageCounts, WireSummary } from "./messages/counters.js";
export type { AttributeSet } from "./rib/attributes.js";
export type { RouteChanges } from "./rib/route-counters.js";
export { SESSION_ENDS_MAX, SessionLimitError } from "./session/capacity.js";
export type { SessionTimers } from "./session/constants.js";
export { BGP_PORT, SESSION_TIMERS } from "./session/constants.js";
export { type OtherCores, SharedCores } from "./shared-cores.js";
export type {
  BfdOptions,
  BirdListener,
  BirdOptions,
  ExportRules,
  KernelFilter,
  NodeDelay,
  PeerConfig,
  PeerFilter,
  PeerOptions,
  PeerPolicy,
  Reconfiguration,
  RestartPhase,
  RoutePath,
  SegmentKind,
  SpeakerConfig,
  StartOptions,
} from "./types.js";
export { ANY_AS } from "./types.js";
export type { ControlReply, ReplyLine } from "./views/control-reply.js";
export { formatSocket, formatTerminal } from "./views/control-reply.js";
export type {
  BgpStateName,
  DaemonView,
  KernelProtocolView,
  ProtocolStateName,
  SessionDetail,
  SessionView,
  TimerView,
} from "./views/daemon-view.js";
export type { PathView, RouteView } from "./views/route-view.js";
export type { Neighbour, Neighbours } from "./views/show-protocols.js";
export { sessionInfo, showProtocolAll, showProtocols } from "./views/show-protocols.js";
export { type RouteNames, showRoute } from "./views/show-route.js";
export { showStatus } from "./views/show-status.js";

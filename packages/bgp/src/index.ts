/**
 * BIRD as Calico runs it: daemons, sessions, routing tables.
 *
 * @module
 */

export { BirdFleet } from "./bird-fleet.js";
export type { ConfdCosts, ConfdListener, ConfdOptions } from "./confd/confd-fleet.js";
export { CONFD_COSTS, ConfdFleet } from "./confd/confd-fleet.js";
export type { FilterConfig, FilterPool } from "./confd/kernel-filters.js";
export { KernelFilters } from "./confd/kernel-filters.js";
export type { BirdCosts } from "./cost-profile.js";
export { BIRD_COSTS } from "./cost-profile.js";
export type { MessageCounts, WireSummary } from "./messages/counters.js";
export type { SessionTimers } from "./session/constants.js";
export { SESSION_TIMERS } from "./session/constants.js";
export { SharedCores } from "./shared-cores.js";
export type {
  BirdListener,
  BirdOptions,
  KernelFilter,
  NodeDelay,
  PeerConfig,
  Reconfiguration,
  StartOptions,
} from "./types.js";

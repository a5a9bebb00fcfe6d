export { TYPHA_CONFIG } from "./config.js";
export type { ConnectionLimitBounds } from "./connection-limit.js";
export { connectionLimit } from "./connection-limit.js";
export type { Cost, TyphaCosts } from "./cost-profile.js";
export { TYPHA_COSTS } from "./cost-profile.js";
export { TyphaFleet } from "./fleet.js";
export type {
  ClientPace,
  DropReason,
  NodeDelay,
  SentSecond,
  SyncerBinding,
  SyncerLoad,
  TyphaConfig,
  TyphaListener,
  TyphaOptions,
} from "./options.js";
export { TyphaSyncer } from "./syncer.js";

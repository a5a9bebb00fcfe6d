export type { Cost, FelixCosts } from "./cost-profile.js";
export { FELIX_COSTS, FELIX_COSTS_2019 } from "./cost-profile.js";
export { FelixFleet } from "./fleet.js";
export type { FelixCounts, FelixListener, FelixOptions, RestartReason } from "./options.js";

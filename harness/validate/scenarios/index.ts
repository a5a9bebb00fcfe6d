import { COLD } from "./cold.js";
import type { Scenario } from "./scenario.js";

/** Scenarios by the value of the parameter `scenario`. */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map([["cold", COLD]]);

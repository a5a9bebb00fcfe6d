import { ADD_NODE } from "./addnode.js";
import { BLOCK } from "./block.js";
import { COLD } from "./cold.js";
import { FAIL } from "./fail.js";
import { KEEPALIVE } from "./keepalive.js";
import { REFUSED } from "./refused.js";
import type { Scenario } from "./scenario.js";

/** Scenarios by the value of the parameter `scenario`. */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map([
  ["addnode", ADD_NODE],
  ["block", BLOCK],
  ["cold", COLD],
  ["fail", FAIL],
  ["keepalive", KEEPALIVE],
  ["refused", REFUSED],
]);

import { clusterWithPodsBench } from "./cluster-with-pods.js";
import { engineHoldBench } from "./engine-hold.js";
import { engineTieStormBench } from "./engine-tie-storm.js";
import { meshColdStartBench } from "./mesh-cold-start.js";
import { reflectorsColdStartBench } from "./reflectors-cold-start.js";
import type { Bench } from "./scenario.js";
import { steadyHourBench } from "./steady-hour.js";
import { timerRefreshBench } from "./timer-refresh.js";

/** Every benchmark, in the order in which they run. */
export const BENCHES: readonly Bench[] = [
  engineHoldBench,
  engineTieStormBench,
  timerRefreshBench,
  meshColdStartBench,
  reflectorsColdStartBench,
  steadyHourBench,
  clusterWithPodsBench,
];

// Runs in a worker thread: answers each case with what the main thread should have got as well.
import { parentPort } from "node:worker_threads";
import type { ClusterSpec, Scenario } from "@calico-sim/cluster";
import { atRest } from "./support.js";

parentPort?.on("message", (each: [ClusterSpec, Scenario, number]) => {
  const simulation = atRest(each);
  parentPort?.postMessage({ digest: simulation.digest(), result: simulation.result() });
});

parentPort?.postMessage("ready");

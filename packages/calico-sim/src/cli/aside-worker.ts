import { parentPort, workerData } from "node:worker_threads";
import { simulate } from "@calico-sim/cluster";
import type { AsideJob } from "./aside.js";

const { spec, scenario, settings } = workerData as AsideJob;
parentPort?.postMessage(simulate(spec, scenario, settings));

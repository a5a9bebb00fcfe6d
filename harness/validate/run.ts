import type { GroundTruthFile, LabParameters } from "./ground-truth.js";
import { LAB_PARAMETERS, Lab } from "./lab/lab.js";
import type { RunMetrics } from "./metrics/run-metrics.js";
import { SCENARIOS } from "./scenarios/index.js";
import { TOPOLOGIES } from "./topologies/index.js";

/** Why a configuration is not modelled yet; empty when it is. */
export function notModelled(parameters: LabParameters): string[] {
  const scenario = SCENARIOS.get(parameters.scenario);
  const topology = TOPOLOGIES.get(parameters.topology);
  const why: string[] = [];
  if (scenario === undefined) why.push(`scenario "${parameters.scenario}"`);
  if (topology === undefined) why.push(`topology "${parameters.topology}"`);
  if (scenario === undefined || topology === undefined) return why;
  const known = new Set([...LAB_PARAMETERS, ...scenario.parameters, ...topology.parameters]);
  for (const key of Object.keys(parameters)) if (!known.has(key)) why.push(`parameter "${key}"`);
  return why;
}

/** Simulates one run of a configuration; it must be modelled. */
export function simulateRun(file: GroundTruthFile, seed: number): RunMetrics {
  const scenario = SCENARIOS.get(file.parameters.scenario);
  const topology = TOPOLOGIES.get(file.parameters.topology);
  if (scenario === undefined || topology === undefined)
    throw new RangeError(`${file.id}: ${notModelled(file.parameters).join(", ")} not modelled`);
  return scenario.run(new Lab(file, topology, seed));
}

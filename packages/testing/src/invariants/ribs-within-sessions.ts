import type { Simulation } from "@calico-sim/cluster";
import { liveNodes, type Violation, Violations } from "./violation.js";

/**
 * Every route that a BIRD learnt belongs to a peer that it has a session with, and that peer owns the
 * block: nothing outlives what it came from.
 *
 * Holds once all is quiet; before, a peer in graceful restart is still believed.
 */
export function ribsWithinSessions(simulation: Simulation): readonly Violation[] {
  const violations = new Violations("ribsWithinSessions", simulation);
  const { spec, bird, bird6 } = simulation;
  if (spec.backend !== "bird") return violations.found;
  for (const fleet of bird6 === undefined ? [bird] : [bird, bird6])
    checkFleet(fleet, simulation, violations);
  return violations.found;
}

function checkFleet(
  bird: Simulation["bird"],
  simulation: Simulation,
  violations: Violations,
): void {
  const { nodes, prefixes } = simulation;
  for (const node of liveNodes(simulation)) {
    if (!bird.isRunning(node)) continue;
    const name = nodes.name(node);
    for (const prefix of bird.routes(node)) {
      const peer = bird.paths(node, prefix)[0]?.from ?? node;
      if (peer === node || bird.isEstablished(node, peer)) continue;
      violations.add(
        `BIRD of ${name} has ${prefixes.text(prefix)} from ${nodes.name(peer)} without a session`,
      );
    }
  }
}

import type { Lab } from "../lab/lab.js";

/** Seconds of rest after everything converged, before something happens (ground-truth/bird README, scenarios). */
const REST = 2;

/** What noticing it takes on top, and opening a capture: up to this much, seconds. Assumed. */
const REST_LATE = 0.1;

/** Longest wait for convergence, seconds. */
const PATIENCE = 300;

/** Configures and starts some nodes, which know one another alone, and lets them come to rest. */
export function converge(lab: Lab, nodes: readonly number[]): void {
  const known = new Set(nodes);
  for (const node of nodes) lab.configure(node, (peer) => known.has(peer));
  lab.startAll(nodes);
  const complete = lab.completeness(nodes);
  const ends = lab.endsAmong(nodes);
  const done = lab.runUntil(() => lab.bird.establishedEnds === ends && complete.all, PATIENCE);
  if (!done) throw new Error(`${lab.parameters.id}: the nodes did not converge`);
  lab.rest(REST + REST_LATE * lab.engine.stream("lab", "rest").next());
}

import type { Simulation } from "@calico-sim/cluster";
import { formatMicros } from "@calico-sim/core";

/** A law that does not hold at a moment of a run. */
export interface Violation {
  /** Name of the law. */
  readonly invariant: string;
  /** What is wrong, for people; begins with seed and moment, so that it can be found again. */
  readonly text: string;
}

/**
 * A law about a cluster at any moment at which it is asked; most hold only once all is quiet.
 *
 * @returns every violation; none if it holds.
 */
export type Invariant = (simulation: Simulation) => readonly Violation[];

/** Gathers the violations of one law at one moment. */
export class Violations {
  readonly found: Violation[] = [];
  private readonly invariant: string;
  private readonly where: string;

  constructor(invariant: string, simulation: Simulation) {
    const { engine } = simulation;
    this.invariant = invariant;
    this.where = `seed ${engine.random.seed}, at ${formatMicros(engine.now)}`;
  }

  /** One more. */
  add(text: string): void {
    this.found.push({ invariant: this.invariant, text: `${this.where}: ${text}` });
  }
}

/** Nodes whose calico-node is meant to run and whose host is up. */
export function liveNodes(simulation: Simulation): number[] {
  const live: number[] = [];
  for (let node = 0; node < simulation.nodes.size; node++) {
    const name = simulation.nodes.name(node);
    if (simulation.nodes.isNode(node) && simulation.tracker.connected(name, name)) live.push(node);
  }
  return live;
}

/** Whether two nodes are live and the underlay joins them, both ways. */
export function connected(simulation: Simulation, a: number, b: number): boolean {
  const { nodes, tracker } = simulation;
  return tracker.connected(nodes.name(a), nodes.name(b));
}

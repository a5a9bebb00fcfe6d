import type { Issue } from "@calico-sim/core";

/** Something wrong with one step. */
export interface ScenarioFault {
  /** Which step of the scenario, from 0. */
  readonly index: number;
  /** What is wrong; its path begins at the step: `["action", "node"]`, `["at"]`. */
  readonly issue: Issue;
}

/**
 * A step of a scenario cannot be, or names something that the cluster does not have; the message says which step, what
 * stands there and what there is instead.
 */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
  /** Everything that is wrong, by step; none where the error is about no step. */
  readonly faults: readonly ScenarioFault[];

  constructor(what: string, faults: readonly ScenarioFault[] = []) {
    super(what);
    this.faults = faults;
  }
}

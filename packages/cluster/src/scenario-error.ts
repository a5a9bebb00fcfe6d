import { formatMicros, formatPath, type Issue } from "@calico-sim/core";
import { issueLine } from "./cluster-error.js";
import { describe, type Step } from "./scenario.js";

/** Something wrong with one step. */
export interface ScenarioFault {
  /** Which step of the scenario, from 0. */
  readonly index: number;
  /** What is wrong; its path begins at the step: `["action", "node"]`, `["at"]`. */
  readonly issue: Issue;
}

/** Faults that a message shows; what follows is mostly their echo. */
const SHOWN = 20;

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

/** The error of all that is wrong with the steps of a scenario. */
export function scenarioError(
  scenario: readonly Step[],
  faults: readonly ScenarioFault[],
): ScenarioError {
  const more = faults.length - SHOWN;
  const lines = faults.slice(0, SHOWN).map(({ index, issue }) => {
    const { path = [], ...rest } = issue;
    const place = formatPath(["scenario", index, ...path]);
    return issueLine({ ...rest, field: `${place}${inWords(scenario[index])}` });
  });
  if (more > 0) lines.push(`… and ${String(more)} more errors`);
  return new ScenarioError(lines.join("\n"), faults);
}

/** When a step is due and what it does, as far as that can be said. */
function inWords(step: Step | undefined): string {
  const at: unknown = step?.at;
  const due = typeof at === "number" && Number.isFinite(at);
  const when = due ? ` at ${at === 0 ? "0s" : formatMicros(at)}` : "";
  try {
    return step === undefined ? "" : `${when} (${describe(step.action)})`;
  } catch {
    return when;
  }
}

import { formatMicros, formatPath } from "@calico-sim/core";
import { issueLine } from "./cluster-error.js";
import { describe, type Step } from "./scenario.js";
import { ScenarioError, type ScenarioFault } from "./scenario-error.js";

/** Faults that a message shows; what follows is mostly their echo. */
const SHOWN = 20;

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

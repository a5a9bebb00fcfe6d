import { didYouMean, isRecord, showValue } from "@calico-sim/core";
import { ScenarioError } from "./scenario-error.js";

/**
 * Options of a function that makes an action: what it does not know would not happen.
 *
 * @throws ScenarioError naming the function, the option, and what there is.
 */
export function checkedOptions<T extends object>(
  options: T,
  known: readonly (keyof T & string)[],
  call: string,
): T {
  if (!isRecord(options))
    throw new ScenarioError(`${call} takes an object of options, not ${showValue(options)}`);
  const strange = Object.keys(options).find((name) => !(known as readonly string[]).includes(name));
  if (strange === undefined) return options;
  throw new ScenarioError(
    `${call} has no option ${JSON.stringify(strange)}${didYouMean(strange, known)} (expected ${known.join(", ")})`,
  );
}

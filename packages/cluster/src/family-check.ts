import { type Issue, type PathSegment, showValue } from "@calico-sim/core";
import { faultAt } from "./check-fields.js";

/**
 * What is wrong with families of addresses, in a description or in a step: there is no family but 4 and 6. What is no list
 * at all is left to the check of the field.
 *
 * @param whose Who has an address of each, e.g. `a pod`.
 */
export function familyIssues(
  given: unknown,
  path: readonly PathSegment[],
  whose: string,
): readonly Issue[] {
  if (!Array.isArray(given)) return [];
  // By entries, since holes are seen then, too.
  const families = [...(given as readonly unknown[])];
  if (families.length === 0) {
    const message = `${whose} has an address of some family`;
    return [faultAt("VALUE_OUT_OF_RANGE", path, message, "[4], [6] or [4, 6]", given)];
  }
  return families.flatMap((got, i) => {
    const known = got === 4 || got === 6;
    if (known && families.indexOf(got) === i) return [];
    const message = known
      ? "this family is there twice"
      : `${showValue(got)} is no family of addresses`;
    return [faultAt("VALUE_OUT_OF_RANGE", [...path, i], message, "4 or 6", got)];
  });
}

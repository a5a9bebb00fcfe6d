import type { Result } from "@calico-sim/cluster";
import type { Advice } from "./advice.js";
import { ADVICE_RULES } from "./advice-rules.js";

const ORDER = ["change", "keep", "watch"] as const;

/**
 * What this run suggests; only what its figures show. Changes first, in order of weight.
 *
 * @param compare - the same cluster without Typha (or with), if it was run.
 */
export function advise(result: Result, compare?: Result): readonly Advice[] {
  const given = ADVICE_RULES.flatMap((rule) => {
    const advice = rule(result, compare);
    return advice === undefined ? [] : [advice];
  });
  return ORDER.flatMap((kind) => given.filter((advice) => advice.kind === kind));
}

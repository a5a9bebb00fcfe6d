import type { Result } from "@calico-sim/cluster";
import { ADVICE_RULES } from "./advice-rules.js";

/** What to do, and why this run says so. */
export interface Advice {
  /** `change`: do something. `keep`: what is there earns its place. `watch`: nothing yet. */
  readonly kind: "change" | "keep" | "watch";
  readonly code: string;
  /** A sentence: what to do. */
  readonly text: string;
  /** A sentence: the figure of this run, and the experience it is held against. */
  readonly because: string;
  /** Where the threshold comes from. */
  readonly source: string;
}

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

import type { Buckets } from "./buckets.js";
import type { Repeats } from "./updates.js";

/**
 * What a part of a re-feed says beyond what it changes at its receiver.
 *
 * @param said - What it says.
 * @param changes - What the receiver learns from it.
 * @param more - Withdrawn routes beside those: the connected subnet is in no table here.
 */
export function repeatsOf(said: Buckets, changes: Buckets, more: number): Repeats {
  const reach: Repeats["reach"][number][] = [];
  for (const [attributes, { prefixes, sources }] of said.reach) {
    const news = changes.reach.get(attributes);
    const known = new Set(
      news?.prefixes.map((prefix, i) => `${String(prefix)} ${String(news.sources[i]!)}`),
    );
    const again = prefixes.flatMap((prefix, i) =>
      known.has(`${String(prefix)} ${String(sources[i]!)}`) ? [] : [i],
    );
    if (again.length === 0) continue;
    reach.push({
      attributes,
      prefixes: again.map((i) => prefixes[i]!),
      sources: again.map((i) => sources[i]!),
    });
  }
  return Object.freeze({ reach, withdrawn: said.withdraw.prefixes.length + more });
}

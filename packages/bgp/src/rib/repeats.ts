import type { Buckets } from "./buckets.js";
import type { Prepared, Repeats, UpdateTable } from "./updates.js";

/**
 * What the burst of a re-feed says beyond what it changes at its receiver.
 *
 * @param first - The change itself, as it goes out before the feed.
 * @param steps - The feed; the connected subnet is withdrawn with it.
 * @param changes - What the receiver learns from all that.
 */
export function repeatsOf(
  updates: UpdateTable,
  first: readonly Prepared[],
  steps: readonly Buckets[],
  changes: Buckets,
): Repeats {
  const news = new Set<string>();
  const repeated = new Map<number, { prefixes: number[]; sources: number[] }>();
  const key = (attributes: number, prefix: number, source: number): string =>
    [attributes, prefix, source].join();
  for (const [attributes, { prefixes, sources }] of changes.reach)
    for (const [i, prefix] of prefixes.entries()) news.add(key(attributes, prefix, sources[i]!));
  const say = (attributes: number, prefix: number, source: number): void => {
    if (news.delete(key(attributes, prefix, source))) return;
    let of = repeated.get(attributes);
    if (of === undefined) repeated.set(attributes, (of = { prefixes: [], sources: [] }));
    of.prefixes.push(prefix);
    of.sources.push(source);
  };
  let withdrawn = 1;
  for (const { record, reach, prefixes } of first) {
    if (!reach) withdrawn += prefixes;
    else
      for (let item = updates.begin(record); item < updates.end(record); item++)
        say(updates.attributes(record), updates.prefix(item), updates.source(item));
  }
  for (const { withdraw, reach } of steps) {
    withdrawn += withdraw.prefixes.length;
    for (const [attributes, { prefixes, sources }] of reach)
      for (const [i, prefix] of prefixes.entries()) say(attributes, prefix, sources[i]!);
  }
  const reach = [...repeated].map(([attributes, said]) => ({ attributes, ...said }));
  return Object.freeze({ reach, withdrawn });
}

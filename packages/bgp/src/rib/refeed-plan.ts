import type { Buckets } from "./buckets.js";
import { REJECTED } from "./exporter.js";
import type { Offer } from "./offer.js";
import { OWN, SOURCES } from "./paths.js";
import type { News, RefeedPlan, RouteKey } from "./refeed.js";

/** The key of a route. */
export function routeKey({ prefix, source }: Pick<Offer, "prefix" | "source">): RouteKey {
  return prefix * SOURCES + (source - OWN);
}

/** Prefix of a key. */
export function prefixOfKey(key: RouteKey): number {
  return Math.floor(key / SOURCES);
}

/** Path identifier of a key. */
export function sourceOfKey(key: RouteKey): number {
  return (key % SOURCES) + OWN;
}

/** What is offered otherwise than the peers know: what was offered before, and then what went out with the change itself. */
export function newsOf(before: readonly Offer[], after: readonly Offer[], told: Buckets): News {
  const news = new Map<RouteKey, Offer | undefined>();
  const knew = new Map(before.map((offer) => [routeKey(offer), offer]));
  const knows = new Map(after.map((offer) => [routeKey(offer), offer]));
  for (const [i, prefix] of told.withdraw.prefixes.entries())
    knew.delete(routeKey({ prefix, source: told.withdraw.sources[i]! }));
  for (const [attributes, { prefixes, sources }] of told.reach)
    for (const [i, prefix] of prefixes.entries()) {
      const offer = { prefix, source: sources[i]!, from: OWN, attributes };
      knew.set(routeKey(offer), offer);
    }
  for (const [key, offer] of knew)
    if (!knows.has(key) && offer.attributes !== REJECTED) news.set(key, offer);
  for (const [key, offer] of knows) {
    const known = knew.get(key);
    const same = known?.attributes === offer.attributes && known.from === offer.from;
    const nothing = offer.attributes === REJECTED && (known?.attributes ?? REJECTED) === REJECTED;
    if (!same && !nothing) news.set(key, known);
  }
  return news;
}

/** News by the step that offers the route; what none offers goes with the last. */
export function newsBySteps(steps: readonly (readonly Offer[])[], news: News): News[] {
  if (news.size === 0) return steps.map(() => NO_NEWS);
  const rest = new Map(news);
  const found = steps.map((offers) => {
    const own = new Map<RouteKey, Offer | undefined>();
    for (const offer of offers) {
      const key = routeKey(offer);
      if (!rest.has(key)) continue;
      own.set(key, rest.get(key));
      rest.delete(key);
    }
    return own;
  });
  for (const [key, offer] of rest) found.at(-1)!.set(key, offer);
  return found;
}

/** A plan that takes the place of one under way, whose news may not have gone out. */
export function withNewsOf(plan: RefeedPlan, under: RefeedPlan): RefeedPlan {
  const missing = new Map(under.steps.flatMap(({ news }) => [...news]));
  if (missing.size === 0) return plan;
  for (const { news } of plan.steps) for (const key of news.keys()) missing.delete(key);
  const found = newsBySteps(
    plan.steps.map(({ offers }) => offers),
    missing,
  );
  const steps = plan.steps.map((step, i) => ({
    ...step,
    news: new Map([...found[i]!, ...step.news]),
    record: -1,
  }));
  return { ...plan, steps };
}

const NO_NEWS: News = new Map();

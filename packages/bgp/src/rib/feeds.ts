import type { FleetContext } from "../fleet/context.js";
import { countBatch, countUpdate } from "./batches.js";
import { Buckets } from "./buckets.js";
import { REJECTED } from "./exporter.js";
import type { FeedStep } from "./feed.js";
import { stepsOf } from "./offers.js";
import { NOBODY, type Outbox } from "./outbox.js";
import { OWN } from "./paths.js";
import type { PeerGroup } from "./peer-group.js";
import type { Prepared } from "./updates.js";

/** A path offered in a feed. */
interface Offered {
  readonly prefix: number;
  readonly path: number;
}

/**
 * Feeds of whole tables. All peers of a group are offered the same, but for what each said itself, so a feed is
 * prepared once for the group; when the table has changed, again from the lowest prefix that did.
 */
export class Feeds {
  private readonly x: FleetContext;
  private readonly outbox: Outbox;

  constructor(context: FleetContext, outbox: Outbox) {
    this.x = context;
    this.outbox = outbox;
  }

  /**
   * Announces one step of the table to a peer of a group.
   *
   * @param from - Prefix at which the step begins; 0 at first.
   * @returns the prefix at which the next begins, −1 if this was the last
   */
  step(node: number, e: number, group: PeerGroup, from: number): number {
    this.prepare(node, group);
    const { steps } = group.feed;
    const at = stepAt(steps, from);
    const step = steps[at];
    if (step === undefined) return -1;
    const next = steps[at + 1];
    if (from <= step.prefix) this.sendStep(node, e, group, step);
    // The table changed below, and the steps begin elsewhere now.
    else this.sendOffers(node, e, group, this.offers(node, group, from, next?.prefix));
    return next?.prefix ?? -1;
  }

  /** Nobody is told what it said itself. */
  private sendStep(node: number, e: number, group: PeerGroup, step: FeedStep): void {
    const { batch, from, messages } = step;
    const peer = this.x.ends.peer[e]!;
    if (step.mixed.has(peer)) {
      const offers = this.offers(node, group, step.prefix, step.behind);
      this.sendOffers(node, e, group, offers);
      return;
    }
    let next = 0;
    for (let own = from.indexOf(peer); own >= 0; own = from.indexOf(peer, next)) {
      this.outbox.postPart(node, e, batch.start + next, own - next);
      countUpdate(this.x.counters, messages[own]!, -1);
      next = own + 1;
    }
    countBatch(this.x.counters, batch, 1);
    this.outbox.postPart(node, e, batch.start + next, batch.length - next);
  }

  /** Offers for one peer alone. */
  private sendOffers(node: number, e: number, group: PeerGroup, offers: readonly Offered[]): void {
    const buckets = this.buckets(node, group, offers, this.x.ends.peer[e]!);
    this.outbox.post(node, e, this.outbox.batch(this.outbox.prepare(buckets, group.addPath)));
  }

  /** Brings a group's feed up to date. */
  private prepare(node: number, group: PeerGroup): void {
    const { feed } = group;
    const { steps, changed } = feed;
    if (changed === Number.POSITIVE_INFINITY) return;
    feed.changed = Number.POSITIVE_INFINITY;
    // A step is as it was if the next one begins at or before what changed.
    let kept = 0;
    while (kept + 1 < steps.length && steps[kept + 1]!.prefix <= changed) kept++;
    const from = kept === 0 ? 0 : steps[kept]!.prefix;
    steps.length = kept;
    const parts = stepsOf(this.offers(node, group, from), kept === 0);
    for (const [i, part] of parts.entries())
      if (part.length > 0) steps.push(this.prepared(node, group, part, parts[i + 1]?.[0]?.prefix));
  }

  private prepared(
    node: number,
    group: PeerGroup,
    offers: readonly Offered[],
    behind: number | undefined,
  ): FeedStep {
    const messages: Prepared[] = [];
    const from: number[] = [];
    const mixed = new Set<number>();
    for (const [attributes, bucket] of this.buckets(node, group, offers, NOBODY).reach) {
      for (const message of this.outbox.pack(attributes, bucket, group.addPath)) {
        messages.push(message);
        from.push(bucket.from);
      }
      for (const origin of bucket.several ?? NOBODY_ELSE) mixed.add(origin);
    }
    return {
      prefix: offers[0]!.prefix,
      behind,
      messages,
      batch: this.outbox.batch(messages),
      from: Int32Array.from(from),
      mixed,
    };
  }

  /** What is told of some offers to all but one. What a feed does not tell is not withdrawn either: the peer knows nothing yet. */
  private buckets(
    node: number,
    group: PeerGroup,
    offers: readonly Offered[],
    but: number,
  ): Buckets {
    const buckets = new Buckets();
    for (const { prefix, path } of offers) {
      const from = this.outbox.from(path);
      const told = from === but ? REJECTED : this.outbox.told(node, group, prefix, path);
      if (told === REJECTED) continue;
      const source = group.addPath ? this.outbox.identifier(path) : OWN;
      buckets.add(told, prefix, source, from);
    }
    return buckets;
  }

  /**
   * Routes as offered to a group, from a prefix on and up to another: with add-path each path, else the best
   * (bird: nest/rt-table.c, do_feed_baby).
   */
  private offers(
    node: number,
    { addPath }: PeerGroup,
    from: number,
    behind: number = Number.POSITIVE_INFINITY,
  ): Offered[] {
    const { rib } = this.x.daemons[node]!;
    const offers: Offered[] = [];
    for (const prefix of rib.prefixes(from)) {
      if (prefix >= behind) break;
      if (addPath) for (const path of rib.all(prefix)) offers.push({ prefix, path });
      else offers.push({ prefix, path: rib.best(prefix) });
    }
    return offers;
  }
}

const NOBODY_ELSE: readonly number[] = Object.freeze([]);

/** The step in which a prefix lies: the last that begins at or before it, else the first. */
function stepAt(steps: readonly FeedStep[], prefix: number): number {
  let low = 0;
  let high = steps.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (steps[middle]!.prefix <= prefix) low = middle;
    else high = middle;
  }
  return low;
}

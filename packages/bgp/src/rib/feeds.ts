import type { FleetContext } from "../fleet/context.js";
import { FEED_STEP } from "../session/constants.js";
import { countBatch, countUpdate } from "./batches.js";
import { Buckets } from "./buckets.js";
import { REJECTED } from "./exporter.js";
import type { FeedStep } from "./feed.js";
import { NOBODY, type Outbox } from "./outbox.js";
import { OWN } from "./paths.js";
import type { PeerGroup } from "./peer-group.js";
import type { Prepared } from "./updates.js";

/** A path offered in a feed. */
interface Offered {
  readonly prefix: number;
  readonly path: number;
  /** Which of the prefix's paths it is. */
  readonly place: number;
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

  /** Announces the table to a peer of a group. */
  send(node: number, e: number, group: PeerGroup): void {
    this.prepare(node, group);
    for (const step of group.feed.steps) this.sendStep(node, e, group, step);
  }

  /** Nobody is told what it said itself. */
  private sendStep(node: number, e: number, group: PeerGroup, step: FeedStep): void {
    const { batch, from, messages } = step;
    const peer = this.x.ends.peer[e]!;
    if (step.mixed.has(peer)) {
      const offers = this.offers(node, group, step.prefix, step.place, step.offers);
      const buckets = this.buckets(node, group, offers, peer);
      this.outbox.post(node, e, this.outbox.batch(this.outbox.prepare(buckets, group.addPath)));
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

  /** Brings a group's feed up to date. */
  private prepare(node: number, group: PeerGroup): void {
    const { feed } = group;
    const { steps, changed } = feed;
    if (changed === Number.POSITIVE_INFINITY) return;
    feed.changed = Number.POSITIVE_INFINITY;
    // A step is as it was if the next one begins at or before what changed.
    let kept = 0;
    while (kept + 1 < steps.length && beginsBy(steps[kept + 1]!, changed)) kept++;
    const { prefix, place } = kept === 0 ? FIRST : steps[kept]!;
    steps.length = kept;
    const offers = this.offers(node, group, prefix, place, Number.POSITIVE_INFINITY);
    // The connected subnet takes a place in the first step (law 3).
    let room = kept === 0 ? FEED_STEP - 1 : FEED_STEP;
    for (let i = 0; i < offers.length; i += room, room = FEED_STEP)
      steps.push(this.step(node, group, offers.slice(i, i + room)));
  }

  private step(node: number, group: PeerGroup, offers: readonly Offered[]): FeedStep {
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
    const { prefix, place } = offers[0]!;
    return {
      prefix,
      place,
      offers: offers.length,
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
   * Routes as offered to a group, from a path of a prefix on: with add-path each path, else the best
   * (bird: nest/rt-table.c, do_feed_baby).
   */
  private offers(
    node: number,
    { addPath }: PeerGroup,
    from: number,
    place: number,
    count: number,
  ): Offered[] {
    const { rib } = this.x.daemons[node]!;
    const offers: Offered[] = [];
    for (const prefix of rib.prefixes(from)) {
      const paths = addPath ? rib.all(prefix) : [rib.best(prefix)];
      for (let i = prefix === from ? place : 0; i < paths.length; i++)
        offers.push({ prefix, path: paths[i]!, place: i });
      if (offers.length >= count) return offers.slice(0, count);
    }
    return offers;
  }
}

const NOBODY_ELSE: readonly number[] = Object.freeze([]);

/** Where a feed begins. */
const FIRST = { prefix: 0, place: 0 } as const;

/** Whether a step begins at the first offer of a prefix, or of one before it. */
function beginsBy({ prefix, place }: FeedStep, by: number): boolean {
  return prefix < by || (prefix === by && place === 0);
}

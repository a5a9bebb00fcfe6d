import type { FleetContext } from "../fleet/context.js";
import { COUNT } from "../messages/counters.js";
import { endOfRibBytes } from "../messages/sizes.js";
import { END_OF_RIB } from "../session/segments.js";
import type { Transport } from "../session/transport.js";
import { Feeds } from "./feeds.js";
import { bucketsFor, type Offers, stepsOf } from "./offers.js";
import { NOBODY, type Outbox } from "./outbox.js";
import { joinGroup } from "./peer-groups.js";

/** What a daemon tells a peer at first. */
export class Advertiser {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  private readonly offers: Offers;
  private readonly outbox: Outbox;
  private readonly feeds: Feeds;

  constructor(context: FleetContext, transport: Transport, offers: Offers, outbox: Outbox) {
    this.x = context;
    this.transport = transport;
    this.offers = offers;
    this.outbox = outbox;
    this.feeds = new Feeds(context, outbox);
  }

  /**
   * Announces everything to a peer, then End-of-RIB (law 3): one step of a feed a turn, with other work in between, so that
   * peers which come together are fed side by side (bird: nest/rt-table.c, rt_feed_baby).
   *
   * @returns whether a further turn has to go on with it
   */
  feed(node: number, e: number): boolean {
    const { x } = this;
    const side = x.ends.established[e]!;
    if (side < 0) return false;
    const daemon = x.daemons[node]!;
    const begins = x.ends.exporting[e] === 0;
    if (begins) daemon.exporting++;
    x.ends.exporting[e] = 1;
    if (daemon.meshOnly) {
      if (begins) x.stats?.feed(node, e, false);
      if (this.feedBlocks(node, e, side)) return true;
    } else if (this.feedTable(node, e, side)) return true;
    x.spend(node, x.costs.message);
    x.counters.count(COUNT.update, endOfRibBytes(x.family));
    x.counters.endOfRib++;
    this.transport.send(side, END_OF_RIB);
    return false;
  }

  /** One step of a whole table; true if there are more. */
  private feedTable(node: number, e: number, side: number): boolean {
    const { x } = this;
    const { feeding } = x.daemons[node]!;
    // What waits for the others is part of the feed.
    if (x.unsent[node] === 1) this.outbox.send(node);
    const group = joinGroup(x, node, e);
    const under = feeding.get(e);
    const goesOn = under?.side === side;
    if (!goesOn) x.stats?.feed(node, e, false);
    const next = this.feeds.step(node, e, group, goesOn ? under.next : 0);
    x.spend(node, this.offers.cost(node) / Math.max(1, group.feed.steps.length));
    if (next >= 0) feeding.set(e, { side, next });
    else feeding.delete(e);
    return next >= 0;
  }

  /** One step of a mesh peer's; true if there are more. */
  private feedBlocks(node: number, e: number, side: number): boolean {
    const { x } = this;
    const daemon = x.daemons[node]!;
    if (daemon.feed === undefined) {
      daemon.feed = stepsOf(this.offers.all(node, e))
        .flatMap((offers) => this.outbox.prepare(bucketsFor(offers, NOBODY), x.addPath))
        .map((message) => this.outbox.batch([message]));
      // The steps of those under way begin elsewhere now.
      daemon.feeding.clear();
    }
    const steps = Math.max(1, daemon.feed.length);
    x.spend(node, this.offers.cost(node) / steps);
    const before = daemon.feeding.get(e);
    const step = before?.side === side ? before.next : 0;
    const batch = daemon.feed[step];
    if (batch !== undefined) this.outbox.post(node, e, batch);
    if (step + 1 < steps) daemon.feeding.set(e, { side, next: step + 1 });
    else daemon.feeding.delete(e);
    return step + 1 < steps;
  }
}

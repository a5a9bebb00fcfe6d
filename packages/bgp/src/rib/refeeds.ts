import { HOST_BASE } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { WORK_REFEED_STEP } from "../fleet/daemon.js";
import { type FilterChanges, SAME_FILTERS } from "../fleet/filter-changes.js";
import { COUNT } from "../messages/counters.js";
import { prefixBytes, ROUTE_REFRESH_BYTES } from "../messages/sizes.js";
import { REFRESH, REQUEST } from "../session/segments.js";
import type { Transport } from "../session/transport.js";
import type { ExportRules } from "../types.js";
import { countUpdate } from "./batches.js";
import { Buckets } from "./buckets.js";
import { type Exporter, REJECTED } from "./exporter.js";
import type { KernelWriter } from "./kernel-writer.js";
import type { Offer } from "./offer.js";
import { bucketsFor, type Offers, stepsOf } from "./offers.js";
import { NOBODY, type Outbox } from "./outbox.js";
import type { RibChange } from "./path-lists.js";
import { OWN, OWN_PATH } from "./paths.js";
import { regroup } from "./peer-groups.js";
import { podPrefixes } from "./pod-routes.js";
import type { RefeedPlace, RefeedPlan, RefeedStep } from "./refeed.js";
import { newsBySteps, newsOf, prefixOfKey, sourceOfKey, withNewsOf } from "./refeed-plan.js";
import { repeatsOf } from "./repeats.js";
import type { Refeed } from "./updates.js";

/** Bits of the connected subnet that BIRD holds beside the blocks (law 6: "connected subnets"), by family; a /24 and a /64 as measured. */
const CONNECTED_SUBNET_BITS = { 4: 24, 6: 64 } as const;

/**
 * What a daemon tells its peers again, with enhanced refresh (law 6; RFC 7313), after a change of its own routes or of
 * the rules by which it exports.
 *
 * The turn that reads the new files tells every peer that a refresh begins, and the change itself. Then comes the table, to all
 * peers side by side: a step of 256 routes to each in turn, what is not told as withdrawn, until the end of the refresh. So
 * a daemon with a thousand peers has told all of them of a new block long before the first has the whole table again
 * (bird: nest/rt-table.c, do_feed_baby; measured with 40 clients of a reflector, docs/model/fidelity.md).
 */
export class Refeeds {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  private readonly exporter: Exporter;
  private readonly offers: Offers;
  private readonly kernel: KernelWriter;
  private readonly outbox: Outbox;

  constructor(
    context: FleetContext,
    transport: Transport,
    exporter: Exporter,
    offers: Offers,
    kernel: KernelWriter,
    outbox: Outbox,
  ) {
    this.x = context;
    this.transport = transport;
    this.exporter = exporter;
    this.offers = offers;
    this.kernel = kernel;
    this.outbox = outbox;
  }

  /**
   * The routes that the node originates, or the rules by which it exports, changed: confd rewrote
   * `calico_aggr` or `calico_export_to_bgp_peers`, so every peer is fed anew (law 6).
   */
  change(
    node: number,
    blocks: readonly number[],
    rules: ExportRules | undefined,
    filters: FilterChanges = SAME_FILTERS,
  ): void {
    const { x } = this;
    const daemon = x.daemons[node]!;
    const held = new Set(daemon.blocks);
    const wanted = new Set(blocks);
    const gained = blocks.filter((p) => !held.has(p));
    const lost = daemon.blocks.filter((p) => !wanted.has(p));
    const same = gained.length === 0 && lost.length === 0 && rules === daemon.rules;
    if (same && filters.policies.size === 0) return;
    const groups = this.receivers(node);
    const before = groups.map(({ sample }) => this.offers.all(node, sample));
    const told = groups.map(({ sample }) => this.announced(node, sample, gained, lost));
    for (const p of gained) this.originated(node, p, daemon.rib.add(p, OWN_PATH));
    for (const p of lost) this.originated(node, p, daemon.rib.remove(p, OWN, OWN));
    daemon.blocks.splice(0, daemon.blocks.length, ...blocks);
    daemon.rules = rules;
    daemon.feed = undefined;
    for (const [e, policy] of filters.policies) x.ends.policy[e] = policy;
    if (filters.policies.size > 0) regroup(x, node);
    for (const { exports, feed } of daemon.groups) {
      exports.clear();
      feed.changed = 0;
    }
    for (const [i, group] of groups.entries())
      for (const part of this.concerned(group, filters, !same))
        this.begin(node, part, before[i]!, told[i]!);
  }

  /** Those of a group that are to be fed again, by what they are told from now on. */
  private concerned(
    group: Receivers,
    { policies, exports }: FilterChanges,
    all: boolean,
  ): readonly Receivers[] {
    if (policies.size === 0) return [group];
    const members = group.members.filter((e) => all || exports.has(e));
    const parts = new Map<number, number[]>();
    for (const e of members) {
      const policy = this.x.ends.policy[e]!;
      const part = parts.get(policy);
      if (part === undefined) parts.set(policy, [e]);
      else part.push(e);
    }
    return [...parts.values()].map((part) => ({ sample: part[0]!, members: part }));
  }

  /** The import filter of a peer changed: it is asked for everything again (RFC 2918; bird: proto/bgp/bgp.c, bgp_reload_routes). */
  request(node: number, e: number): void {
    const { x } = this;
    const side = x.ends.established[e]!;
    if (side < 0) return;
    x.spend(node, x.costs.message);
    x.counters.count(COUNT.refresh, ROUTE_REFRESH_BYTES);
    this.transport.send(side, REQUEST);
  }

  /** A peer asked for everything again; one that is not fed yet gets it anyway (bird: nest/proto.c, proto_request_feeding). */
  requested(node: number, e: number): void {
    const { ends, unsent } = this.x;
    if (ends.established[e]! < 0 || ends.exporting[e] === 0) return;
    if (unsent[node] === 1) this.outbox.send(node);
    this.begin(node, { sample: e, members: [e] }, [], new Buckets());
  }

  private originated(node: number, prefix: number, change: RibChange | undefined): void {
    if (change !== undefined) this.kernel.changed(node, prefix, change);
  }

  /** Fed peers that are told the same, but for what each said itself. */
  private receivers(node: number): Receivers[] {
    const { ends, daemons } = this.x;
    const { groups, meshOnly } = daemons[node]!;
    const lists = meshOnly
      ? [ends.of(node).filter((e) => ends.exporting[e] === 1)]
      : groups.map((group) => group.ends);
    return lists.flatMap((members) => {
      const open = members.filter((e) => ends.established[e]! >= 0);
      const sample = open[0];
      return sample === undefined ? [] : [{ sample, members: open }];
    });
  }

  /** The change itself as it goes out before the re-feed, through the filter as it was (law 6). */
  private announced(
    node: number,
    e: number,
    gained: readonly number[],
    lost: readonly number[],
  ): Buckets {
    const buckets = new Buckets();
    const attributes = (p: number): number => this.exporter.attributes(node, e, p, OWN_PATH);
    for (const p of lost) if (attributes(p) !== REJECTED) buckets.add(REJECTED, p, OWN, OWN);
    for (const p of gained) if (attributes(p) !== REJECTED) buckets.add(attributes(p), p, OWN, OWN);
    return buckets;
  }

  /** Tells a group that a refresh begins, and the change; the table follows in steps. */
  private begin(
    node: number,
    { sample, members }: Receivers,
    before: readonly Offer[],
    told: Buckets,
  ): void {
    const { x } = this;
    const daemon = x.daemons[node]!;
    const addPath = x.addsPaths(sample);
    const first = this.outbox.prepare(told, addPath);
    const record = x.updates.addRefeed({
      ...changesOf(told),
      messages: first.length + 1,
      refreshes: 1,
      spurious: 0,
      repeats: x.stats && repeatsOf(told, told, 0),
    });
    const plan = this.plan(node, sample, before, told);
    const instead = new Map<RefeedPlan, RefeedPlan>();
    for (const e of members) {
      const side = x.ends.established[e]!;
      x.stats?.feed(node, e, true);
      x.spend(node, (first.length + 1) * x.costs.message);
      x.counters.count(COUNT.refresh, ROUTE_REFRESH_BYTES);
      for (const message of first) countUpdate(x.counters, message, 1);
      if (first.length > 0) this.transport.sendBurst(side, REFRESH | (record << 4));
      else this.transport.send(side, REFRESH | (record << 4));
      const under = daemon.refeeding.get(e);
      if (under === undefined) x.queueWork(node, WORK_REFEED_STEP, e);
      // One that is under way begins anew (bird: nest/proto.c, proto_request_feeding).
      let mine = plan;
      if (under?.side === side) {
        mine = instead.get(under.plan) ?? withNewsOf(plan, under.plan);
        instead.set(under.plan, mine);
      }
      daemon.refeeding.set(e, { side, plan: mine, step: 0, first: 0, messages: 0, bytes: 0 });
    }
  }

  /** The table as it is offered now, step by step, and what of it is news. */
  private plan(node: number, sample: number, before: readonly Offer[], told: Buckets): RefeedPlan {
    const addPath = this.x.addsPaths(sample);
    const after = this.offers.all(node, sample);
    const untold = this.x.daemons[node]!.meshOnly ? this.learnt(node, addPath) : [];
    const parts = stepsOf([...after, ...untold, ...this.pods(node)]);
    const news = newsBySteps(parts, newsOf(before, after, told));
    const steps = parts.map((offers, i) => {
      const subnet = i === 0 ? prefixBytes(CONNECTED_SUBNET_BITS[this.x.family], addPath) : 0;
      const messages = this.outbox.measure(bucketsFor(offers, NOBODY), addPath, subnet);
      const from = new Set<number>();
      for (const offer of offers) if (offer.attributes !== REJECTED) from.add(offer.from);
      return { offers, subnet, messages, from, news: news[i]!, record: -1 };
    });
    return { addPath, steps };
  }

  /**
   * Goes on with a peer by one step. What is no news to it is written step by step, which takes the daemon's time, and read
   * with what comes next: a step that changes nothing is not worth a delivery of its own.
   *
   * @returns whether a further turn has to go on with it
   */
  step(node: number, e: number): boolean {
    const { x } = this;
    const { refeeding } = x.daemons[node]!;
    const place = refeeding.get(e);
    if (place === undefined) return false;
    const { side, plan } = place;
    if (x.ends.established[e] !== side) {
      refeeding.delete(e);
      return false;
    }
    const step = plan.steps[place.step]!;
    const last = place.step + 1 === plan.steps.length;
    const peer = x.ends.peer[e]!;
    const written = step.from.has(peer)
      ? this.outbox.measure(bucketsFor(step.offers, peer), plan.addPath, step.subnet)
      : step.messages;
    for (const message of written) {
      countUpdate(x.counters, message, 1);
      place.bytes += message.bytes;
    }
    place.messages += written.length;
    const refreshes = last ? 1 : 0;
    const cost = this.offers.cost(node) / plan.steps.length;
    x.spend(node, cost + (written.length + refreshes) * x.costs.message);
    if (last || step.news.size > 0) this.post(node, e, place, refreshes);
    place.step++;
    if (last) refeeding.delete(e);
    return !last;
  }

  /** Sends what was written since it sent last. */
  private post(node: number, e: number, place: RefeedPlace, refreshes: number): void {
    const { x } = this;
    x.counters.count(COUNT.refresh, ROUTE_REFRESH_BYTES, refreshes);
    const record = this.record(node, e, place, refreshes);
    this.transport.sendSeveral(place.side, REFRESH | (record << 4), place.bytes);
    place.first = place.step + 1;
    place.messages = 0;
    place.bytes = 0;
  }

  /** What the steps that go together change at a peer, written down. */
  private record(
    node: number,
    e: number,
    { plan, first, step: at, messages }: RefeedPlace,
    refreshes: number,
  ): number {
    const peer = this.x.ends.peer[e]!;
    const together = plan.steps.slice(first, at + 1);
    const step = plan.steps[at]!;
    const plain = step.news.size === 0 && together.every(({ from }) => !from.has(peer));
    if (plain && step.record >= 0) return step.record;
    const said = bucketsFor(
      together.flatMap(({ offers }) => offers),
      peer,
    );
    const changes = this.changes(node, e, step);
    const record = this.x.updates.addRefeed({
      ...changesOf(changes),
      messages: messages + refreshes,
      refreshes,
      spurious: said.withdraw.prefixes.length,
      repeats: this.x.stats && repeatsOf(said, changes, first === 0 ? 1 : 0),
    });
    if (plain) step.record = record;
    return record;
  }

  /**
   * What a peer learns from a step: routes as they are offered to it now, since the table may have changed meanwhile, and the
   * filters of others that it began with.
   */
  private changes(node: number, e: number, step: RefeedStep): Buckets {
    const peer = this.x.ends.peer[e]!;
    const buckets = new Buckets();
    for (const [key, before] of step.news) {
      const knew = before !== undefined && before.from !== peer ? before.attributes : REJECTED;
      const [prefix, source] = [prefixOfKey(key), sourceOfKey(key)];
      const now = this.offers
        .of(node, e, prefix)
        .find((offer) => offer.source === source && offer.from !== peer);
      const knows = now?.attributes ?? REJECTED;
      if (knows !== knew) buckets.add(knows, prefix, source, now?.from ?? OWN);
    }
    return buckets;
  }

  /** Routes of pods in own blocks: in BIRD's table, so offered to every peer, and told to none. */
  private pods(node: number): Offer[] {
    const { kernels, daemons } = this.x;
    const { rib } = daemons[node]!;
    const rejected = { source: OWN, from: OWN, attributes: REJECTED };
    return podPrefixes(kernels, node, this.x.family)
      .filter((prefix) => rib.count(prefix) === 0)
      .map((prefix) => ({ prefix, ...rejected }));
  }

  /** What was learnt from mesh peers: offered to every peer, told to none. */
  private learnt(node: number, addPath: boolean): Offer[] {
    const { rib } = this.x.daemons[node]!;
    const offers: Offer[] = [];
    for (const prefix of rib.prefixes()) {
      const own =
        prefix < HOST_BASE
          ? Number(rib.best(prefix) === OWN_PATH)
          : rib.all(prefix).filter((path) => this.x.paths.isLocal(path)).length;
      // A loop, since a large mesh does this for each route and each change.
      for (let left = addPath ? rib.count(prefix) - own : 1 - own; left > 0; left--)
        offers.push({ prefix, source: OWN, from: OWN, attributes: REJECTED });
    }
    return offers;
  }
}

/** Peers of a daemon that are told the same. */
interface Receivers {
  /** Any of them. */
  readonly sample: number;
  readonly members: readonly number[];
}

/** Buckets as a record keeps what changes. */
function changesOf({
  withdraw,
  reach,
}: Buckets): Pick<Refeed, "reach" | "withdraw" | "withdrawSources"> {
  return {
    reach: [...reach].map(([attributes, { prefixes, sources }]) => ({
      attributes,
      prefixes,
      sources,
    })),
    withdraw: withdraw.prefixes,
    withdrawSources: withdraw.sources,
  };
}

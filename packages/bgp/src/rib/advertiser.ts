import { HOST_BASE } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { type FilterChanges, SAME_FILTERS } from "../fleet/filter-changes.js";
import { COUNT } from "../messages/counters.js";
import { endOfRibBytes, prefixBytes, ROUTE_REFRESH_BYTES } from "../messages/sizes.js";
import { FEED_STEP } from "../session/constants.js";
import { END_OF_RIB, REFRESH, REQUEST } from "../session/segments.js";
import type { Transport } from "../session/transport.js";
import type { ExportRules } from "../types.js";
import { countUpdate } from "./batches.js";
import { Buckets } from "./buckets.js";
import { type Exporter, REJECTED } from "./exporter.js";
import { Feeds } from "./feeds.js";
import type { KernelWriter } from "./kernel-writer.js";
import { NOBODY, type Outbox, SOURCES } from "./outbox.js";
import type { RibChange } from "./path-lists.js";
import { KERNEL, OWN, OWN_PATH } from "./paths.js";
import { joinGroup, regroup } from "./peer-groups.js";
import { podPrefixes } from "./pod-routes.js";
import { repeatsOf } from "./repeats.js";
import type { Counted, Prepared } from "./updates.js";

/** Bits of the connected subnet that BIRD holds beside the blocks (law 6: "connected subnets"), by family; a /24 and a /64 as measured. */
const CONNECTED_SUBNET_BITS = { 4: 24, 6: 64 } as const;

/** A route offered to a group of peers in a feed. */
interface Offer {
  readonly prefix: number;
  readonly source: number;
  /** Node that it was learnt from, or OWN. */
  readonly from: number;
  /** Attribute set as told, or REJECTED. */
  readonly attributes: number;
}

/** What a daemon tells a peer at first, and again after a change of its own routes. */
export class Advertiser {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  private readonly exporter: Exporter;
  private readonly kernel: KernelWriter;
  private readonly outbox: Outbox;
  private readonly feeds: Feeds;

  constructor(
    context: FleetContext,
    transport: Transport,
    exporter: Exporter,
    kernel: KernelWriter,
    outbox: Outbox,
  ) {
    this.x = context;
    this.transport = transport;
    this.exporter = exporter;
    this.kernel = kernel;
    this.outbox = outbox;
    this.feeds = new Feeds(context, outbox);
  }

  /**
   * Announces everything to a peer, then End-of-RIB (law 3). To a mesh peer own blocks go one step of a feed a
   * turn, with other work in between (bird: nest/rt-table.c, rt_feed_baby).
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
    } else {
      x.spend(node, this.offerCost(node));
      // What waits for the others is part of the feed.
      if (x.unsent[node] === 1) this.outbox.send(node);
      const group = joinGroup(x, node, e);
      x.stats?.feed(node, e, false);
      this.feeds.send(node, e, group);
    }
    x.spend(node, x.costs.message);
    x.counters.count(COUNT.update, endOfRibBytes(x.family));
    x.counters.endOfRib++;
    this.transport.send(side, END_OF_RIB);
    return false;
  }

  /**
   * CPU of offering the table to a peer. Own blocks come in the order of a hash table, and so pass half of the
   * rules in `calico_aggr` each; what other internal peers announced is refused before the filter
   * (bird: nest/rt-table.c, export_filter).
   */
  private offerCost(node: number): number {
    const { announce, aggregateRule } = this.x.costs;
    const daemon = this.x.daemons[node]!;
    const blocks = daemon.blocks.length;
    const routes = daemon.rib.size + 1 + daemon.podRoutes - daemon.foreign.size;
    return announce * routes + (aggregateRule * blocks * (blocks + 1)) / 2;
  }

  /** One step; true if there are more. */
  private feedBlocks(node: number, e: number, side: number): boolean {
    const { x } = this;
    const daemon = x.daemons[node]!;
    daemon.feed ??= this.steps(this.offers(node, e), NOBODY)
      .flatMap((buckets) => this.outbox.prepare(buckets, x.addPath))
      .map((message) => this.outbox.batch([message]));
    const steps = Math.max(1, daemon.feed.length);
    x.spend(node, this.offerCost(node) / steps);
    const before = daemon.feeding.get(e);
    const step = before?.side === side ? before.step : 0;
    const batch = daemon.feed[step];
    if (batch !== undefined) this.outbox.post(node, e, batch);
    if (step + 1 < steps) daemon.feeding.set(e, { side, step: step + 1 });
    else daemon.feeding.delete(e);
    return step + 1 < steps;
  }

  /**
   * Every route as offered to a peer and those like it: with add-path each path, else the best
   * (bird: nest/rt-table.c, do_feed_baby). Where all peers are in the mesh only own routes can be told.
   */
  private offers(node: number, e: number): Offer[] {
    const { rib, blocks, foreign, meshOnly } = this.x.daemons[node]!;
    const offers: Offer[] = [];
    if (meshOnly) {
      for (const prefix of blocks) {
        const attributes = this.exporter.attributes(node, e, prefix, OWN_PATH);
        offers.push({ prefix, source: OWN, from: OWN, attributes });
      }
      for (const prefix of foreign) {
        const path = rib.all(prefix).find((one) => this.x.paths.peer(one) === KERNEL);
        if (path === undefined) continue;
        const attributes = this.exporter.attributes(node, e, prefix, path);
        offers.push({ prefix, source: OWN, from: OWN, attributes });
      }
      return offers;
    }
    const addPath = this.x.addsPaths(e);
    for (const prefix of rib.prefixes()) {
      for (const path of addPath ? rib.all(prefix) : [rib.best(prefix)]) {
        const attributes = this.exporter.attributes(node, e, prefix, path);
        const from = this.outbox.from(path);
        const source = addPath ? this.outbox.identifier(path) : OWN;
        offers.push({ prefix, source, from, attributes });
      }
    }
    return offers;
  }

  /**
   * Offers by the steps in which a feed hands them over: 256 a step, and the connected subnet takes a place
   * in the first (law 3). What came from the peer itself is not told to it.
   */
  private steps(offers: readonly Offer[], peer: number): Buckets[] {
    const steps: Buckets[] = [];
    for (let from = 0, room = FEED_STEP - 1; from < offers.length || steps.length === 0; ) {
      const buckets = new Buckets();
      for (const offer of offers.slice(from, from + room))
        add(buckets, offer.from === peer ? { ...offer, attributes: REJECTED } : offer);
      steps.push(buckets);
      from += room;
      room = FEED_STEP;
    }
    return steps;
  }

  /**
   * The routes that the node originates, or the rules by which it exports, changed: confd rewrote
   * `calico_aggr` or `calico_export_to_bgp_peers`, so every peer is fed anew with enhanced refresh (law 6).
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
    const before = groups.map(({ sample }) => this.offers(node, sample));
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
        this.refresh(node, part, before[i]!, told[i]!);
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
  refeed(node: number, e: number): void {
    const { ends, unsent } = this.x;
    if (ends.established[e]! < 0 || ends.exporting[e] === 0) return;
    if (unsent[node] === 1) this.outbox.send(node);
    this.refresh(node, { sample: e, members: [e] }, [], new Buckets());
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
    for (const p of lost)
      if (this.exporter.attributes(node, e, p, OWN_PATH) !== REJECTED)
        buckets.add(REJECTED, p, OWN, OWN);
    for (const p of gained) {
      const attributes = this.exporter.attributes(node, e, p, OWN_PATH);
      if (attributes !== REJECTED) buckets.add(attributes, p, OWN, OWN);
    }
    return buckets;
  }

  /** Feeds a group anew: BoRR, the change, everything that is not told as withdrawn, everything that is, EoRR (law 6). */
  private refresh(
    node: number,
    { sample, members }: Receivers,
    before: readonly Offer[],
    told: Buckets,
  ): void {
    const { x } = this;
    const { meshOnly } = x.daemons[node]!;
    const addPath = x.addsPaths(sample);
    const after = this.offers(node, sample);
    const first = this.outbox.prepare(told, addPath);
    const untold = meshOnly ? this.learnt(node, addPath) : [];
    const all = [...after, ...untold, ...this.pods(node)];
    const concerned = new Set([...before, ...after].map(({ from }) => from));
    const common = this.burst(before, after, all, first, addPath, NOBODY);
    for (const e of members) {
      x.stats?.feed(node, e, true);
      const peer = x.ends.peer[e]!;
      const { record, messages } =
        !meshOnly && concerned.has(peer)
          ? this.burst(before, after, all, first, addPath, peer)
          : common;
      x.spend(node, (messages.length + 2) * x.costs.message + this.offerCost(node));
      x.counters.count(COUNT.refresh, ROUTE_REFRESH_BYTES, 2);
      for (const message of messages) countUpdate(x.counters, message, 1);
      this.transport.sendBurst(x.ends.established[e]!, REFRESH | (record << 4));
    }
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
    const rejected = { source: OWN, from: OWN, attributes: REJECTED };
    return rib.prefixes().flatMap((prefix) => {
      const own =
        prefix < HOST_BASE
          ? Number(rib.best(prefix) === OWN_PATH)
          : rib.all(prefix).filter((path) => this.x.paths.isLocal(path)).length;
      const paths = addPath ? rib.count(prefix) - own : Math.max(0, 1 - own);
      return Array.from({ length: paths }, () => ({ prefix, ...rejected }));
    });
  }

  /** The messages of a re-feed for one peer, and a record of what they change there. */
  private burst(
    before: readonly Offer[],
    after: readonly Offer[],
    all: readonly Offer[],
    first: readonly Prepared[],
    addPath: boolean,
    peer: number,
  ): { readonly record: number; readonly messages: readonly Counted[] } {
    const messages: Counted[] = [...first];
    let spurious = 0;
    const steps = this.steps(all, peer);
    for (const [i, buckets] of steps.entries()) {
      spurious += buckets.withdraw.prefixes.length;
      const subnet = i === 0 ? prefixBytes(CONNECTED_SUBNET_BITS[this.x.family], addPath) : 0;
      messages.push(...this.outbox.measure(buckets, addPath, subnet));
    }
    const delta = difference(before, after, peer);
    const record = this.x.updates.addRefeed({
      reach: [...delta.reach].map(([attributes, { prefixes, sources }]) => ({
        attributes,
        prefixes,
        sources,
      })),
      withdraw: delta.withdraw.prefixes,
      withdrawSources: delta.withdraw.sources,
      messages: messages.length + 2,
      spurious,
      repeats: this.x.stats && repeatsOf(this.x.updates, first, steps, delta),
    });
    return { record, messages };
  }
}

/** Peers of a daemon that are told the same. */
interface Receivers {
  /** Any of them. */
  readonly sample: number;
  readonly members: readonly number[];
}

function add(buckets: Buckets, { attributes, prefix, source, from }: Offer): void {
  buckets.add(attributes, prefix, source, from);
}

/** What a peer must be told so that it knows `after` instead of `before`. */
function difference(before: readonly Offer[], after: readonly Offer[], peer: number): Buckets {
  const key = ({ prefix, source }: Offer): number => prefix * SOURCES + (source - OWN);
  const told = (offers: readonly Offer[]): Map<number, Offer> =>
    new Map(
      offers
        .filter(({ from, attributes }) => from !== peer && attributes !== REJECTED)
        .map((offer) => [key(offer), offer]),
    );
  const knew = told(before);
  const knows = told(after);
  const buckets = new Buckets();
  for (const [k, offer] of knew)
    if (!knows.has(k)) add(buckets, { ...offer, attributes: REJECTED });
  for (const [k, offer] of knows)
    if (knew.get(k)?.attributes !== offer.attributes) add(buckets, offer);
  return buckets;
}

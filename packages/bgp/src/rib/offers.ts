import type { FleetContext } from "../fleet/context.js";
import { FEED_STEP } from "../session/constants.js";
import { Buckets } from "./buckets.js";
import { type Exporter, REJECTED } from "./exporter.js";
import type { Offer } from "./offer.js";
import type { Outbox } from "./outbox.js";
import { KERNEL, NO_PATH, OWN, OWN_PATH } from "./paths.js";

/** What a daemon's table offers to its peers. */
export class Offers {
  private readonly x: FleetContext;
  private readonly exporter: Exporter;
  private readonly outbox: Outbox;

  constructor(context: FleetContext, exporter: Exporter, outbox: Outbox) {
    this.x = context;
    this.exporter = exporter;
    this.outbox = outbox;
  }

  /**
   * Every route as offered to a peer and those like it: with add-path each path, else the best
   * (bird: nest/rt-table.c, do_feed_baby). Where all peers are in the mesh only own routes can be told.
   */
  all(node: number, e: number): Offer[] {
    const { rib, blocks, foreign, meshOnly } = this.x.daemons[node]!;
    if (!meshOnly) return rib.prefixes().flatMap((prefix) => this.of(node, e, prefix));
    return [...blocks, ...foreign].flatMap((prefix) => this.of(node, e, prefix));
  }

  /** The same of one prefix. */
  of(node: number, e: number, prefix: number): Offer[] {
    const { rib, meshOnly } = this.x.daemons[node]!;
    if (meshOnly) {
      const own = rib.all(prefix).find((path) => path === OWN_PATH || this.isKernels(path));
      return own === undefined ? [] : [this.offer(node, e, prefix, own, false)];
    }
    const addPath = this.x.addsPaths(e);
    if (addPath) return rib.all(prefix).map((path) => this.offer(node, e, prefix, path, true));
    const best = rib.best(prefix);
    return best === NO_PATH ? [] : [this.offer(node, e, prefix, best, false)];
  }

  private isKernels(path: number): boolean {
    return this.x.paths.peer(path) === KERNEL;
  }

  private offer(node: number, e: number, prefix: number, path: number, addPath: boolean): Offer {
    return {
      prefix,
      source: addPath ? this.outbox.identifier(path) : OWN,
      from: this.outbox.from(path),
      attributes: this.exporter.attributes(node, e, prefix, path),
    };
  }

  /**
   * CPU of offering the table to a peer. Own blocks come in the order of a hash table, and so pass half of the
   * rules in `calico_aggr` each; what other internal peers announced is refused before the filter
   * (bird: nest/rt-table.c, export_filter).
   */
  cost(node: number): number {
    const { announce, aggregateRule } = this.x.costs;
    const daemon = this.x.daemons[node]!;
    const blocks = daemon.blocks.length;
    const routes = daemon.rib.size + 1 + daemon.podRoutes - daemon.foreign.size;
    return announce * routes + (aggregateRule * blocks * (blocks + 1)) / 2;
  }
}

/**
 * Offers by the steps in which a feed hands them over: whole prefixes until there are 256 routes, and the connected subnet
 * takes a place in the first step of a table (law 3; bird: nest/rt-table.c, rt_feed_baby). There is one step at least.
 */
export function stepsOf<T extends { readonly prefix: number }>(
  offers: readonly T[],
  isFirst = true,
): T[][] {
  const steps: T[][] = [];
  let from = 0;
  do {
    let behind = from + FEED_STEP - Number(isFirst && from === 0);
    while (behind < offers.length && offers[behind]!.prefix === offers[behind - 1]!.prefix)
      behind++;
    steps.push(offers.slice(from, behind));
    from = behind;
  } while (from < offers.length);
  return steps;
}

/** Offers as a peer is told of them: what came from it is not told to it. */
export function bucketsFor(offers: readonly Offer[], peer: number): Buckets {
  const buckets = new Buckets();
  for (const { attributes, prefix, source, from } of offers)
    buckets.add(from === peer ? REJECTED : attributes, prefix, source, from);
  return buckets;
}

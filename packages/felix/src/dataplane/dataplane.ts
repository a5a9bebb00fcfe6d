import {
  type Engine,
  type EventHandler,
  hash32,
  hashText,
  type Kernels,
  type Micros,
  type NodeDirectory,
  type RandomStream,
} from "@calico-sim/core";
import type { Endpoints } from "../calc/endpoints.js";
import type { NodeViews } from "../calc/node-views.js";
import type { FelixCosts } from "../cost-profile.js";
import type { FelixListener } from "../options.js";
import { TALLY, type Tally } from "../tally.js";
import { ApplyThrottle } from "./apply-throttle.js";
import type { RouteManagers, RouteOwnership } from "./route-managers.js";
import type { RouteTables } from "./route-tables.js";

/** Messages of one kind that a wake-up of the main loop drains (calico: int_dataplane.go:624-638). */
const PEEK_LIMIT = 100;
/** After its start Felix leaves unknown routes of workload interfaces alone for this long (int_dataplane.go:103). */
const CLEANUP_GRACE: Micros = 10_000_000;

/** What the dataplane of {@link Dataplane} is built from. */
export interface DataplaneParts {
  readonly engine: Engine;
  readonly nodes: NodeDirectory;
  readonly kernels: Kernels;
  readonly views: NodeViews;
  readonly endpoints: Endpoints;
  readonly managers: RouteManagers;
  readonly tables: RouteTables;
  readonly tally: Tally;
  readonly costs: FelixCosts;
  readonly listener: FelixListener | undefined;
}

/** Messages that wait for one node's main loop, and the round in progress. */
interface Loop {
  /** Stands for one life of the process; events of an earlier one are void. */
  life: number;
  inSync: boolean;
  resynced: boolean;
  applying: boolean;
  /** An event for the next token is pending. */
  waiting: boolean;
  ownership: RouteOwnership;
  graceEnds: Micros;
  everything: boolean;
  prefixes: number[];
  pods: string[];
  /** Messages that concern neither: they make the loop apply all the same. */
  others: boolean;
  /** Pods of the round in progress. */
  round: string[];
  /** Draws how long endpoints take. */
  readonly random: RandomStream;
  /** Endpoint id by pod of the endpoints that are up. */
  readonly up: Map<string, number>;
  /** Endpoints that ended within the grace: what is left of the CNI's routes to them goes when it is over. */
  ended: number[];
}

/**
 * The main loops of all Felixes' dataplane drivers (calico: felix/dataplane/linux/int_dataplane.go):
 * drain messages, take a token, recompute and apply, again.
 */
export class Dataplane implements EventHandler {
  private readonly parts: DataplaneParts;
  private readonly throttle: ApplyThrottle = new ApplyThrottle();
  private readonly loops: Loop[] = [];
  private readonly kindToken: number;
  private readonly kindApplied: number;
  private readonly kindGrace: number;
  private readonly seed: number;
  /** How often each node's process was started. */
  private readonly starts: number[] = [];

  constructor(parts: DataplaneParts) {
    this.parts = parts;
    const { engine } = parts;
    this.seed = engine.stream("felix", "apply-throttle").below(2 ** 32);
    this.kindToken = engine.defineKind("felix-apply-token", this);
    this.kindApplied = engine.defineKind("felix-applied", this);
    this.kindGrace = engine.defineKind("felix-cleanup-grace", this, { background: true });
  }

  /** The process starts: what it knew is lost, what is in the kernel stays. */
  start(node: number, life: number): void {
    const { engine, nodes, tables } = this.parts;
    tables.reset(node);
    // Not `life`, which counts the starts of all: a further node would change everybody's draws.
    const start = (this.starts[node] ?? 0) + 1;
    this.starts[node] = start;
    const salt = hash32(this.seed, hashText(nodes.name(node)), start);
    this.throttle.reset(node, salt, engine.now);
    this.loops[node] = {
      life,
      inSync: false,
      resynced: false,
      applying: false,
      waiting: false,
      ownership: { ipip: false, noEncap: false, ipv6: false },
      graceEnds: engine.now + CLEANUP_GRACE,
      everything: false,
      prefixes: [],
      pods: [],
      others: false,
      round: [],
      random: engine.stream("felix", nodes.name(node), "endpoint"),
      up: new Map(),
      ended: [],
    };
    engine.after(CLEANUP_GRACE, this.kindGrace, node, life);
  }

  /** The process ends. */
  stop(node: number): void {
    const loop = this.loops[node];
    if (loop !== undefined) loop.life = -1;
  }

  /** The InSync message: from the next round on, rounds are applied. */
  onInSync(node: number, ownership: RouteOwnership): void {
    const loop = this.loops[node]!;
    loop.inSync = true;
    loop.ownership = ownership;
    loop.others = true;
  }

  /** Messages of one flush; `prefixes` undefined = a route message for each. `readyAt` is when the graph has sent them. */
  receive(
    node: number,
    readyAt: Micros,
    prefixes: readonly number[] | undefined,
    pods: readonly string[],
  ): void {
    const loop = this.loops[node]!;
    if (prefixes === undefined) loop.everything = true;
    else for (const prefix of prefixes) loop.prefixes.push(prefix);
    for (const pod of pods) loop.pods.push(pod);
    loop.others = true;
    this.next(node, loop, readyAt, PEEK_LIMIT);
  }

  /** See {@link import("../fleet.js").FelixFleet.interfaceUp}. */
  interfaceUp(node: number, pod: string): void {
    const loop = this.loops[node];
    if (loop === undefined || loop.life < 0 || !loop.up.has(pod)) return;
    loop.pods.push(pod);
    this.next(node, loop, this.parts.engine.now, PEEK_LIMIT);
  }

  onEvent(kind: number, node: number, life: number): void {
    const loop = this.loops[node]!;
    if (loop.life !== life) return;
    const { now } = this.parts.engine;
    if (kind === this.kindToken) {
      loop.waiting = false;
      // Without a token the loop went on draining, so the queue is empty by now.
      this.next(node, loop, now, Number.POSITIVE_INFINITY);
    } else if (kind === this.kindApplied) {
      this.applied(node, loop);
      this.next(node, loop, now, PEEK_LIMIT);
    } else {
      for (const id of loop.ended) this.removeCniCopies(node, id);
      for (const id of loop.up.values()) this.removeCniCopies(node, id);
      loop.ended = [];
    }
  }

  private next(node: number, loop: Loop, readyAt: Micros, limit: number): void {
    if (!loop.inSync || loop.applying || loop.waiting) return;
    const something = loop.others || loop.everything || loop.prefixes.length + loop.pods.length > 0;
    if (!something) return;
    const { engine } = this.parts;
    if (!this.throttle.take(node, engine.now)) {
      loop.waiting = true;
      engine.schedule(this.throttle.next(node), this.kindToken, node, loop.life);
      return;
    }
    const took = Math.round(this.apply(node, loop, limit));
    loop.applying = true;
    this.parts.tally.add(node, TALLY.applies);
    this.parts.tally.add(node, TALLY.dataplaneMicros, took);
    engine.schedule(Math.max(engine.now, readyAt) + took, this.kindApplied, node, loop.life);
  }

  /** Stages one round; returns its duration. The kernel changes when it is over. */
  private apply(node: number, loop: Loop, limit: number): Micros {
    const { tables, costs, tally } = this.parts;
    let programmed = 0;
    let recomputed = false;
    if (!loop.resynced) {
      loop.resynced = true;
      loop.everything = true;
      programmed += tables.resync(node, loop.ownership.ipip);
    }
    if (loop.everything) {
      programmed += this.stageEverything(node, loop.ownership);
      recomputed = true;
      loop.everything = false;
      loop.prefixes.length = 0;
    } else if (loop.prefixes.length > 0) {
      const drained = Math.min(limit, loop.prefixes.length);
      recomputed = true;
      for (let i = 0; i < drained; i++) {
        programmed += this.stage(node, loop.prefixes[i]!, loop.ownership);
      }
      if (drained === loop.prefixes.length) loop.prefixes.length = 0;
      else loop.prefixes.splice(0, drained);
    }
    if (loop.pods.length > 0) loop.round = loop.pods.splice(0, limit);
    loop.others = false;
    let took = costs.applyBase.value + programmed * costs.programPerRoute.value;
    if (recomputed) took += tables.count(node) * costs.recomputePerRoute.value;
    if (loop.round.length > 0) {
      for (let i = 0; i < loop.round.length; i++) {
        took += loop.random.logNormal(costs.perEndpoint.value, costs.perEndpointSigma);
      }
    }
    tally.add(node, TALLY.routesProgrammed, programmed);
    tally.add(node, TALLY.endpointsProgrammed, loop.round.length);
    return took;
  }

  private stage(node: number, prefix: number, ownership: RouteOwnership): number {
    const { managers, tables } = this.parts;
    return Number(tables.stage(node, prefix, managers.wanted(node, prefix, ownership)));
  }

  private stageEverything(node: number, ownership: RouteOwnership): number {
    const { views, tables } = this.parts;
    let programmed = 0;
    const { aggregates } = views;
    for (let prefix = 0; prefix < aggregates; prefix++) {
      programmed += this.stage(node, prefix, ownership);
    }
    // Host prefixes, and what is held for prefixes that the node no longer knows.
    const rest = new Set(tables.heldPrefixes(node));
    for (const row of [views.borrowed, views.hostBlocks, views.local]) {
      for (const prefix of row[node]!.keys()) rest.add(prefix);
    }
    for (const prefix of rest) {
      if (prefix >= aggregates) programmed += this.stage(node, prefix, ownership);
    }
    return programmed;
  }

  private applied(node: number, loop: Loop): void {
    const { tables, views, endpoints, kernels, engine, listener } = this.parts;
    const inGrace = engine.now < loop.graceEnds;
    loop.applying = false;
    tables.commit(node);
    for (const pod of loop.round) {
      const id = views.endpoints[node]!.get(pod);
      const before = loop.up.get(pod);
      if (before !== undefined && before !== id) {
        if (inGrace) loop.ended.push(before);
        else this.removeCniCopies(node, before);
        loop.up.delete(pod);
      }
      if (id === undefined) continue;
      // The interface may have come back since the route was first written.
      const { prefixes, route } = endpoints.get(id);
      for (const prefix of prefixes) {
        if (tables.held(node, prefix) === route) kernels.replace(node, prefix, route);
      }
      if (!inGrace) this.removeCniCopies(node, id);
      if (before === id) continue;
      loop.up.set(pod, id);
      listener?.onEndpointUp(node, pod, engine.now);
    }
    if (loop.round.length > 0) loop.round = [];
  }

  /** The CNI's own route has metric 0 and is not one that Felix wants (node-behaviour §4.4). */
  private removeCniCopies(node: number, endpoint: number): void {
    const { endpoints, kernels } = this.parts;
    const { prefixes, route: own } = endpoints.get(endpoint);
    const { device } = kernels.route(own);
    for (const prefix of prefixes) {
      for (const id of kernels.all(node, prefix)) {
        const route = kernels.route(id);
        // A VXLAN route to an address that went elsewhere has the same metric and protocol.
        if (route.metric !== 0 || route.device !== device) continue;
        kernels.remove(node, prefix, 0, route.protocol);
      }
    }
  }
}

import type { Micros } from "../engine/index.js";
import type { Address, AddressFamily, PrefixTable } from "../net/index.js";
import { Rows } from "../rows.js";

/** Route protocol numbers (linux: include/uapi/linux/rtnetlink.h; Felix's 80: node-behaviour §4.4). */
export const PROTOCOL = { kernel: 2, boot: 3, static: 4, bird: 12, felix: 80 } as const;

/**
 * What a route does with a packet: it sends it on, drops it, or drops it and says so to its sender (linux: RTN_UNICAST,
 * RTN_BLACKHOLE, RTN_UNREACHABLE).
 */
export type RouteType = "unicast" | "blackhole" | "unreachable";

/** A route without its destination: what is shared by every prefix behind the same gateway. Frozen and interned. */
export interface Route {
  readonly type: RouteType;
  /** Outgoing device, e.g. `eth0`, `tunl0`, `vxlan.calico`, `cali…`; empty where nothing is sent on. */
  readonly device: string;
  /** Dense id of the node that owns the gateway address; −1 = on link, no gateway. */
  readonly gateway: number;
  readonly onlink: boolean;
  readonly metric: number;
  /** One of {@link PROTOCOL}, or a configured number. */
  readonly protocol: number;
  /**
   * Next hops of a multipath route beside the first, in the kernel's order. All weigh the same: a flow takes one of
   * them by a hash of its addresses, for good (linux: net/ipv4/fib_semantics.c, fib_select_multipath).
   */
  readonly further?: readonly NextHop[];
}

/** Where a route sends a packet. */
export type NextHop = Pick<Route, "device" | "gateway" | "onlink">;

/** Every next hop of a route: one, or several of a multipath route. */
export function nextHopsOf(route: Route): readonly NextHop[] {
  return route.further === undefined ? [route] : [route, ...route.further];
}

/** Told of every change of a FIB. */
export interface RouteListener {
  /**
   * The best route of `prefix` on `node` changed; `before` and `after` are route ids, 0 = none. `at` is
   * the moment if the writer gave one (a daemon in the middle of a turn is ahead of the clock), else the clock holds.
   */
  onRouteChange(
    node: number,
    prefix: number,
    before: number,
    after: number,
    at: Micros | undefined,
  ): void;
  /**
   * The best route of `prefix` was deleted, and one (maybe the same) added in the same breath: who does not care for the
   * moment without any takes this instead of two of the above.
   */
  onRewrite?(
    node: number,
    prefix: number,
    before: number,
    after: number,
    at: Micros | undefined,
  ): void;
}

/**
 * The routing tables of all nodes' kernels.
 *
 * A table holds routes by (destination, metric, protocol) as Linux does; the lowest metric wins, the
 * older of equals. Aggregates are few and known to all, so each has one dense row over
 * nodes; host routes are local, so they are kept sparsely; a second route for the same destination is
 * rare and lives in an overflow map. Routes are interned: an entry is one integer.
 */
export class Kernels {
  /** Routes added, replaced or deleted since the start, by node. */
  changes: Int32Array;

  private readonly prefixes: PrefixTable;
  private readonly routes: Route[] = [];
  private readonly routeIds: Map<string, number> = new Map();
  /** Best route by aggregate and node. */
  private readonly dense: Rows;
  private count = 0;
  private readonly hosts: Map<number, number>[] = [];
  /** Further routes for a destination, best first after the one in `dense` or `hosts`. */
  private readonly more: Map<number, number[]>[] = [];
  private readonly listeners: RouteListener[] = [];

  constructor(prefixes: PrefixTable, nodes: number) {
    this.prefixes = prefixes;
    this.changes = new Int32Array(nodes);
    this.dense = new Rows(4, nodes);
    this.routes.push(
      Object.freeze({
        type: "blackhole",
        device: "",
        gateway: -1,
        onlink: false,
        metric: 0,
        protocol: 0,
      }),
    );
    for (let n = 0; n < nodes; n++) this.addNode();
  }

  /** Adds an empty kernel; returns its node id. */
  addNode(): number {
    const node = this.count++;
    this.hosts.push(new Map());
    this.more.push(new Map());
    if (node >= this.changes.length) {
      const changes = new Int32Array(Math.max(16, node * 2));
      changes.set(this.changes);
      this.changes = changes;
    }
    return node;
  }

  /** Family of a prefix: Linux has a table for each, with daemons of their own. */
  familyOf(prefix: number): AddressFamily {
    return this.prefixes.cidr(prefix).family;
  }

  /** Number of kernels. */
  get nodes(): number {
    return this.count;
  }

  /** Registers a listener of FIB changes. */
  listen(listener: RouteListener): void {
    this.listeners.push(listener);
  }

  /** The id of a route; equal routes share it. Ids are > 0. */
  intern(route: Route): number {
    const further = route.further?.map(hopText).join() ?? "";
    const key = `${route.type}|${hopText(route)}|${String(route.metric)}|${String(route.protocol)}|${further}`;
    let id = this.routeIds.get(key);
    if (id === undefined) {
      id = this.routes.length;
      this.routes.push(Object.freeze({ ...route }));
      this.routeIds.set(key, id);
    }
    return id;
  }

  /** The route behind an id. */
  route(id: number): Route {
    return this.routes[id]!;
  }

  /** Adds a route, or replaces the one with the same destination, metric and protocol. */
  replace(node: number, prefix: number, route: number, at?: Micros): void {
    const first = this.first(node, prefix);
    if (first === route) return;
    if (first === 0) {
      this.setOnly(node, prefix, 0, route, at);
      return;
    }
    const all = [first, ...(this.more[node]!.get(prefix) ?? [])];
    const place = all.findIndex((r) => this.sameKey(r, route));
    if (place >= 0) {
      if (all[place] === route) return;
      all[place] = route;
    } else {
      const metric = this.route(route).metric;
      let behind = all.length;
      while (behind > 0 && this.route(all[behind - 1]!).metric > metric) behind--;
      all.splice(behind, 0, route);
    }
    this.store(node, prefix, first, all, at);
  }

  /** Deletes a route of a prefix, then adds another; either may be 0 for none. Unlike {@link replace}, both are seen. */
  rewrite(node: number, prefix: number, held: number, route: number, at?: Micros): void {
    if (held !== 0 && route !== 0 && this.more[node]!.size === 0) {
      this.changes[node]! += 2;
      for (const listener of this.listeners) {
        if (listener.onRewrite !== undefined) continue;
        this.setFirst(node, prefix, 0);
        listener.onRouteChange(node, prefix, held, 0, at);
      }
      this.setFirst(node, prefix, route);
      for (const listener of this.listeners) {
        if (listener.onRewrite === undefined) listener.onRouteChange(node, prefix, 0, route, at);
        else listener.onRewrite(node, prefix, held, route, at);
      }
      return;
    }
    if (held !== 0) {
      const { metric, protocol } = this.route(held);
      this.remove(node, prefix, metric, protocol, at);
    }
    if (route !== 0) this.replace(node, prefix, route, at);
  }

  /** Deletes the route with this destination, metric and protocol; false if there is none. */
  remove(node: number, prefix: number, metric: number, protocol: number, at?: Micros): boolean {
    const first = this.first(node, prefix);
    if (first === 0) return false;
    if (this.more[node]!.size === 0) {
      if (!this.hasKey(first, metric, protocol)) return false;
      this.setOnly(node, prefix, first, 0, at);
      return true;
    }
    const all = [first, ...(this.more[node]!.get(prefix) ?? [])];
    const place = all.findIndex((r) => this.hasKey(r, metric, protocol));
    if (place < 0) return false;
    all.splice(place, 1);
    this.store(node, prefix, first, all, at);
    return true;
  }

  /** Best route of exactly this prefix: its id, or 0. */
  best(node: number, prefix: number): number {
    return this.first(node, prefix);
  }

  /** Every route of exactly this prefix, best first. */
  all(node: number, prefix: number): readonly number[] {
    const first = this.first(node, prefix);
    return first === 0 ? [] : [first, ...(this.more[node]!.get(prefix) ?? [])];
  }

  /** Best route of exactly this prefix that a protocol wrote: its id, or 0. */
  ofProtocol(node: number, prefix: number, protocol: number): number {
    const first = this.first(node, prefix);
    if (first === 0 || this.route(first).protocol === protocol) return first;
    return this.more[node]!.get(prefix)?.find((r) => this.route(r).protocol === protocol) ?? 0;
  }

  /** Longest-prefix lookup: the prefix id and route id, or undefined when no route matches. */
  lookup(
    node: number,
    address: Address,
  ): { readonly prefix: number; readonly route: number } | undefined {
    for (const prefix of this.prefixes.candidates(address)) {
      const route = this.first(node, prefix);
      if (route !== 0) return { prefix, route };
    }
    return undefined;
  }

  /** The whole table as (prefix id, route id) pairs, ordered by prefix id, best first within one. */
  table(node: number): { readonly prefix: number; readonly route: number }[] {
    const rows: { prefix: number; route: number }[] = [];
    const add = (prefix: number): void => {
      for (const route of this.all(node, prefix)) rows.push({ prefix, route });
    };
    for (let prefix = 0; prefix < this.dense.length; prefix++)
      if (this.first(node, prefix) !== 0) add(prefix);
    for (const prefix of this.hostPrefixes(node)) add(prefix);
    return rows;
  }

  /** Host prefixes with a route on a node, in id order. */
  hostPrefixes(node: number): number[] {
    return [...this.hosts[node]!.keys()].sort((x, y) => x - y);
  }

  /** Empties a node's table, as a reboot does. */
  clear(node: number): void {
    for (const { prefix, route } of this.table(node)) {
      const { metric, protocol } = this.route(route);
      this.remove(node, prefix, metric, protocol);
    }
  }

  private first(node: number, prefix: number): number {
    if (this.prefixes.isHost(prefix)) return this.hosts[node]!.get(prefix) ?? 0;
    return this.dense.get(prefix, node);
  }

  /** Writes the only route of a prefix. */
  private setOnly(
    node: number,
    prefix: number,
    before: number,
    after: number,
    at: Micros | undefined,
  ): void {
    this.setFirst(node, prefix, after);
    this.changed(node, prefix, before, after, at);
  }

  private setFirst(node: number, prefix: number, route: number): void {
    if (this.prefixes.isHost(prefix)) {
      if (route === 0) this.hosts[node]!.delete(prefix);
      else this.hosts[node]!.set(prefix, route);
      return;
    }
    this.dense.set(prefix, node, route);
  }

  private store(
    node: number,
    prefix: number,
    before: number,
    all: readonly number[],
    at: Micros | undefined,
  ): void {
    const after = all[0] ?? 0;
    if (after !== before) this.setFirst(node, prefix, after);
    if (all.length > 1) this.more[node]!.set(prefix, all.slice(1));
    else this.more[node]!.delete(prefix);
    this.changed(node, prefix, before, after, at);
  }

  private changed(
    node: number,
    prefix: number,
    before: number,
    after: number,
    at: Micros | undefined,
  ): void {
    this.changes[node]!++;
    if (before === after) return;
    for (const listener of this.listeners) listener.onRouteChange(node, prefix, before, after, at);
  }

  private sameKey(x: number, y: number): boolean {
    const { metric, protocol } = this.route(y);
    return this.hasKey(x, metric, protocol);
  }

  private hasKey(route: number, metric: number, protocol: number): boolean {
    const held = this.route(route);
    return held.metric === metric && held.protocol === protocol;
  }
}

function hopText({ device, gateway, onlink }: NextHop): string {
  return `${device}|${String(gateway)}|${String(onlink)}`;
}

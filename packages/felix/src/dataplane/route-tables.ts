import { type Kernels, PROTOCOL, type PrefixTable, type Route } from "@calico-sim/core";

/**
 * What each Felix believes it has in the kernel: the dataplane side of its route tables
 * (calico: felix/routetable).
 *
 * `stage` notes the difference between what is wanted and what is held, `commit` writes it to the
 * kernel when the apply is over. A destination whose new route has another key (metric, protocol) gets
 * the new one before the old one goes.
 */
export class RouteTables {
  private readonly kernels: Kernels;
  private readonly prefixes: PrefixTable;
  private readonly deviceProtocol: number;
  private readonly aggregates: Int32Array[] = [];
  private readonly hosts: Map<number, number>[] = [];
  /** Prefixes staged, and the route each had before; one list for each node. */
  private readonly staged: number[][] = [];
  private readonly before: number[][] = [];
  /** Routes held. */
  private readonly size: number[] = [];

  constructor(kernels: Kernels, prefixes: PrefixTable, deviceProtocol: number) {
    this.kernels = kernels;
    this.prefixes = prefixes;
    this.deviceProtocol = deviceProtocol;
  }

  /** Forgets what a Felix knew of its kernel: its process starts. */
  reset(node: number): void {
    this.aggregates[node] = new Int32Array(0);
    this.hosts[node] = new Map();
    this.staged[node] = [];
    this.before[node] = [];
    this.size[node] = 0;
  }

  /** Routes held by a node's tables. */
  count(node: number): number {
    return this.size[node]!;
  }

  /** The route held for a prefix, or 0. */
  held(node: number, prefix: number): number {
    const host = this.prefixes.isHost(prefix);
    return (host ? this.hosts[node]!.get(prefix) : this.aggregates[node]![prefix]) ?? 0;
  }

  /** Aggregates and hosts for which something is held, ascending. */
  heldPrefixes(node: number): number[] {
    const held: number[] = [];
    this.aggregates[node]!.forEach((route, prefix) => {
      if (route !== 0) held.push(prefix);
    });
    return [...held, ...[...this.hosts[node]!.keys()].sort((x, y) => x - y)];
  }

  /**
   * Reads the kernel as a starting Felix does: its own routes become the routes held, whatever else
   * Felix would delete is deleted; returns how many.
   *
   * @param ipip - Felix owns IPIP routes, and then deletes what BIRD left on tunl0 (§1.9).
   */
  resync(node: number, ipip: boolean): number {
    let deleted = 0;
    for (const { prefix, route } of this.kernels.table(node)) {
      const { metric, protocol, device } = this.kernels.route(route);
      const stale = ipip && protocol === PROTOCOL.bird && device === "tunl0";
      const own = this.owns(this.kernels.route(route));
      if (stale || (own && this.held(node, prefix) !== 0)) {
        if (this.kernels.remove(node, prefix, metric, protocol)) deleted++;
      } else if (own) this.set(node, prefix, route);
    }
    return deleted;
  }

  /** Notes that `route` (0 = none) is wanted for a prefix; false when it is held already. */
  stage(node: number, prefix: number, route: number): boolean {
    const before = this.held(node, prefix);
    if (before === route) return false;
    this.staged[node]!.push(prefix);
    this.before[node]!.push(before);
    this.set(node, prefix, route);
    return true;
  }

  /** Writes what was staged to the kernel. */
  commit(node: number): void {
    const staged = this.staged[node]!;
    const before = this.before[node]!;
    if (staged.length === 0) return;
    for (let i = 0; i < staged.length; i++) {
      const prefix = staged[i]!;
      const after = this.held(node, prefix);
      if (after !== 0) this.kernels.replace(node, prefix, after);
      if (before[i] !== 0) this.removeOld(node, prefix, before[i]!, after);
    }
    staged.length = 0;
    before.length = 0;
  }

  private removeOld(node: number, prefix: number, before: number, after: number): void {
    const { metric, protocol } = this.kernels.route(before);
    if (after !== 0) {
      const now = this.kernels.route(after);
      if (now.metric === metric && now.protocol === protocol) return;
    }
    this.kernels.remove(node, prefix, metric, protocol);
  }

  /** Main-table ownership policy (calico: felix/routetable/ownershippol/main_route_table_policy.go). */
  private owns({ protocol, device, metric }: Route): boolean {
    if (protocol === PROTOCOL.felix) return true;
    if (protocol !== this.deviceProtocol) return false;
    if (device.startsWith("cali")) return metric !== 0;
    return device === "vxlan.calico" || device === "vxlan-v6.calico" || protocol !== PROTOCOL.boot;
  }

  private set(node: number, prefix: number, route: number): void {
    const before = this.held(node, prefix);
    this.size[node]! += Number(route !== 0) - Number(before !== 0);
    if (this.prefixes.isHost(prefix)) {
      if (route === 0) this.hosts[node]!.delete(prefix);
      else this.hosts[node]!.set(prefix, route);
      return;
    }
    let row = this.aggregates[node]!;
    if (prefix >= row.length) {
      const wider = new Int32Array(
        Math.max(this.prefixes.aggregateCount, Math.ceil((prefix + 1) * 1.25)),
      );
      wider.set(row);
      this.aggregates[node] = row = wider;
    }
    row[prefix] = route;
  }
}

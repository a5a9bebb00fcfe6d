import { HOST_BASE, type RouteListener } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import { RUNNING, WORK_LEARN } from "../fleet/daemon.js";
import { NORMAL_LOCAL_PREF, PLAIN, PLAIN_SET } from "./attributes.js";
import { Buckets } from "./buckets.js";
import { type Exporter, REJECTED } from "./exporter.js";
import { ownership } from "./filters.js";
import type { KernelWriter } from "./kernel-writer.js";
import type { Outbox } from "./outbox.js";
import type { RibChange } from "./path-lists.js";
import { KERNEL, KERNEL_SOURCE, NO_PATH, OWN } from "./paths.js";
import { isPodRoute, podPrefixes } from "./pod-routes.js";

/** Metric of ordinary routes (calico: confd/pkg/backends/calico/bgp_processor.go:663). */
const NORMAL_METRIC = 1024;
/** `local_pref = 2147483647 − metric` (calico: confd/pkg/backends/calico/bgp_processor.go:257). */
const LOCAL_PREF_BASE: number = NORMAL_LOCAL_PREF + NORMAL_METRIC;

/**
 * Routes of pods that BIRD learns from its kernel, as far as they are told to anybody: Calico's filter holds back what lies
 * inside an own block, so only addresses of other nodes' blocks ("borrowed" ones) are, and routes preferred to ordinary ones (node-behaviour §1.6 rules 5 and 8,
 * §2.5). Netlink tells of a route at once (bird: sysdep/linux/netlink.c, nl_async_hook; sysdep/unix/krt.c, krt_learn_async).
 *
 * Pods inside own blocks cost a comparison with these blocks, and are counted.
 */
export class KernelRoutes implements RouteListener {
  private readonly x: FleetContext;
  private readonly exporter: Exporter;
  private readonly writer: KernelWriter;
  private readonly outbox: Outbox;

  constructor(context: FleetContext, exporter: Exporter, writer: KernelWriter, outbox: Outbox) {
    this.x = context;
    this.exporter = exporter;
    this.writer = writer;
    this.outbox = outbox;
  }

  /** See {@link RouteListener}. */
  onRouteChange(node: number, prefix: number, before: number, after: number): void {
    if (prefix < HOST_BASE) return;
    const daemon = this.x.daemons[node];
    if (daemon === undefined) return;
    const [was, is] = [isPodRoute(this.x.kernels, before), isPodRoute(this.x.kernels, after)];
    if (!was && !is) return;
    if (this.x.kernels.familyOf(prefix) !== this.x.family) return;
    daemon.podRoutes += Number(is) - Number(was);
    const told = is && this.isTold(node, prefix, after);
    if (!told && !daemon.foreign.has(prefix)) {
      this.x.stats?.podChanged(node, is);
      this.x.kernelStats?.podChanged(node, is);
      return;
    }
    if (told) daemon.foreign.add(prefix);
    else daemon.foreign.delete(prefix);
    this.news(node, prefix);
  }

  /** The node's blocks changed: some pods are covered now, those in a block that is no longer its own are told. */
  blocksChanged(node: number): void {
    const { x } = this;
    const { foreign, podRoutes } = x.daemons[node]!;
    for (const prefix of foreign) {
      if (this.isTold(node, prefix, x.kernels.best(node, prefix))) continue;
      foreign.delete(prefix);
      this.news(node, prefix);
    }
    if (podRoutes === foreign.size) return;
    for (const prefix of podPrefixes(x.kernels, node, x.family)) {
      if (foreign.has(prefix) || !this.isTold(node, prefix, x.kernels.best(node, prefix))) continue;
      foreign.add(prefix);
      this.news(node, prefix);
    }
  }

  /** A process starts: its first scan of the kernel finds what is there. */
  onStarted(node: number): void {
    const daemon = this.x.daemons[node]!;
    this.x.kernelStats?.scanned(node);
    daemon.kernelNews = [...daemon.foreign];
    if (daemon.kernelNews.length > 0) this.x.queueWork(node, WORK_LEARN, 0);
  }

  /** Takes into the table what changed, and tells the peers. */
  apply(node: number): void {
    const { x } = this;
    const daemon = x.daemons[node]!;
    const news = daemon.kernelNews;
    daemon.kernelNews = [];
    for (const prefix of news) {
      x.spend(node, x.costs.route + x.costs.announce * daemon.exporting);
      const before = this.held(node, prefix);
      const change = this.take(node, prefix);
      if (change === undefined) continue;
      daemon.feed = undefined;
      this.writer.changed(node, prefix, change);
      if (daemon.meshOnly) this.tellMesh(node, prefix, before);
      else this.outbox.changed(node, prefix, change);
    }
  }

  private news(node: number, prefix: number): void {
    const { x } = this;
    const daemon = x.daemons[node]!;
    daemon.feed = undefined;
    if (x.state[node] !== RUNNING) return;
    daemon.kernelNews.push(prefix);
    if (daemon.kernelNews.length === 1) x.queueWork(node, WORK_LEARN, 0);
    x.loop.wake(node);
  }

  private take(node: number, prefix: number): RibChange | undefined {
    const { rib, foreign } = this.x.daemons[node]!;
    if (!foreign.has(prefix)) return rib.remove(prefix, KERNEL, KERNEL_SOURCE);
    const { metric } = this.x.kernels.route(this.x.kernels.best(node, prefix));
    const localPref = LOCAL_PREF_BASE - metric;
    const attributes =
      localPref === NORMAL_LOCAL_PREF
        ? PLAIN
        : this.x.attributes.intern({ ...PLAIN_SET, localPref });
    return rib.add(prefix, this.x.paths.kernel(attributes));
  }

  /** The kernel's path of a prefix in the table, or NO_PATH. */
  private held(node: number, prefix: number): number {
    const { daemons, paths } = this.x;
    const { rib } = daemons[node]!;
    return rib.all(prefix).find((path) => paths.peer(path) === KERNEL) ?? NO_PATH;
  }

  /** Peers of a mesh are told the same, and of this node's own routes alone. */
  private tellMesh(node: number, prefix: number, before: number): void {
    const { ends, addPath } = this.x;
    const fed = ends.of(node).filter((e) => ends.exporting[e] === 1);
    const sample = fed[0];
    if (sample === undefined) return;
    const told = (path: number): number =>
      path === NO_PATH ? REJECTED : this.exporter.attributes(node, sample, prefix, path);
    const attributes = told(this.held(node, prefix));
    if (attributes === REJECTED && told(before) === REJECTED) return;
    const buckets = new Buckets();
    buckets.add(attributes, prefix, OWN, OWN);
    const batch = this.outbox.batch(this.outbox.prepare(buckets, addPath));
    for (const e of fed) this.outbox.post(node, e, batch);
  }

  /** Outside the own blocks, or preferred to ordinary routes (node-behaviour §1.6, rule 5). */
  private isTold(node: number, prefix: number, route: number): boolean {
    const { kernels, prefixes, daemons } = this.x;
    if (kernels.route(route).metric < NORMAL_METRIC) return true;
    return ownership(prefixes, daemons[node]!.blocks, prefixes.cidr(prefix)) === undefined;
  }
}

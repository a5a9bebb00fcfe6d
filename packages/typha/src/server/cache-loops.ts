import type { EventHandler, Micros, SyncerType, SyncerUpdate, UpdateBatch } from "@calico-sim/core";
import { Input, KeyTable, makeBatch } from "../cache/input.js";
import type { TyphaHosts } from "../hosts.js";
import type { Sender } from "./sender.js";
import type { Server } from "./server.js";

/**
 * The loops that feed the snapshot caches of one syncer type, one in each Typha
 * (control-plane-behaviour §1.4; calico: typha/pkg/snapcache/cache.go): block for one item, drain
 * without blocking up to the batch size, publish crumbs.
 */
export class CacheLoops implements EventHandler {
  private readonly hosts: TyphaHosts;
  private readonly servers: readonly Server[];
  private readonly sender: Sender;
  private readonly type: SyncerType;
  private readonly keys: KeyTable = new KeyTable();
  /** What upstream sent last: Typhas that list at the same revision get the same object. */
  private latest: Input | undefined = undefined;
  private readonly kindInput: number;

  constructor(hosts: TyphaHosts, servers: readonly Server[], sender: Sender, type: SyncerType) {
    this.hosts = hosts;
    this.servers = servers;
    this.sender = sender;
    this.type = type;
    this.kindInput = hosts.engine.defineKind(`typha-${type}-input`, this);
  }

  /** A batch from upstream reaches these Typhas. */
  receive(batch: UpdateBatch, typhas: Int32Array, arrivals: Float64Array, count: number): void {
    const input =
      this.latest?.batch === batch ? this.latest : new Input(batch, this.type, this.keys);
    this.latest = input;
    for (let i = 0; i < count; i++) {
      const typha = typhas[i]!;
      if (!this.hosts.listening[typha]!) continue;
      const server = this.servers[typha]!;
      server.inputs.push(input);
      server.arrivals.push(arrivals[i]!);
      this.wait(typha, server, arrivals[i]!);
    }
  }

  onEvent(_kind: number, typha: number, life: number): void {
    if (this.hosts.life[typha] !== life) return;
    const { engine, config, costs } = this.hosts;
    const server = this.servers[typha]!;
    server.inputWaiting = false;
    const { inputs, arrivals } = server;
    const room = config.snapshotCacheMaxBatchSize;
    let items = 0;
    let count = 0;
    for (; count < inputs.length && arrivals[count]! <= engine.now && items < room; count++) {
      items += Math.max(1, inputs[count]!.batch.updates.length);
    }
    const drained = server.drain(count);
    const cost = Math.ceil(items * costs.serialisePerUpdate.value);
    server.cacheUntil = engine.now + cost;
    this.hosts.busy[typha]! += cost;
    const before = server.cache.status;
    this.publish(server, drained, server.cacheUntil);
    this.sender.pump(typha);
    if (server.cache.status === "in-sync" && before !== "in-sync") {
      this.hosts.watcher?.onCacheInSync(typha);
    }
    if (server.inputs.length > 0) this.wait(typha, server, server.arrivals[0]!);
  }

  private wait(typha: number, server: Server, at: Micros): void {
    if (server.inputWaiting) return;
    server.inputWaiting = true;
    const { engine, life } = this.hosts;
    const due = Math.max(at, server.cacheUntil, engine.now);
    engine.schedule(due, this.kindInput, typha, life[typha]);
  }

  private publish(server: Server, drained: readonly Input[], at: Micros): void {
    const { cache, load } = server;
    let kept: readonly SyncerUpdate[] = NONE;
    for (const input of drained) {
      const part = cache.take(input);
      load.updatesTotal += input.batch.updates.length;
      load.updatesSkipped += Math.max(0, input.batch.updates.length - part.length);
      kept = kept.length === 0 ? part : kept.concat(part);
    }
    const status = drained[drained.length - 1]!.batch.status;
    if (kept.length === 0 && status === cache.status) return;
    server.expireSnapshot(at);
    const size = this.hosts.config.snapshotCacheMaxBatchSize;
    const needed = server.crumbsNeeded;
    if (drained.length === 1 && kept.length <= size) {
      cache.publish(drained[0]!.batchOf(kept), at, needed);
      load.crumbs++;
      return;
    }
    const crumbs = Math.max(1, Math.ceil(kept.length / size));
    for (let i = 0; i < crumbs; i++) {
      // Status travels on the last crumb of the batch.
      const own = i === crumbs - 1 ? status : cache.status;
      const batch = needed
        ? makeBatch(kept.slice(i * size, (i + 1) * size), own)
        : makeBatch([], own);
      cache.publish(batch, at, needed);
    }
    load.crumbs += crumbs;
  }
}

const NONE: readonly SyncerUpdate[] = Object.freeze([]);

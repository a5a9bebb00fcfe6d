import type { Micros, SyncerUpdate, SyncStatus, UpdateBatch } from "@calico-sim/core";
import { type Input, makeBatch } from "./input.js";

/** Number of a crumb. */
type Position = number;

/** Clients that catch up side by side need few different messages. */
const MESSAGES_KEPT = 8;

/** One breadcrumb: what changed since the one before. */
export interface Crumb {
  /** Time of publication; the age of a backlog is counted from it. */
  readonly at: Micros;
  readonly batch: UpdateBatch;
}

/** One message of a sender, and the position of a client that has got it. */
export interface Message {
  readonly batch: UpdateBatch;
  readonly position: number;
}

/**
 * The snapshot cache of one syncer type at one Typha, and its chain of breadcrumbs
 * (calico: typha/pkg/snapcache/cache.go).
 *
 * A client's position is the number of the last crumb it was sent. Crumbs that nobody needs any more
 * are let go, as the garbage collector does in Typha.
 */
export class SnapshotCache {
  status: SyncStatus = "wait-for-ready";
  /** Number of the newest crumb. */
  head = 0;
  /** When it was published. */
  headAt: Micros = 0;
  /** Node resources held: the rebalancer's count. */
  nodes = 0;
  private readonly held: (SyncerUpdate | undefined)[] = [];
  private crumbs: Crumb[] = [];
  /** Number of the crumb before the first one kept. */
  private base = 0;
  /** Messages of several crumbs that were made lately, and after which crumb each begins. */
  private messages: { readonly from: Position; readonly message: Message }[] = [];

  /** Takes an input in; returns what is left of it for clients: the very same list if all is. */
  take(input: Input): readonly SyncerUpdate[] {
    const { keys } = input;
    const { updates, snapshot } = input.batch;
    const named = snapshot ? new Uint8Array(this.held.length) : undefined;
    let kept: SyncerUpdate[] | undefined = snapshot ? [] : undefined;
    for (let i = 0; i < updates.length; i++) {
      const key = keys[i]!;
      if (named !== undefined && key < named.length) named[key] = 1;
      const update = input.survivor(i, this.held[key]);
      if (update !== updates[i]) kept ??= firstOf(updates, i);
      if (update === undefined) continue;
      this.set(key, updates[i]);
      kept?.push(update);
    }
    if (named === undefined || kept === undefined) return kept ?? updates;
    this.dropUnnamed(named, kept);
    return kept;
  }

  /** Publishes a crumb. `needed`: whether some client may ask for it. */
  publish(batch: UpdateBatch, at: Micros, needed: boolean): void {
    this.head++;
    this.headAt = at;
    this.status = batch.status;
    if (needed) this.crumbs.push({ at, batch });
    else {
      this.crumbs = [];
      this.base = this.head;
    }
  }

  /** Lets crumbs up to this number go. */
  trim(position: number): void {
    const gone = Math.min(position, this.head) - this.base;
    if (gone <= 0) return;
    this.crumbs = gone >= this.crumbs.length ? [] : this.crumbs.slice(gone);
    this.base += gone;
  }

  /** How far behind the newest crumb the next one of a client at `position` is. */
  age(position: number): Micros {
    const next = this.crumbs[position - this.base];
    return next === undefined ? 0 : this.headAt - next.at;
  }

  /**
   * The next message for a client at `position` < head: its next crumb alone when that is younger than
   * the threshold, else as many as make up a full message (control-plane-behaviour §1.6).
   */
  next(position: number, threshold: Micros, kvsMax: number): Message {
    let at = position - this.base;
    const first = this.crumbs[at]!;
    if (this.headAt - first.at < threshold) return { batch: first.batch, position: position + 1 };
    let kvs = 0;
    while (at < this.crumbs.length) {
      const crumb = this.crumbs[at++]!;
      kvs += crumb.batch.kvs;
      if (kvs >= kvsMax || this.headAt - crumb.at < threshold) break;
    }
    return this.joined(position, this.base + at);
  }

  /** The crumbs after one position up to another as one message: the same object for all clients that are there. */
  private joined(from: Position, position: Position): Message {
    const { status } = this.crumbs[position - 1 - this.base]!.batch;
    if (position === from + 1) return { batch: this.crumbs[from - this.base]!.batch, position };
    for (const each of this.messages) {
      if (each.from === from && each.message.position === position) return each.message;
    }
    const updates: SyncerUpdate[] = [];
    for (let at = from; at < position; at++) {
      for (const update of this.crumbs[at - this.base]!.batch.updates) updates.push(update);
    }
    const message = { batch: makeBatch(updates, status), position };
    this.messages = [{ from, message }, ...this.messages.slice(0, MESSAGES_KEPT - 1)];
    return message;
  }

  /** Everything held, as a snapshot. */
  snapshot(): UpdateBatch {
    const updates: SyncerUpdate[] = [];
    for (const update of this.held) if (update !== undefined) updates.push(update);
    return makeBatch(updates, this.status, true);
  }

  /** Resources held, by key. For tests and reports. */
  content(): Map<string, SyncerUpdate> {
    const content = new Map<string, SyncerUpdate>();
    for (const update of this.held) if (update !== undefined) content.set(update.key, update);
    return content;
  }

  private dropUnnamed(named: Uint8Array, kept: SyncerUpdate[]): void {
    for (let key = 0; key < named.length; key++) {
      const held = this.held[key];
      if (named[key] === 1 || held === undefined) continue;
      this.set(key, undefined);
      kept.push(
        Object.freeze({
          ...held,
          resource: undefined,
          previous: held.resource,
          bytes: held.kvs * 100,
        }),
      );
    }
  }

  private set(key: number, update: SyncerUpdate | undefined): void {
    const before = this.held[key];
    const after = update?.resource === undefined ? undefined : update;
    if (before?.kind === "Node") this.nodes--;
    if (after?.kind === "Node") this.nodes++;
    while (this.held.length < key) this.held.push(undefined);
    this.held[key] = after;
  }
}

function firstOf<T>(items: readonly T[], count: number): T[] {
  const first: T[] = [];
  for (let i = 0; i < count; i++) first.push(items[i]!);
  return first;
}

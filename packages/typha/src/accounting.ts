import type { Micros } from "@calico-sim/core";
import type { DropReason, SentSecond, SyncerLoad } from "./options.js";

const SECOND: Micros = 1_000_000;

/** Load of one syncer type at one Typha, counted as it happens. */
export class Load {
  accepted = 0;
  active = 0;
  readonly dropped: Partial<Record<DropReason, number>> = {};
  messages = 0;
  kvs = 0;
  bytes = 0;
  crumbs = 0;
  updatesTotal = 0;
  updatesSkipped = 0;
  snapshotsGenerated = 0;
  snapshotsReused = 0;
  fellBehind = 0;
}

/** Sums loads into one plain report. */
export function report(loads: readonly Load[]): SyncerLoad {
  const dropped: Partial<Record<DropReason, number>> = {};
  for (const load of loads) {
    for (const [reason, count] of Object.entries(load.dropped) as [DropReason, number][]) {
      dropped[reason] = (dropped[reason] ?? 0) + count;
    }
  }
  const sum = (of: (load: Load) => number): number => loads.reduce((n, load) => n + of(load), 0);
  return {
    connectionsAccepted: sum((l) => l.accepted),
    connectionsActive: sum((l) => l.active),
    connectionsDropped: dropped,
    messages: sum((l) => l.messages),
    kvs: sum((l) => l.kvs),
    bytes: sum((l) => l.bytes),
    crumbs: sum((l) => l.crumbs),
    updatesTotal: sum((l) => l.updatesTotal),
    updatesSkipped: sum((l) => l.updatesSkipped),
    snapshotsGenerated: sum((l) => l.snapshotsGenerated),
    snapshotsReused: sum((l) => l.snapshotsReused),
    fellBehind: sum((l) => l.fellBehind),
  };
}

/** What was sent, by second of simulated time. */
export class SentSeries {
  private readonly messages: number[] = [];
  private readonly kvs: number[] = [];
  private readonly bytes: number[] = [];

  /** Adds messages that were sent at a time. */
  add(at: Micros, messages: number, kvs: number, bytes: number): void {
    const second = Math.floor(at / SECOND);
    while (this.messages.length <= second) {
      this.messages.push(0);
      this.kvs.push(0);
      this.bytes.push(0);
    }
    this.messages[second]! += messages;
    this.kvs[second]! += kvs;
    this.bytes[second]! += bytes;
  }

  /** Seconds in which something was sent. */
  seconds(): SentSecond[] {
    const seconds: SentSecond[] = [];
    this.messages.forEach((messages, second) => {
      if (messages === 0) return;
      seconds.push({ second, messages, kvs: this.kvs[second]!, bytes: this.bytes[second]! });
    });
    return seconds;
  }
}

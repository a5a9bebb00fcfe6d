import { COUNT, type WireCounters } from "../messages/counters.js";
import { widened } from "../session/connections.js";
import { IntTuples } from "./int-tuples.js";
import type { Counted, Prepared } from "./updates.js";

/** UPDATEs that a daemon sends one behind the other, to one peer or to many: a stretch of the log of {@link Batches}. */
export interface Batch {
  /** Place in the log of the first. */
  readonly start: number;
  readonly length: number;
  readonly bytes: number;
  /** Messages that announce, and prefixes in them. */
  readonly reach: number;
  readonly nlri: number;
  /** Messages that withdraw, and prefixes in them. */
  readonly withdraw: number;
  readonly withdrawn: number;
}

/**
 * Batches of UPDATEs, and the runs in which they arrive: as much of a batch as reaches a peer at one instant. A
 * batch is written down once however many peers it goes to, and a run is one integer in flight.
 */
export class Batches {
  /** Record numbers of everything that was prepared, in order. */
  private log: Int32Array = new Int32Array(64);
  private logged = 0;
  /** Runs: place in the log, length. */
  private readonly runs: IntTuples = new IntTuples();

  /** Writes a batch down. */
  add(messages: readonly Prepared[]): Batch {
    const start = this.logged;
    const total = { bytes: 0, reach: 0, nlri: 0, withdraw: 0, withdrawn: 0 };
    for (const { record, bytes, reach, prefixes } of messages) {
      if (this.logged === this.log.length) this.log = widened(this.log, 2 * this.logged);
      this.log[this.logged++] = record;
      total.bytes += bytes;
      if (reach) {
        total.reach++;
        total.nlri += prefixes;
      } else {
        total.withdraw++;
        total.withdrawn += prefixes;
      }
    }
    return { start, length: messages.length, ...total };
  }

  /** Record of the UPDATE at a place in the log. */
  record(place: number): number {
    return this.log[place]!;
  }

  /** The run of some UPDATEs from a place in the log on. */
  run(place: number, length: number): number {
    return this.runs.intern(place, length, 0, 0);
  }

  /** Place in the log where a run begins. */
  runBegin(run: number): number {
    return this.runs.field(run, 0);
  }

  /** UPDATEs in a run. */
  runLength(run: number): number {
    return this.runs.field(run, 1);
  }
}

/** Counts a batch that was sent to a number of peers. */
export function countBatch(counters: WireCounters, batch: Batch, times: number): void {
  counters.messages[COUNT.update]! += batch.length * times;
  counters.bytes[COUNT.update]! += batch.bytes * times;
  counters.reach += batch.reach * times;
  counters.nlri += batch.nlri * times;
  counters.withdraw += batch.withdraw * times;
  counters.withdrawn += batch.withdrawn * times;
}

/** Counts an UPDATE sent to a number of peers. */
export function countUpdate(counters: WireCounters, message: Counted, times: number): void {
  counters.count(COUNT.update, message.bytes, times);
  if (message.reach) {
    counters.reach += times;
    counters.nlri += message.prefixes * times;
  } else {
    counters.withdraw += times;
    counters.withdrawn += message.prefixes * times;
  }
}

import type { Micros } from "../engine/index.js";
import type { DatastoreProfile } from "./cost-profile.js";
import type { KindTable } from "./kind-table.js";
import type { ObjectStore } from "./object-store.js";

/**
 * Drops history that has outlived its time: an apiserver's by window, kind by kind; etcd's by
 * compaction. Nothing is scheduled for it: whoever is about to use history calls {@link trim} first.
 */
export class History {
  private readonly store: ObjectStore;
  private readonly profile: DatastoreProfile;
  private compactedPeriods = 0;
  private revisionAtPeriod = 0;

  constructor(store: ObjectStore, profile: DatastoreProfile) {
    this.store = store;
    this.profile = profile;
  }

  /** Brings the history of a kind up to date; `revision` was the store's until now. */
  trim(table: KindTable, now: Micros, revision: number): void {
    const { store, profile } = this;
    const interval = profile.compactionIntervalMicros.value;
    if (interval === Number.POSITIVE_INFINITY) {
      const before = now - profile.windowAgeMicros.value;
      table.trimWindow(before, profile.windowEventsMin.value, profile.windowEventsMax.value);
      return;
    }
    // Each period compacts to the revision with which the period before it ended.
    const periods = Math.floor(now / interval);
    if (periods === this.compactedPeriods) return;
    const older = periods - this.compactedPeriods > 1 ? revision : this.revisionAtPeriod;
    this.compactedPeriods = periods;
    this.revisionAtPeriod = revision;
    for (const each of store.all()) each.compact(older);
  }
}

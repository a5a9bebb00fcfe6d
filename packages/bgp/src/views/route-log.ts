import type { Micros } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import type { RibChange } from "../rib/path-lists.js";
import { NO_PATH } from "../rib/paths.js";
import type { RibListener } from "../rib/rib.js";

/** The last change of what a daemon prefers for a prefix. */
export interface BestChange {
  readonly at: Micros;
  /** Path that was preferred before, or NO_PATH. */
  readonly before: number;
  /** What is preferred since. */
  readonly after: number;
}

interface PrefixLog {
  best: BestChange;
  /** When each path came or changed. */
  readonly since: Map<number, Micros>;
}

/** When the paths of one daemon's table came, and what the preferred ones replaced. Kept only where it was asked for. */
export class RouteLog implements RibListener {
  private readonly x: FleetContext;
  private readonly prefixes: Map<number, PrefixLog> = new Map();

  constructor(context: FleetContext) {
    this.x = context;
  }

  /** See {@link RibListener}. */
  onChange(prefix: number, { before, after, bestBefore, bestAfter }: RibChange): void {
    // Inside a turn the daemon is ahead of the clock.
    const at = Math.max(this.x.engine.now, Math.round(this.x.t));
    const log = this.of(prefix);
    if (before !== NO_PATH) log.since.delete(before);
    if (after !== NO_PATH) log.since.set(after, at);
    if (bestBefore !== bestAfter) log.best = { at, before: bestBefore, after: bestAfter };
  }

  /** See {@link RibListener}. */
  onClear(): void {
    this.prefixes.clear();
  }

  /** When a path came, or changed its attributes. */
  since(prefix: number, path: number): Micros | undefined {
    return this.prefixes.get(prefix)?.since.get(path);
  }

  /** The last change of the preferred path of a prefix since the process started. */
  lastChange(prefix: number): BestChange | undefined {
    return this.prefixes.get(prefix)?.best;
  }

  private of(prefix: number): PrefixLog {
    let log = this.prefixes.get(prefix);
    if (log === undefined) {
      log = { best: { at: 0, before: NO_PATH, after: NO_PATH }, since: new Map() };
      this.prefixes.set(prefix, log);
    }
    return log;
  }
}

import type { Micros } from "@calico-sim/core";
import type { FleetContext } from "../fleet/context.js";
import type { Path, RibChange, RibListener } from "../rib/rib.js";

/** The last change of what a daemon prefers for a prefix. */
export interface BestChange {
  readonly at: Micros;
  /** What was preferred before; undefined for nothing. */
  readonly before: Path | undefined;
  /** What is preferred since; undefined for nothing. */
  readonly after: Path | undefined;
}

interface PrefixLog {
  best: BestChange;
  /** When each path came or changed; key: end and source. */
  readonly since: Map<string, Micros>;
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
    if (before !== undefined) log.since.delete(keyOf(before));
    if (after !== undefined) log.since.set(keyOf(after), at);
    if (!samePath(bestBefore, bestAfter)) log.best = { at, before: bestBefore, after: bestAfter };
  }

  /** See {@link RibListener}. */
  onClear(): void {
    this.prefixes.clear();
  }

  /** When a path came, or changed its attributes. */
  since(prefix: number, path: Path): Micros | undefined {
    return this.prefixes.get(prefix)?.since.get(keyOf(path));
  }

  /** The last change of the preferred path of a prefix since the process started. */
  lastChange(prefix: number): BestChange | undefined {
    return this.prefixes.get(prefix)?.best;
  }

  private of(prefix: number): PrefixLog {
    let log = this.prefixes.get(prefix);
    if (log === undefined) {
      log = { best: { at: 0, before: undefined, after: undefined }, since: new Map() };
      this.prefixes.set(prefix, log);
    }
    return log;
  }
}

function keyOf({ end, source }: Path): string {
  return `${String(end)}/${String(source)}`;
}

function samePath(a: Path | undefined, b: Path | undefined): boolean {
  return a?.end === b?.end && a?.source === b?.source && a?.attributes === b?.attributes;
}

import type { Micros } from "../engine/time.js";
import type { PathQuality } from "./path-quality.js";
import { serialisation } from "./tcp-passage.js";

/** What waits before narrow links: each sends what it is given in that order, one direction apart from the other. */
export class LinkQueues {
  /** When each narrow link has sent what it was given, by {@link PathQuality.narrowest}. */
  private readonly busyUntil: Map<number, Micros> = new Map();

  /** Sends octets through the narrowest link of a path: when it takes up their first one. */
  occupy(quality: PathQuality, at: Micros, bytes: number): Micros {
    if (quality.narrowest < 0) return at;
    const begin = Math.max(at, this.busyUntil.get(quality.narrowest) ?? 0);
    const until = begin + serialisation(bytes, quality.bandwidthMbps);
    // Some of those who send reckon in parts of a microsecond, which those behind them must not inherit.
    this.busyUntil.set(quality.narrowest, Math.ceil(until));
    return begin;
  }
}

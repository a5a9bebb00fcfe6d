import type { Micros } from "@calico-sim/core";

const TICK: Micros = 10_000;
const BUCKET = 10;

/**
 * The leaky bucket in front of the flush: +1 token each 10 ms, at most 10
 * (calico: felix/calc/async_calc_graph.go:31-34,205-229).
 *
 * The ticker of an idle Felix is not simulated: tokens are counted from the time that passed.
 */
export class FlushThrottle {
  private readonly started: Micros[] = [];
  private readonly ticks: number[] = [];
  private readonly tokens: number[] = [];

  /** The ticker starts with the process; the bucket is empty. */
  reset(node: number, now: Micros): void {
    this.started[node] = now;
    this.ticks[node] = 0;
    this.tokens[node] = 0;
  }

  /** Takes a token if there is one. */
  take(node: number, now: Micros): boolean {
    const ticks = Math.floor((now - this.started[node]!) / TICK);
    const tokens = Math.min(BUCKET, this.tokens[node]! + ticks - this.ticks[node]!);
    this.ticks[node] = ticks;
    this.tokens[node] = tokens === 0 ? 0 : tokens - 1;
    return tokens > 0;
  }

  /** When the next token comes. */
  next(node: number): Micros {
    return this.started[node]! + (this.ticks[node]! + 1) * TICK;
  }
}

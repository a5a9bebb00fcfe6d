import { hash32, type Micros } from "@calico-sim/core";

const INTERVAL: Micros = 100_000;
const JITTER: Micros = 10_000;
const BUCKET = 10;

/**
 * The throttle of the dataplane's main loop: +1 token each 100–110 ms, at most 10, one to begin with
 * (calico: felix/dataplane/linux/int_dataplane.go:97,2481-2607; felix/throttle).
 *
 * Ticks are counted when somebody asks. The k-th interval of a node is a hash of (node, k), so it does
 * not matter when that is; after a long silence the bucket is full and only the phase is drawn.
 */
export class ApplyThrottle {
  private readonly salt: number[] = [];
  private readonly last: Micros[] = [];
  private readonly ticks: number[] = [];
  private readonly tokens: number[] = [];

  /** The loop starts. */
  reset(node: number, salt: number, now: Micros): void {
    this.salt[node] = salt;
    this.last[node] = now;
    this.ticks[node] = 0;
    this.tokens[node] = 1;
  }

  /** Takes a token if there is one. */
  take(node: number, now: Micros): boolean {
    this.advance(node, now);
    if (this.tokens[node] === 0) return false;
    this.tokens[node]!--;
    return true;
  }

  /** When the next token comes. */
  next(node: number): Micros {
    return this.last[node]! + this.interval(node);
  }

  private advance(node: number, now: Micros): void {
    const silence = (BUCKET + 2) * (INTERVAL + JITTER);
    if (now - this.last[node]! > silence) {
      const skipped = Math.floor((now - this.last[node]!) / (INTERVAL + JITTER / 2)) - 1;
      this.ticks[node]! += skipped;
      const phase = hash32(this.salt[node]!, this.ticks[node]!, 1) % INTERVAL;
      this.last[node] = now - phase;
      this.tokens[node] = BUCKET;
      return;
    }
    for (let next = this.next(node); next <= now; next = this.next(node)) {
      this.last[node] = next;
      this.ticks[node]!++;
      this.tokens[node] = Math.min(BUCKET, this.tokens[node]! + 1);
    }
  }

  private interval(node: number): Micros {
    return INTERVAL + (hash32(this.salt[node]!, this.ticks[node]!, 0) % (JITTER + 1));
  }
}

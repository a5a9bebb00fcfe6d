import type { Forkable } from "./fork.js";
import { hex32 } from "./random.js";
import type { Micros } from "./time.js";

/** Sees every event of a run, in order. Sinks are for people; they do not travel into forks. */
export interface TraceSink {
  /** One dispatched event. */
  onEvent(at: Micros, kind: number, a: number, b: number): void;
}

/** The history of a run, as a running digest and as a stream for sinks. */
export class Trace implements Forkable {
  private low = 0x811c9dc5;
  private high = 0x01000193;
  private readonly sinks: TraceSink[] = [];

  /** Adds a sink that sees every event from now on. */
  addSink(sink: TraceSink): void {
    this.sinks.push(sink);
  }

  /** Folds one event into the digest and shows it to the sinks. */
  fold(at: Micros, kind: number, a: number, b: number): void {
    // Two 32-bit multiplicative lanes with different constants; 53-bit times enter as two words.
    this.low = Math.imul(this.low ^ (at >>> 0), 0x9e3779b1) ^ a;
    const rest = b ^ Math.imul(kind, 0x27d4eb2f) ^ Math.imul((at / 0x100000000) | 0, 0x165667b1);
    this.high = (Math.imul(this.high ^ rest, 0x85ebca6b) + this.low) | 0;
    this.high ^= this.high >>> 15;
    if (this.sinks.length > 0) for (const sink of this.sinks) sink.onEvent(at, kind, a, b);
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    return hex32(this.high) + hex32(this.low);
  }

  /** See {@link Forkable}. */
  forkSelf(): Trace {
    const copy = new Trace();
    copy.low = this.low;
    copy.high = this.high;
    return copy;
  }
}

import seedrandom from "seedrandom";
import type { Forkable } from "./fork.js";

/**
 * A stream of random draws that belongs to one consumer alone.
 *
 * The generator is `alea`: of seedrandom's fast ones only `alea` and `tychei` give independent
 * streams for neighbouring text seeds. Every distribution takes exactly one draw, so traces of two
 * models stay comparable.
 */
export class RandomStream implements Forkable {
  /** The full name, seed included. */
  readonly name: string;
  private readonly prng: seedrandom.StatefulPRNG<seedrandom.State.Alea>;

  constructor(name: string, state?: seedrandom.State.Alea) {
    this.name = name;
    this.prng = seedrandom.alea(name, { state: state ?? true });
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.prng();
  }

  /** Uniform integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.prng() * n);
  }

  /** Uniform integer in [low, high], both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.prng() * (high - low + 1));
  }

  /** Exponentially distributed with the given mean. */
  exponential(mean: number): number {
    return -mean * Math.log1p(-this.prng());
  }

  /** Log-normally distributed with the given median and shape `sigma`. */
  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * normalQuantile(this.prng()));
  }

  /** Shuffles in place (Fisher–Yates; length − 1 draws). */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = items[i] as T;
      items[i] = items[j] as T;
      items[j] = held;
    }
    return items;
  }

  /** See {@link Forkable}. */
  forkSelf(): RandomStream {
    return new RandomStream(this.name, this.prng.state());
  }
}

/**
 * The named random streams of one run: `stream("bird", "node-3", "hold")`.
 *
 * A stream depends on the seed and its own name only, so a new node, or one more draw in another
 * component, changes nobody else's draws.
 */
export class RandomStreams {
  /** The run's seed as text. */
  readonly seed: string;
  private readonly streams: Map<string, RandomStream> = new Map();

  constructor(seed: number | string) {
    this.seed = String(seed);
  }

  /** The stream of this name; the same object each time. */
  stream(...name: readonly string[]): RandomStream {
    const key = `${this.seed}/${name.join("/")}`;
    let stream = this.streams.get(key);
    if (stream === undefined) {
      stream = new RandomStream(key);
      this.streams.set(key, stream);
    }
    return stream;
  }
}

/**
 * Mixes integers into 32 uniform bits, for draws that must be found again without a stream's history
 * (the k-th keepalive of a session). Finaliser of MurmurHash3 over a multiplicative combine.
 */
export function hash32(a: number, b: number, c: number): number {
  let h = Math.imul(a | 0, 0x9e3779b1) ^ Math.imul((b | 0) + 0x7f4a7c15, 0x85ebca77);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) ^ Math.imul((c | 0) + 0x165667b1, 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Two hexadecimal digits of each byte: `toString(16)` is slow, and a pod has some twenty words of them. */
const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

/** The eight hexadecimal digits of 32 bits. */
export function hex32(bits: number): string {
  const high = `${BYTES[bits >>> 24]!}${BYTES[(bits >>> 16) & 255]!}`;
  return `${high}${BYTES[(bits >>> 8) & 255]!}${BYTES[bits & 255]!}`;
}

/** 32-bit FNV-1a of a text, to turn names into {@link hash32} operands. */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Quantile of the standard normal distribution (P. J. Acklam's rational approximation, |error| < 1.2e-9). */
export function normalQuantile(p: number): number {
  if (p <= 0) return Number.NEGATIVE_INFINITY;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return tail(q);
  }
  if (p > 1 - 0.02425) {
    const q = Math.sqrt(-2 * Math.log(1 - p));
    return -tail(q);
  }
  const q = p - 0.5;
  const r = q * q;
  const numerator =
    ((((-3.969683028665376e1 * r + 2.209460984245205e2) * r - 2.759285104469687e2) * r +
      1.38357751867269e2) *
      r -
      3.066479806614716e1) *
      r +
    2.506628277459239;
  const denominator =
    ((((-5.447609879822406e1 * r + 1.615858368580409e2) * r - 1.556989798598866e2) * r +
      6.680131188771972e1) *
      r -
      1.328068155288572e1) *
      r +
    1;
  return (numerator * q) / denominator;
}

function tail(q: number): number {
  const numerator =
    ((((-7.784894002430293e-3 * q - 3.223964580411365e-1) * q - 2.400758277161838) * q -
      2.549732539343734) *
      q +
      4.374664141464968) *
      q +
    2.938163982698783;
  const denominator =
    (((7.784695709041462e-3 * q + 3.224671290700398e-1) * q + 2.445134137142996) * q +
      3.754408661907416) *
      q +
    1;
  return numerator / denominator;
}

import type { Simulation } from "@calico-sim/cluster";
import { type DurationInput, formatMicros, type Micros, micros, SECOND } from "@calico-sim/core";

/** How {@link watch} looks at a run. */
export interface WatchOptions {
  /** Time between two looks. @defaultValue 1 s */
  readonly every?: DurationInput;
  /** Moment of the run at which it stops looking. */
  readonly until: DurationInput;
}

/** One look. */
interface Sample {
  readonly at: Micros;
  readonly holds: boolean;
}

/**
 * Runs a simulation on to a moment and looks at it again and again: now, every so often, and at the end.
 *
 * Looking changes nothing: the run is the same as without. What happens between two looks is not seen.
 *
 * @example
 * const reached = watch(simulation, { every: "100ms", until: "10m" }, (s) => s.tracker.converged);
 * expect(reached.within("5m")).toBe(true);
 */
export function watch(
  simulation: Simulation,
  options: WatchOptions,
  predicate: (simulation: Simulation) => boolean,
): Watched {
  const every = Math.max(1, micros(options.every ?? SECOND));
  const until = micros(options.until);
  const samples: Sample[] = [];
  const look = (): void => {
    samples.push({ at: simulation.engine.now, holds: predicate(simulation) });
  };
  look();
  while (simulation.engine.now < until) {
    const from = simulation.engine.now;
    simulation.run(Math.min(until, from + every));
    // At the event limit the clock no longer reaches where it was sent.
    if (simulation.outcome === "event-limit") break;
    look();
  }
  return new Watched(samples, simulation.engine.random.seed);
}

/** What {@link watch} saw: temporal laws over its looks. */
export class Watched {
  private readonly samples: readonly Sample[];
  private readonly seed: string;

  constructor(samples: readonly Sample[], seed: string) {
    this.samples = samples;
    this.seed = seed;
  }

  /** It held at every look. */
  get always(): boolean {
    return this.samples.every(({ holds }) => holds);
  }

  /** It held at no look. */
  get never(): boolean {
    return !this.samples.some(({ holds }) => holds);
  }

  /** It held at some look. */
  get eventually(): boolean {
    return !this.never;
  }

  /** From some look on it held at every one. */
  get finally(): boolean {
    return this.samples[this.samples.length - 1]?.holds === true;
  }

  /** It held at a look not later than this after the first. */
  within(span: DurationInput): boolean {
    const first = this.firstHeld;
    return first !== undefined && first - (this.samples[0]?.at ?? 0) <= micros(span);
  }

  /** Moment of the first look at which it held. */
  get firstHeld(): Micros | undefined {
    return this.samples.find(({ holds }) => holds)?.at;
  }

  /** Moment of the first look at which it did not hold. */
  get firstBroken(): Micros | undefined {
    return this.samples.find(({ holds }) => !holds)?.at;
  }

  /** The longest time between a look at which it did not hold and the next at which it did, or the last look. */
  get longestBroken(): Micros {
    let longest = 0;
    let since: Micros | undefined;
    for (const { at, holds } of this.samples) {
      if (!holds) since ??= at;
      if (since !== undefined) longest = Math.max(longest, at - since);
      if (holds) since = undefined;
    }
    return longest;
  }

  /** When it held, for people: `seed 7: held 12s–40s and 60s–end`. */
  toString(): string {
    const spans: string[] = [];
    let from: Micros | undefined;
    for (const { at, holds } of this.samples) {
      if (holds) from ??= at;
      else if (from !== undefined) {
        spans.push(`${formatMicros(from)}–${formatMicros(at)}`);
        from = undefined;
      }
    }
    if (from !== undefined) spans.push(`${formatMicros(from)}–end`);
    return `seed ${this.seed}: held ${spans.length === 0 ? "never" : spans.join(" and ")}`;
  }
}

import type { DurationInput } from "@calico-sim/core";

/** Options of {@link import("./simulate.js").simulate}. */
export interface SimulateOptions {
  /** Seed of every random draw. @defaultValue 1 */
  readonly seed?: number | string;
  /** End of the run. @defaultValue the last step plus five minutes */
  readonly until?: DurationInput;
  /** Events after which the run stops with the finding `event-limit`. */
  readonly eventsMax?: number;
  /** Called about each simulated second, with the share of the run done (0..1) and the simulated seconds. */
  readonly progress?: (share: number, seconds: number) => void;
}

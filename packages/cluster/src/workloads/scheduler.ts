import { type Micros, SECOND } from "@calico-sim/core";
import type { WorkloadParameters } from "./parameters.js";

/** kube-scheduler: one pod at a time, and no more binds than its client's rate limit lets through. */
export class Scheduler {
  private readonly parameters: WorkloadParameters;
  /** Theoretical arrival time of the rate limit (a leaky bucket). */
  private allowed: Micros = 0;
  /** End of the work in hand. */
  private busy: Micros = 0;

  constructor(parameters: WorkloadParameters) {
    this.parameters = parameters;
  }

  /** When the pod that asks now is bound. */
  turn(now: Micros): Micros {
    const { schedulerQps, schedulerBurst, schedulingCost } = this.parameters;
    const interval = SECOND / schedulerQps;
    const limited = Math.max(now, Math.ceil(this.allowed - interval * (schedulerBurst - 1)));
    this.allowed = Math.max(this.allowed, now) + interval;
    this.busy = Math.max(this.busy, now) + schedulingCost;
    return Math.max(limited, this.busy);
  }
}

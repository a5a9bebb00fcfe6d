import type { Micros } from "@calico-sim/core";
import type { ViewChange } from "./calc/node-views.js";
import type { RestartReason } from "./options.js";

/** One batch that a Felix has yet to work through. */
export interface Input {
  /** When its updates have been decoded and fed to the graph. */
  readonly at: Micros;
  readonly change: ViewChange | undefined;
  readonly inSync: boolean;
}

/** What a process was started with, and exits over when it changes. */
export interface Base {
  readonly tunnels: string;
  readonly encapsulation: number;
  readonly globalConfig: number;
  readonly nodeConfig: number;
}

/** One process: its life number, what waits for its graph, what the next flush will send. */
export interface Process {
  readonly life: number;
  readonly inputs: Input[];
  /** An event that looks at the inputs is pending. */
  waiting: boolean;
  everything: boolean;
  readonly prefixes: number[];
  readonly pods: string[];
  inSync: boolean;
  base: Base | undefined;
  leaving: boolean;
}

/** A process that has just been started. */
export function newProcess(life: number): Process {
  return {
    life,
    inputs: [],
    waiting: false,
    everything: false,
    prefixes: [],
    pods: [],
    inSync: false,
    base: undefined,
    leaving: false,
  };
}

/** Why a process started with `base` exits now; undefined when it does not (node-behaviour §3.9). */
export function restartReason(base: Base, now: Base): RestartReason | undefined {
  if (base.globalConfig !== now.globalConfig || base.nodeConfig !== now.nodeConfig) {
    return "configuration";
  }
  if (base.tunnels !== now.tunnels) return "tunnel-address";
  return base.encapsulation === now.encapsulation ? undefined : "encapsulation";
}

import type { Micros, RandomStream } from "@calico-sim/core";
import type { Gate } from "./gate.js";
import type { PodSpec } from "./pod-objects.js";
import type { PodAnswer, PodOrder, PodStep } from "./pod-script.js";
import type { Process } from "./process.js";

/** Hears what becomes of pods. `key` is `Pod/<namespace>/<name>`. */
export interface WorkloadListener {
  /** The binding is stored. */
  onPodScheduled(key: string, node: number, at: Micros): void;
  /** The pod has its interface, and its address is stored in the datastore. Called once a sandbox, with its first address. */
  onPodAddressed(key: string, node: number, address: string, at: Micros): void;
  /** The pod is deleted from the datastore. */
  onPodGone(key: string, at: Micros): void;
  /** A sandbox failed (the kubelet will try again), or the pod could not be created. */
  onPodFailed(key: string, reason: string, at: Micros): void;
}

/** Where a pod stands. */
export type PodPhase = "requested" | "scheduled" | "addressed" | "running" | "terminating";

/** What is known of a pod. */
export interface PodView {
  readonly key: string;
  readonly spec: PodSpec;
  readonly phase: PodPhase;
  readonly addresses: readonly string[];
  /** Sandboxes that failed so far. */
  readonly failures: number;
}

/** A pod that runs already when the simulation begins; its objects are seeded by whoever adopts it. */
export interface AdoptedPod {
  readonly spec: PodSpec;
  readonly addresses: readonly string[];
  readonly container: string;
}

/** Totals since the start. */
export interface WorkloadCounts {
  created: number;
  running: number;
  failures: number;
  gone: number;
}

/** A pod that is not gone. */
export interface PodRow {
  readonly serial: number;
  readonly key: string;
  readonly spec: PodSpec;
  readonly node: number;
  phase: PodPhase;
  addresses: readonly string[];
  container: string | undefined;
  /** Addresses to which the CNI plugin wrote routes of its own, since its interface came up. */
  copied: readonly string[];
  /** Sandboxes tried. */
  attempts: number;
  failures: number;
  deleting: boolean;
  /** The deletion mark is stored (or there was nothing to mark). */
  marked: boolean;
  /** The process that runs or stops it; −1 for none. */
  process: number;
}

/** A process under way. */
export interface Running {
  readonly pod: PodRow;
  readonly process: Process<PodOrder, PodStep, PodAnswer>;
  /** The IPAM operation that is out; −1 for none. */
  operation: number;
}

/** A node, as far as its pods are concerned. */
export interface NodeRow {
  up: boolean;
  readonly slots: Gate;
  readonly lock: Gate;
  readonly random: RandomStream;
  readonly processes: Set<number>;
  address: string | undefined;
}

/**
 * Pods, and who makes them: controllers, scheduler, kubelets and the CNI plugin as event sources.
 *
 * @module
 */
export { Churn, type ChurnProfile } from "./churn.js";
export { WORKLOAD_DEFAULTS, type WorkloadParameters } from "./parameters.js";
export { POD_ANNOTATIONS, type PodSpec } from "./pod-objects.js";
export { layOutPods, type WarmPods } from "./warm.js";
export type {
  AdoptedPod,
  PodPhase,
  PodView,
  WorkloadCounts,
  WorkloadListener,
} from "./workload-types.js";
export { Workloads, type WorkloadsOptions } from "./workloads.js";

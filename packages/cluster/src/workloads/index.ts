/**
 * Pods, and who makes them: controllers, scheduler, kubelets and the CNI plugin as event sources.
 *
 * @module
 */
export { Churn, type ChurnProfile } from "./churn.js";
export { WORKLOAD_DEFAULTS, type WorkloadParameters } from "./parameters.js";
export { POD_ANNOTATIONS, type PodSpec } from "./pod-objects.js";
export { layOutPods, type WarmPods } from "./warm.js";
export {
  type AdoptedPod,
  type PodPhase,
  type PodView,
  type WorkloadCounts,
  type WorkloadListener,
  Workloads,
  type WorkloadsOptions,
} from "./workloads.js";

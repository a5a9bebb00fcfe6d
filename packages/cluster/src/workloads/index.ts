/**
 * Pods, and who makes them: controllers, scheduler, kubelets and the CNI plugin as event sources.
 *
 * @module
 */
export { Churn } from "./churn.js";
export { WORKLOAD_DEFAULTS, type WorkloadParameters } from "./parameters.js";
export { POD_ANNOTATIONS, type PodSpec } from "./pod-objects.js";
export { RouteCopies } from "./route-copies.js";
export { layOutPods, type WarmPods } from "./warm.js";
export type { AdoptedPod, PodPhase, PodView, WorkloadListener } from "./workload-types.js";
export { Workloads } from "./workloads.js";

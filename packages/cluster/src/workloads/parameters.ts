import { MILLISECOND, type Micros, SECOND } from "@calico-sim/core";

/**
 * What pods cost beside their datastore requests. Times are medians of a log-normal draw of shape
 * {@link spread}; "assumed" marks numbers without a source, to be calibrated with your own.
 */
export interface WorkloadParameters {
  /** Binds per second that the scheduler sustains (kubernetes: kube-scheduler clientConnection.qps). @defaultValue 50 */
  readonly schedulerQps: number;
  /** Binds it may make at once (kubernetes: kube-scheduler clientConnection.burst). @defaultValue 100 */
  readonly schedulerBurst: number;
  /** Scheduler time for one pod; assumed. @defaultValue 2 ms */
  readonly schedulingCost: Micros;
  /** From a change of a pod to the kubelet acting on it; assumed. @defaultValue 20 ms */
  readonly kubeletReaction: Micros;
  /** Pods of one node that are started at the same time (kubernetes: one worker a pod, at most maxPods). @defaultValue 110 */
  readonly kubeletParallelism: number;
  /** Creating the sandbox without its network; assumed. @defaultValue 150 ms */
  readonly sandboxCreate: Micros;
  /** Start of the CNI plugin process until its first request; assumed. @defaultValue 30 ms */
  readonly cniStart: Micros;
  /** Start of the IPAM plugin process until it asks for the lock; assumed. @defaultValue 30 ms */
  readonly ipamStart: Micros;
  /** veth pair, addresses, routes and sysctls of a pod; assumed. @defaultValue 40 ms */
  readonly interfaceSetUp: Micros;
  /** Network clean-up of a pod on DEL; assumed. @defaultValue 20 ms */
  readonly interfaceTearDown: Micros;
  /** Starting containers whose images are present; assumed. @defaultValue 250 ms */
  readonly containerStart: Micros;
  /** From running to ready; assumed. @defaultValue 500 ms */
  readonly readiness: Micros;
  /** Containers end after SIGTERM; assumed. @defaultValue 500 ms */
  readonly containerStop: Micros;
  /** Shape of the draws; assumed. 0 draws nothing. @defaultValue 0.25 */
  readonly spread: number;
  /** Wait after a failed sandbox (kubernetes: pkg/kubelet/kubelet.go backOffPeriod), plus up to half of it (pod_workers.go). @defaultValue 10 s */
  readonly backOff: Micros;
  /** Wait after a request that was not answered; assumed. @defaultValue 1 s */
  readonly requestRetry: Micros;
  /** Whether the kubelet reads a pod before it writes its status (kubernetes: pkg/kubelet/status/status_manager.go). @defaultValue true */
  readonly statusReads: boolean;
}

/** The defaults of {@link WorkloadParameters}. */
export const WORKLOAD_DEFAULTS: WorkloadParameters = Object.freeze({
  schedulerQps: 50,
  schedulerBurst: 100,
  schedulingCost: 2 * MILLISECOND,
  kubeletReaction: 20 * MILLISECOND,
  kubeletParallelism: 110,
  sandboxCreate: 150 * MILLISECOND,
  cniStart: 30 * MILLISECOND,
  ipamStart: 30 * MILLISECOND,
  interfaceSetUp: 40 * MILLISECOND,
  interfaceTearDown: 20 * MILLISECOND,
  containerStart: 250 * MILLISECOND,
  readiness: 500 * MILLISECOND,
  containerStop: 500 * MILLISECOND,
  spread: 0.25,
  backOff: 10 * SECOND,
  requestRetry: SECOND,
  statusReads: true,
});

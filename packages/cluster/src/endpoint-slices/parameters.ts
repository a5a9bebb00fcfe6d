import { MILLISECOND, type Micros, SECOND } from "@calico-sim/core";

/** Settings of Kubernetes' endpoint slice controller. */
export interface EndpointSliceParameters {
  /** How long a change of a pod waits for others (kubernetes: kube-controller-manager, `--endpointslice-updates-batch-period`). @defaultValue 0 */
  readonly batchPeriod: Micros;
  /** From a change in the datastore until the controller has worked out what it means; assumed. @defaultValue 10 ms */
  readonly reaction: Micros;
  /** Endpoints of one slice (kubernetes: kube-controller-manager, `--max-endpoints-per-slice`). @defaultValue 100 */
  readonly endpointsPerSlice: number;
  /** Writes per second that the controller's client sustains (kubernetes: kube-controller-manager, `--kube-api-qps`). @defaultValue 20 */
  readonly qps: number;
  /** Writes that it may make at once (kubernetes: kube-controller-manager, `--kube-api-burst`). @defaultValue 30 */
  readonly burst: number;
  /** Wait after a write that failed, doubled each time (kubernetes: pkg/controller/endpointslice, defaultSyncBackOff). @defaultValue 1 s */
  readonly backOff: Micros;
  /** The longest such wait (kubernetes: pkg/controller/endpointslice, maxSyncBackOff). @defaultValue 1,000 s */
  readonly backOffMax: Micros;
}

/** The defaults of {@link EndpointSliceParameters}. */
export const ENDPOINT_SLICE_DEFAULTS: EndpointSliceParameters = Object.freeze({
  batchPeriod: 0,
  reaction: 10 * MILLISECOND,
  endpointsPerSlice: 100,
  qps: 20,
  burst: 30,
  backOff: SECOND,
  backOffMax: 1_000 * SECOND,
});

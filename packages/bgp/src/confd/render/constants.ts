/** `local_pref = 2147483647 − metric` (calico: confd/pkg/backends/calico/bgp_processor.go:257). */
export const LOCAL_PREF_BASE = 2147483647;

/** Metric of ordinary routes when no priority is configured (calico: confd/pkg/backends/calico/bgp_processor.go:663). */
export const NORMAL_ROUTE_PRIORITY = 1024;

/** BIRD preference of routes with an elevated priority (calico: confd/pkg/backends/calico/bgp_processor.go:663). */
export const ELEVATED_PREFERENCE = 200;

/** `protocol kernel`; seconds (calico: node/filesystem/etc/calico/confd/templates/bird.cfg.template:14-85). */
export const KERNEL_PROTOCOL: {
  readonly learn: boolean;
  readonly persist: boolean;
  readonly scanSeconds: number;
  readonly mergePaths: boolean;
  readonly gracefulRestart: boolean;
} = Object.freeze({
  learn: true,
  persist: true,
  scanSeconds: 2,
  mergePaths: true,
  gracefulRestart: true,
});

/** `template bgp`; seconds (calico: node/filesystem/etc/calico/confd/templates/bird.cfg.template:14-85). */
export const BGP_TEMPLATE: {
  readonly gateway: "recursive";
  readonly addPaths: boolean;
  readonly gracefulRestart: boolean;
  readonly connectDelaySeconds: number;
  readonly connectRetrySeconds: number;
  /** First wait after an error, and the longest. */
  readonly errorWaitSeconds: readonly [number, number];
} = Object.freeze({
  gateway: "recursive",
  addPaths: true,
  gracefulRestart: true,
  connectDelaySeconds: 2,
  connectRetrySeconds: 5,
  errorWaitSeconds: Object.freeze([5, 30] as [number, number]),
});

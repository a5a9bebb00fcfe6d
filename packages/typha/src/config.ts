import type { TyphaConfig } from "./options.js";

const SECOND = 1_000_000;

/** Typha's defaults (calico: typha/pkg/config/config_params.go) and those of its clients and probes. */
export const TYPHA_CONFIG: TyphaConfig = Object.freeze({
  snapshotCacheMaxBatchSize: 100,
  serverMaxMessageSize: 100,
  minBatchingAgeThreshold: 10_000,
  maxFallBehind: 300 * SECOND,
  newClientFallBehindGracePeriod: 300 * SECOND,
  pingInterval: 10 * SECOND,
  pongTimeout: 60 * SECOND,
  // Every Typha manifest and the operator set this (control-plane-behaviour §1.1).
  connectionRebalancing: "kubernetes",
  connectionDropInterval: SECOND,
  maxConnectionsUpperLimit: 10_000,
  maxConnectionsLowerLimit: 400,
  k8sServicePollInterval: 30 * SECOND,
  shutdownTimeout: 300 * SECOND,
  shutdownConnectionDropIntervalMax: SECOND,
  // periodSeconds of the readiness probe in the manifests: Kubernetes' default.
  readinessProbePeriod: 10 * SECOND,
  // calico: felix/config/config_params.go (TyphaReadTimeout), typha/pkg/discovery/discovery.go
  clientReadTimeout: 30 * SECOND,
  clientRetryPause: 100_000,
  clientDialTimeout: 10 * SECOND,
  clientStartTimeout: 30 * SECOND,
  // assumed: runit restarts after 1 s, the process takes 1 s to come back
  clientRestartDelay: 2 * SECOND,
});

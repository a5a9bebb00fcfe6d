import { SECOND } from "@calico-sim/core";
import type { TyphaConfig } from "@calico-sim/typha";

/** Typha's variables by the field that each sets, and what one unit of it is (calico: typha/pkg/config/config_params.go). */
const NUMBERS: ReadonlyMap<string, readonly [field: keyof TyphaConfig, unit: number]> = new Map([
  ["TYPHA_SNAPSHOTCACHEMAXBATCHSIZE", ["snapshotCacheMaxBatchSize", 1]],
  ["TYPHA_SERVERMAXMESSAGESIZE", ["serverMaxMessageSize", 1]],
  ["TYPHA_SERVERMINBATCHINGAGETHRESHOLDSECS", ["minBatchingAgeThreshold", SECOND]],
  ["TYPHA_SERVERMAXFALLBEHINDSECS", ["maxFallBehind", SECOND]],
  ["TYPHA_SERVERNEWCLIENTFALLBEHINDGRACEPERIOD", ["newClientFallBehindGracePeriod", SECOND]],
  ["TYPHA_SERVERPINGINTERVALSECS", ["pingInterval", SECOND]],
  ["TYPHA_SERVERPONGTIMEOUTSECS", ["pongTimeout", SECOND]],
  ["TYPHA_CONNECTIONDROPINTERVALSECS", ["connectionDropInterval", SECOND]],
  ["TYPHA_MAXCONNECTIONSUPPERLIMIT", ["maxConnectionsUpperLimit", 1]],
  ["TYPHA_MAXCONNECTIONSLOWERLIMIT", ["maxConnectionsLowerLimit", 1]],
  ["TYPHA_K8SSERVICEPOLLINTERVALSECS", ["k8sServicePollInterval", SECOND]],
  ["TYPHA_SHUTDOWNTIMEOUTSECS", ["shutdownTimeout", SECOND]],
  ["TYPHA_SHUTDOWNCONNECTIONDROPINTERVALMAXSECS", ["shutdownConnectionDropIntervalMax", SECOND]],
]);

/** What the `TYPHA_…` variables of a Deployment set of the simulated Typha; the others do not touch the model. */
export function typhaConfigOf(environment: Readonly<Record<string, string>>): Partial<TyphaConfig> {
  const config: Record<string, number | string> = {};
  for (const [name, value] of Object.entries(environment)) {
    const known = NUMBERS.get(name.toUpperCase());
    // Anything else leaves the default, of which reading the manifests warns.
    if (known !== undefined && /^\d+(\.\d+)?$/.test(value.trim())) {
      config[known[0]] = Math.round(Number(value) * known[1]);
    }
    // Any other value leaves rebalancing off, as Typha does.
    if (name.toUpperCase() === "TYPHA_CONNECTIONREBALANCINGMODE") {
      config["connectionRebalancing"] = value === "kubernetes" ? "kubernetes" : "none";
    }
  }
  return config;
}

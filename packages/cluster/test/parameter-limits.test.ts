import { ETCD_PROFILE, KUBERNETES_PROFILE } from "@calico-sim/core";
import { TYPHA_COSTS } from "@calico-sim/typha";
import { describe, expect, test } from "vitest";
import { at, ClusterError, cluster, type Parameters, simulate, start } from "../src/index.js";

const SPEC = cluster({ nodes: 2 });

function simulated(parameters: Parameters): unknown {
  return simulate(SPEC, [at("0s", start())], { until: "1s", parameters });
}

/** Costs of Typha, or figures of the datastore, with another value in one of them. */
function typha(name: keyof typeof TYPHA_COSTS, value: number): Parameters {
  return { typha: { costs: { ...TYPHA_COSTS, [name]: { ...TYPHA_COSTS[name], value } } } };
}

type Figures = Exclude<keyof typeof KUBERNETES_PROFILE, "name">;

function profile(name: Figures, value: number): Parameters {
  const figure = { ...KUBERNETES_PROFILE[name], value };
  return { datastore: { profile: { ...KUBERNETES_PROFILE, [name]: figure } } };
}

describe("a parameter that cannot be", () => {
  const ABOVE = "a number above 0";
  const PERIOD = "a finite number above 0";
  const COUNT = "a whole number from 1";
  const WHOLE = "a whole number from 0";
  const FINITE = "a finite number from 0";
  const { NaN: NONE, POSITIVE_INFINITY: ENDLESS } = Number;

  test.each<[place: string, parameters: Parameters, want: string]>([
    ["bird.timers.connectRetry", { bird: { timers: { connectRetry: 0 } } }, PERIOD],
    ["bird.timers.keepalive", { bird: { timers: { keepalive: 0 } } }, PERIOD],
    ["bird.bfd.interval", { bird: { bfd: { interval: 0, multiplier: 3 } } }, PERIOD],
    ["bird.bfd.multiplier", { bird: { bfd: { interval: 300_000, multiplier: 0 } } }, COUNT],
    ["typha.config.pingInterval", { typha: { config: { pingInterval: 0 } } }, PERIOD],
    [
      "typha.config.snapshotCacheMaxBatchSize",
      { typha: { config: { snapshotCacheMaxBatchSize: 0 } } },
      COUNT,
    ],
    [
      "typha.config.serverMaxMessageSize",
      { typha: { config: { serverMaxMessageSize: 0 } } },
      COUNT,
    ],
    ["typha.costs.snapshotBytesPerMicro.value", typha("snapshotBytesPerMicro", 0), ABOVE],
    ["typha.costs.compressionRatio.value", typha("compressionRatio", 0), ABOVE],
    ["typha.costs.egressBytesPerMicro.value", typha("egressBytesPerMicro", 0), ABOVE],
    ["datastore.profile.cores.value", profile("cores", 0), ABOVE],
    ["datastore.profile.bytesPerMicro.value", profile("bytesPerMicro", 0), ABOVE],
    ["workloads.schedulerQps", { workloads: { schedulerQps: 0 } }, ABOVE],
    ["workloads.kubeletParallelism", { workloads: { kubeletParallelism: 0 } }, COUNT],
    ["endpointSlices.endpointsPerSlice", { endpointSlices: { endpointsPerSlice: 0 } }, COUNT],
    ["endpointSlices.endpointsPerSlice", { endpointSlices: { endpointsPerSlice: 1.5 } }, COUNT],
    ["endpointSlices.qps", { endpointSlices: { qps: 0 } }, ABOVE],
    ["endpointSlices.qps", { endpointSlices: { qps: -1 } }, ABOVE],
    ["endpointSlices.qps", { endpointSlices: { qps: NONE } }, ABOVE],
    ["endpointSlices.burst", { endpointSlices: { burst: NONE } }, FINITE],
    ["endpointSlices.burst", { endpointSlices: { burst: ENDLESS } }, FINITE],
    ["endpointSlices.batchPeriod", { endpointSlices: { batchPeriod: 1.5 } }, WHOLE],
    ["bird.timers.hold", { bird: { timers: { hold: ENDLESS } } }, FINITE],
    ["bird.timers.connectRetry", { bird: { timers: { connectRetry: ENDLESS } } }, PERIOD],
    ["bird.costs.load", { bird: { costs: { load: 1.5 } } }, WHOLE],
    ["nodeServices.leasePeriod", { nodeServices: { leasePeriod: 0 } }, COUNT],
    [
      "typha.config.maxFallBehind",
      { typha: { config: { maxFallBehind: NONE } } },
      "a number from 0",
    ],
    ["typha.costs.handshake.value", typha("handshake", ENDLESS), WHOLE],
    ["datastore.profile.bookmarkIntervalMicros.value", profile("bookmarkIntervalMicros", 0), COUNT],
  ])("%s is refused: %j", (place, parameters, want) => {
    expect(() => simulated(parameters)).toThrow(ClusterError);
    expect(() => simulated(parameters)).toThrow(
      new RegExp(`^parameters\\.${place}: \\S+ is out of range \\(expected ${want}\\)$`),
    );
  });

  test("is refused where a part of it is missing that is given whole", () => {
    const cores = { value: 2 } as (typeof KUBERNETES_PROFILE)["cores"];
    const parameters = { datastore: { profile: { ...KUBERNETES_PROFILE, cores } } };
    expect(() => simulated(parameters)).toThrow(
      /^parameters\.datastore\.profile\.cores\.low: .*given whole/,
    );
  });

  test("is none where it is at the edge of what can be", () => {
    const endpointSlices = { endpointsPerSlice: 1, qps: 0.1, burst: 0, batchPeriod: 0 };
    expect(() => simulated({ endpointSlices, bird: { timers: { hold: 0 } } })).not.toThrow();
    const never = Number.POSITIVE_INFINITY;
    for (const parameters of [
      profile("windowAgeMicros", never),
      profile("bytesPerMicro", never),
      { workloads: { schedulerQps: never }, typha: { config: { maxFallBehind: never } } },
      { datastore: { profile: ETCD_PROFILE } },
    ])
      expect(() => simulated(parameters)).not.toThrow();
  });
});

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
  const { NaN: NONE, POSITIVE_INFINITY: ENDLESS } = Number;
  const PERIOD = "a whole number from 10000 to 1000000000000000";
  const WAIT = "a whole number from 0 to 1000000000000000";
  const COUNT = "a whole number from 1 to 1000000000000000";
  const RATE = "a number from 0.001";
  const COST = "a number from 0 to 3600000000";
  const SHAPE = "a number from 0 to 2";
  const KEEPALIVE = "a whole number from 1 to 65535";

  test.each<[place: string, parameters: Parameters, want: string]>([
    [
      "bird.timers.connectRetry",
      { bird: { timers: { connectRetry: 0 } } },
      "a whole number from 1 to 1000000000",
    ],
    ["bird.timers.keepalive", { bird: { timers: { keepalive: 0 } } }, KEEPALIVE],
    ["bird.timers.keepalive", { bird: { timers: { keepalive: 1e-9 } } }, KEEPALIVE],
    ["bird.timers.keepalive", { bird: { timers: { keepalive: 70_000 } } }, KEEPALIVE],
    ["bird.timers.hold", { bird: { timers: { hold: 0 } } }, "a whole number from 3 to 65535"],
    ["bird.timers.hold", { bird: { timers: { hold: ENDLESS } } }, "a whole number from 3 to 65535"],
    [
      "bird.timers.gracefulRestart",
      { bird: { timers: { gracefulRestart: 4_096 } } },
      "a whole number from 0 to 4095",
    ],
    [
      "bird.bfd.interval",
      { bird: { bfd: { interval: 0, multiplier: 3 } } },
      "a number from 1 to 4294967295",
    ],
    [
      "bird.bfd.multiplier",
      { bird: { bfd: { interval: 300_000, multiplier: 0 } } },
      "a whole number from 1 to 255",
    ],
    ["bird.costs.load", { bird: { costs: { load: 1.5 } } }, "a whole number from 0 to 60000000"],
    ["bird.costs.announce", { bird: { costs: { announce: 1e9 } } }, "a number from 0 to 1000000"],
    ["confd.render", { confd: { render: 1e300 } }, COST],
    ["typha.config.pingInterval", { typha: { config: { pingInterval: 0 } } }, PERIOD],
    ["typha.config.clientDialTimeout", { typha: { config: { clientDialTimeout: 0 } } }, PERIOD],
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
    [
      "typha.config.maxFallBehind",
      { typha: { config: { maxFallBehind: NONE } } },
      "a number from 0",
    ],
    ["typha.costs.snapshotBytesPerMicro.value", typha("snapshotBytesPerMicro", 1e-9), RATE],
    ["typha.costs.compressionRatio.value", typha("compressionRatio", 0), RATE],
    ["typha.costs.egressBytesPerMicro.value", typha("egressBytesPerMicro", 0), RATE],
    [
      "typha.costs.handshake.value",
      typha("handshake", ENDLESS),
      "a whole number from 0 to 3600000000",
    ],
    ["datastore.profile.cores.value", profile("cores", 0), RATE],
    ["datastore.profile.bytesPerMicro.value", profile("bytesPerMicro", 0), RATE],
    [
      "datastore.profile.jsonMicrosPerByte.value",
      profile("jsonMicrosPerByte", 1e15),
      "a number from 0 to 1000",
    ],
    [
      "datastore.profile.bookmarkIntervalMicros.value",
      profile("bookmarkIntervalMicros", 1),
      PERIOD,
    ],
    ["datastore.requestTimeout", { datastore: { requestTimeout: 0 } }, PERIOD],
    ["workloads.schedulerQps", { workloads: { schedulerQps: 0 } }, RATE],
    ["workloads.kubeletParallelism", { workloads: { kubeletParallelism: 0 } }, COUNT],
    ["workloads.backOff", { workloads: { backOff: 0 } }, PERIOD],
    ["workloads.spread", { workloads: { spread: 1_000 } }, SHAPE],
    ["nodeServices.addressMonitorPeriod", { nodeServices: { addressMonitorPeriod: 1 } }, PERIOD],
    ["nodeServices.datastoreRetry", { nodeServices: { datastoreRetry: 0 } }, PERIOD],
    ["nodeServices.leasePeriod", { nodeServices: { leasePeriod: 0 } }, PERIOD],
    [
      "nodeServices.subnetLength",
      { nodeServices: { subnetLength: 33 } },
      "a whole number from 0 to 32",
    ],
    ["endpointSlices.endpointsPerSlice", { endpointSlices: { endpointsPerSlice: 0 } }, COUNT],
    ["endpointSlices.endpointsPerSlice", { endpointSlices: { endpointsPerSlice: 1.5 } }, COUNT],
    ["endpointSlices.qps", { endpointSlices: { qps: 0 } }, RATE],
    ["endpointSlices.qps", { endpointSlices: { qps: -1 } }, RATE],
    ["endpointSlices.qps", { endpointSlices: { qps: NONE } }, RATE],
    [
      "endpointSlices.burst",
      { endpointSlices: { burst: ENDLESS } },
      "a number from 0 to 1000000000000000",
    ],
    ["endpointSlices.batchPeriod", { endpointSlices: { batchPeriod: 1.5 } }, WAIT],
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
    expect(() => simulated({ endpointSlices, bird: { timers: { hold: 3 } } })).not.toThrow();
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

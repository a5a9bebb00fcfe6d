/** Numbers that a parameter takes; others would keep a run from ending, or be the time of an event that is none. */
interface Range {
  /** In words. */
  readonly want: string;
  readonly takes: (value: number) => boolean;
}

const finite: Range = {
  want: "a finite number from 0",
  takes: (value) => value >= 0 && Number.isFinite(value),
};
/** Something is repeated after it. */
const period: Range = {
  want: "a finite number above 0",
  takes: (value) => value > 0 && Number.isFinite(value),
};
/** Something is divided by it; infinite: without a limit. */
const rate: Range = { want: "a number above 0", takes: (value) => value > 0 };
/** Infinite: never reached. */
const bound: Range = { want: "a number from 0", takes: (value) => value >= 0 };
const count: Range = {
  want: "a whole number from 1",
  takes: (value) => Number.isInteger(value) && value >= 1,
};
/** Microseconds until an event, which no draw rounds. */
const micros: Range = {
  want: "a whole number from 0",
  takes: (value) => Number.isInteger(value) && value >= 0,
};

/** By the path within `parameters`; all others are finite. */
const RANGES: Readonly<Record<string, Range>> = {
  "bird.timers.connectRetry": period,
  "bird.timers.keepalive": period,
  "bird.costs.load": micros,
  "bird.bfd.interval": period,
  "bird.bfd.multiplier": count,
  "confd.localPeerPoll": count,
  "felix.start.value": micros,
  "typha.config.snapshotCacheMaxBatchSize": count,
  "typha.config.serverMaxMessageSize": count,
  "typha.config.minBatchingAgeThreshold": bound,
  "typha.config.maxFallBehind": bound,
  "typha.config.newClientFallBehindGracePeriod": bound,
  "typha.config.pingInterval": period,
  "typha.config.pongTimeout": bound,
  "typha.config.maxConnectionsUpperLimit": bound,
  "typha.config.maxConnectionsLowerLimit": bound,
  "typha.config.clientRetryPause": micros,
  "typha.config.clientDialTimeout": micros,
  "typha.config.clientRestartDelay": micros,
  "typha.costs.start.value": micros,
  "typha.costs.handshake.value": micros,
  "typha.costs.snapshotBytesPerMicro.value": rate,
  "typha.costs.compressionRatio.value": rate,
  "typha.costs.egressBytesPerMicro.value": rate,
  "typha.costs.socketWindow.value": micros,
  "datastore.profile.cores.value": rate,
  "datastore.profile.bytesPerMicro.value": rate,
  "datastore.profile.bookmarkIntervalMicros.value": count,
  "workloads.schedulerQps": rate,
  "workloads.schedulingCost": micros,
  "workloads.kubeletParallelism": count,
  "workloads.backOff": micros,
  "workloads.requestRetry": micros,
  "nodeServices.datastoreRetry": micros,
  "nodeServices.addressMonitorPeriod": count,
  "nodeServices.leasePeriod": count,
  "nodeServices.nodeStatusPeriod": count,
  "endpointSlices.batchPeriod": micros,
  "endpointSlices.reaction": micros,
  "endpointSlices.endpointsPerSlice": count,
  "endpointSlices.qps": rate,
  "endpointSlices.backOff": micros,
  "endpointSlices.backOffMax": micros,
};

/** What of the datastore's history may be without an end, with its range. */
const ENDLESS = /^datastore\.profile\.(window\w+|compactionIntervalMicros)\.(value|low|high)$/;

/** What a number must be that a parameter does not take; undefined where it does. */
export function unfit(path: string, value: number): string | undefined {
  const { want, takes } = RANGES[path] ?? (ENDLESS.test(path) ? bound : finite);
  return takes(value) ? undefined : want;
}

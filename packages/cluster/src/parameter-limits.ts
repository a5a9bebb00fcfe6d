/** Which numbers a parameter takes, where not all from 0. */
export interface ParameterLimits {
  /** 0 is none: something is divided by it, or repeated after it. */
  readonly aboveZero?: true;
  /** From 1, without a fraction. */
  readonly counts?: true;
}

const aboveZero: ParameterLimits = { aboveZero: true };
const counts: ParameterLimits = { counts: true };

/** By the path within `parameters`. With another number a run would not end, or end in a time that is none. */
const LIMITS: Readonly<Record<string, ParameterLimits>> = {
  "bird.timers.connectRetry": aboveZero,
  "bird.timers.keepalive": aboveZero,
  "bird.bfd.interval": aboveZero,
  "bird.bfd.multiplier": counts,
  "typha.config.snapshotCacheMaxBatchSize": counts,
  "typha.config.serverMaxMessageSize": counts,
  "typha.config.pingInterval": aboveZero,
  "typha.costs.snapshotBytesPerMicro.value": aboveZero,
  "typha.costs.compressionRatio.value": aboveZero,
  "typha.costs.egressBytesPerMicro.value": aboveZero,
  "datastore.profile.cores.value": aboveZero,
  "datastore.profile.bytesPerMicro.value": aboveZero,
  "datastore.profile.bookmarkIntervalMicros.value": aboveZero,
  "workloads.schedulerQps": aboveZero,
  "workloads.kubeletParallelism": counts,
  "endpointSlices.endpointsPerSlice": counts,
  "endpointSlices.qps": aboveZero,
};

/** What a number must be that a parameter cannot take; undefined where it can. */
export function unfit(path: string, value: number): string | undefined {
  const { aboveZero, counts } = LIMITS[path] ?? {};
  if (counts && !(Number.isInteger(value) && value >= 1)) return "a whole number from 1";
  if (aboveZero && !(value > 0)) return "a number above 0";
  return value >= 0 ? undefined : "a number from 0";
}

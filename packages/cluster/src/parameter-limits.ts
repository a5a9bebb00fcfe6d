/**
 * Numbers that a parameter takes; others would keep a run from ending, could not be counted, or be what the simulated
 * software refuses.
 */
export interface Range {
  readonly low: number;
  /** Infinite: infinity is taken too, as "without a limit" or "never". */
  readonly high: number;
  /** Only whole numbers. */
  readonly whole?: true;
}

const HOUR = 3_600_000_000;
/** Microseconds (31 years): later than any run ends, and still to be counted when something is added. */
const LONGEST = 1e15;
/** Seconds of the same. */
const LONGEST_SECONDS = 1e9;
/** Microseconds (10 ms) between two rounds of what is done over and over: more often a run does nothing else. */
const OFTEN = 10_000;

/** Microseconds that a piece of work costs. */
const cost: Range = { low: 0, high: HOUR };
/** The same where no draw rounds it. */
const wholeCost: Range = { ...cost, whole: true };
/** What BIRD does for each peer, route or message. Its main loop turns a thousand times a second meanwhile. */
const birdCost: Range = { low: 0, high: 1e6 };
const birdStart: Range = { low: 0, high: 6e7 };
/** Microseconds a byte: a thousandth of a MB/s at least. */
const byteCost: Range = { low: 0, high: 1_000 };
/** Something is divided by it. */
const rate: Range = { low: 0.001, high: Number.POSITIVE_INFINITY };
/** Something is compared with it; infinite: never reached. */
const bound: Range = { low: 0, high: Number.POSITIVE_INFINITY };
const count: Range = { low: 1, high: LONGEST, whole: true };
/** Microseconds until something happens once. */
const wait: Range = { low: 0, high: LONGEST, whole: true };
/** Microseconds after which something is done again, or tried again. */
const period: Range = { low: OFTEN, high: LONGEST, whole: true };
const seconds: Range = { low: 0, high: LONGEST_SECONDS, whole: true };
/** Shape of a log-normal distribution: with 2, one draw of a thousand is 480 times the median. */
const shape: Range = { low: 0, high: 2 };
const bytes: Range = { low: 0, high: 1e9 };
const burst: Range = { low: 0, high: LONGEST };

/** By the path within `parameters`; see {@link rangeOf} for all others. */
const RANGES: Readonly<Record<string, Range>> = {
  "bird.timers.connectDelay": seconds,
  "bird.timers.connectRetry": { ...seconds, low: 1 },
  "bird.timers.errorWaitMin": seconds,
  "bird.timers.errorWaitMax": seconds,
  // bird: proto/bgp/config.Y; RFC 4271 §4.2. That 0 stands for no hold time is modelled for routers outside alone.
  "bird.timers.hold": { low: 3, high: 65_535, whole: true },
  // bird: proto/bgp/config.Y
  "bird.timers.keepalive": { low: 1, high: 65_535, whole: true },
  // RFC 4724 §3: twelve bits
  "bird.timers.gracefulRestart": { low: 0, high: 4_095, whole: true },
  "bird.timers.gracefulRestartWait": seconds,
  "bird.costs.load": { ...birdStart, whole: true },
  "bird.costs.start": birdStart,
  // RFC 5880 §4.1: 32 and 8 bits
  "bird.bfd.interval": { low: 1, high: 0xffff_ffff },
  "bird.bfd.multiplier": { low: 1, high: 255, whole: true },
  "confd.localPeerPoll": period,
  "felix.start.value": wholeCost,
  "felix.perEndpointSigma": shape,
  "typha.config.snapshotCacheMaxBatchSize": count,
  "typha.config.serverMaxMessageSize": count,
  "typha.config.minBatchingAgeThreshold": bound,
  "typha.config.maxFallBehind": bound,
  "typha.config.newClientFallBehindGracePeriod": bound,
  "typha.config.pingInterval": period,
  "typha.config.pongTimeout": bound,
  "typha.config.connectionDropInterval": period,
  "typha.config.maxConnectionsUpperLimit": bound,
  "typha.config.maxConnectionsLowerLimit": bound,
  "typha.config.k8sServicePollInterval": period,
  "typha.config.shutdownTimeout": wait,
  "typha.config.shutdownConnectionDropIntervalMax": wait,
  "typha.config.readinessProbePeriod": period,
  "typha.config.clientReadTimeout": period,
  "typha.config.clientRetryPause": period,
  // Shorter than the way there and back no connection is ever made.
  "typha.config.clientDialTimeout": period,
  "typha.config.clientStartTimeout": wait,
  "typha.config.clientRestartDelay": period,
  "typha.costs.start.value": wholeCost,
  "typha.costs.handshake.value": wholeCost,
  "typha.costs.snapshotBytesPerMicro.value": rate,
  "typha.costs.compressionRatio.value": rate,
  "typha.costs.egressBytesPerMicro.value": rate,
  "typha.costs.socketWindow.value": wait,
  "datastore.profile.cores.value": rate,
  "datastore.profile.bytesPerMicro.value": rate,
  "datastore.profile.bookmarkIntervalMicros.value": period,
  "datastore.requestTimeout": period,
  "workloads.schedulerQps": rate,
  "workloads.schedulerBurst": burst,
  "workloads.schedulingCost": wholeCost,
  "workloads.kubeletParallelism": count,
  "workloads.spread": shape,
  "workloads.backOff": period,
  "workloads.requestRetry": period,
  "nodeServices.datastoreRetry": period,
  "nodeServices.spread": shape,
  "nodeServices.subnetLength": { low: 0, high: 32, whole: true },
  "nodeServices.subnetLengthIpv6": { low: 0, high: 128, whole: true },
  "nodeServices.addressMonitorPeriod": period,
  "nodeServices.leasePeriod": period,
  "nodeServices.nodeStatusPeriod": period,
  "endpointSlices.batchPeriod": wait,
  "endpointSlices.reaction": wholeCost,
  "endpointSlices.endpointsPerSlice": count,
  "endpointSlices.qps": rate,
  "endpointSlices.burst": burst,
  "endpointSlices.backOff": period,
  "endpointSlices.backOffMax": period,
};

/** Parameters of a kind: what of the datastore's history may be without an end, what costs by the byte, and sizes. */
const KINDS: readonly (readonly [RegExp, Range])[] = [
  [/^datastore\.profile\.(window\w+|compactionIntervalMicros)\.value$/, bound],
  [/MicrosPerByte\.value$/, byteCost],
  [/^datastore\.sizes\./, bytes],
  [/^bird\.costs\./, birdCost],
];

/** What a parameter takes; the ends of a figure's range as much as the figure itself. */
export function rangeOf(path: string): Range {
  const place = path.replace(/^(datastore\.profile\.\w+)\.(low|high)$/, "$1.value");
  return RANGES[place] ?? KINDS.find(([like]) => like.test(place))?.[1] ?? cost;
}

/** What a number must be that a parameter does not take; undefined where it does. */
export function unfit(path: string, value: number): string | undefined {
  const { low, high, whole } = rangeOf(path);
  const inside = value >= low && value <= high;
  if (inside && (whole !== true || Number.isInteger(value))) return undefined;
  const kind = whole === true ? "a whole number" : "a number";
  const to = high === Number.POSITIVE_INFINITY ? "" : ` to ${String(high)}`;
  return `${kind} from ${String(low)}${to}`;
}

export type { Distribution } from "./distribution.js";
export { distribution, quantileSorted, summarize } from "./distribution.js";
export { Histogram } from "./histogram.js";
export type { LoadRow, LoadSecond, LoadSnapshot, MeterVerb } from "./load-meter.js";
export { LoadMeter, METER_VERBS } from "./load-meter.js";
export type { TimePoint } from "./time-series.js";
export { Counter, Gauge, TimeSeries } from "./time-series.js";

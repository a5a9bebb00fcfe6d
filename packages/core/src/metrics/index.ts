export type { Distribution } from "./distribution.js";
export { distribution, quantileSorted, summarize } from "./distribution.js";
export type { LoadRow, LoadSecond, LoadSnapshot } from "./load-meter.js";
export { LoadMeter, METER_VERBS } from "./load-meter.js";

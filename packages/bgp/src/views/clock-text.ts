import { formatTimestamp, HOUR, type Micros } from "@calico-sim/core";

/** Changes older than this are shown with their day instead of their time (bird: conf/conf.c; control-plane-behaviour §6.2). */
const SHOWN_AS_TIME: Micros = 20 * HOUR;

/** A time as protocols and routes show it: `HH:MM:SS`, or `YYYY-MM-DD` when it is 20 hours ago or more. */
export function formatSince(at: Micros, now: Micros): string {
  const text = formatTimestamp(at);
  return now - at < SHOWN_AS_TIME ? text.slice(11, 19) : text.slice(0, 10);
}

/** A time as `show status` shows it: `YYYY-MM-DD HH:MM:SS`. */
export function formatDateTime(at: Micros): string {
  const text = formatTimestamp(at);
  return `${text.slice(0, 10)} ${text.slice(11, 19)}`;
}

import type { WireSummary } from "@calico-sim/bgp";
import type { RunMetrics } from "./run-metrics.js";

/** What passed on the wire between two readings of the counters. */
export function wireMetrics(before: WireSummary | undefined, after: WireSummary): RunMetrics {
  const since = (of: (wire: WireSummary) => number): number =>
    of(after) - (before === undefined ? 0 : of(before));
  return {
    messages_total: since((w) => w.messages.total),
    bgp_bytes_total: since((w) => w.bytes.total),
    open: since((w) => w.messages.open),
    update: since((w) => w.messages.update),
    keepalive: since((w) => w.messages.keepalive),
    notification: since((w) => w.messages.notification),
    update_reach: since((w) => w.update.reach),
    update_nlri: since((w) => w.update.nlri),
    update_withdraw: since((w) => w.update.withdraw),
    end_of_rib: since((w) => w.update.endOfRib),
    tcp_connects: since((w) => w.tcp.connects),
    tcp_refused: since((w) => w.tcp.refused),
  };
}

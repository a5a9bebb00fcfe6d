import type { Micros } from "@calico-sim/core";
import type { Lab } from "../lab/lab.js";
import { type RunMetrics, seconds } from "./run-metrics.js";

/** What the logs, the kernels and the capture show after the victims were struck at `zero`. */
export function afterFailure(lab: Lab, victims: readonly number[], zero: Micros): RunMetrics {
  const { logbook } = lab;
  const struck = new Set(victims);
  const lost = new Set(victims.flatMap((victim) => lab.prefixes[victim] ?? []));
  const towardsVictim = ({ node, peer, at }: { node: number; peer: number; at: Micros }): boolean =>
    at >= zero && !struck.has(node) && struck.has(peer);
  const restarts = logbook.restarts.filter(towardsVictim);
  const phase = (wanted: string): number[] =>
    firsts(
      restarts.filter(({ phase: is }) => is === wanted),
      ({ node, peer }) => [node, peer],
      zero,
    );
  const routes = logbook.routes.filter(({ at }) => at >= zero);
  const atSurvivors = routes.filter(({ node, prefix }) => !struck.has(node) && lost.has(prefix));
  const gone = atSurvivors.filter(({ after }) => !after);
  const wentAt = new Map<string, Micros>();
  for (const { node, prefix, at } of gone) {
    const key = `${String(node)}-${String(prefix)}`;
    if (!wentAt.has(key)) wentAt.set(key, at);
  }
  const back = atSurvivors.filter(
    ({ node, prefix, after, at }) =>
      after && at >= (wentAt.get(`${String(node)}-${String(prefix)}`) ?? Number.POSITIVE_INFINITY),
  );
  const byRoute = ({ node, prefix }: { node: number; prefix: number }): number[] => [node, prefix];
  const survivorDeleted = firsts(gone, byRoute, zero);
  const victimDeleted = firsts(
    routes.filter(({ node, after }) => struck.has(node) && !after),
    byRoute,
    zero,
  );
  return {
    survivor_session_closed_s: firsts(
      logbook.sessions.filter((entry) => !entry.up && towardsVictim(entry)),
      ({ node, peer }) => [node, peer],
      zero,
    ),
    survivor_gr_detected_s: phase("detected"),
    survivor_gr_timeout_s: phase("expired"),
    survivor_gr_done_s: phase("done"),
    survivor_route_deleted_s: survivorDeleted,
    survivor_route_deleted_all_runs_s: survivorDeleted,
    // The last, not the first: adds of s5-rr-6x2-kill-restart-rr are replaced at 5.01 s, and its times are those of 6.1 s.
    survivor_route_readded_s: firsts(back.toReversed(), byRoute, zero),
    victim_route_deleted_s: victimDeleted,
    victim_route_deleted_all_runs_s: victimDeleted,
    victim_first_update_s: firsts(
      logbook.segments.filter(
        ({ from, to, what, at }) =>
          at >= zero && struck.has(from) && !struck.has(to) && what === "update",
      ),
      ({ from, to }) => [from, to],
      zero,
    ),
  };
}

/** When the first entry of each kind happened, in seconds from `zero`. */
function firsts<T extends { readonly at: Micros }>(
  entries: readonly T[],
  kind: (entry: T) => readonly number[],
  zero: Micros,
): number[] {
  const first = new Map<string, number>();
  for (const entry of entries) {
    const key = kind(entry).join("-");
    if (!first.has(key)) first.set(key, seconds(entry.at, zero));
  }
  return [...first.values()];
}

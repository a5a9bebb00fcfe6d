import type { SessionDetail } from "@calico-sim/bgp";
import type { Lab } from "../lab/lab.js";
import type { RunMetrics } from "./run-metrics.js";

/** The counters of `show protocols all`, summed over all sessions of all daemons, by the names of a run's `bird_counters`. */
export function birdCounters(lab: Lab): RunMetrics {
  const sums: Record<string, number> = {};
  for (const node of lab.nodesBut())
    for (const { peer } of lab.peersOf(node)) {
      const session = lab.bird.viewSession(node, peer);
      if (session === undefined) continue;
      for (const [name, count] of countersOf(session))
        sums[`bird_counters.${name}`] = (sums[`bird_counters.${name}`] ?? 0) + count;
    }
  return sums;
}

function countersOf(session: SessionDetail): [string, number][] {
  const { changes, imported, exported, preferred } = session;
  const rows = {
    import_updates: changes?.importUpdates ?? {},
    import_withdraws: changes?.importWithdraws ?? {},
    export_updates: changes?.exportUpdates ?? {},
    export_withdraws: changes?.exportWithdraws ?? {},
    routes: { imported, exported, preferred },
  };
  return Object.entries(rows).flatMap(([row, counts]) =>
    Object.entries(counts).map(([column, count]): [string, number] => [`${row}.${column}`, count]),
  );
}

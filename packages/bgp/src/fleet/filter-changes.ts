import type { PeerConfig } from "../types.js";
import type { FleetContext } from "./context.js";

/** Peers whose filters changed, and nothing else. */
export interface FilterChanges {
  /** By session end: the policy from now on. */
  readonly policies: ReadonlyMap<number, number>;
  /** Ends whose export filter changed: they are fed again. */
  readonly exports: ReadonlySet<number>;
  /** Ends whose import filter changed: they ask for everything again. */
  readonly imports: readonly number[];
}

/** Nothing changed. */
export const SAME_FILTERS: FilterChanges = Object.freeze({
  policies: new Map<number, number>(),
  exports: new Set<number>(),
  imports: [],
});

/**
 * Sorts the peers of a new configuration: those that are new or have to restart, and those that take new filters as they
 * run (bird: proto/bgp/bgp.c, bgp_reconfigure; nest/proto.c, proto_reconfigure).
 */
export function sortPeers(
  x: FleetContext,
  node: number,
  peers: readonly PeerConfig[],
): { readonly restart: readonly PeerConfig[]; readonly filters: FilterChanges } {
  const restart: PeerConfig[] = [];
  const policies = new Map<number, number>();
  const exports = new Set<number>();
  const imports: number[] = [];
  for (const config of peers) {
    const e = x.ends.find(node, config.peer);
    const wanted = x.policies.intern(config.options);
    if (e < 0 || mustRestart(x, node, e, config, wanted)) {
      restart.push(config);
      continue;
    }
    const held = x.ends.policy[e]!;
    if (held === wanted) continue;
    policies.set(e, wanted);
    if (!x.policies.sameFilters(held, wanted, "exportFilters")) exports.add(e);
    if (!x.policies.sameFilters(held, wanted, "importFilters")) imports.push(e);
  }
  return { restart, filters: policies.size === 0 ? SAME_FILTERS : { policies, exports, imports } };
}

function mustRestart(
  x: FleetContext,
  node: number,
  e: number,
  { peer, passive, session }: PeerConfig,
  wanted: number,
): boolean {
  const known = x.daemons[node]!.sessions.get(peer);
  return (
    x.ends.configured[e] === 0 ||
    x.ends.passive[e] !== (passive ? 1 : 0) ||
    !x.policies.sameButFilters(x.ends.policy[e]!, wanted) ||
    (known !== undefined && session !== undefined && known !== session)
  );
}

import type { FleetContext } from "../fleet/context.js";
import { ABSENT, DEFAULT_LOCAL_PREF, NORMAL_LOCAL_PREF } from "./attributes.js";
import { REJECTED } from "./exporter.js";
import { runFilters, UPLINK } from "./filters.js";

/** What becomes of received attributes (bird: proto/bgp/attrs.c, bgp_decode_attrs; Calico's import filter). */
export class Importer {
  private readonly x: FleetContext;

  constructor(context: FleetContext) {
    this.x = context;
  }

  /**
   * The set as a session end takes it in, or {@link REJECTED} for a loop: the own AS in the path too often
   * (RFC 4271 §9), the own identifier as originator, or the own cluster (RFC 4456 §8).
   */
  attributes(e: number, received: number): number {
    const { attributes, ends, policies, routerId } = this.x;
    const originator = attributes.originatorId(received);
    if (originator !== ABSENT && originator === routerId[ends.node[e]!]) return REJECTED;
    const { clusterId } = policies.get(ends.policy[e]!);
    return clusterId < 0 && !attributes.isSpecial(received) ? received : this.looked(e, received);
  }

  private looked(e: number, received: number): number {
    const { x } = this;
    const set = x.attributes.get(received);
    const { allowLocalAS, clusterId } = x.policy(e);
    const own = x.localAS(e);
    if (set.asPath.filter((as) => as === own).length > allowLocalAS) return REJECTED;
    if (clusterId >= 0 && set.clusterList.includes(clusterId)) return REJECTED;
    if (set.localPref !== ABSENT) return received;
    return x.attributes.intern({ ...set, localPref: DEFAULT_LOCAL_PREF });
  }

  /** Whether a session end looks at each prefix on its own. */
  filters(e: number): boolean {
    return this.x.policy(e).importFilters.length > 0;
  }

  /** The set after the peer's BGPFilters, or {@link REJECTED}; what no rule decides is accepted. */
  filtered(e: number, prefix: number, attributes: number): number {
    const { x } = this;
    const route = {
      prefix: x.prefixes.cidr(prefix),
      attributes: x.attributes.get(attributes),
      learnt: true,
      device: UPLINK,
    };
    const verdict = runFilters(x.policy(e).importFilters, route);
    if (verdict === "reject") return REJECTED;
    // A rule that accepts ends the import filter before it raises the preference (node-behaviour §1.6).
    const { localPref } = route.attributes;
    const unraised = verdict === "accept" && localPref > NORMAL_LOCAL_PREF;
    return x.attributes.intern(unraised ? { ...route.attributes, unraised } : route.attributes);
  }
}

import type { FleetContext } from "../fleet/context.js";
import type { Daemon } from "../fleet/daemon.js";
import { ABSENT, type AttributeSet, DEFAULT_LOCAL_PREF, NEXT_HOP_SENDER } from "./attributes.js";
import { exportAccepts, type FilteredRoute, ownership, runFilters, UPLINK } from "./filters.js";
import { KERNEL } from "./paths.js";

/** Stands for a route that is not told. */
export const REJECTED = -1;

/** With which attributes a route goes to a peer (bird: proto/bgp/attrs.c, bgp_import_control; Calico's export filter). */
export class Exporter {
  private readonly x: FleetContext;

  constructor(context: FleetContext) {
    this.x = context;
  }

  /**
   * Attribute set as it goes on the wire towards a peer, or {@link REJECTED}. Peers of one policy are
   * told the same, but that nobody is told what it said itself: the caller sees to that.
   */
  attributes(node: number, to: number, prefix: number, path: number): number {
    const { x } = this;
    const daemon = x.daemons[node]!;
    const internal = x.isInternal(to);
    const learnt = !x.paths.isLocal(path);
    const set = learnt
      ? this.passedOn(node, to, internal, path)
      : this.created(node, to, internal, path);
    if (set === undefined) return REJECTED;
    const device = learnt
      ? UPLINK
      : x.paths.peer(path) === KERNEL
        ? this.device(node, prefix)
        : undefined;
    const route = { prefix: x.prefixes.cidr(prefix), attributes: set, learnt, device };
    if (!this.accepted(daemon, to, route)) return REJECTED;
    return x.attributes.intern(internal ? route.attributes : withoutInternal(route.attributes));
  }

  /**
   * Whether a peer is not told of a path whatever the filter says: it said it itself, it has the same cluster, or one
   * internal peer's route goes to another with no reflector between (bird: proto/bgp/attrs.c, bgp_import_control).
   */
  refuses(to: number, path: number): boolean {
    const { x } = this;
    if (x.paths.isLocal(path)) return false;
    if (x.paths.peer(path) === x.ends.peer[to]) return true;
    const { clusterId } = x.policy(to);
    const { clusterList } = x.attributes.get(x.paths.attributes(path));
    if (clusterId >= 0 && clusterList.includes(clusterId)) return true;
    const source = x.policies.get(x.paths.policy(path));
    return clusterId < 0 && source.clusterId < 0 && this.among(to, x.isInternal(to), path);
  }

  /** What a route originated here gets (bgp_create_attrs); Calico's filter sets the local preference. */
  private created(node: number, to: number, internal: boolean, path: number): AttributeSet {
    const set = this.x.attributes.get(this.x.paths.attributes(path));
    if (!internal) {
      const told = { ...set, asPath: [this.x.localAS(to)] };
      return this.tellsLinkLocal(to, internal) ? { ...told, linkLocal: true } : told;
    }
    // An ordinary router's filter sets nothing (bird: proto/bgp/config.Y, `default bgp_local_pref`).
    return this.x.daemons[node]!.router ? { ...set, localPref: DEFAULT_LOCAL_PREF } : set;
  }

  /** Whether a peer is told next hops with their link-local addresses: an external one on the link (`direct`). */
  private tellsLinkLocal(to: number, internal: boolean): boolean {
    return this.x.family === 6 && !internal && this.x.policy(to).onLink;
  }

  private device(node: number, prefix: number): string {
    const { kernels } = this.x;
    return kernels.route(kernels.best(node, prefix)).device;
  }

  /** What becomes of a learnt route (bgp_import_control, bgp_update_attrs). */
  private passedOn(
    node: number,
    to: number,
    internal: boolean,
    path: number,
  ): AttributeSet | undefined {
    const { x } = this;
    const { unraised: _, linkLocal = false, ...set } = x.attributes.get(x.paths.attributes(path));
    const policy = x.policy(to);
    const source = x.policies.get(x.paths.policy(path));
    if (policy.clusterId >= 0 && set.clusterList.includes(policy.clusterId)) return undefined;
    const sender = x.paths.peer(path);
    const known = set.nextHop === NEXT_HOP_SENDER ? sender : set.nextHop;
    // One on another link than the peer is nothing to it (bird: proto/bgp/attrs.c, bgp_update_attrs).
    const onLink = policy.onLink && (x.path.routersBetween?.(node, known) ?? 0) === 0;
    const both = this.tellsLinkLocal(to, internal);
    // Of IPv6 one on the link is told with its link-local address, or not at all (bird: proto/bgp/packets.c; measured).
    const keeps = policy.nextHop === "keep" || internal || (onLink && (!both || linkLocal));
    const nextHop = keeps && policy.nextHop !== "self" ? known : NEXT_HOP_SENDER;
    if (!this.among(to, internal, path)) {
      if (internal) return { ...set, nextHop };
      // A MED of another AS is not passed on; BIRD sends 0 in its place.
      const med = set.med === ABSENT ? ABSENT : 0;
      const told = { ...set, nextHop, med, asPath: [x.localAS(to), ...set.asPath] };
      return both && (nextHop === NEXT_HOP_SENDER || linkLocal)
        ? { ...told, linkLocal: true }
        : told;
    }
    if (policy.clusterId < 0 && source.clusterId < 0) return undefined;
    const entered = source.clusterId >= 0 ? source.clusterId : policy.clusterId;
    const crosses =
      source.clusterId >= 0 && policy.clusterId >= 0 && source.clusterId !== policy.clusterId;
    return {
      ...set,
      nextHop,
      originatorId: set.originatorId === ABSENT ? x.routerId[sender]! : set.originatorId,
      clusterList: [...(crosses ? [policy.clusterId] : []), entered, ...set.clusterList],
    };
  }

  /** Whether a path goes from one peer of an AS to another. */
  private among(to: number, internal: boolean, path: number): boolean {
    const { x } = this;
    const { localAS } = x.policies.get(x.paths.policy(path));
    const sourceAS = localAS || x.asNumber[x.ends.node[to]!]!;
    return internal && x.paths.isInternal(path) && x.localAS(to) === sourceAS;
  }

  /** The export filter as confd renders it: BGPFilters, then the common checks (node-behaviour §1.6). */
  private accepted(daemon: Daemon, to: number, route: FilteredRoute): boolean {
    const verdict = runFilters(this.x.policy(to).exportFilters, route);
    if (verdict !== undefined) return verdict === "accept";
    if (daemon.router) return true;
    const { rules } = daemon;
    if (rules === undefined) return true;
    const own = rules.ownBlocks ?? daemon.blocks;
    const { prefixes } = this.x;
    return exportAccepts(
      rules.steps,
      rules.communities,
      (prefix) => ownership(prefixes, own, prefix),
      route,
    );
  }
}

/** Attributes that external peers do not get (RFC 4271 §5.1.5, RFC 4456 §8; bird: proto/bgp/attrs.c, allow_in_ebgp). */
function withoutInternal(set: AttributeSet): AttributeSet {
  return { ...set, localPref: ABSENT, originatorId: ABSENT, clusterList: [] };
}

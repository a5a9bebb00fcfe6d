import type { FleetContext } from "../fleet/context.js";
import { ABSENT, type AttributeSet, NEXT_HOP_SENDER, NORMAL_LOCAL_PREF } from "./attributes.js";
import { isLocal, KERNEL } from "./origins.js";
import { OWN, type Path, type Preference } from "./rib.js";

/** Preference of BIRD's protocols (bird: nest/route.h, DEF_PREF_INHERITED, DEF_PREF_STATIC, DEF_PREF_BGP). */
const KERNEL_PREFERENCE = 10;
const STATIC_PREFERENCE = 200;
const BGP_PREFERENCE = 100;
/** Preference of routes with an elevated priority, by Calico's import filter (calico: confd/pkg/backends/calico/bgp_processor.go:701). */
const ELEVATED_PREFERENCE = 200;

/** Which of two paths a daemon prefers (bird: nest/rt-table.c, rte_better; proto/bgp/attrs.c, bgp_rte_better). */
export class Decision implements Preference {
  private readonly x: FleetContext;

  constructor(context: FleetContext) {
    this.x = context;
  }

  /** Whether a path is preferred to another of the same prefix. */
  better(path: Path, than: Path): boolean {
    const a = this.preference(path);
    const b = this.preference(than);
    if (a !== b) return a > b;
    // BIRD orders protocols of one preference by their place in memory; that its own route wins is assumed.
    if (isLocal(path) || isLocal(than)) return isLocal(path) && !isLocal(than);
    return this.betterBgp(path, than);
  }

  /** Whether a path is as good as the best but for the last tie-breaks, so that `merge paths` joins them (bird: proto/bgp/attrs.c, bgp_rte_mergable). */
  mergable(best: Path, path: Path): boolean {
    if (isLocal(best) || isLocal(path)) return false;
    if (this.preference(best) !== this.preference(path)) return false;
    const { attributes } = this.x;
    const p = attributes.get(best.attributes);
    const q = attributes.get(path.attributes);
    return (
      p.localPref === q.localPref &&
      p.asPath.length === q.asPath.length &&
      p.origin === q.origin &&
      (Math.max(p.med, 0) === Math.max(q.med, 0) || p.asPath[0] !== q.asPath[0]) &&
      this.x.isInternal(best.end) === this.x.isInternal(path.end)
    );
  }

  /** Node that a path leads to. */
  nextHop(path: Path): number {
    const { nextHop } = this.x.attributes.get(path.attributes);
    return nextHop === NEXT_HOP_SENDER ? this.x.ends.peer[path.end]! : nextHop;
  }

  /** What the protocol of a path, or a filter, makes it worth (bird: nest/route.h). */
  preference({ end, attributes }: Path): number {
    if (end === OWN) return STATIC_PREFERENCE;
    if (end === KERNEL) return KERNEL_PREFERENCE;
    if (this.x.daemons[this.x.ends.node[end]!]!.router) return BGP_PREFERENCE;
    const { localPref } = this.x.attributes.get(attributes);
    return localPref > NORMAL_LOCAL_PREF ? ELEVATED_PREFERENCE : BGP_PREFERENCE;
  }

  /** RFC 4271 §9.1.2.2 with RFC 4456 §9, in BIRD's order. IGP metrics are equal: next hops are on the link or behind one route. */
  private betterBgp(path: Path, than: Path): boolean {
    const { x } = this;
    const p = x.attributes.get(path.attributes);
    const q = x.attributes.get(than.attributes);
    if (p !== q) {
      if (p.localPref !== q.localPref) return p.localPref > q.localPref;
      if (p.asPath.length !== q.asPath.length) return p.asPath.length < q.asPath.length;
      if (p.origin !== q.origin) return p.origin < q.origin;
      if (p.asPath[0] === q.asPath[0] && p.med !== q.med)
        return Math.max(p.med, 0) < Math.max(q.med, 0);
    }
    const internal = x.isInternal(path.end);
    if (internal !== x.isInternal(than.end)) return !internal;
    const a = this.originator(path, p);
    const b = this.originator(than, q);
    if (a !== b) return a < b;
    if (p.clusterList.length !== q.clusterList.length)
      return p.clusterList.length < q.clusterList.length;
    return x.address[x.ends.peer[path.end]!]! < x.address[x.ends.peer[than.end]!]!;
  }

  private originator({ end }: Path, { originatorId }: AttributeSet): number {
    return originatorId === ABSENT ? this.x.routerId[this.x.ends.peer[end]!]! : originatorId;
  }
}

import type { FleetContext } from "../fleet/context.js";
import { ABSENT, type AttributeSet, NEXT_HOP_SENDER, NORMAL_LOCAL_PREF } from "./attributes.js";
import type { PathRanking } from "./path-lists.js";
import { KERNEL, OWN_PATH } from "./paths.js";

/** Preference of BIRD's protocols (bird: nest/route.h, DEF_PREF_INHERITED, DEF_PREF_STATIC, DEF_PREF_BGP). */
const KERNEL_PREFERENCE = 10;
const STATIC_PREFERENCE = 200;
const BGP_PREFERENCE = 100;
/** Preference of routes with an elevated priority, by Calico's import filter (calico: confd/pkg/backends/calico/bgp_processor.go:701). */
const ELEVATED_PREFERENCE = 200;

/** Which of two paths a daemon prefers (bird: nest/rt-table.c, rte_better; proto/bgp/attrs.c, bgp_rte_better). */
export class Decision implements PathRanking {
  private readonly x: FleetContext;

  constructor(context: FleetContext) {
    this.x = context;
  }

  /** Whether a path is preferred to another of the same prefix. */
  better(path: number, than: number): boolean {
    if (this.ranksLike(path, than)) return this.betterTold(path, than);
    const a = this.preference(path);
    const b = this.preference(than);
    if (a !== b) return a > b;
    // BIRD orders protocols of one preference by their place in memory; that its own route wins is assumed.
    const own = this.x.paths.isLocal(path);
    if (own || this.x.paths.isLocal(than)) return own && !this.x.paths.isLocal(than);
    return this.betterBgp(path, than);
  }

  /** Whether a path is as good as the best but for the last tie-breaks, so that `merge paths` joins them (bird: proto/bgp/attrs.c, bgp_rte_mergable). */
  mergable(best: number, path: number): boolean {
    const { paths } = this.x;
    // An ordinary router's kernel gets the best alone, as BIRD has it by default, unless it has `merge paths` too.
    if (paths.isLocal(best) || paths.isLocal(path) || paths.isAlone(best)) return false;
    if (this.ranksLike(best, path)) return true;
    if (this.preference(best) !== this.preference(path)) return false;
    const p = this.attributes(best);
    const q = this.attributes(path);
    return (
      p.localPref === q.localPref &&
      p.asPath.length === q.asPath.length &&
      p.origin === q.origin &&
      (Math.max(p.med, 0) === Math.max(q.med, 0) || p.asPath[0] !== q.asPath[0]) &&
      paths.isInternal(best) === paths.isInternal(path)
    );
  }

  /** Node that a path leads to. */
  nextHop(path: number): number {
    const { attributes, paths } = this.x;
    const nextHop = attributes.nextHop(paths.attributes(path));
    return nextHop === NEXT_HOP_SENDER ? paths.peer(path) : nextHop;
  }

  /** What the protocol of a path, or a filter, makes it worth (bird: nest/route.h). */
  preference(path: number): number {
    const { paths } = this.x;
    if (path === OWN_PATH) return STATIC_PREFERENCE;
    if (paths.peer(path) === KERNEL) return KERNEL_PREFERENCE;
    if (paths.atRouter(path)) return BGP_PREFERENCE;
    const { localPref, unraised = false } = this.attributes(path);
    return localPref > NORMAL_LOCAL_PREF && !unraised ? ELEVATED_PREFERENCE : BGP_PREFERENCE;
  }

  /** Whether learnt paths are equally good but for who tells them. */
  private ranksLike(path: number, than: number): boolean {
    const { attributes, paths } = this.x;
    return (
      !paths.isLocal(path) &&
      !paths.isLocal(than) &&
      attributes.rank(paths.attributes(path)) === attributes.rank(paths.attributes(than)) &&
      paths.isInternal(path) === paths.isInternal(than) &&
      paths.atRouter(path) === paths.atRouter(than)
    );
  }

  /** RFC 4271 §9.1.2.2 with RFC 4456 §9, in BIRD's order. IGP metrics are equal: next hops are on the link or behind one route. */
  private betterBgp(path: number, than: number): boolean {
    const { paths } = this.x;
    const p = this.attributes(path);
    const q = this.attributes(than);
    if (p !== q) {
      if (p.localPref !== q.localPref) return p.localPref > q.localPref;
      if (p.asPath.length !== q.asPath.length) return p.asPath.length < q.asPath.length;
      if (p.origin !== q.origin) return p.origin < q.origin;
      if (p.asPath[0] === q.asPath[0] && p.med !== q.med)
        return Math.max(p.med, 0) < Math.max(q.med, 0);
    }
    const internal = paths.isInternal(path);
    if (internal !== paths.isInternal(than)) return !internal;
    return this.betterTold(path, than);
  }

  /** The tie-breaks (RFC 4456 §9; RFC 4271 §9.1.2.2 f, g). */
  private betterTold(path: number, than: number): boolean {
    const { address, attributes, paths } = this.x;
    const a = this.originator(path);
    const b = this.originator(than);
    if (a !== b) return a < b;
    const p = attributes.clusters(paths.attributes(path));
    const q = attributes.clusters(paths.attributes(than));
    if (p !== q) return p < q;
    return address[paths.peer(path)]! < address[paths.peer(than)]!;
  }

  private attributes(path: number): AttributeSet {
    return this.x.attributes.get(this.x.paths.attributes(path));
  }

  private originator(path: number): number {
    const originatorId = this.x.attributes.originatorId(this.x.paths.attributes(path));
    return originatorId === ABSENT ? this.x.routerId[this.x.paths.peer(path)]! : originatorId;
  }
}

import { type Kernels, type NextHop, nextHopsOf } from "@calico-sim/core";

/** Next hops of one kernel route at most: `merge paths on` without a limit (bird: nest/proto.c, KRT_DEFAULT_ECMP_LIMIT). */
const MERGE_LIMIT = 16;

/**
 * The routes of equally good paths as one: every next hop once, ordered by address, at most {@link MERGE_LIMIT} of
 * them (bird: nest/rt-table.c, rt_export_merged; nest/rt-attr.c, mpnh_merge). Metric and the like are the best path's.
 *
 * @param best - route of the best path.
 * @param others - routes of those as good, 0 where the filter refuses them.
 * @param addressOf - address of a node, for the order.
 */
export function mergedRoute(
  kernels: Kernels,
  best: number,
  others: readonly number[],
  addressOf: (node: number) => number,
): number {
  const route = kernels.route(best);
  if (route.type !== "unicast") return best;
  const hops: NextHop[] = [...nextHopsOf(route)];
  for (const other of others) {
    const merged = kernels.route(other);
    if (other === 0 || merged.type !== "unicast") continue;
    for (const hop of nextHopsOf(merged)) if (!hops.some((held) => same(held, hop))) hops.push(hop);
  }
  if (hops.length === 1) return best;
  hops.sort((a, b) => addressOf(a.gateway) - addressOf(b.gateway));
  const [first = route, ...further] = hops.slice(0, MERGE_LIMIT).map(plain);
  return kernels.intern({ ...route, ...first, further });
}

function same(a: NextHop, b: NextHop): boolean {
  return a.gateway === b.gateway && a.device === b.device;
}

function plain({ device, gateway, onlink }: NextHop): NextHop {
  return { device, gateway, onlink };
}

import { type Cidr, parseCidr } from "../net/index.js";
import {
  DEFAULT_CALICO_VERSION,
  eraOf,
  type IPPool,
  type PoolView,
  poolView,
} from "../resources/index.js";
import { type Labels, selects } from "../selector/index.js";

/** A pool that is ready to be walked. */
export interface UsablePool extends PoolView {
  readonly prefix: Cidr;
}

/** What an address is for (calico: api/pkg/apis/projectcalico/v3/ippool.go, `allowedUses`). */
export type IntendedUse = "Workload" | "Tunnel";

/** Which pools a request may draw from. */
export interface PoolQuery {
  readonly family: 4 | 6;
  readonly use: IntendedUse;
  readonly nodeLabels: Labels;
  /** Labels of the pod's namespace; absent where there is none (tunnels), which fails every namespace selector. */
  readonly namespaceLabels?: Labels | undefined;
  /** Names or CIDRs that the request insists on; their selectors are then not looked at (calico: IPAM:307-314). */
  readonly requested?: readonly string[] | undefined;
}

/** The pools that a request may use, in the order listed (or requested). */
export function determinePools(pools: readonly IPPool[], query: PoolQuery): readonly UsablePool[] {
  const enabled = usablePools(pools).filter((p) => !p.disabled && p.family === query.family);
  if (query.requested !== undefined && query.requested.length > 0) {
    return query.requested.flatMap((name) => {
      const pool = enabled.find((p) => p.name === name || p.cidr === name);
      return pool === undefined ? [] : [pool];
    });
  }
  return enabled.filter(
    (pool) =>
      pool.assignmentMode === "Automatic" &&
      pool.allowedUses.includes(query.use) &&
      selects(pool.nodeSelector, query.nodeLabels) &&
      (pool.namespaceSelector === "" ||
        (query.namespaceLabels !== undefined &&
          selects(pool.namespaceSelector, query.namespaceLabels))),
  );
}

/** Every era agrees on the defaults of a pool. */
const ERA = eraOf(DEFAULT_CALICO_VERSION);
/** The pools of a list answer, which the datastore shares between all readers until a pool changes. */
const viewed = new WeakMap<readonly IPPool[], readonly UsablePool[]>();

/** All pools with their defaults, disabled ones included; those without a readable CIDR are left out. */
export function usablePools(pools: readonly IPPool[]): readonly UsablePool[] {
  const known = viewed.get(pools);
  if (known !== undefined) return known;
  const views = pools.flatMap((pool) => {
    const prefix = parseCidr(pool.spec.cidr);
    return prefix === undefined ? [] : [Object.freeze({ ...poolView(pool, ERA), prefix })];
  });
  // Only what cannot change may be remembered.
  if (Object.isFrozen(pools)) viewed.set(pools, views);
  return views;
}

import type { PeerOptions, PeerPolicy } from "../types.js";

/** Id of the mesh's policy. */
export const MESH_POLICY = 0;

const POLICIES_MAX = 2 ** 16;

const MESH: PeerPolicy = Object.freeze({
  localAS: 0,
  remoteAS: 0,
  clusterId: -1,
  nextHop: "auto",
  onLink: false,
  allowLocalAS: 0,
  addPath: true,
  gracefulRestart: -1,
  importFilters: [],
  exportFilters: [],
});

/** Distinct policies of a fleet by dense id; equal ones share one frozen object. */
export class PolicyTable {
  private readonly policies: PeerPolicy[] = [MESH];
  private readonly ids: Map<string, number> = new Map([[JSON.stringify(MESH), MESH_POLICY]]);

  /**
   * The id of what a configuration says of a peer.
   *
   * @throws RangeError beyond 65,536 distinct policies.
   */
  intern(options: PeerOptions | undefined): number {
    if (options === undefined) return MESH_POLICY;
    const policy: PeerPolicy = { ...MESH, ...options };
    const key = JSON.stringify(policy);
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.policies.length;
      if (id === POLICIES_MAX)
        throw new RangeError(`more than ${String(POLICIES_MAX)} kinds of BGP peer`);
      this.policies.push(Object.freeze(policy));
      this.ids.set(key, id);
    }
    return id;
  }

  /** Whether two policies differ in nothing but filters, which BIRD changes without a restart. */
  sameButFilters(a: number, b: number): boolean {
    const bare = (id: number): string =>
      JSON.stringify({ ...this.get(id), importFilters: [], exportFilters: [] });
    return a === b || bare(a) === bare(b);
  }

  /** Whether two policies filter alike in one direction. */
  sameFilters(a: number, b: number, direction: "importFilters" | "exportFilters"): boolean {
    return (
      a === b || JSON.stringify(this.get(a)[direction]) === JSON.stringify(this.get(b)[direction])
    );
  }

  /** The policy behind an id. */
  get(id: number): PeerPolicy {
    return this.policies[id]!;
  }
}

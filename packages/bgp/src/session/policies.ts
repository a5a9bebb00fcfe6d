import type { PeerOptions, PeerPolicy } from "../types.js";
import { POLICIES_MAX, SessionLimitError } from "./capacity.js";
import { BGP_PORT } from "./constants.js";

/** Id of the mesh's policy. */
export const MESH_POLICY = 0;

const MESH: PeerPolicy = Object.freeze({
  localAS: 0,
  remoteAS: 0,
  clusterId: -1,
  nextHop: "auto",
  onLink: false,
  allowLocalAS: 0,
  addPath: true,
  gracefulRestart: -1,
  keepsForwarding: true,
  password: "",
  ttlSecurity: 0,
  port: BGP_PORT,
  sourceAddress: 0,
  keepalive: 0,
  hold: -1,
  connectDelay: 0,
  connectRetry: 0,
  importFilters: [],
  exportFilters: [],
});

/** Distinct policies of a fleet by dense id; equal ones share one frozen object. */
export class PolicyTable {
  private readonly policies: PeerPolicy[] = [MESH];
  private readonly ids: Map<string, number> = new Map([[JSON.stringify(MESH), MESH_POLICY]]);
  /** Every peer is as in the mesh, so that nobody has to look up how one is treated. */
  uniform = true;
  /** Some policy asks for TTL security. */
  limitsTtl = false;
  /** Some policy has a hold time of its own, so that ends have to agree on one. */
  offersHold = false;

  /**
   * The id of what a configuration says of a peer.
   *
   * @throws SessionLimitError beyond {@link POLICIES_MAX} distinct policies.
   */
  intern(options: PeerOptions | undefined): number {
    if (options === undefined) return MESH_POLICY;
    const policy: PeerPolicy = { ...MESH, ...options };
    const key = JSON.stringify(policy);
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.policies.length;
      if (id === POLICIES_MAX) {
        const instead = "peers that share password, port, timers and filters are one kind";
        throw new SessionLimitError(POLICIES_MAX, "kinds of BGP peer", instead);
      }
      this.policies.push(Object.freeze(policy));
      this.uniform = false;
      this.limitsTtl ||= policy.ttlSecurity > 0;
      this.offersHold ||= policy.hold >= 0;
      this.ids.set(key, id);
    }
    return id;
  }

  /** Whether routes are told and taken as in the mesh, whatever it takes to have a session. */
  routesAsInMesh(id: number): boolean {
    if (id === MESH_POLICY) return true;
    const { password, ttlSecurity, port, sourceAddress, gracefulRestart } = MESH;
    const { keepalive, hold, connectDelay, connectRetry } = MESH;
    const session = { password, ttlSecurity, port, sourceAddress, gracefulRestart };
    const timers = { keepalive, hold, connectDelay, connectRetry };
    const policy = { ...this.policies[id]!, ...session, ...timers };
    return this.ids.get(JSON.stringify(policy)) === MESH_POLICY;
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

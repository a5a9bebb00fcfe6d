import type { ResourceKind } from "../resources/index.js";
import type { StoredKind, SyncerType } from "./types.js";

/** What one syncer watches. */
export interface SyncerKinds {
  /** Kinds that the simulator models, one list and watch each. */
  readonly kinds: readonly ResourceKind[];
  /** Further streams, of kinds it does not model: they list nothing and stay silent, but exist. */
  readonly extraWatches: number;
}

/**
 * Kinds that each syncer watches (control-plane-behaviour §1.3, with Calico IPAM). `Pod` stands for
 * WorkloadEndpoint and `Namespace` for Profile; a Profile's second stream, ServiceAccount, is an extra.
 *
 * @see calico: libcalico-go/lib/backend/syncersv1
 */
export const SYNCER_KINDS: Readonly<
  Record<"kubernetes" | "etcd", Readonly<Record<SyncerType, SyncerKinds>>>
> = {
  // With Kubernetes as datastore Felix gets Services and EndpointSlices whole (control-plane-behaviour §1.3).
  kubernetes: syncers(24, ["Service", "EndpointSlice"]),
  etcd: syncers(19, []),
};

function syncers(
  felixStreams: number,
  more: readonly ResourceKind[],
): Readonly<Record<SyncerType, SyncerKinds>> {
  const felix: readonly ResourceKind[] = [
    "ClusterInformation",
    "FelixConfiguration",
    "IPPool",
    "Node",
    "Namespace",
    "Pod",
    "BGPConfiguration",
    "BGPPeer",
    "IPAMBlock",
    ...more,
  ];
  return {
    felix: { kinds: felix, extraWatches: felixStreams - felix.length },
    bgp: {
      kinds: ["IPPool", "BGPConfiguration", "Node", "BGPPeer", "BGPFilter", "BlockAffinity"],
      extraWatches: 0,
    },
    "tunnel-ip-allocation": { kinds: ["IPPool", "Node"], extraWatches: 0 },
    "node-status": { kinds: [], extraWatches: 1 },
    // No syncer but confd's own informers, where ranges of services are configured (control-plane-behaviour §2.4).
    services: { kinds: ["Service", "EndpointSlice"], extraWatches: 0 },
  };
}

/** The streams of a syncer, one entry each. */
export function syncerStreams(flavour: "kubernetes" | "etcd", type: SyncerType): StoredKind[] {
  const { kinds, extraWatches } = SYNCER_KINDS[flavour][type];
  return [...kinds, ...Array.from({ length: extraWatches }, (): StoredKind => "Unmodelled")];
}

/** Number of watch streams of a syncer: 24, 6, 2 and 1 with Kubernetes, 19, 6, 2 and 1 with etcd. */
export function streamCount(flavour: "kubernetes" | "etcd", type: SyncerType): number {
  const { kinds, extraWatches } = SYNCER_KINDS[flavour][type];
  return kinds.length + extraWatches;
}

import type { IPAMBlock, Resource } from "../resources/index.js";
import type { StoredKind } from "./types.js";

/** Bytes of one kind of object, in each place where it travels or rests. */
export interface KindSize {
  /** In the Kubernetes API: one object of a list, get or watch event. */
  readonly kubernetesBytes: number;
  /** In etcd v3, written there by Calico itself. */
  readonly etcdBytes: number;
  /** Value in a syncer's stream (Typha's JSON), summed over the pairs of a typical object. */
  readonly valueBytes: number;
  /** Serialised key in a syncer's stream. */
  readonly keyBytes: number;
  /** Where the numbers are from. */
  readonly source: string;
}

/** Sizes of everything a datastore and a Typha send. All are parameters; the defaults say whence. */
export interface SizeProfile {
  readonly name: string;
  readonly kinds: Readonly<Record<StoredKind, KindSize>>;
  /** More bytes of a block per allocated address: handle, namespace, node, pod, time, sequence. */
  readonly blockPerAllocationBytes: number;
  /** Key and value of a small pair that a Node makes beside its v3 form (tunnel address, MAC, …). */
  readonly hostPairBytes: number;
  /** Envelope of an event on a watch: type, framing. */
  readonly eventEnvelopeBytes: number;
  /** A bookmark or progress notice. */
  readonly bookmarkBytes: number;
  /** An answer without an object: an error, a deletion. */
  readonly statusBytes: number;
}

const TABLE = "control-plane-behaviour §1.11";

function size(
  kubernetesBytes: number,
  etcdBytes: number,
  valueBytes: number,
  keyBytes: number,
  source: string,
): KindSize {
  return { kubernetesBytes, etcdBytes, valueBytes, keyBytes, source };
}

/** Small Calico custom resources: spec of a few fields, and the wrapper of ≈ 300 bytes. */
function small(valueBytes: number): KindSize {
  return size(valueBytes + 300, valueBytes, valueBytes, 80, "assumed; wrapper of §1.11");
}

/** Representative objects as control-plane-behaviour §1.11 estimates them; what it lacks is assumed. */
export const DEFAULT_SIZES: SizeProfile = {
  name: "representative",
  kinds: {
    Pod: size(5000, 900, 430, 100, `${TABLE}: 3–10 KB, typical 5 KB; etcd form assumed`),
    Node: size(17_500, 870, 870, 75, `${TABLE}: 15–20 KB in Kubernetes (field-data #51)`),
    Namespace: size(800, 700, 800, 180, `${TABLE}; three pairs of a profile: 200 + 600`),
    IPAMBlock: size(1000, 700, 700, 60, `${TABLE}: empty block, wrapper ≈ 300`),
    BlockAffinity: size(430, 130, 130, 80, TABLE),
    IPAMHandle: size(520, 220, 0, 0, `${TABLE}; etcd: without the wrapper`),
    ConfigMap: size(4000, 4000, 0, 0, "assumed"),
    Secret: size(1000, 1000, 0, 0, "assumed"),
    Service: size(1500, 1500, 1500, 80, "assumed"),
    EndpointSlice: size(
      2000,
      2000,
      2000,
      80,
      `${TABLE}: 15–30 KB for 100 endpoints; a few assumed`,
    ),
    IPPool: small(350),
    IPReservation: small(150),
    BGPConfiguration: small(350),
    BGPPeer: small(300),
    BGPFilter: small(500),
    FelixConfiguration: small(800),
    IPAMConfig: small(120),
    ClusterInformation: small(250),
    KubeControllersConfiguration: small(600),
    Unmodelled: size(1000, 700, 700, 80, "assumed; none exist"),
  },
  blockPerAllocationBytes: 250,
  hostPairBytes: 80,
  eventEnvelopeBytes: 44,
  bookmarkBytes: 300,
  statusBytes: 300,
};

/** Addresses allocated in a block. */
export function allocationCount(block: Resource): number {
  const allocations = (block as IPAMBlock).spec?.allocations;
  if (allocations === undefined) return 0;
  let count = 0;
  for (const index of allocations) if (index !== null) count++;
  return count;
}

/** Bytes of an object in the datastore's answers. */
export function objectBytes(
  resource: Resource,
  flavour: "kubernetes" | "etcd",
  sizes: SizeProfile,
): number {
  const kind = sizes.kinds[resource.kind];
  const bytes = flavour === "kubernetes" ? kind.kubernetesBytes : kind.etcdBytes;
  return resource.kind === "IPAMBlock"
    ? bytes + allocationCount(resource) * sizes.blockPerAllocationBytes
    : bytes;
}

/**
 * Bytes of a change on a watch. Etcd's carry the previous value too
 * (calico: libcalico-go/lib/backend/etcdv3/watcher.go).
 */
export function watchEventBytes(
  bytes: number,
  previousBytes: number,
  flavour: "kubernetes" | "etcd",
  sizes: SizeProfile,
): number {
  return sizes.eventEnvelopeBytes + bytes + (flavour === "etcd" ? previousBytes : 0);
}

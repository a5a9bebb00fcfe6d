import { keyOf, type Node, nodeView, type Pod, type Resource } from "../resources/index.js";
import { allocationCount, DEFAULT_SIZES, type SizeProfile } from "./object-size.js";
import { sameObject } from "./object-store.js";
import { deepEqual } from "./plain-data.js";
import { equalAddresses, isPresent } from "./pod-endpoint.js";
import type { SyncerType, SyncerUpdate, WatchEvent } from "./types.js";

/** Key-value pairs and their encoded bytes. */
export interface PairCount {
  readonly kvs: number;
  readonly bytes: number;
}

/** One key-value pair of a syncer's model. */
interface Pair {
  readonly value: unknown;
  readonly bytes: number;
}

/**
 * What a syncer makes of a watch event; undefined when it makes nothing of it (a pod without address).
 *
 * Shared by direct clients, who look at revisions only, and Typha, which then drops what
 * {@link equalValue} finds unchanged.
 */
export function convert(
  event: WatchEvent,
  type: SyncerType = "felix",
  sizes: SizeProfile = DEFAULT_SIZES,
): SyncerUpdate | undefined {
  const after = event.type === "deleted" ? undefined : event.resource;
  return convertChange(event.previous, after, event.revision, type, sizes, event.key);
}

/** As {@link convert}, for an object that a list found changed, new (`before` undefined) or gone (`after` undefined). */
export function convertChange(
  before: Resource | undefined,
  after: Resource | undefined,
  revision: number,
  type: SyncerType,
  sizes: SizeProfile,
  key?: string,
): SyncerUpdate | undefined {
  const held = isPresent(before) ? before : undefined;
  const now = isPresent(after) ? after : undefined;
  const either = now ?? held;
  if (either === undefined) return undefined;
  const { kvs, bytes } = pairCount(either, now === undefined, type, sizes);
  return Object.freeze({
    kind: either.kind,
    key: key ?? keyOf(either),
    resource: now,
    previous: held,
    revision,
    kvs,
    bytes,
  });
}

/**
 * True when two revisions of an object make the same values in the syncer's model: Node heartbeats, pod
 * status churn. Typha then sends nothing (control-plane-behaviour §1.10).
 */
export function equalValue(a: Resource | undefined, b: Resource | undefined): boolean {
  const before = isPresent(a) ? a : undefined;
  const after = isPresent(b) ? b : undefined;
  if (before === after) return true;
  if (before === undefined || after === undefined) return false;
  switch (before.kind) {
    case "Pod":
      return equalEndpoint(before as Pod, after as Pod);
    case "Node":
      return equalNode(before as Node, after as Node);
    case "Namespace":
      return (
        deepEqual(before.metadata.labels, after.metadata.labels) &&
        deepEqual(before.metadata.annotations, after.metadata.annotations)
      );
    default:
      return sameObject(before, after);
  }
}

/** Pairs that differ between two revisions of an object, with their bytes: what Typha really sends. */
export function changedPairs(
  before: Resource | undefined,
  after: Resource | undefined,
  type: SyncerType = "felix",
  sizes: SizeProfile = DEFAULT_SIZES,
): PairCount {
  const held = isPresent(before) ? before : undefined;
  const now = isPresent(after) ? after : undefined;
  if (now === undefined) {
    return held === undefined ? { kvs: 0, bytes: 0 } : pairCount(held, true, type, sizes);
  }
  if (held === undefined) return pairCount(now, false, type, sizes);
  if (equalValue(held, now)) return { kvs: 0, bytes: 0 };
  if (!makesSeveral(now, type)) return pairCount(now, false, type, sizes);
  const old = pairsOf(held, type, sizes);
  const fresh = pairsOf(now, type, sizes);
  const keyBytes = sizes.kinds[now.kind].keyBytes;
  let kvs = 0;
  let bytes = 0;
  for (const [name, pair] of fresh) {
    if (deepEqual(old.get(name)?.value, pair.value)) continue;
    kvs++;
    bytes += pair.bytes;
  }
  for (const name of old.keys()) {
    if (fresh.has(name)) continue;
    kvs++;
    bytes += keyBytes;
  }
  return { kvs, bytes };
}

/** All pairs of an object; a deletion carries keys alone. */
function pairCount(
  resource: Resource,
  deleted: boolean,
  type: SyncerType,
  sizes: SizeProfile,
): PairCount {
  const { keyBytes, valueBytes } = sizes.kinds[resource.kind];
  if (makesSeveral(resource, type)) {
    let bytes = 0;
    const pairs = pairsOf(resource, type, sizes);
    for (const pair of pairs.values()) bytes += deleted ? keyBytes : pair.bytes;
    return { kvs: pairs.size, bytes };
  }
  if (deleted) return { kvs: 1, bytes: keyBytes };
  const content =
    resource.kind === "IPAMBlock" ? allocationCount(resource) * sizes.blockPerAllocationBytes : 0;
  return { kvs: 1, bytes: keyBytes + valueBytes + content };
}

function makesSeveral({ kind }: Resource, type: SyncerType): boolean {
  if (kind === "Node") return type === "felix" || type === "bgp";
  return type === "felix" && (kind === "Namespace" || kind === "FelixConfiguration");
}

/** The pairs of the kinds that make more than one (control-plane-behaviour §1.10). */
function pairsOf(resource: Resource, type: SyncerType, sizes: SizeProfile): Map<string, Pair> {
  const pairs = new Map<string, Pair>();
  const { keyBytes, valueBytes } = sizes.kinds[resource.kind];
  const small = (name: string, value: unknown): void => {
    if (value !== undefined) pairs.set(name, { value, bytes: sizes.hostPairBytes });
  };
  if (resource.kind === "Node") {
    const view = nodeView(resource as Node);
    if (type === "felix") {
      // calico: libcalico-go/lib/backend/syncersv1/updateprocessors/felixnodeprocessor.go
      small("IpInIpTunnelAddr", view.ipv4IPIPTunnelAddr);
      small("IPv4VXLANTunnelAddr", view.ipv4VXLANTunnelAddr);
      small("VXLANTunnelMACAddr", view.vxlanTunnelMACAddr);
      small("IPv6VXLANTunnelAddr", view.ipv6VXLANTunnelAddr);
      small("VXLANTunnelMACAddrV6", view.vxlanTunnelMACAddrV6);
      small("wireguard", view.wireguardPublicKey ?? view.wireguardPublicKeyV6);
    } else {
      // calico: libcalico-go/lib/backend/syncersv1/updateprocessors/bgpnodeprocessor.go (assumed)
      small("ip_addr_v4", view.ipv4Address);
      small("ip_addr_v6", view.ipv6Address);
      small("as_num", view.asNumber);
      small("rr_cluster_id", view.routeReflectorClusterID);
    }
    pairs.set("v3", { value: nodeValue(resource as Node), bytes: keyBytes + valueBytes });
  } else if (resource.kind === "Namespace") {
    const { labels, annotations } = resource.metadata;
    const third = Math.round(keyBytes / 3);
    // Of ≈ 800 bytes of value, the v3 form has ≈ 600 (control-plane-behaviour §1.11).
    pairs.set("rules", { value: "rules", bytes: third + 76 });
    pairs.set("labels", { value: labels, bytes: third + Math.round(valueBytes / 4) - 76 });
    pairs.set("v3", { value: [labels, annotations], bytes: third + Math.round(valueBytes * 0.75) });
  } else {
    for (const [field, value] of Object.entries(resource.spec ?? {})) small(field, value);
  }
  return pairs;
}

function equalEndpoint(a: Pod, b: Pod): boolean {
  const sameSpec =
    a.spec === b.spec ||
    (a.spec?.nodeName === b.spec?.nodeName &&
      a.spec?.serviceAccountName === b.spec?.serviceAccountName &&
      deepEqual(a.spec?.containers, b.spec?.containers));
  return sameSpec && deepEqual(a.metadata.labels, b.metadata.labels) && equalAddresses(a, b);
}

function equalNode(a: Node, b: Node): boolean {
  return deepEqual(nodeValue(a), nodeValue(b));
}

/** What the conversion of a Node keeps (calico: libcalico-go/lib/backend/k8s/resources/node.go). */
function nodeValue(node: Node): unknown {
  const { metadata, spec, status } = node;
  if (node.apiVersion !== "v1") return [metadata.labels, metadata.annotations, spec, status];
  const calico: Record<string, string> = {};
  for (const [name, value] of Object.entries(metadata.annotations ?? {})) {
    if (name.startsWith("projectcalico.org/")) calico[name] = value;
  }
  const kubernetes = node;
  const { podCIDR, podCIDRs } = kubernetes.spec ?? {};
  return [metadata.labels, calico, podCIDR, podCIDRs, kubernetes.status?.addresses];
}

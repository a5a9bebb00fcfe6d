import {
  type Address,
  type AddressFamily,
  type BGPPeer,
  formatAddress,
  hostAddress,
  parseAddress,
  parseASNumber,
} from "@calico-sim/core";
import { BGP_PORT } from "../../session/constants.js";
import { asOf, type BgpNode, type ConfdInputs, nodeMatches, nodesMatching } from "./inputs.js";
import type { PeeringType } from "./model.js";

/** A peer of one node before it is rendered: an entry under `/bgp/v1/global` or `/bgp/v1/host/<node>`. */
export interface Peering {
  readonly type: Exclude<PeeringType, "mesh">;
  readonly family: AddressFamily;
  readonly address: string;
  readonly port: number | undefined;
  readonly asNumber: number;
  /** Copied from the peer node by a peerSelector; blank otherwise. */
  readonly clusterId: string;
  /** The `peerIP` is an address of a cluster node; never set by a peerSelector. */
  readonly calicoNode: boolean;
  readonly reachableBy: string | undefined;
  /** The BGPPeer with everything else. */
  readonly spec: BGPPeer["spec"];
}

/** A local pod that asks to be a BGP peer, from Felix's endpoint-status files. */
export interface LocalWorkload {
  readonly ipv4Nets?: readonly string[];
  readonly ipv6Nets?: readonly string[];
  /** The BGPPeer whose `localWorkloadSelector` matched. */
  readonly bgpPeerName: string;
}

/**
 * The peers that BGPPeer resources give one node, both families, in two passes: global, then
 * node-specific, then the reverse of both. Of equal address and port the first wins, so a global
 * peering beats one of the node (calico: confd/pkg/backends/calico/client.go:505-777).
 *
 * confd walks its BGPPeers in no order that is said; here it is that of their names.
 */
export function peeringsOf(
  inputs: ConfdInputs,
  node: BgpNode,
  workloads: readonly LocalWorkload[],
): readonly Peering[] {
  const found = new Map<string, Peering>();
  const emit = (peerings: readonly Peering[]): void => {
    for (const peering of peerings) {
      const key = `${peering.address} ${String(peering.port ?? "")}`;
      if (!found.has(key)) found.set(key, peering);
    }
  };
  const isGlobal = ({ spec }: BGPPeer): boolean => !spec.nodeSelector && !spec.node;
  for (const peer of inputs.peers) {
    if (isGlobal(peer)) emit(forward(inputs, peer, "global", workloads));
  }
  for (const peer of inputs.peers) {
    if (!isGlobal(peer) && isLocal(peer, node)) emit(forward(inputs, peer, "node", workloads));
  }
  for (const peer of inputs.peers) emit(reverse(inputs, peer, node));
  return [...found.values()];
}

/** Whether the node is one of those that a BGPPeer configures. */
export function isLocal({ spec }: BGPPeer, node: BgpNode): boolean {
  if (spec.nodeSelector) return nodeMatches(node, spec.nodeSelector);
  return !spec.node || spec.node === node.name;
}

function forward(
  inputs: ConfdInputs,
  peer: BGPPeer,
  type: "global" | "node",
  workloads: readonly LocalWorkload[],
): readonly Peering[] {
  const { spec } = peer;
  if (spec.localWorkloadSelector) return localWorkloads(peer, workloads);
  if (spec.peerSelector) {
    return nodesMatching(inputs, spec.peerSelector).flatMap((remote) =>
      nodePeerings(inputs, remote, [4, 6], type, spec),
    );
  }
  const target = parsePeerIP(spec.peerIP);
  if (target === undefined) return [];
  const { family } = target.address;
  const address = formatAddress(target.address);
  const remote = inputs.nodesByAddress.get(address)?.[0];
  const { reachableBy } = spec;
  if (reachableBy) {
    // A gateway that is none, or of the other family, drops the peer.
    if (parseAddress(reachableBy)?.family !== family) return [];
  }
  return [
    {
      type,
      family,
      address,
      port: target.port ?? remote?.listenPort,
      asNumber: parseASNumber(spec.asNumber) ?? 0,
      clusterId: "",
      calicoNode: remote !== undefined,
      reachableBy: reachableBy ? canonical(reachableBy) : undefined,
      spec,
    },
  ];
}

/**
 * The peers that a node gets because others are told to peer with it, unless `reversePeering` is
 * `Manual`: selected by `peerSelector`, or owner of the `peerIP` with matching port and AS; then in
 * that family only (calico: confd/pkg/backends/calico/client.go:814).
 */
function reverse(inputs: ConfdInputs, peer: BGPPeer, node: BgpNode): readonly Peering[] {
  const { spec } = peer;
  if (spec.reversePeering === "Manual" || spec.localWorkloadSelector) return [];
  const families = spec.peerSelector
    ? nodeMatches(node, spec.peerSelector)
      ? ([4, 6] as const)
      : []
    : ownedFamily(inputs, spec, node);
  if (families.length === 0) return [];
  return inputs.nodes
    .filter((local) => isLocal(peer, local))
    .flatMap((local) => nodePeerings(inputs, local, families, "node", spec));
}

/** The family of a `peerIP` that is this node's, and no family where it is not. */
function ownedFamily(
  inputs: ConfdInputs,
  spec: BGPPeer["spec"],
  node: BgpNode,
): readonly AddressFamily[] {
  const target = parsePeerIP(spec.peerIP);
  if (target === undefined) return [];
  const { family } = target.address;
  if (node.address[family] !== formatAddress(target.address)) return [];
  // AS 0 stands for the global one; an unset port for the one that the node listens on.
  const wanted = parseASNumber(spec.asNumber) || inputs.globalAS;
  if (asOf(inputs, node) !== wanted) return [];
  const port = node.listenPort ?? BGP_PORT;
  return (target.port ?? port) === port ? [family] : [];
}

/** A cluster node as a peer, by each of its addresses (calico: confd/pkg/backends/calico/client.go:505-777). */
function nodePeerings(
  inputs: ConfdInputs,
  remote: BgpNode,
  families: readonly AddressFamily[],
  type: "global" | "node",
  spec: BGPPeer["spec"],
): readonly Peering[] {
  return families.flatMap((family) => {
    const address = remote.address[family];
    if (address === undefined) return [];
    return [
      {
        type,
        family,
        address,
        port: remote.listenPort,
        asNumber: asOf(inputs, remote),
        clusterId: remote.clusterId,
        calicoNode: false,
        reachableBy: undefined,
        spec,
      },
    ];
  });
}

/** Local pods as peers (calico: confd/pkg/backends/calico/local_bgp_peer_watcher.go). */
function localWorkloads(peer: BGPPeer, workloads: readonly LocalWorkload[]): readonly Peering[] {
  return workloads
    .filter((workload) => workload.bgpPeerName === peer.metadata.name)
    .flatMap((workload) => [...(workload.ipv4Nets ?? []), ...(workload.ipv6Nets ?? [])])
    .flatMap((net): readonly Peering[] => {
      const address = hostAddress(net);
      if (address === undefined) return [];
      return [
        {
          type: "local-workload",
          family: address.family,
          address: formatAddress(address),
          port: undefined,
          asNumber: parseASNumber(peer.spec.asNumber) ?? 0,
          clusterId: "",
          calicoNode: false,
          reachableBy: undefined,
          spec: peer.spec,
        },
      ];
    });
}

/** Reads a `peerIP`: an address, `10.0.0.1:1790` or `[fd00::1]:1790`. */
export function parsePeerIP(
  text: string | undefined,
): { readonly address: Address; readonly port: number | undefined } | undefined {
  if (text === undefined) return undefined;
  const match = /^\[([^\]]+)\](?::(\d+))?$/.exec(text) ?? /^([\d.]+):(\d+)$/.exec(text);
  const address = parseAddress(match?.[1] ?? text);
  if (address === undefined) return undefined;
  return { address, port: match?.[2] === undefined ? undefined : Number(match[2]) };
}

function canonical(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? text : formatAddress(address);
}

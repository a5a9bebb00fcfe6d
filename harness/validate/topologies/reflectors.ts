import type { PeerConfig } from "@calico-sim/bgp";
import type { LabParameters } from "../ground-truth.js";
import { addressNumber } from "./address.js";
import { blocksByNode } from "./blocks.js";
import type { Topology } from "./topology.js";

/** First cluster id: 244.0.0.1. */
const CLUSTER_ID = addressNumber("244.0.0.1");

/** A cluster's size. */
interface Cluster {
  readonly clients: number;
  readonly rrs: number;
}

interface Member {
  readonly cluster: number;
  readonly reflector: boolean;
}

/**
 * Clusters of route reflectors and their clients: a client peers with the reflectors of its cluster, all
 * reflectors with one another. Both ends open (calico: confd/pkg/backends/calico/bgp_processor.go:619-625),
 * but for `Global_` peers, which the client's side and pairs of reflectors are with `rr_peer_kind` Global.
 */
export const REFLECTORS: Topology = {
  parameters: ["reflectors", "clusters", "shuffle_ips", "rr_peer_kind"],
  nodes(parameters, random) {
    const members = clustersOf(parameters).flatMap(({ clients, rrs }, cluster): Member[] => [
      ...Array.from({ length: rrs }, () => ({ cluster, reflector: true })),
      ...Array.from({ length: clients }, () => ({ cluster, reflector: false })),
    ]);
    const ordered = members.map((_, i) => `10.10.0.${String(i + 1)}`);
    const addresses = parameters.shuffle_ips === true ? random.shuffle(ordered) : ordered;
    const blocks = blocksByNode(parameters, members.length);
    const global = parameters.rr_peer_kind === "Global";
    return members.map((own, i) => ({
      address: addresses[i] ?? "",
      prefixes: blocks[i] ?? [],
      speaker: { address: addressNumber(addresses[i] ?? "") },
      peers: members.flatMap((other, peer): PeerConfig[] => {
        const client = own.reflector && !other.reflector;
        const peers = other.reflector && (own.reflector || own.cluster === other.cluster);
        if (peer === i || !(peers || (client && own.cluster === other.cluster))) return [];
        // calico: confd/pkg/backends/calico/bgp_processor.go compares the addresses as strings.
        const passive = global && !client && (addresses[peer] ?? "") > (addresses[i] ?? "");
        const options = reflects(own, other) ? { clusterId: CLUSTER_ID + own.cluster } : undefined;
        return [{ peer, passive, ...(options === undefined ? {} : { options }) }];
      }),
    }));
  },
};

/** A peer is a client unless it has the same cluster id itself (calico: confd/pkg/backends/calico/bgp_processor.go:610-617). */
function reflects(own: Member, other: Member): boolean {
  return own.reflector && !(other.reflector && other.cluster === own.cluster);
}

function clustersOf(parameters: LabParameters): readonly Cluster[] {
  return parameters.clusters ?? [{ clients: parameters.nodes, rrs: parameters.reflectors ?? 1 }];
}

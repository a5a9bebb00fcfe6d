import {
  type ClusterSpec,
  cluster,
  clusterFromResources,
  type ExternalRouter,
  type PoolOptions,
} from "@calico-sim/cluster";
import { editResource, type KubernetesNode } from "@calico-sim/core";
import fc from "fast-check";
import { arbitraryEra } from "./era.js";
import { arbitraryExternalRouters } from "./external-routers.js";
import { arbitraryIpv6Pool, arbitraryPools, type PoolConstraints } from "./pools.js";
import { arbitraryTopology, type Topology, type TopologyConstraints } from "./topology.js";

/** Bounds of {@link arbitraryCluster}. */
export interface ClusterConstraints extends TopologyConstraints, PoolConstraints {
  /** @defaultValue 3, and never more than nodes */
  readonly typhasMax?: number;
  /** @defaultValue any known release */
  readonly calicoVersions?: readonly string[];
  /** @defaultValue both */
  readonly datastores?: readonly ("kubernetes" | "etcd")[];
  /** Clusters without BIRD too, where every pool is VXLAN. @defaultValue true */
  readonly withoutBird?: boolean;
  /**
   * Only clusters whose underlay can carry their pods: a pool without encapsulation then has all nodes in
   * one subnet, since routers between subnets know nothing of pods. @defaultValue true
   */
  readonly routable?: boolean;
  /** Dual-stack clusters too. @defaultValue true */
  readonly ipv6?: boolean;
  /** BGP speakers outside the cluster, at most. @defaultValue 0 */
  readonly externalRoutersMax?: number;
}

/** What one cluster was made from; its text stands for the cluster in a counterexample. */
interface Parts {
  readonly topology: Topology;
  readonly pools: readonly PoolOptions[];
  readonly typhas: number;
  readonly calicoVersion: string;
  readonly datastore: "kubernetes" | "etcd";
  readonly withoutBird: boolean;
  readonly externalRouters: readonly ExternalRouter[];
  readonly ipv6Pool: PoolOptions | null;
}

/**
 * Small clusters of every kind that Calico runs: racks, pools, Typhas, datastore, release.
 *
 * Some have an IPv6 pool too. Shrinks to two nodes in one rack with one IP-in-IP pool, no Typha, the newest release. A
 * counterexample prints as the call of `cluster` that makes it.
 *
 * @example
 * test.prop([arbitraryCluster({ nodesMax: 5 })])("converges", (spec) => {
 *   expect(simulate(spec, [at("0s", start())]).converged).toBe(true);
 * });
 */
export function arbitraryCluster(constraints: ClusterConstraints = {}): fc.Arbitrary<ClusterSpec> {
  const versions = constraints.calicoVersions;
  return fc
    .record<Parts>({
      topology: arbitraryTopology(constraints),
      pools: arbitraryPools(constraints),
      typhas: fc.nat({ max: constraints.typhasMax ?? 3 }),
      calicoVersion: versions === undefined ? arbitraryEra() : fc.constantFrom(...versions),
      datastore: fc.constantFrom(...(constraints.datastores ?? (["kubernetes", "etcd"] as const))),
      withoutBird: (constraints.withoutBird ?? true) ? fc.boolean() : fc.constant(false),
      // In the first rack, and with the first two nodes at most, which every topology has.
      externalRouters: arbitraryExternalRouters(constraints.externalRoutersMax ?? 0, 2, 1),
      ipv6Pool:
        (constraints.ipv6 ?? true)
          ? fc.option(arbitraryIpv6Pool(constraints), { freq: 1 })
          : fc.constant(null),
    })
    .map((parts) => build(parts, constraints.routable ?? true));
}

function build(parts: Parts, routable: boolean): ClusterSpec {
  const { calicoVersion, datastore, topology, externalRouters, ipv6Pool } = parts;
  const pools = ipv6Pool === null ? parts.pools : [...parts.pools, ipv6Pool];
  const bare = pools.some((pool) => pool.ipipMode === "Never" && pool.vxlanMode === "Never");
  const vxlan = pools.every((pool) => pool.vxlanMode !== "Never");
  const options = {
    nodes: topology.nodes,
    racks: bare && routable ? 1 : topology.racks,
    typhas: Math.min(parts.typhas, topology.nodes),
    pools,
    calicoVersion,
    datastore,
    backend: parts.withoutBird && vxlan ? ("vxlan" as const) : ("bird" as const),
    ...(externalRouters.length === 0 ? {} : { externalRouters }),
  };
  const { controlPlane } = topology;
  const spec = withControlPlane(cluster(options), controlPlane);
  const text = `cluster(${JSON.stringify(options)})${controlPlane > 0 ? ` with ${String(controlPlane)} control-plane nodes` : ""}`;
  return printedAs(spec, text);
}

/** Labels the first nodes as kubeadm does; the datastore is then on them. */
function withControlPlane(spec: ClusterSpec, count: number): ClusterSpec {
  let left = count;
  const resources = spec.resources.map((resource) => {
    if (resource.kind !== "Node" || left-- <= 0) return resource;
    return editResource<KubernetesNode>(resource as KubernetesNode, (draft) => {
      draft.metadata.labels = {
        ...draft.metadata.labels,
        "node-role.kubernetes.io/control-plane": "",
      };
    });
  });
  return clusterFromResources({ ...spec, resources });
}

/** Resources by the page help nobody: fast-check prints this instead. */
function printedAs(spec: ClusterSpec, text: string): ClusterSpec {
  const copy = { ...spec };
  Object.defineProperty(copy, fc.toStringMethod, { value: () => text });
  return Object.freeze(copy);
}

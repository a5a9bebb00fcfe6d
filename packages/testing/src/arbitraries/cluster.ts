import {
  type ClusterSpec,
  cluster,
  clusterFromResources,
  type ExternalRouter,
  type PoolOptions,
} from "@calico-sim/cluster";
import { type BGPPeer, editResource, type KubernetesNode, type Resource } from "@calico-sim/core";
import fc from "fast-check";
import { arbitraryBgpFilter, type BgpFilterSpec, bgpFilter } from "./bgp-filters.js";
import { arbitraryEra } from "./era.js";
import { arbitraryExternalRouters, inIpv6 } from "./external-routers.js";
import { arbitraryIpv6Pool, arbitraryPools, type PoolConstraints } from "./pools.js";
import { arbitraryTopology, type Topology, type TopologyConstraints } from "./topology.js";
import { arbitrarySpeakingPods, type SpeakingPods, withSpeakingPods } from "./workload-routers.js";

/** What addresses there are in a cluster: with `ipv6` none of IPv4, neither nodes' nor pods'. */
export type Families = "ipv4" | "dual-stack" | "ipv6";

/** Every {@link Families}, IPv4 alone first; it counts twice, since most clusters are so. */
export const FAMILIES: readonly Families[] = Object.freeze(["ipv4", "dual-stack", "ipv6", "ipv4"]);

const ADDRESSES = { ipv4: [4], "dual-stack": [4, 6], ipv6: [6] } as const;

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
  /** Of which families nodes and pools may be. @defaultValue {@link FAMILIES} */
  readonly families?: readonly Families[];
  /** BGP speakers outside the cluster, at most. @defaultValue 0 */
  readonly externalRoutersMax?: number;
  /** Of these some keep several routes at once (`ecmp`). @defaultValue false */
  readonly ecmp?: boolean;
  /**
   * Pods that speak BGP with their node, at most, all selected by a BGPPeer `pods` or by none. Only in clusters with BIRD.
   * @defaultValue 0
   */
  readonly workloadRoutersMax?: number;
  /**
   * BGPFilters, at most. Where a cluster has any, every BGPPeer names some of them, and nodes may peer by a BGPPeer instead
   * of the mesh, so that pods need not be reachable. @defaultValue 0
   */
  readonly bgpFiltersMax?: number;
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
  readonly families: Families;
  readonly ipv6Pool: PoolOptions;
  readonly filtering: Filtering;
  readonly speaking: SpeakingPods;
}

/** BGPFilters, and who uses them. */
interface Filtering {
  readonly filters: readonly BgpFilterSpec[];
  /** Which BGPPeer names which of the filters: places in the list, for one peer after the other. */
  readonly named: readonly (readonly number[])[];
  /** Nodes peer with each other by the mesh, or by a BGPPeer that is global or for all nodes. */
  readonly nodes: "mesh" | "global" | "selected";
}

/**
 * Small clusters of every kind that Calico runs: racks, pools, Typhas, datastore, release.
 *
 * Some have an IPv6 pool too, or nothing but one. Shrinks to two nodes in one rack with one IP-in-IP pool, no Typha, the
 * newest release. A
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
      externalRouters: arbitraryExternalRouters(
        constraints.externalRoutersMax ?? 0,
        2,
        1,
        constraints.ecmp ?? false,
      ),
      families: fc.constantFrom(...(constraints.families ?? FAMILIES)),
      ipv6Pool: arbitraryIpv6Pool(constraints),
      filtering: arbitraryFiltering(constraints.bgpFiltersMax ?? 0),
      speaking: arbitrarySpeakingPods(constraints.workloadRoutersMax ?? 0),
    })
    .map((parts) => build(parts, constraints.routable ?? true));
}

function arbitraryFiltering(max: number): fc.Arbitrary<Filtering> {
  if (max === 0) return fc.constant({ filters: [], named: [], nodes: "mesh" });
  return fc.record({
    filters: fc.array(arbitraryBgpFilter(), { maxLength: max }),
    named: fc.array(fc.uniqueArray(fc.nat({ max: max - 1 }), { maxLength: 2 }), { maxLength: 4 }),
    nodes: fc.constantFrom<Filtering["nodes"][]>("mesh", "global", "selected"),
  });
}

/** Adds BGPFilters, and names them in BGPPeers. */
function withFilters(spec: ClusterSpec, { filters, named, nodes }: Filtering): ClusterSpec {
  if (filters.length === 0) return spec;
  const api = { apiVersion: "projectcalico.org/v3" } as const;
  const amongNodes: readonly Resource[] =
    nodes === "mesh" || spec.backend !== "bird"
      ? []
      : [
          {
            ...api,
            kind: "BGPConfiguration",
            metadata: { name: "default" },
            spec: { nodeToNodeMeshEnabled: false },
          },
          {
            ...api,
            kind: "BGPPeer",
            metadata: { name: "all" },
            spec: {
              peerSelector: "all()",
              ...(nodes === "global" ? {} : { nodeSelector: "all()" }),
            },
          },
        ];
  let place = 0;
  const given = spec.resources.filter(
    ({ kind }) => amongNodes.length === 0 || kind !== "BGPConfiguration",
  );
  const resources = [...given, ...amongNodes].map((resource) => {
    if (resource.kind !== "BGPPeer") return resource;
    const names = (named[place++] ?? []).flatMap((i) =>
      i < filters.length ? [filterName(i)] : [],
    );
    return editResource<BGPPeer>(resource as BGPPeer, (draft) => {
      if (names.length > 0) draft.spec.filters = names;
    });
  });
  const made = filters.map((one, i) => bgpFilter(filterName(i), one));
  return clusterFromResources({ ...spec, resources: [...resources, ...made] });
}

function filterName(place: number): string {
  return `filter-${String(place)}`;
}

function build(parts: Parts, routable: boolean): ClusterSpec {
  const { calicoVersion, datastore, topology, families } = parts;
  const pools = [
    ...(families === "ipv6" ? [] : parts.pools),
    ...(families === "ipv4" ? [] : [parts.ipv6Pool]),
  ];
  const externalRouters =
    families === "ipv6" ? parts.externalRouters.map(inIpv6) : parts.externalRouters;
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
    ...(families === "ipv6" ? { nodeFamilies: [6] as const } : {}),
    ...(externalRouters.length === 0 ? {} : { externalRouters }),
  };
  const { controlPlane } = topology;
  const { filtering, speaking } = parts;
  const filtered = withFilters(withControlPlane(cluster(options), controlPlane), filtering);
  const spec = withSpeakingPods(filtered, ADDRESSES[families], speaking);
  const text = [
    `cluster(${JSON.stringify(options)})`,
    ...(controlPlane > 0 ? [`with ${String(controlPlane)} control-plane nodes`] : []),
    ...(filtering.filters.length > 0 ? [`and ${JSON.stringify(filtering)}`] : []),
    ...(speaking.pods.length > 0 ? [`and ${JSON.stringify(speaking)}`] : []),
  ];
  return printedAs(spec, text.join(" "));
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

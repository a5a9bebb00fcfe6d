import {
  type Address,
  type AddressFamily,
  type Cidr,
  eraNote,
  eraOf,
  type FabricSpec,
  formatAddress,
  freezeDeep,
  type KubernetesNode,
  NODE_ANNOTATIONS,
  type NodeView,
  nodeView,
  ofKind,
  parseAddress,
  parseCidr,
  type Resource,
  withoutNullFields,
} from "@calico-sim/core";
import type { TyphaConfig } from "@calico-sim/typha";
import { withoutNulls } from "./check-fields.js";
import { ClusterError } from "./cluster-error.js";
import { fabricOf } from "./cluster-fabric.js";
import type { ClusterOptions, PoolOptions, ResourceClusterOptions } from "./cluster-options.js";
import { type ExternalRouter, peeringsWith, type UndescribedPeers } from "./external-router.js";
import { soundRouters } from "./external-router-check.js";
import { sharedLinks, subnetOf } from "./node-place.js";
import { mergedResources } from "./replaced-resources.js";
import type { Finding } from "./result.js";
import { asReflector, reflectorCount, TO_REFLECTORS } from "./route-reflectors.js";
import {
  checkClusterOptions,
  checkMesh,
  checkResourceClusterOptions,
  checkResources,
  checkTogether,
} from "./spec-check.js";
import type { WorkloadRouter } from "./workload-router.js";

/** A cluster as the simulator takes it: frozen plain data. A what-if is an immer edit of one. */
export interface ClusterSpec {
  /** Calico release whose defaults hold, e.g. `3.33`; of one that is not known those of the nearest, which is a finding. */
  readonly calicoVersion: string;
  readonly datastore: "kubernetes" | "etcd";
  /** Of the datastore `etcd`: where it is, as calico-config says when the run begins. */
  readonly etcdEndpoints?: readonly string[];
  /** `bird` runs BIRD and confd; `vxlan` and `none` run neither (control-plane-behaviour §5.5). */
  readonly backend: "bird" | "vxlan" | "none";
  /** Everything in the datastore before anything starts: Nodes, IPPools, BGPConfiguration, … */
  readonly resources: readonly Resource[];
  /** Typha replicas; 0 = Felix and confd watch the datastore themselves. */
  readonly typhas: number;
  /** What the installation sets of Typha's configuration. */
  readonly typhaConfig?: Partial<TyphaConfig>;
  /** Families of the addresses that the CNI plugin gives a pod (`assign_ipv4`, `assign_ipv6`). @defaultValue IPv4 alone */
  readonly podFamilies?: readonly AddressFamily[];
  /**
   * `IP6: autodetect`: calico-node gives a Node without an IPv6 address the one that its kubelet reports.
   * @defaultValue false
   */
  readonly detectIpv6?: boolean;
  /**
   * `IP` of calico-node: with `autodetect` (true) its start-up fails on a host without an IPv4 address, with `none` (false) a
   * Node keeps what it has. @defaultValue a Node gets the one that its kubelet reports, if any, and does without where there is none
   */
  readonly detectIpv4?: boolean;
  /**
   * `CALICO_ROUTER_ID` of calico-node: `hash`, of the node's name, or an IPv4 address, which is then every node's. Without it
   * the node's IPv4 address is its router id, and no BIRD starts where there is none. @defaultValue none
   */
  readonly routerId?: string;
  /** The underlay. Its nodes are the Node resources, in order. */
  readonly fabric: FabricSpec;
  /** BGP speakers outside the cluster. */
  readonly externalRouters?: readonly ExternalRouter[];
  /** Pods that speak BGP with their node. */
  readonly workloadRouters?: readonly WorkloadRouter[];
  /** @defaultValue `accept` */
  readonly undescribedPeers?: UndescribedPeers;
  /**
   * The CNI plugin makes a route to each pod without a metric, beside Felix's, as it sets the pod up. BIRD tells every peer
   * of it until Felix takes it away (docs/how-to/plan-for-pod-churn.md). Off, since that both stand beside each other is inferred.
   *
   * @defaultValue false
   */
  readonly cniRouteCopies?: boolean;
  /** Namespace of calico-node, where BGP passwords are looked up. @defaultValue `kube-system` */
  readonly secretNamespace?: string;
  /** What a reader of any result must know of the description: where its parts contradict each other, and which won. */
  readonly findings?: readonly Finding[];
}

/** Whether the BIRDs of IPv6 have something to do: some Node has an IPv6 address, or some pool hands them out. */
export function usesIpv6({ backend, resources, detectIpv6 = false }: ClusterSpec): boolean {
  const has = ({ ipv6Address, internalIPv6 }: NodeView): boolean =>
    ipv6Address !== undefined || (detectIpv6 && internalIPv6 !== undefined);
  return (
    backend === "bird" &&
    (ofKind(resources, "Node").some((node) => has(nodeView(node))) ||
      ofKind(resources, "IPPool").some(({ spec }) => parseCidr(spec.cidr)?.family === 6))
  );
}

/**
 * A cluster from a short description.
 *
 * Node i is `node-i` with address 10.R.s.h/24, where s = i mod racks: each rack is a subnet of its own
 * behind one router. With a pool of IPv6 it has the address fd10:0:0:s::h/64 beside it, or instead if `nodeFamilies` says
 * so, and pods get an address of each family that has a pool.
 *
 * @throws ClusterError naming each option that is wrong, with what stands there and what would do.
 * @example cluster({ nodes: 100, racks: 5, typhas: 3, pools: [{ cidr: "10.244.0.0/16", ipipMode: "CrossSubnet" }] })
 */
export function cluster(given: ClusterOptions): ClusterSpec {
  checkClusterOptions(given);
  const options = withoutNulls(given);
  const names =
    typeof options.nodes === "number"
      ? Array.from({ length: options.nodes }, (_, i) => `node-${String(i)}`)
      : options.nodes;
  const racks = options.racks ?? 1;
  const typhas = options.typhas ?? 0;
  const perRack = Math.ceil(names.length / racks);
  const prefixLength = racks === 1 && perRack > 250 ? 16 : 24;
  const pools = options.pools ?? [{ cidr: "10.244.0.0/16", ipipMode: "Always" as const }];
  const families = ([4, 6] as const).filter((family) =>
    pools.some(({ cidr }) => parseCidr(cidr)?.family === family),
  );
  const nodeFamilies = options.nodeFamilies ?? (families.includes(6) ? [4, 6] : [4]);
  // As the operator sets it where it has pools of IPv6 alone (operator: pkg/render/node.go).
  const routerId = options.routerId ?? (nodeFamilies.includes(4) ? undefined : "hash");
  const nodes = names.map((name, i) => {
    const rack = i % racks;
    const host = Math.floor(i / racks) + 1;
    const address =
      prefixLength === 16
        ? `10.0.${String(host >> 8)}.${String(host & 255)}`
        : `10.${String(rack >> 8)}.${String(rack & 255)}.${String(host)}`;
    const v4 = `${address}/${String(prefixLength)}`;
    const v6 = `fd10:0:0:${rack.toString(16)}::${host.toString(16)}`;
    return nodeResource(name, {
      ...(nodeFamilies.includes(4) ? { v4 } : {}),
      ...(nodeFamilies.includes(6) ? { v6: `${formatAddress(addressOf(v6))}/64` } : {}),
    });
  });
  const { routeReflectors } = options;
  const reflectors = reflectorCount(routeReflectors);
  for (let i = 0; i < reflectors; i++) nodes[i] = asReflector(nodes[i]!, i, routeReflectors!);
  const written = withoutNullFields(options.resources ?? []);
  const generated = [
    ...nodes,
    ...pools.map(poolResource),
    {
      apiVersion: "projectcalico.org/v3",
      kind: "BGPConfiguration",
      metadata: { name: "default" },
      spec: { asNumber: options.asNumber ?? 64_512, nodeToNodeMeshEnabled: reflectors === 0 },
    } as const,
    ...(reflectors === 0 ? [] : [TO_REFLECTORS]),
    ...peeringsWith(soundRouters(options.externalRouters), written),
  ];
  const { resources, findings } = mergedResources(generated, written, options);
  const spec = clusterFromValid({
    resources,
    typhas,
    calicoVersion: options.calicoVersion ?? "3.33",
    datastore: options.datastore ?? "kubernetes",
    ...(options.etcdEndpoints === undefined ? {} : { etcdEndpoints: options.etcdEndpoints }),
    backend: options.backend ?? "bird",
    ...(families.includes(6) ? { podFamilies: families } : {}),
    ...(nodeFamilies.includes(4) ? {} : { detectIpv4: false }),
    ...(routerId === undefined ? {} : { routerId }),
    ...(options.externalRouters === undefined ? {} : { externalRouters: options.externalRouters }),
    ...(options.workloadRouters === undefined ? {} : { workloadRouters: options.workloadRouters }),
    ...(options.undescribedPeers === undefined
      ? {}
      : { undescribedPeers: options.undescribedPeers }),
    ...(options.cniRouteCopies === undefined ? {} : { cniRouteCopies: options.cniRouteCopies }),
    ...(options.underlay === undefined ? {} : { underlay: options.underlay }),
  });
  checkTogether(resources, written);
  return findings.length === 0 ? spec : freezeDeep({ ...spec, findings });
}

/**
 * A cluster from resources as they are in a datastore. Nodes are put on an underlay of one rack per
 * subnet behind one router, unless a fabric is given; its links are what `underlay` says.
 *
 * @throws ClusterError when there is no node, a node has no address, or an external router or a link is described wrongly.
 */
export function clusterFromResources(options: ResourceClusterOptions): ClusterSpec {
  checkResources(options);
  const { resources } = (options as Partial<ResourceClusterOptions> | null) ?? {};
  // What is no list, or no description at all, is refused below.
  if (!Array.isArray(resources)) return clusterFromValid(options);
  return clusterFromValid({ ...options, resources: withoutNullFields(resources) });
}

/** As {@link clusterFromResources}, for resources that were validated before. */
export function clusterFromValid(given: ResourceClusterOptions): ClusterSpec {
  checkResourceClusterOptions(given);
  const options = withoutNulls(given);
  const nodes = ofKind(options.resources, "Node");
  if (nodes.length === 0)
    throw new ClusterError("there is no Node among the resources; a cluster needs at least one");
  const shared = sharedLinks(nodes.map(nodeView));
  const placed = nodes.map((node) => {
    const view = nodeView(node);
    const subnet = subnetOf(view, shared);
    if (subnet === undefined) {
      throw new ClusterError(
        `Node ${node.metadata.name} has no address: no InternalIP in status.addresses, and no annotation projectcalico.org/IPv4Address or projectcalico.org/IPv6Address; expected for example 10.0.0.5/24`,
      );
    }
    return { name: node.metadata.name, subnet };
  });
  const version = options.calicoVersion ?? "3.33";
  const { undescribedPeers, secretNamespace } = options;
  const externalRouters = options.externalRouters ?? undefined;
  const workloadRouters = options.workloadRouters ?? undefined;
  const fabric = fabricOf(options, placed);
  checkMesh(options.resources, options.backend ?? "bird", version);
  return Object.freeze({
    // One whose defaults are not known stays as it is written, so that the results can say what they took.
    calicoVersion: eraNote(version) === undefined ? eraOf(version).calicoVersion : version,
    datastore: options.datastore ?? "kubernetes",
    backend: options.backend ?? "bird",
    resources: Object.freeze([...options.resources]),
    typhas: options.typhas ?? 0,
    fabric,
    ...(options.podFamilies === undefined
      ? {}
      : { podFamilies: Object.freeze([...options.podFamilies]) }),
    ...(options.detectIpv6 === undefined ? {} : { detectIpv6: options.detectIpv6 }),
    ...(options.detectIpv4 === undefined ? {} : { detectIpv4: options.detectIpv4 }),
    ...(options.routerId === undefined ? {} : { routerId: options.routerId }),
    ...(externalRouters === undefined
      ? {}
      : { externalRouters: freezeDeep(externalRouters.map(withoutNulls)) }),
    ...(workloadRouters === undefined
      ? {}
      : { workloadRouters: freezeDeep(workloadRouters.map(withoutNulls)) }),
    ...(undescribedPeers === undefined ? {} : { undescribedPeers }),
    ...(options.cniRouteCopies === undefined ? {} : { cniRouteCopies: options.cniRouteCopies }),
    ...(secretNamespace === undefined ? {} : { secretNamespace }),
    ...(options.etcdEndpoints === undefined ? {} : { etcdEndpoints: options.etcdEndpoints }),
    ...(options.typhaConfig === undefined ? {} : { typhaConfig: options.typhaConfig }),
    ...(options.findings === undefined ? {} : { findings: freezeDeep([...options.findings]) }),
  });
}

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`"${text}" is no address`);
  return address;
}

function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new RangeError(`"${text}" is no CIDR`);
  return cidr;
}

function nodeResource(
  name: string,
  { v4, v6 }: { readonly v4?: string; readonly v6?: string },
): KubernetesNode {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" },
      annotations: {
        ...(v4 === undefined ? {} : { [NODE_ANNOTATIONS.ipv4Address]: v4 }),
        ...(v6 === undefined ? {} : { [NODE_ANNOTATIONS.ipv6Address]: v6 }),
      },
    },
    status: {
      addresses: [v4, v6].flatMap((text) =>
        text === undefined ? [] : [{ type: "InternalIP", address: text.split("/")[0] ?? text }],
      ),
    },
  };
}

function poolResource(pool: PoolOptions, index: number, all: readonly PoolOptions[]): Resource {
  const { family } = cidrOf(pool.cidr);
  const first = all.findIndex((one) => parseCidr(one.cidr)?.family === family) === index;
  // Of IPv4 only the very first pool is called so.
  const isDefault = family === 4 ? index === 0 : first;
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "IPPool",
    metadata: {
      name:
        pool.name ?? (isDefault ? `default-ipv${String(family)}-ippool` : `pool-${String(index)}`),
    },
    spec: {
      cidr: pool.cidr,
      blockSize: pool.blockSize ?? (family === 4 ? 26 : 122),
      ipipMode: pool.ipipMode ?? "Never",
      vxlanMode: pool.vxlanMode ?? "Never",
      natOutgoing: pool.natOutgoing ?? family === 4,
      ...(pool.disableBGPExport === undefined ? {} : { disableBGPExport: pool.disableBGPExport }),
      nodeSelector: "all()",
    },
  };
}

import {
  type Address,
  type AddressFamily,
  type Cidr,
  eraOf,
  type FabricSpec,
  formatAddress,
  formatCidr,
  freezeDeep,
  leafSpine,
  NODE_ANNOTATIONS,
  type NodeView,
  nodeView,
  ofKind,
  parseAddress,
  parseCidr,
  type Resource,
} from "@calico-sim/core";
import type { TyphaConfig } from "@calico-sim/typha";
import { ClusterError } from "./cluster-error.js";
import {
  checkExternalRouters,
  type ExternalRouter,
  peeringsWith,
  type UndescribedPeers,
} from "./external-router.js";
import { describeLinks, type UnderlayOptions } from "./underlay.js";

/** A cluster as the simulator takes it: frozen plain data. A what-if is an immer edit of one. */
export interface ClusterSpec {
  /** Calico release whose defaults hold, e.g. `3.33`. */
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
  /** The underlay. Its nodes are the Node resources, in order. */
  readonly fabric: FabricSpec;
  /** BGP speakers outside the cluster. */
  readonly externalRouters?: readonly ExternalRouter[];
  /** @defaultValue `accept` */
  readonly undescribedPeers?: UndescribedPeers;
  /** Namespace of calico-node, where BGP passwords are looked up. @defaultValue `kube-system` */
  readonly secretNamespace?: string;
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

/** An IP pool in short. */
export interface PoolOptions {
  /** @defaultValue `default-ipv4-ippool` or `default-ipv6-ippool`, of the others `pool-1`, … */
  readonly name?: string;
  /** A pool of IPv6 makes the cluster dual-stack: see {@link cluster}. */
  readonly cidr: string;
  readonly ipipMode?: "Never" | "Always" | "CrossSubnet";
  readonly vxlanMode?: "Never" | "Always" | "CrossSubnet";
  /** @defaultValue 26, of IPv6 122 */
  readonly blockSize?: number;
  /** @defaultValue true, of IPv6 false */
  readonly natOutgoing?: boolean;
}

/** A cluster in short. */
export interface ClusterOptions {
  /** How many nodes, or their names. */
  readonly nodes: number | readonly string[];
  /** Subnets (one rack each) that the nodes are dealt to in turn. @defaultValue 1 */
  readonly racks?: number;
  /** @defaultValue 0: no Typha */
  readonly typhas?: number;
  /** @defaultValue one pool 10.244.0.0/16 with IP-in-IP always, as the operator makes it */
  readonly pools?: readonly PoolOptions[];
  /** @defaultValue `3.33` */
  readonly calicoVersion?: string;
  /** @defaultValue `kubernetes` */
  readonly datastore?: "kubernetes" | "etcd";
  /** Of the datastore `etcd`: where it is, e.g. `https://10.0.0.1:2379`. Needed by `config.etcdEndpoints` alone. */
  readonly etcdEndpoints?: readonly string[];
  /** @defaultValue `bird` */
  readonly backend?: "bird" | "vxlan" | "none";
  /** Autonomous system of every node. @defaultValue 64512 */
  readonly asNumber?: number;
  /**
   * BGP speakers outside the cluster. Each gets a BGPPeer (and a Secret for its password), unless `resources` holds
   * one for its address.
   */
  readonly externalRouters?: readonly ExternalRouter[];
  /** What stands at a `peerIP` that is no node's and that no external router describes. @defaultValue `accept` */
  readonly undescribedPeers?: UndescribedPeers;
  /** What the links are like: latency, jitter, bandwidth, loss. */
  readonly underlay?: UnderlayOptions;
  /** Further resources, or replacements of the generated ones by kind and name. */
  readonly resources?: readonly Resource[];
}

/**
 * A cluster from a short description.
 *
 * Node i is `node-i` with address 10.R.s.h/24, where s = i mod racks: each rack is a subnet of its own
 * behind one router. With a pool of IPv6 it has the address fd10:0:0:s::h/64 beside it, and pods get an address of each
 * family that has a pool.
 *
 * @throws ClusterError naming the option that is wrong.
 * @example cluster({ nodes: 100, racks: 5, typhas: 3, pools: [{ cidr: "10.244.0.0/16", ipipMode: "CrossSubnet" }] })
 */
export function cluster(options: ClusterOptions): ClusterSpec {
  const names =
    typeof options.nodes === "number"
      ? Array.from(
          { length: wholeNumber("nodes", options.nodes, 1, 20_000) },
          (_, i) => `node-${String(i)}`,
        )
      : options.nodes;
  const racks = wholeNumber("racks", options.racks ?? 1, 1, 4_096);
  const typhas = wholeNumber("typhas", options.typhas ?? 0, 0, names.length);
  const perRack = Math.ceil(names.length / racks);
  if (perRack > 250 && racks > 1) {
    throw new ClusterError(
      `racks: ${String(racks)} gives ${String(perRack)} nodes to a /24 subnet; use at least ${String(Math.ceil(names.length / 250))}`,
    );
  }
  const prefixLength = racks === 1 && perRack > 250 ? 16 : 24;
  const given = options.pools ?? [{ cidr: "10.244.0.0/16", ipipMode: "Always" as const }];
  const families = ([4, 6] as const).filter((family) =>
    given.some(({ cidr }) => parseCidr(cidr)?.family === family),
  );
  const nodes = names.map((name, i) => {
    const rack = i % racks;
    const host = Math.floor(i / racks) + 1;
    const address =
      prefixLength === 16
        ? `10.0.${String(host >> 8)}.${String(host & 255)}`
        : `10.${String(rack >> 8)}.${String(rack & 255)}.${String(host)}`;
    const v4 = `${address}/${String(prefixLength)}`;
    if (!families.includes(6)) return nodeResource(name, v4);
    const v6 = `fd10:0:0:${rack.toString(16)}::${host.toString(16)}`;
    return nodeResource(name, v4, `${formatAddress(addressOf(v6))}/64`);
  });
  const pools = given.map(poolResource);
  return clusterFromResources({
    resources: merged(
      [
        ...nodes,
        ...pools,
        {
          apiVersion: "projectcalico.org/v3",
          kind: "BGPConfiguration",
          metadata: { name: "default" },
          spec: { asNumber: options.asNumber ?? 64_512, nodeToNodeMeshEnabled: true },
        },
        ...peeringsWith(options.externalRouters ?? [], options.resources ?? []),
      ],
      options.resources ?? [],
    ),
    typhas,
    calicoVersion: options.calicoVersion ?? "3.33",
    datastore: options.datastore ?? "kubernetes",
    ...(options.etcdEndpoints === undefined ? {} : { etcdEndpoints: options.etcdEndpoints }),
    backend: options.backend ?? "bird",
    ...(families.includes(6) ? { podFamilies: families } : {}),
    ...(options.externalRouters === undefined ? {} : { externalRouters: options.externalRouters }),
    ...(options.undescribedPeers === undefined
      ? {}
      : { undescribedPeers: options.undescribedPeers }),
    ...(options.underlay === undefined ? {} : { underlay: options.underlay }),
  });
}

/**
 * A cluster from resources as they are in a datastore. Nodes are put on an underlay of one rack per
 * subnet behind one router, unless a fabric is given; its links are what `underlay` says.
 *
 * @throws ClusterError when there is no node, a node has no address, or an external router or a link is described wrongly.
 */
export function clusterFromResources(options: {
  readonly resources: readonly Resource[];
  readonly typhas?: number;
  readonly calicoVersion?: string;
  readonly datastore?: "kubernetes" | "etcd";
  readonly etcdEndpoints?: readonly string[];
  readonly backend?: "bird" | "vxlan" | "none";
  readonly podFamilies?: readonly AddressFamily[];
  readonly detectIpv6?: boolean;
  readonly fabric?: FabricSpec;
  readonly underlay?: UnderlayOptions;
  readonly typhaConfig?: Partial<TyphaConfig>;
  readonly externalRouters?: readonly ExternalRouter[];
  readonly undescribedPeers?: UndescribedPeers;
  readonly secretNamespace?: string;
}): ClusterSpec {
  const nodes = ofKind(options.resources, "Node");
  if (nodes.length === 0)
    throw new ClusterError("there is no Node among the resources; a cluster needs at least one");
  const placed = nodes.map((node) => {
    const view = nodeView(node);
    const text = view.ipv4Address ?? view.internalIP;
    const cidr =
      text === undefined ? undefined : parseCidr(text.includes("/") ? text : `${text}/24`);
    if (cidr === undefined) {
      throw new ClusterError(
        `Node ${node.metadata.name} has no usable IPv4 address (annotation projectcalico.org/IPv4Address: ${String(text)}); expected for example 10.0.0.5/24`,
      );
    }
    return { name: node.metadata.name, subnet: cidr };
  });
  const version = options.calicoVersion ?? "3.33";
  const { externalRouters, undescribedPeers, secretNamespace } = options;
  const { underlay } = options;
  const bare = options.fabric ?? underlayOf(placed, underlay);
  const fabric = underlay === undefined ? bare : describeLinks(bare, underlay);
  checkExternalRouters(externalRouters ?? [], options.resources, fabric);
  return Object.freeze({
    calicoVersion: eraOf(version).calicoVersion,
    datastore: options.datastore ?? "kubernetes",
    backend: options.backend ?? "bird",
    resources: Object.freeze([...options.resources]),
    typhas: options.typhas ?? 0,
    fabric,
    ...(options.podFamilies === undefined
      ? {}
      : { podFamilies: Object.freeze([...options.podFamilies]) }),
    ...(options.detectIpv6 === undefined ? {} : { detectIpv6: options.detectIpv6 }),
    ...(externalRouters === undefined ? {} : { externalRouters: freezeDeep(externalRouters) }),
    ...(undescribedPeers === undefined ? {} : { undescribedPeers }),
    ...(secretNamespace === undefined ? {} : { secretNamespace }),
    ...(options.etcdEndpoints === undefined ? {} : { etcdEndpoints: options.etcdEndpoints }),
    ...(options.typhaConfig === undefined ? {} : { typhaConfig: options.typhaConfig }),
  });
}

function underlayOf(
  nodes: readonly { readonly name: string; readonly subnet: Cidr }[],
  { hostLink, rackLink }: UnderlayOptions = {},
): FabricSpec {
  return leafSpine({
    ...(hostLink === undefined ? {} : { hostLink }),
    ...(rackLink === undefined ? {} : { rackLink }),
    nodes: nodes.map(({ name, subnet }) => ({ name, subnet: formatCidr(subnet) })),
  });
}

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`"${text}" is no address`);
  return address;
}

function nodeResource(name: string, ...addresses: readonly [string, string?]): Resource {
  const [v4, v6] = addresses;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" },
      annotations: {
        [NODE_ANNOTATIONS.ipv4Address]: v4,
        ...(v6 === undefined ? {} : { [NODE_ANNOTATIONS.ipv6Address]: v6 }),
      },
    },
    status: {
      addresses: [v4, ...(v6 === undefined ? [] : [v6])].map((text) => ({
        type: "InternalIP",
        address: text.split("/")[0] ?? text,
      })),
    },
  };
}

function poolResource(pool: PoolOptions, index: number, all: readonly PoolOptions[]): Resource {
  const cidr = parseCidr(pool.cidr);
  if (cidr === undefined) {
    throw new ClusterError(
      `pools[${String(index)}].cidr: "${pool.cidr}" is no CIDR; expected for example 10.244.0.0/16`,
    );
  }
  const { family } = cidr;
  if (family === 6 && (pool.ipipMode ?? "Never") !== "Never")
    throw new ClusterError(
      `pools[${String(index)}].ipipMode: IP-in-IP carries no IPv6 packets; ${pool.cidr} may have a vxlanMode, or neither`,
    );
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
      nodeSelector: "all()",
    },
  };
}

function merged(generated: readonly Resource[], given: readonly Resource[]): Resource[] {
  const same = (a: Resource, b: Resource): boolean =>
    a.kind === b.kind && a.metadata.name === b.metadata.name;
  return [...generated.filter((g) => !given.some((x) => same(x, g))), ...given];
}

function wholeNumber(option: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new ClusterError(
      `${option}: ${String(value)} must be a whole number from ${String(low)} to ${String(high)}`,
    );
  }
  return value;
}

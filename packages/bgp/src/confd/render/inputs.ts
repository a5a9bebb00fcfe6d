import {
  type Address,
  type AddressFamily,
  type BGPConfiguration,
  type BGPFilter,
  type BGPPeer,
  type BlockAffinity,
  bgpSettings,
  type Era,
  formatAddress,
  formatCidr,
  hostAddress,
  hostCidr,
  type IPPool,
  type Node,
  type NodeView,
  nodeView,
  type PoolView,
  type ProgramClusterRoutes,
  parseASNumber,
  parseCidr,
  poolView,
  type Resource,
  SelectorError,
  selects,
} from "@calico-sim/core";
import type {
  EndpointSlice,
  Endpoints,
  KubernetesResource,
  Secret,
  Service,
} from "./kubernetes.js";
import { secretsIn } from "./passwords.js";
import { compareText } from "./text.js";

/** What confd reads: the datastore's resources, and the Kubernetes objects it watches beside them. */
export type ConfdResource = Resource | KubernetesResource;

/** The spec of a BGPConfiguration with the fields that `core` does not type yet. */
export type BgpSpec = NonNullable<BGPConfiguration["spec"]> & {
  readonly ipv4NormalRoutePriority?: number;
  readonly ipv6NormalRoutePriority?: number;
};

/** A node as confd knows it: its eight flat keys, its labels and its own listen port. */
export interface BgpNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** By family; absent stands for the blank key. */
  readonly address: Readonly<Partial<Record<AddressFamily, string>>>;
  /** `network_v4`: the subnet in the Node's IPv4 address. */
  readonly subnet: string | undefined;
  /** `as_num`; absent means the global AS. */
  readonly asNumber: number | undefined;
  /** `rr_cluster_id`; blank when the node is no route reflector. */
  readonly clusterId: string;
  readonly wireguard: Readonly<Partial<Record<AddressFamily, string>>>;
  /** The port that the node listens on, from `node.<name>`, else `default`; absent means 179. */
  readonly listenPort: number | undefined;
  readonly podCIDRs: readonly string[];
  /** The kubelet's report of the node's own address. */
  readonly internalIP: string | undefined;
}

/** The resources, sorted and indexed once for every node and both families. */
export interface ConfdInputs {
  readonly era: Era;
  /** BGPConfiguration `default`. */
  readonly global: BgpSpec;
  readonly globalAS: number;
  readonly meshEnabled: boolean;
  readonly programClusterRoutes: ProgramClusterRoutes;
  /** By name. */
  readonly nodes: readonly BgpNode[];
  readonly nodeByName: ReadonlyMap<string, BgpNode>;
  readonly nodesByAddress: ReadonlyMap<string, readonly BgpNode[]>;
  /** BGPConfiguration `node.<name>`, by node. */
  readonly nodeSpecs: ReadonlyMap<string, BgpSpec>;
  /** By name. */
  readonly peers: readonly BGPPeer[];
  /** By name. */
  readonly filters: readonly BGPFilter[];
  readonly pools: readonly PoolView[];
  readonly affinities: ReadonlyMap<string, readonly BlockAffinity[]>;
  readonly services: readonly Service[];
  readonly endpoints: readonly (Endpoints | EndpointSlice)[];
  /** Those of calico-node's namespace, by name. */
  readonly secrets: ReadonlyMap<string, Secret>;
}

/** How {@link confdInputs} reads. */
export interface ConfdInputOptions {
  readonly era: Era;
  /** The namespace of calico-node, where BGP passwords are looked up. @defaultValue "kube-system" */
  readonly secretNamespace?: string;
}

/**
 * Sorts the resources as confd's cache holds them: the order in which they come makes no difference
 * (calico: confd/pkg/backends/calico/client.go).
 */
export function confdInputs(
  resources: readonly ConfdResource[],
  options: ConfdInputOptions,
): ConfdInputs {
  const { era } = options;
  const all = <R extends ConfdResource>(kind: string): readonly R[] =>
    resources.filter((r) => r.kind === kind).sort(byName) as unknown as readonly R[];
  const configurations = all<BGPConfiguration>("BGPConfiguration");
  const settings = bgpSettings(configurations, era);
  const global: BgpSpec = settings.spec;
  const nodeSpecs = new Map<string, BgpSpec>();
  for (const { metadata, spec } of configurations) {
    // calico: confd/pkg/backends/calico/client.go:1412: `node.<name>` overrides for that node.
    if (metadata.name.startsWith("node.")) nodeSpecs.set(metadata.name.slice(5), spec ?? {});
  }
  const nodes = all<Node>("Node").map((node) => {
    const view = nodeView(node);
    return bgpNode(view, nodeSpecs.get(view.name) ?? {}, global);
  });
  return {
    era,
    global,
    globalAS: settings.asNumber,
    meshEnabled: settings.nodeToNodeMeshEnabled,
    programClusterRoutes: claim(settings.programClusterRoutes, era),
    nodes,
    nodeByName: new Map(nodes.map((node) => [node.name, node])),
    nodesByAddress: groupBy(nodes, (node) => Object.values(node.address)),
    nodeSpecs,
    peers: all<BGPPeer>("BGPPeer"),
    filters: all<BGPFilter>("BGPFilter"),
    pools: all<IPPool>("IPPool").map((pool) => poolView(pool, era)),
    affinities: groupBy(all<BlockAffinity>("BlockAffinity"), ({ spec }) => [spec.node]),
    services: all<Service>("Service"),
    endpoints: [...all<EndpointSlice>("EndpointSlice"), ...all<Endpoints>("Endpoints")],
    secrets: secretsIn(options.secretNamespace ?? "kube-system", all<Secret>("Secret")),
  };
}

function bgpNode(view: NodeView, own: BgpSpec, global: BgpSpec): BgpNode {
  const v4 = hostAddress(view.ipv4Address);
  return {
    name: view.name,
    labels: view.labels,
    address: {
      ...keyed(4, v4),
      ...keyed(6, hostAddress(view.ipv6Address)),
    },
    subnet:
      v4 === undefined ? undefined : formatCidr(parseCidr(view.ipv4Address ?? "") ?? hostCidr(v4)),
    asNumber: view.asNumber ?? parseASNumber(own.asNumber),
    clusterId: view.routeReflectorClusterID ?? "",
    wireguard: {
      ...keyed(4, hostAddress(view.ipv4WireguardInterfaceAddr)),
      ...keyed(6, hostAddress(view.ipv6WireguardInterfaceAddr)),
    },
    listenPort: own.listenPort ?? global.listenPort,
    podCIDRs: view.podCIDRs,
    internalIP: view.internalIP,
  };
}

function keyed(
  family: AddressFamily,
  address: Address | undefined,
): Partial<Record<AddressFamily, string>> {
  return address?.family === family ? { [family]: formatAddress(address) } : {};
}

/** A value that the release does not know counts as unset (calico: confd/pkg/backends/calico/bgp_processor.go:1158). */
function claim(value: ProgramClusterRoutes, era: Era): ProgramClusterRoutes {
  return era.programClusterRoutesValues.includes(value) ? value : era.bgp.programClusterRoutes;
}

/** The nodes that a selector matches; a selector that cannot be read matches none. */
export function nodesMatching(inputs: ConfdInputs, selector: string): readonly BgpNode[] {
  return inputs.nodes.filter((node) => nodeMatches(node, selector));
}

/** Whether a selector matches a node; one that cannot be read matches none. */
export function nodeMatches(node: BgpNode, selector: string): boolean {
  try {
    return selects(selector, node.labels);
  } catch (error) {
    if (error instanceof SelectorError) return false;
    throw error;
  }
}

/** The AS of a node: its own, else the global one. */
export function asOf(inputs: ConfdInputs, node: BgpNode | undefined): number {
  return node?.asNumber ?? inputs.globalAS;
}

function byName(a: ConfdResource, b: ConfdResource): number {
  return (
    compareText(a.metadata.name, b.metadata.name) ||
    compareText(a.metadata.namespace ?? "", b.metadata.namespace ?? "")
  );
}

function groupBy<T>(
  items: readonly T[],
  keys: (item: T) => readonly string[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    for (const key of keys(item)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [item]);
      else group.push(item);
    }
  }
  return groups;
}

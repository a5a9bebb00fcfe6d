import {
  type AddressFamily,
  type BGPConfiguration,
  type BGPPeer,
  type Era,
  type Node,
  type NodeDirectory,
  nodeView,
  parseAddress,
  type Resource,
  type Secret,
  SelectorError,
  type SyncerUpdate,
  selects,
  type UpdateBatch,
} from "@calico-sim/core";
import { BGP_PORT } from "../session/constants.js";
import type { ExportRules, PeerConfig, PeerFilter, PeerOptions } from "../types.js";
import type { ExternalPeers } from "./external-peers.js";
import { Latest } from "./latest.js";
import type { LocalEndpoint } from "./local-endpoints.js";
import { bgpConfiguration, renderBird } from "./render/configuration.js";
import { type BgpNode, type ConfdInputs, confdInputs } from "./render/inputs.js";
import type { BirdConfiguration, BirdPeer, FilterCall } from "./render/model.js";
import { isLocal, type LocalWorkload } from "./render/peerings.js";
import { serviceRoutes } from "./render/services.js";

/** Kinds that decide who peers with whom, and how. */
const KINDS: ReadonlySet<string> = new Set([
  "Node",
  "IPPool",
  "BGPPeer",
  "BGPFilter",
  "BGPConfiguration",
]);

/** Fields of BGPConfiguration that list ranges of services. */
const SERVICE_FIELDS = ["serviceClusterIPs", "serviceExternalIPs", "serviceLoadBalancerIPs"];

/** What a node's files say of its peers, as far as somebody stands at their address, and of what it tells them. */
export interface NodePeers {
  readonly peers: readonly PeerConfig[];
  /** Addresses of peers that are left out: nobody is known there. */
  readonly external: readonly string[];
  /** Everything above, for comparison. */
  readonly text: string;
  readonly routes: NodeRoutes;
}

/** Where {@link RenderedPeers} finds what BGPPeers refer to. */
export interface PeerSources {
  readonly family: AddressFamily;
  readonly nodes: NodeDirectory;
  readonly era: Era;
  /** Absent: peers that are no nodes are left out. */
  readonly externalPeers?: ExternalPeers;
  /** Namespace of calico-node, where BGP passwords are looked up. @defaultValue `kube-system` */
  readonly secretNamespace?: string;
}

/** What a node's files say of its own routes, beside its blocks. */
export interface NodeRoutes {
  /** What its peers are told; equal rules are one object. */
  readonly rules: ExportRules;
  /** Ranges and addresses of services that it advertises, as sorted text (node-behaviour §1.10). */
  readonly services: readonly string[];
}

/** A node with this label set to `true` advertises no services. */
const EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers";

/** The peers of every node from the resources as known to all confds: the mesh, and what BGPPeers say. */
export class RenderedPeers {
  private readonly family: AddressFamily;
  private readonly nodes: NodeDirectory;
  private readonly era: Era;
  private readonly outside: ExternalPeers | undefined;
  private readonly secretNamespace: string | undefined;
  private readonly resources: Latest<string, Resource> = new Latest();
  /** Not of the syncer's stream: confd watches the Secrets that it is referred to (calico: …/secret_watcher.go). */
  private readonly secrets: Latest<string, Secret> = new Latest();
  private inputs: ConfdInputs | undefined;
  private byAddress: ReadonlyMap<string, number> = new Map();
  private required = false;
  /** By node, as rendered last. */
  private readonly workloads: Map<number, readonly LocalWorkload[]> = new Map();
  private readonly ruleSets: Map<string, ExportRules> = new Map();
  /** Services and their EndpointSlices. */
  private readonly services: Latest<string, Resource> = new Latest();
  /** Nodes that advertise no services. */
  private readonly excluded: Set<string> = new Set();
  /** What nodes of a mesh tell their peers, by name of a node; `""` for any without endpoints of services. Empty until asked for. */
  private readonly mesh: Map<string, BirdConfiguration> = new Map();

  constructor(options: PeerSources) {
    this.family = options.family;
    this.nodes = options.nodes;
    this.era = options.era;
    this.outside = options.externalPeers;
    this.secretNamespace = options.secretNamespace;
  }

  /**
   * Whether some resource asks for more than a mesh of one AS, or did: from then on every node is rendered in
   * full, since what one BGPPeer adds may be found on any.
   */
  get needed(): boolean {
    return this.required;
  }

  /** Takes an update of the stream; true if it is of a kind that is looked at here. */
  update(update: SyncerUpdate): boolean {
    if (!KINDS.has(update.kind)) return false;
    this.resources.set(update.key, update.resource, update.revision);
    this.inputs = undefined;
    if (update.kind === "Node") this.readLabel(update);
    else this.mesh.clear();
    this.required ||= update.resource !== undefined && beyondMesh(update.resource);
    return true;
  }

  /** Takes a Secret as it is now; true if some resource takes a password from it. */
  secret(key: string, secret: Secret | undefined, revision: number): boolean {
    this.secrets.set(key, secret, revision);
    this.inputs = undefined;
    const name = key.slice(key.lastIndexOf("/") + 1);
    return this.resources.values().some((resource) => secretsOf(resource).includes(name));
  }

  /** The port that a node's BIRD listens on by its files. */
  listenPort(node: number): number {
    return this.read().nodeByName.get(this.nodes.name(node))?.listenPort ?? BGP_PORT;
  }

  /** A snapshot of this revision named these keys alone. */
  keepOnly(named: ReadonlySet<string>, revision: number): void {
    this.resources.keepOnly(named, revision);
    this.inputs = undefined;
    this.mesh.clear();
  }

  /** Takes what confd's own watches of Services and EndpointSlices bring. */
  servicesChanged({ updates, snapshot }: UpdateBatch): void {
    for (const { key, resource, revision } of updates) this.services.set(key, resource, revision);
    if (snapshot) {
      const revision = updates.reduce((newest, update) => Math.max(newest, update.revision), 0);
      this.services.keepOnly(new Set(updates.map(({ key }) => key)), revision);
    }
    this.inputs = undefined;
    this.mesh.clear();
  }

  /** By address of a peer, the gateway of the static route that a node's files have to it (BGPPeer `reachableBy`). */
  gateways(node: number): ReadonlyMap<string, string> {
    const options = { node: this.nodes.name(node), family: this.family };
    const { staticRoutes } = renderBird(this.read(), options);
    return new Map(
      staticRoutes.flatMap((route) =>
        route.type === "via" ? [[route.cidr.split("/")[0] ?? "", route.gateway] as const] : [],
      ),
    );
  }

  /** Local pods that are peers by a node's files. */
  workloadsOf(node: number): readonly LocalWorkload[] {
    return this.workloads.get(node) ?? [];
  }

  /** Whether some BGPPeer makes peers of local pods. */
  get selectsWorkloads(): boolean {
    return this.read().peers.some(({ spec }) => Boolean(spec.localWorkloadSelector));
  }

  /**
   * Which local endpoints are to be peers, and by which BGPPeer. Felix writes one BGPPeer into the file of an endpoint: of
   * several that select it the first by name, which is assumed.
   */
  localWorkloads(node: number, endpoints: readonly LocalEndpoint[]): readonly LocalWorkload[] {
    const inputs = this.read();
    const own = inputs.nodeByName.get(this.nodes.name(node));
    if (own === undefined || endpoints.length === 0) return [];
    const peers = inputs.peers.filter((peer) => isLocal(peer, own));
    return endpoints.flatMap(({ labels, addresses }) => {
      const peer = peers.find(({ spec }) => selectsLabels(spec.localWorkloadSelector, labels));
      if (peer === undefined) return [];
      const nets = (family: AddressFamily): readonly string[] =>
        addresses.filter((text) => parseAddress(text)?.family === family);
      return [{ ipv4Nets: nets(4), ipv6Nets: nets(6), bgpPeerName: peer.metadata.name }];
    });
  }

  /** The peers of a node; of its pods those that its confd knows of. */
  of(node: number, workloads: readonly LocalWorkload[]): NodePeers {
    const inputs = this.read();
    if (workloads.length > 0 || this.workloads.size > 0) this.workloads.set(node, workloads);
    const rendered = renderBird(inputs, {
      node: this.nodes.name(node),
      family: this.family,
      localWorkloads: workloads,
    });
    const peers = new Map<number, PeerConfig>();
    const external: string[] = [];
    for (const peer of rendered.peers) {
      const id = this.byAddress.get(peer.address) ?? this.outside?.idOf(node, peer) ?? -1;
      if (id < 0) external.push(peer.address);
      else if (!peers.has(id))
        peers.set(id, configOf(id, peer, rendered, inputs.nodeByName.get(this.nodes.name(node))));
    }
    const list = [...peers.values()];
    const text = JSON.stringify([list, external]);
    return { peers: list, external, text, routes: this.routes(rendered) };
  }

  /** What a node's `bird.cfg` says of one peer. */
  peer(node: number, peer: number): BirdPeer | undefined {
    const inputs = this.read();
    const { peers } = renderBird(inputs, {
      node: this.nodes.name(node),
      family: this.family,
      localWorkloads: this.workloadsOf(node),
    });
    const outside = this.outside?.addressOf(peer, this.family);
    return peers.find(({ address }) => address === outside || this.byAddress.get(address) === peer);
  }

  /**
   * What a node of a mesh of one AS tells its peers. Pools and the global settings decide it, so it is rendered once for
   * all where no services are; each node may have endpoints of these.
   */
  meshRoutes(node: number): NodeRoutes {
    const name = this.nodes.name(node);
    const own = this.services.size > 0 || this.excluded.has(name);
    return this.routes(this.meshConfiguration(own ? name : ""));
  }

  /** What a node advertises of services, as text: routes in order. */
  serviceText(node: number): string {
    const inputs = this.read();
    const own = inputs.nodeByName.get(this.nodes.name(node));
    return serviceRoutes(inputs, own, this.family).routes.join(" ");
  }

  /** Ranges of services, which no kernel gets (node-behaviour §1.6, kernel rule 1). */
  serviceRanges(): readonly string[] {
    return this.meshConfiguration("").kernel.reject;
  }

  /** Whether any range or address of services is configured, so that confd watches them (control-plane-behaviour §2.4). */
  get watchesServices(): boolean {
    return this.resources.values().some(
      (resource) =>
        resource.kind === "BGPConfiguration" &&
        resource.metadata.name === "default" &&
        SERVICE_FIELDS.some((field) => {
          const ranges = (resource.spec as Readonly<Record<string, unknown>> | undefined)?.[field];
          return Array.isArray(ranges) && ranges.length > 0;
        }),
    );
  }

  /** Rules for a node that originates more than its blocks: these alone cover what lies inside them. */
  covering({ steps, communities }: ExportRules, ownBlocks: readonly number[]): ExportRules {
    return this.intern({ steps, communities, ownBlocks });
  }

  private meshConfiguration(name: string): BirdConfiguration {
    let rendered = this.mesh.get(name);
    if (rendered === undefined) {
      const kinds = ["IPPool", "BGPConfiguration"];
      const few = this.resources.values().filter(({ kind }) => kinds.includes(kind));
      const labels = this.excluded.has(name) ? { [EXCLUDE_LABEL]: "true" } : {};
      const node: Node = { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
      const all = [...few, node, ...this.services.values()];
      rendered = bgpConfiguration(all, { node: name, family: this.family, era: this.era });
      this.mesh.set(name, rendered);
    }
    return rendered;
  }

  private readLabel({ key, resource }: SyncerUpdate): void {
    const name = key.slice(key.lastIndexOf("/") + 1);
    const excluded = resource?.metadata.labels?.[EXCLUDE_LABEL] === "true";
    if (excluded === this.excluded.has(name)) return;
    if (excluded) this.excluded.add(name);
    else this.excluded.delete(name);
    this.mesh.delete(name);
  }

  private routes({ exportSteps, communities, staticRoutes }: BirdConfiguration): NodeRoutes {
    return {
      rules: this.intern({ steps: exportSteps, communities }),
      services: staticRoutes.flatMap((route) =>
        route.type === "blackhole" && route.origin === "service" ? [route.cidr] : [],
      ),
    };
  }

  private intern(rules: ExportRules): ExportRules {
    const text = JSON.stringify(rules);
    const known = this.ruleSets.get(text);
    if (known !== undefined) return known;
    this.ruleSets.set(text, rules);
    return rules;
  }

  private read(): ConfdInputs {
    if (this.inputs === undefined) {
      const { era, secretNamespace } = this;
      const resources = [this.resources, this.secrets, this.services].flatMap((of) => of.values());
      this.inputs = confdInputs(resources, {
        era,
        ...(secretNamespace === undefined ? {} : { secretNamespace }),
      });
      this.byAddress = new Map(
        this.inputs.nodes.flatMap(({ name, address: { [this.family]: address } }) =>
          address === undefined ? [] : [[address, this.nodes.id(name)] as const],
        ),
      );
    }
    return this.inputs;
  }
}

function selectsLabels(
  selector: string | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (!selector) return false;
  try {
    return selects(selector, labels);
  } catch (error) {
    if (error instanceof SelectorError) return false;
    throw error;
  }
}

/** A resource that the mesh rule alone does not cover. */
function beyondMesh(resource: Resource): boolean {
  switch (resource.kind) {
    case "BGPPeer":
      return true;
    case "BGPConfiguration":
      return (
        resource.metadata.name.startsWith("node.") || setsSessions(resource as BGPConfiguration)
      );
    case "Node":
      return nodeView(resource as Node).asNumber !== undefined;
    default:
      return false;
  }
}

/** A BGPConfiguration that says something of the mesh's sessions themselves. */
function setsSessions({ spec }: BGPConfiguration): boolean {
  return (
    spec?.listenPort !== undefined ||
    spec?.nodeMeshPassword !== undefined ||
    spec?.nodeMeshMaxRestartTime !== undefined
  );
}

/** Names of the Secrets that a resource takes passwords from. */
function secretsOf(resource: Resource): readonly string[] {
  const reference =
    resource.kind === "BGPPeer"
      ? (resource as BGPPeer).spec.password
      : resource.kind === "BGPConfiguration"
        ? (resource as BGPConfiguration).spec?.nodeMeshPassword
        : undefined;
  const name = reference?.secretKeyRef?.name;
  return name === undefined ? [] : [name];
}

/** A rendered peer as BIRD's model takes it; a mesh peer of the same AS has no options. */
function configOf(
  id: number,
  peer: BirdPeer,
  { filters, family }: BirdConfiguration,
  own: BgpNode | undefined,
): PeerConfig {
  const called = (calls: readonly FilterCall[], direction: "import" | "export"): PeerFilter[] =>
    calls.flatMap((call) => {
      const filter = filters.find((f) => f.filter === call.filter && f.direction === direction);
      return filter === undefined ? [] : [{ filter, internal: call.internal ?? peer.internal }];
    });
  const importFilters = called(peer.importFilters, "import");
  const exportFilters = called(peer.exportFilters, "export");
  const options: PeerOptions = {
    ...(peer.internal ? {} : { remoteAS: peer.asNumber }),
    ...(peer.localAS === undefined ? {} : { localAS: peer.localAS }),
    ...(peer.allowLocalAS === undefined ? {} : { allowLocalAS: peer.allowLocalAS }),
    ...(peer.nextHop === "auto" ? {} : { nextHop: peer.nextHop }),
    ...(peer.reflectorClusterId === undefined
      ? {}
      : { clusterId: addressNumber(peer.reflectorClusterId) }),
    ...(peer.gracefulRestartSeconds === undefined
      ? {}
      : { gracefulRestart: peer.gracefulRestartSeconds }),
    ...(peer.password === undefined ? {} : { password: peer.password }),
    ...(peer.ttlSecurity === undefined ? {} : { ttlSecurity: peer.ttlSecurity }),
    ...(peer.port === undefined || peer.port === BGP_PORT ? {} : { port: peer.port }),
    ...sourceOf(peer, family, own),
    ...(peer.keepaliveSeconds === undefined ? {} : { keepalive: peer.keepaliveSeconds }),
    ...(importFilters.length === 0 ? {} : { importFilters }),
    ...(exportFilters.length === 0 ? {} : { exportFilters }),
  };
  const plain = Object.keys(options).length === 0;
  const session = sessionText(peer);
  return { peer: id, passive: peer.passive, session, ...(plain ? {} : { options }) };
}

/** What BIRD compares of a protocol beside its options (bird: proto/bgp/bgp.c, bgp_reconfigure). */
function sessionText({ name, sourceAddress }: BirdPeer): string {
  return JSON.stringify([name, sourceAddress]);
}

/**
 * Without a source address in its configuration BIRD leaves the choice to the kernel (BGPPeer `sourceAddress: None`).
 * Assumed: the kernel takes the node's InternalIP, which differs from its BGP address on hosts with several networks.
 */
function sourceOf(
  { sourceAddress }: BirdPeer,
  family: AddressFamily,
  own: BgpNode | undefined,
): { readonly sourceAddress?: number } {
  if (sourceAddress !== undefined || own?.internalIP === undefined) return {};
  // An InternalIP of IPv4 says nothing of where IPv6 connections come from.
  if (parseAddress(own.internalIP)?.family !== family) return {};
  return own.internalIP === own.address[family]
    ? {}
    : { sourceAddress: addressNumber(own.internalIP) };
}

/** Of an IPv6 address the bits that a number holds. */
const NUMBER_BITS: bigint = 2n ** 53n - 1n;

/**
 * An address or a cluster id as an unsigned integer, of IPv6 its last 53 bits: those tell hosts apart, and order them where
 * the rest is the same; 0 for text that is none.
 */
export function addressNumber(text: string): number {
  const address = parseAddress(text);
  if (address === undefined) return 0;
  return address.family === 4 ? address.value : Number(address.value & NUMBER_BITS);
}

import {
  type Era,
  type Node,
  type NodeDirectory,
  nodeView,
  parseAddress,
  type Resource,
  type SyncerUpdate,
  type UpdateBatch,
} from "@calico-sim/core";
import type { ExportRules, PeerConfig, PeerFilter, PeerOptions } from "../types.js";
import { Latest } from "./latest.js";
import { bgpConfiguration, renderBird } from "./render/configuration.js";
import { type ConfdInputs, confdInputs } from "./render/inputs.js";
import type { BirdConfiguration, BirdPeer, FilterCall } from "./render/model.js";

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

/** What a node's files say of its peers, as far as they are nodes, and of what it tells them. */
export interface NodePeers {
  readonly peers: readonly PeerConfig[];
  /** Addresses of peers that are no node of the cluster. */
  readonly external: readonly string[];
  /** Everything above, for comparison. */
  readonly text: string;
  readonly routes: NodeRoutes;
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
  private readonly nodes: NodeDirectory;
  private readonly era: Era;
  private readonly resources: Latest<string, Resource> = new Latest();
  /** Without what reads passwords, for state holds no functions: Secrets are not watched. */
  private inputs: Omit<ConfdInputs, "password"> | undefined;
  private byAddress: ReadonlyMap<string, number> = new Map();
  private required = false;
  private readonly ruleSets: Map<string, ExportRules> = new Map();
  /** Services and their EndpointSlices. */
  private readonly services: Latest<string, Resource> = new Latest();
  /** Nodes that advertise no services. */
  private readonly excluded: Set<string> = new Set();
  /** What nodes of a mesh tell their peers, by name of a node; `""` for any without endpoints of services. Empty until asked for. */
  private readonly mesh: Map<string, BirdConfiguration> = new Map();

  constructor(nodes: NodeDirectory, era: Era) {
    this.nodes = nodes;
    this.era = era;
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

  /** The peers of a node. */
  of(node: number): NodePeers {
    const inputs = this.read();
    const rendered = renderBird(inputs, { node: this.nodes.name(node), family: 4 });
    const peers = new Map<number, PeerConfig>();
    const external: string[] = [];
    for (const peer of rendered.peers) {
      const id = this.byAddress.get(peer.address) ?? -1;
      if (id < 0) external.push(peer.address);
      else if (!peers.has(id)) peers.set(id, configOf(id, peer, rendered));
    }
    const list = [...peers.values()];
    const text = JSON.stringify([list, external]);
    return { peers: list, external, text, routes: this.routes(rendered) };
  }

  /** What a node's `bird.cfg` says of one peer. */
  peer(node: number, peer: number): BirdPeer | undefined {
    const inputs = this.read();
    const { peers } = renderBird(inputs, { node: this.nodes.name(node), family: 4 });
    return peers.find(({ address }) => this.byAddress.get(address) === peer);
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
      rendered = bgpConfiguration(all, { node: name, family: 4, era: this.era });
      this.mesh.set(name, rendered);
    }
    return rendered;
  }

  private readLabel({ key, resource }: SyncerUpdate): void {
    const name = key.slice(key.lastIndexOf("/") + 1);
    if (resource?.metadata.labels?.[EXCLUDE_LABEL] === "true") this.excluded.add(name);
    else this.excluded.delete(name);
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
      const { password: _, ...inputs } = confdInputs(
        [...this.resources.values(), ...this.services.values()],
        { era: this.era },
      );
      this.inputs = inputs;
      this.byAddress = new Map(
        this.inputs.nodes.flatMap(({ name, address }) =>
          address[4] === undefined ? [] : [[address[4], this.nodes.id(name)] as const],
        ),
      );
    }
    return { ...this.inputs, password: noPassword };
  }
}

function noPassword(): undefined {
  return undefined;
}

/** A resource that the mesh rule alone does not cover. */
function beyondMesh(resource: Resource): boolean {
  switch (resource.kind) {
    case "BGPPeer":
      return true;
    case "BGPConfiguration":
      return resource.metadata.name.startsWith("node.");
    case "Node":
      return nodeView(resource as Node).asNumber !== undefined;
    default:
      return false;
  }
}

/** A rendered peer as BIRD's model takes it; a mesh peer of the same AS has no options. */
function configOf(id: number, peer: BirdPeer, { filters }: BirdConfiguration): PeerConfig {
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
    ...(importFilters.length === 0 ? {} : { importFilters }),
    ...(exportFilters.length === 0 ? {} : { exportFilters }),
  };
  const plain = Object.keys(options).length === 0;
  const session = sessionText(peer);
  return { peer: id, passive: peer.passive, session, ...(plain ? {} : { options }) };
}

/** What BIRD compares of a protocol beside what the model acts on (bird: proto/bgp/bgp.c, bgp_reconfigure). */
function sessionText(peer: BirdPeer): string {
  const { name, port, asNumber, sourceAddress, ttlSecurity, keepaliveSeconds, password } = peer;
  return JSON.stringify([
    name,
    port,
    asNumber,
    sourceAddress,
    ttlSecurity,
    keepaliveSeconds,
    password,
  ]);
}

/** An IPv4 address or a cluster id as an unsigned integer; 0 for text that is none. */
export function addressNumber(text: string): number {
  const address = parseAddress(text);
  return address?.family === 4 ? address.value : 0;
}

import {
  type AddressFamily,
  type Era,
  keyOf,
  type NodeDirectory,
  type PrefixTable,
  parseCidr,
  type Resource,
  type Secret,
  type UpdateBatch,
} from "@calico-sim/core";
import type { BirdFleet } from "../bird-fleet.js";
import type { ExportRules, PeerConfig, Reconfiguration, SpeakerConfig } from "../types.js";
import type { Neighbour } from "../views/show-protocols.js";
import type { RouteNames } from "../views/show-route.js";
import { ConfdCache } from "./confd-cache.js";
import type { ExternalPeers } from "./external-peers.js";
import type { KernelFilters } from "./kernel-filters.js";
import { peerName } from "./render/peer.js";
import type { LocalWorkload } from "./render/peerings.js";
import { addressNumber, type NodeRoutes, RenderedPeers } from "./rendered-peers.js";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The BIRD of one family, and where it writes. */
export interface FamilyOptions {
  readonly nodes: NodeDirectory;
  readonly prefixes: PrefixTable;
  readonly bird: BirdFleet;
  readonly filters: KernelFilters;
  readonly era: Era;
  /** Peers that are no nodes. Absent: they are left out, see {@link FamilyFiles.externalPeers}. */
  readonly externalPeers?: ExternalPeers;
  /** Namespace of calico-node, where BGP passwords are looked up. @defaultValue `kube-system` */
  readonly secretNamespace?: string;
  /** `CALICO_ROUTER_ID` of calico-node: `hash`, or an id. @defaultValue the node's IPv4 address */
  readonly routerId?: string;
}

/** What one node's confd has of one family: its blocks, and its files as rendered last, for comparison. */
export interface NodeFiles {
  readonly own: Set<number>;
  blocksText: string;
  peersText: string;
  speakerText: string;
  rules: ExportRules | undefined;
  /** What the files say of its own routes; undefined until the first are written. */
  routes: NodeRoutes | undefined;
  /** Peers as rendered last that are no nodes, by address. */
  external: readonly string[];
  /** Its owner was told that there is something to start the BIRD from. */
  begun: boolean;
  /** What it advertises of services, as text: by the files, or by what was heard since. */
  services: string;
}

const NO_GATEWAYS: ReadonlyMap<string, string> = new Map();

/** A node without files. */
export function newNodeFiles(): NodeFiles {
  return {
    own: new Set(),
    blocksText: "",
    peersText: "",
    speakerText: "",
    rules: undefined,
    routes: undefined,
    external: [],
    begun: false,
    services: "",
  };
}

/**
 * The three files of one family on every node, `bird*.cfg`, `bird*_aggr.cfg` and `bird*_ipam.cfg`: what they say, and what
 * of it changed (calico: confd/pkg/backends/calico/bgp_processor.go, GetBirdBGPConfig, which is asked once for each
 * version of IP). A mesh alone is rendered by what changed; where BGPPeers have a say each node is rendered in full.
 */
export class FamilyFiles implements RouteNames {
  readonly bird: BirdFleet;
  private readonly family: AddressFamily;
  private readonly nodes: NodeDirectory;
  private readonly prefixes: PrefixTable;
  private readonly filters: KernelFilters;
  readonly cache: ConfdCache;
  readonly rendered: RenderedPeers;
  private readonly outside: ExternalPeers | undefined;
  private readonly givenId: string | undefined;

  constructor(options: FamilyOptions) {
    const { bird } = options;
    this.bird = bird;
    this.family = bird.family;
    this.nodes = options.nodes;
    this.prefixes = options.prefixes;
    this.filters = options.filters;
    this.rendered = new RenderedPeers({ ...options, family: bird.family });
    this.cache = new ConfdCache({ ...options, family: bird.family }, this.rendered);
    this.outside = options.externalPeers;
    this.givenId = options.routerId;
  }

  /** Takes what a datastore holds at a revision, as if every confd had been told of it. */
  begin(content: readonly Resource[], revision: number): void {
    const updates = content.map((resource) => {
      const key = keyOf(resource);
      return {
        kind: resource.kind,
        key,
        resource,
        previous: undefined,
        revision,
        kvs: 0,
        bytes: 0,
      };
    });
    const of = (...kinds: readonly string[]): UpdateBatch => ({
      updates: updates.filter(({ kind }) => kinds.includes(kind)),
      snapshot: true,
      kvs: 0,
      bytes: 0,
      status: "in-sync",
    });
    this.cache.read(of("Node", "IPPool", "BGPConfiguration", "BGPPeer", "BGPFilter"));
    this.rendered.servicesChanged(of("Service", "EndpointSlice"));
    for (const { key, resource } of of("Secret").updates)
      this.rendered.secret(key, resource as Secret, revision);
  }

  /** Peers that the templates loop over, at most. */
  get peers(): number {
    return this.cache.keys.size;
  }

  /**
   * Whether a node's BIRD starts from its files, with or without a BGP section. That of IPv6 needs a router id in them; that
   * of IPv4 looks for one itself, see {@link ConfdCache.routerIds}.
   */
  starts(node: number): boolean {
    const id = this.cache.routerIds.get(node);
    return this.family === 4 ? id !== "" : (id ?? "") !== "";
  }

  // Names ----------------------------------------------------------------------------------------

  /**
   * Whether what a node advertises of services is something else now. Routes are counted by who asks for them, and a service
   * that leaves them as they are makes nobody render (calico: confd/pkg/backends/calico/routes.go).
   */
  servicesChanged(node: number, files: NodeFiles): boolean {
    const text = this.rendered.serviceText(node);
    if (text === files.services) return false;
    files.services = text;
    return true;
  }

  /** The router id of a node, or of a peer outside; empty without one. */
  routerId(node: number): string {
    return this.cache.routerIds.get(node) ?? this.outside?.routerIdOf(node) ?? "";
  }

  /** See {@link RouteNames}. */
  addressOf(node: number): string {
    return this.cache.keys.get(node)?.address ?? this.outside?.addressOf(node, this.family) ?? "";
  }

  /** See {@link RouteNames}. */
  networkOf(node: number): string | undefined {
    return this.cache.keys.get(node)?.network;
  }

  /** See {@link RouteNames}. */
  gatewaysOf(node: number): ReadonlyMap<string, string> {
    return this.rendered.needed ? this.rendered.gateways(node) : NO_GATEWAYS;
  }

  /** How a node's configuration calls a peer; undefined when either has no address. See {@link RouteNames}. */
  neighbour(node: number, peer: number): Neighbour | undefined {
    const own = this.cache.keys.get(node);
    const other = this.cache.keys.get(peer);
    const address = other?.address ?? this.outside?.addressOf(peer, this.family);
    if (own === undefined || address === undefined) return undefined;
    const ownAS = own.asNumber < 0 ? this.cache.globalAS : own.asNumber;
    const rendered = this.rendered.needed ? this.rendered.peer(node, peer) : undefined;
    // The fallback is this node's AS, not the global one (calico: …/bgp_processor.go:370-377).
    const nodeAS = other === undefined || other.asNumber < 0 ? ownAS : other.asNumber;
    const peerAS = rendered?.asNumber ?? nodeAS;
    return {
      name: rendered?.name ?? peerName("mesh", address, undefined),
      address,
      asNumber: peerAS,
      routerId: this.routerId(peer),
      internal: peerAS === ownAS,
      sourceAddress: own.address,
    };
  }

  // What goes out --------------------------------------------------------------------------------

  /**
   * What a render changes of a node's files; nothing in it where they stay.
   *
   * @param changed - nodes whose keys changed since the last render.
   * @param all - everything is to be rendered anew, not only what changed.
   * @param first - there were no files.
   * @param workloads - local pods that ask to be peers.
   */
  change(
    node: number,
    files: NodeFiles,
    changed: ReadonlySet<number>,
    all: boolean,
    first: boolean,
    workloads: readonly LocalWorkload[] = [],
  ): Reconfiguration {
    const change: Writable<Reconfiguration> =
      (this.rendered.needed
        ? this.explicitChanged(node, files, workloads)
        : this.peersChanged(node, files, changed, all)) ?? {};
    const blocks = this.ownRoutes(files, change);
    const blocksText = blocks.join();
    if (first || blocksText !== files.blocksText) change.blocks = blocks;
    files.blocksText = blocksText;
    const speaker = this.speaker(node);
    const speakerText = JSON.stringify(speaker);
    if (speaker !== undefined && speakerText !== files.speakerText) change.speaker = speaker;
    files.speakerText = speakerText;
    if (this.filters.set(node, this.cache.filterConfig)) change.kernelFilter = true;
    return change;
  }

  /** What a node originates, its blocks and what it advertises of services; and the rules by which it tells of them. */
  private ownRoutes(files: NodeFiles, change: Writable<Reconfiguration>): readonly number[] {
    const own = [...files.own].sort((x, y) => x - y);
    if (files.routes === undefined) return own;
    const { rules, services } = files.routes;
    const covered = services.length === 0 ? rules : this.rendered.covering(rules, own);
    if (covered !== files.rules) change.rules = covered;
    files.rules = covered;
    if (services.length === 0) return own;
    const more = services.flatMap((text) => {
      const cidr = parseCidr(text);
      return cidr === undefined ? [] : [this.prefixes.intern(cidr)];
    });
    return [...own, ...more];
  }

  /** What a new `bird*.cfg` changes of a node's peers; undefined for nothing. */
  private peersChanged(
    node: number,
    files: NodeFiles,
    changed: ReadonlySet<number>,
    all: boolean,
  ): Reconfiguration | undefined {
    const add: PeerConfig[] = [];
    const remove: number[] = [];
    const consider = (peer: number): void => {
      const passive = this.cache.meshPeer(node, peer);
      const configured = this.bird.isConfigured(node, peer);
      if (passive === undefined && configured) remove.push(peer);
      else if (passive !== undefined && !configured) add.push({ peer, passive });
    };
    if (all) for (let peer = 0; peer < this.nodes.size; peer++) consider(peer);
    else for (const peer of changed) consider(peer);
    if (all) setRoutes(files, this.rendered.meshRoutes(node));
    return add.length > 0 || remove.length > 0 ? { add, remove } : undefined;
  }

  /** The same where BGPPeers have a say: what one resource changes may be anywhere, so all is rendered. */
  private explicitChanged(
    node: number,
    files: NodeFiles,
    workloads: readonly LocalWorkload[],
  ): Reconfiguration | undefined {
    const { peers, external, text, routes } = this.rendered.of(node, workloads);
    setRoutes(files, routes);
    if (text === files.peersText) return undefined;
    files.peersText = text;
    files.external = external;
    const wanted = new Set(peers.map(({ peer }) => peer));
    const remove: number[] = [];
    for (let peer = 0; peer < this.nodes.size; peer++)
      if (!wanted.has(peer) && this.bird.isConfigured(node, peer)) remove.push(peer);
    return { add: peers, remove };
  }

  /** What a node's BIRD says of itself; undefined without an address, when it has no BGP at all, and without a router id. */
  private speaker(node: number): SpeakerConfig | undefined {
    const keys = this.cache.keys.get(node);
    if (keys === undefined || keys.routerId === "") return undefined;
    const asNumber = keys.asNumber < 0 ? this.cache.globalAS : keys.asNumber;
    const speaker: SpeakerConfig = {
      asNumber,
      address: addressNumber(keys.address),
      ...(this.family === 4 && !this.givenId ? {} : { routerId: addressNumber(keys.routerId) }),
    };
    if (!this.rendered.needed) return speaker;
    return { ...speaker, listenPort: this.rendered.listenPort(node) };
  }
}

/** Whatever made them be written, later news of services is compared with what the files say now. */
function setRoutes(files: NodeFiles, routes: NodeRoutes): void {
  files.routes = routes;
  files.services = routes.services.join(" ");
}

import {
  BatchMemory,
  type BGPConfiguration,
  type BlockAffinity,
  bgpSettings,
  type Engine,
  type Era,
  type EventHandler,
  formatAddress,
  type IPPool,
  MILLISECOND,
  type Micros,
  type Node,
  type NodeDirectory,
  nodeView,
  type PrefixTable,
  parseCidr,
  poolView,
  type ResourceKind,
  type Secret,
  type SyncerSink,
  type SyncerSource,
  type SyncerUpdate,
  type SyncStatus,
  type UpdateBatch,
  writtenAddress,
} from "@calico-sim/core";
import type { BirdFleet } from "../bird-fleet.js";
import type { ExportRules, PeerConfig, Reconfiguration, SpeakerConfig } from "../types.js";
import type { Neighbour } from "../views/show-protocols.js";
import type { RouteNames } from "../views/show-route.js";
import type { ExternalPeers } from "./external-peers.js";
import type { FilterPool, KernelFilters } from "./kernel-filters.js";
import { Latest } from "./latest.js";
import { meshRole } from "./render/mesh.js";
import { peerName } from "./render/peer.js";
import { addressNumber, type NodeRoutes, RenderedPeers } from "./rendered-peers.js";
import { type ServiceReader, ServiceWatch } from "./service-watch.js";

/** What confd's work costs, in microseconds of CPU. */
export interface ConfdCosts {
  /** Decoding one key-value pair. Assumed. */
  readonly decode: number;
  /** Rendering the six templates once, without peers. Assumed. */
  readonly render: number;
  /** Added for each peer that the templates loop over. Assumed; projectcalico/confd#234 reports the growth. */
  readonly renderPerPeer: number;
  /** `bird -p` check, rename and `sv hup` when a file changed. Assumed. */
  readonly reload: number;
}

/** Assumed profile: no measurement of confd is public. */
export const CONFD_COSTS: ConfdCosts = Object.freeze({
  decode: 15,
  render: 8 * MILLISECOND,
  renderPerPeer: 20,
  reload: 10 * MILLISECOND,
});

/** Told when a node's first configuration is written: BIRD can start. */
export interface ConfdListener {
  onFirstRender(node: number, at: Micros): void;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Options of {@link ConfdFleet}. */
export interface ConfdOptions {
  readonly engine: Engine;
  readonly nodes: NodeDirectory;
  readonly prefixes: PrefixTable;
  readonly bird: BirdFleet;
  readonly filters: KernelFilters;
  readonly era: Era;
  readonly listener?: ConfdListener;
  readonly costs?: Partial<ConfdCosts>;
  /** Peers that are no nodes. Absent: they are left out, see {@link ConfdFleet.externalPeers}. */
  readonly externalPeers?: ExternalPeers;
  /** Namespace of calico-node, where BGP passwords are looked up. @defaultValue `kube-system` */
  readonly secretNamespace?: string;
}

/** The BGP keys of one Node (calico: bgpnodeprocessor.go); IPv4 only. */
interface BgpKeys {
  readonly address: string;
  readonly network: string;
  readonly asNumber: number;
  readonly clusterId: string;
}

/** What one batch means to confd; computed once for all receivers. */
interface Work {
  readonly snapshot: boolean;
  /** Nodes whose BGP keys changed. */
  readonly nodes: readonly number[];
  /** Pools or BGPConfiguration changed. */
  readonly global: boolean;
  /** By node: blocks gained (confirmed) and lost, as prefix ids. */
  readonly blocks: ReadonlyMap<
    number,
    readonly { readonly prefix: number; readonly own: boolean }[]
  >;
}

/** What confd's own watches bring: that all services are known now, or that some changed. */
const SERVICES_KNOWN: Work = Object.freeze({
  snapshot: false,
  nodes: [],
  global: true,
  blocks: new Map(),
});
const SERVICES_CHANGED: Work = Object.freeze({ ...SERVICES_KNOWN });

interface Confd {
  running: boolean;
  /** Number of the process: replies to an earlier one are void. */
  life: number;
  inSync: boolean;
  /** What is being decoded, oldest first; an event waits for each. */
  readonly inputs: Work[];
  /** Nodes whose keys changed since the last render. */
  changed: Set<number>;
  /** Everything is to be rendered anew, not only what changed. */
  all: boolean;
  readonly own: Set<number>;
  rendering: boolean;
  dirty: boolean;
  rendered: boolean;
  /** Blocks, peers, own settings and export rules as rendered last, for comparison. */
  blocksText: string;
  peersText: string;
  speakerText: string;
  rules: ExportRules | undefined;
  /** Its own watches of Services and EndpointSlices. */
  services: "unwatched" | "listing" | "known";
  /** What the files say of its own routes; undefined until the first are written. */
  routes: NodeRoutes | undefined;
  /** Peers as rendered last that are no nodes, by address. */
  external: readonly string[];
  renders: number;
  reloads: number;
}

/**
 * Every confd of a cluster: node, pool and affinity updates become mesh peers, own blocks and the
 * kernel filter of each node's BIRD (calico: confd/pkg/backends/calico/bgp_processor.go).
 *
 * A change of a BGP key of **any** node re-renders on every node; updates that arrive while a render
 * runs are folded into the next (no debounce); BIRD is reloaded only if a file changed
 * (calico: confd/pkg/resource/template/processor.go). A mesh alone is rendered by what changed; where
 * BGPPeers have a say each node is rendered in full.
 */
export class ConfdFleet implements SyncerSink, EventHandler, RouteNames, ServiceReader {
  /** By node, when its process will have worked off what it was given; Typha takes one far behind for slow. */
  busyUntil: Float64Array = new Float64Array(0);

  private readonly engine: Engine;
  private readonly nodes: NodeDirectory;
  private readonly prefixes: PrefixTable;
  private readonly bird: BirdFleet;
  private readonly filters: KernelFilters;
  private readonly era: Era;
  private readonly listener: ConfdListener | undefined;
  private readonly costs: ConfdCosts;
  private readonly kindApply: number;
  private readonly kindRendered: number;
  /** By node; absent where confd never ran. */
  private readonly confds: (Confd | undefined)[] = [];
  private source: SyncerSource | undefined;
  private serviceSource: SyncerSource | undefined;
  private readonly memory: BatchMemory<Work> = new BatchMemory();
  /** Latest content common to all: pools, settings and keys by node. */
  private readonly keys: Latest<number, BgpKeys> = new Latest();
  private readonly pools: Latest<string, FilterPool> = new Latest();
  private readonly bgp: Latest<string, BGPConfiguration> = new Latest();
  private filterConfig = -1;
  /** Some range of services is configured. */
  private serviceRangesSet = false;
  private mesh = true;
  private globalAS: number;
  private readonly rendered: RenderedPeers;
  private readonly outside: ExternalPeers | undefined;
  /** Takes the stream of Services and EndpointSlices; see {@link setServiceSource}. */
  readonly serviceWatch: ServiceWatch;

  constructor(options: ConfdOptions) {
    this.engine = options.engine;
    this.nodes = options.nodes;
    this.prefixes = options.prefixes;
    this.bird = options.bird;
    this.filters = options.filters;
    this.era = options.era;
    this.listener = options.listener;
    this.costs = Object.freeze({ ...CONFD_COSTS, ...options.costs });
    this.globalAS = options.era.bgp.asNumber;
    this.rendered = new RenderedPeers(options);
    this.outside = options.externalPeers;
    this.serviceWatch = new ServiceWatch(this, this.rendered);
    this.kindApply = options.engine.defineKind("confd-apply", this);
    this.kindRendered = options.engine.defineKind("confd-rendered", this);
  }

  /** Where confds watch Services and EndpointSlices, always the datastore itself; see {@link ServiceWatch}. */
  setServiceSource(source: SyncerSource): void {
    this.serviceSource = source;
  }

  /** See {@link ServiceReader}. A service or its endpoints changed, or all are known now: everybody who hears of it renders anew. */
  servicesChanged(batch: UpdateBatch, node: number, arrival: Micros): void {
    const confd = this.confds[node];
    if (confd?.running !== true) return;
    const decoded = Math.max(this.busyUntil[node]!, arrival) + this.costs.decode * batch.kvs;
    this.busyUntil[node] = decoded;
    confd.inputs.push(batch.snapshot ? SERVICES_KNOWN : SERVICES_CHANGED);
    const at = Math.max(this.engine.now, Math.ceil(decoded));
    this.engine.schedule(at, this.kindApply, node, confd.life);
  }

  /** Where all confds get the `bgp` syncer's stream. */
  setSource(source: SyncerSource): void {
    this.source = source;
  }

  /** Starts the process: it connects and renders when in sync. */
  start(node: number): void {
    const confd = this.confd(node);
    if (confd.running) return;
    confd.running = true;
    confd.life++;
    confd.inSync = false;
    confd.services = "unwatched";
    confd.rendering = false;
    confd.dirty = false;
    confd.changed.clear();
    confd.own.clear();
    confd.inputs.length = 0;
    this.busyUntil[node] = this.engine.now;
    this.source?.connect(node);
  }

  /** The process or its host is gone; the files stay. */
  kill(node: number): void {
    const confd = this.confd(node);
    if (!confd.running) return;
    confd.running = false;
    confd.life++;
    this.source?.disconnect(node);
    if (confd.services !== "unwatched") this.serviceSource?.disconnect(node);
  }

  /** The host is gone for good or reboots: the rendered files are gone too. */
  nodeDown(node: number): void {
    this.kill(node);
    this.forgetFiles(node);
  }

  /** The rendered files are gone, as with the container that held them. */
  forgetFiles(node: number): void {
    this.confd(node).rendered = false;
  }

  /** Renders and reloads so far, over all nodes. */
  counts(): { readonly renders: number; readonly reloads: number } {
    let renders = 0;
    let reloads = 0;
    for (const confd of this.confds) {
      renders += confd?.renders ?? 0;
      reloads += confd?.reloads ?? 0;
    }
    return { renders, reloads };
  }

  /** A node's router id: its IPv4 address; empty without one (calico: confd/pkg/backends/calico/bgp_processor.go:192-207). */
  routerId(node: number): string {
    return this.keys.get(node)?.address ?? this.outside?.addressOf(node) ?? "";
  }

  /**
   * A Secret is written or gone. Every confd that runs takes it up at once; in reality each has an informer of its
   * own for the Secrets that BGPPeers name (calico: confd/pkg/backends/calico/secret_watcher.go), whose way is not
   * modelled.
   */
  secretChanged(key: string, secret: Secret | undefined, revision: number): void {
    if (!this.rendered.secret(key, secret, revision) || !this.rendered.needed) return;
    this.confds.forEach((confd, node) => {
      if (confd?.running !== true || !confd.inSync) return;
      confd.all = true;
      if (confd.rendering) confd.dirty = true;
      else this.render(node, confd);
    });
  }

  /** See {@link RouteNames}. */
  networkOf(node: number): string | undefined {
    return this.keys.get(node)?.network;
  }

  /** How a node's configuration calls a peer; undefined when either has no address. See {@link RouteNames}. */
  neighbour(node: number, peer: number): Neighbour | undefined {
    const own = this.keys.get(node);
    const other = this.keys.get(peer);
    const address = other?.address ?? this.outside?.addressOf(peer);
    if (own === undefined || address === undefined) return undefined;
    const ownAS = own.asNumber < 0 ? this.globalAS : own.asNumber;
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

  /** See {@link SyncerSink}. */
  onBatch(batch: UpdateBatch, clients: Int32Array, arrivals: Float64Array, count: number): void {
    const work = this.workOf(batch);
    const decode = this.costs.decode * batch.kvs;
    const forAll = work.snapshot || work.global || work.nodes.length > 0;
    const { busyUntil } = this;
    for (let i = 0; i < count; i++) {
      const node = clients[i]!;
      const confd = this.confds[node]!;
      if (!confd.running) continue;
      const decoded = Math.max(busyUntil[node]!, arrivals[i]!) + decode;
      busyUntil[node] = decoded;
      if (forAll || work.blocks.has(node)) {
        confd.inputs.push(work);
        const at = Math.max(this.engine.now, Math.ceil(decoded));
        this.engine.schedule(at, this.kindApply, node, confd.life);
      }
    }
  }

  /** See {@link SyncerSink}. A lost connection changes nothing in the files; the next snapshot is compared. */
  onStatus(_client: number, _status: SyncStatus): void {}

  /** See {@link EventHandler}. */
  onEvent(kind: number, node: number, life: number): void {
    const confd = this.confds[node]!;
    if (confd.life !== life) return;
    if (kind === this.kindApply) this.apply(node, confd, confd.inputs.shift()!);
    else this.onRendered(node, confd);
  }

  private confd(node: number): Confd {
    if (node >= this.busyUntil.length) {
      const wider = new Float64Array(Math.max(this.nodes.size, Math.ceil((node + 1) * 1.25)));
      wider.set(this.busyUntil);
      this.busyUntil = wider;
    }
    return (this.confds[node] ??= {
      running: false,
      life: 0,
      inSync: false,
      inputs: [],
      changed: new Set(),
      all: false,
      own: new Set(),
      rendering: false,
      dirty: false,
      rendered: false,
      blocksText: "",
      peersText: "",
      speakerText: "",
      rules: undefined,
      services: "unwatched",
      routes: undefined,
      external: [],
      renders: 0,
      reloads: 0,
    });
  }

  /** What a batch means, read once for all who get it. */
  private workOf(batch: UpdateBatch): Work {
    let work = this.memory.get(batch);
    if (work === undefined) this.memory.set(batch, (work = this.read(batch)));
    return work;
  }

  private read(batch: UpdateBatch): Work {
    const nodes: number[] = [];
    const blocks = new Map<number, { prefix: number; own: boolean }[]>();
    let global = false;
    if (batch.snapshot) this.forgetUnnamed(batch);
    for (const update of batch.updates) {
      this.rendered.update(update);
      switch (update.kind) {
        case "Node":
          this.readNode(update, nodes);
          break;
        case "BlockAffinity":
          this.readAffinity(update, blocks);
          break;
        case "IPPool":
          global = true;
          this.readPool(update);
          break;
        case "BGPPeer":
        case "BGPFilter":
          global = true;
          break;
        case "BGPConfiguration":
          global ||= this.rendered.needed;
          if (update.key.endsWith("/default")) {
            global = true;
            this.bgp.set(
              "default",
              update.resource as BGPConfiguration | undefined,
              update.revision,
            );
          }
          break;
        default:
          break;
      }
    }
    if (global || batch.snapshot) this.filterConfig = this.renderFilter();
    return { snapshot: batch.snapshot, nodes, global, blocks };
  }

  private readNode(update: SyncerUpdate, nodes: number[]): void {
    const name = update.key.slice(update.key.lastIndexOf("/") + 1);
    const node = this.nodes.id(name);
    if (node < 0) return;
    const keys = update.resource === undefined ? undefined : this.keysOf(update.resource as Node);
    // What the receivers held before, not what is known here: one client's snapshot may have told of the
    // change before the others hear of it.
    const { previous } = update;
    const before = previous === undefined ? undefined : this.keysOf(previous as Node);
    const relabelled =
      (this.rendered.needed || this.rendered.serviceRanges().length > 0) &&
      JSON.stringify(previous?.metadata.labels) !==
        JSON.stringify(update.resource?.metadata.labels);
    if (previous === undefined || !sameKeys(before, keys) || relabelled) nodes.push(node);
    const held = this.keys.get(node);
    this.keys.set(node, keys, update.revision);
    const latest = this.keys.get(node);
    if (sameKeys(held, latest)) return;
    const network = latest === undefined ? undefined : parseCidr(latest.network);
    this.filters.place(node, network && writtenAddress(network), network);
  }

  /** What a snapshot does not name was deleted, unless it is newer than the snapshot. */
  private forgetUnnamed({ updates }: UpdateBatch): void {
    const revision = updates.reduce((newest, update) => Math.max(newest, update.revision), 0);
    const keysOf = (kind: ResourceKind): string[] =>
      updates.filter((update) => update.kind === kind).map(({ key }) => key);
    const nodes = keysOf("Node").map((key) => this.nodes.id(key.slice(key.lastIndexOf("/") + 1)));
    this.keys.keepOnly(new Set(nodes), revision);
    this.rendered.keepOnly(new Set(updates.map(({ key }) => key)), revision);
    this.pools.keepOnly(new Set(keysOf("IPPool")), revision);
    const settings = keysOf("BGPConfiguration").some((key) => key.endsWith("/default"));
    this.bgp.keepOnly(new Set(settings ? ["default"] : []), revision);
  }

  private keysOf(node: Node): BgpKeys | undefined {
    const view = nodeView(node);
    const cidr = view.ipv4Address === undefined ? undefined : parseCidr(view.ipv4Address);
    if (cidr === undefined || view.ipv4Address === undefined) return undefined;
    return {
      address: formatAddress(writtenAddress(cidr)),
      network: view.ipv4Address,
      asNumber: view.asNumber ?? -1,
      clusterId: view.routeReflectorClusterID ?? "",
    };
  }

  /** A pending affinity counts as deleted; one without a state as confirmed (calico: client.go:1686-1700). */
  private readAffinity(
    update: SyncerUpdate,
    blocks: Map<number, { prefix: number; own: boolean }[]>,
  ): void {
    const held = (update.resource ?? update.previous) as BlockAffinity | undefined;
    if (held === undefined) return;
    const node = this.nodes.id(held.spec.node);
    const cidr = parseCidr(held.spec.cidr);
    if (node < 0 || cidr?.family !== 4) return;
    const state = (update.resource as BlockAffinity | undefined)?.spec.state ?? "";
    const own =
      update.resource !== undefined &&
      (state === "" || state === "confirmed" || state === "pendingDeletion");
    const change = { prefix: this.prefixes.intern(cidr), own };
    const list = blocks.get(node);
    if (list === undefined) blocks.set(node, [change]);
    else list.push(change);
  }

  private readPool(update: SyncerUpdate): void {
    const name = update.key;
    if (update.resource === undefined) {
      this.pools.set(name, undefined, update.revision);
      return;
    }
    const view = poolView(update.resource as IPPool, this.era);
    const cidr = parseCidr(view.cidr);
    if (cidr?.family !== 4) return;
    const ipip = view.ipipMode !== "Never";
    const vxlan = view.vxlanMode !== "Never";
    const encapsulation = vxlan ? "vxlan" : ipip ? "ipip" : "none";
    const pool = { cidr, encapsulation, crossSubnet: view.ipipMode === "CrossSubnet" } as const;
    this.pools.set(name, pool, update.revision);
  }

  private renderFilter(): number {
    this.serviceRangesSet = this.rendered.watchesServices;
    const settings = bgpSettings(this.bgp.values(), this.era);
    const { programClusterRoutes } = settings;
    this.mesh = settings.nodeToNodeMeshEnabled;
    this.globalAS = settings.asNumber;
    return this.filters.config({
      pools: this.pools.values(),
      reject: this.rendered.serviceRanges().flatMap((text) => parseCidr(text) ?? []),
      programsIpip:
        programClusterRoutes === "Enabled" || programClusterRoutes === "EnabledIPIPOnly",
      programsNoEncap:
        programClusterRoutes === "Enabled" || programClusterRoutes === "EnabledNoEncapOnly",
    });
  }

  private apply(node: number, confd: Confd, work: Work): void {
    if (work.snapshot) {
      confd.own.clear();
      confd.inSync = true;
    }
    confd.all ||= work.snapshot || work.global || work.nodes.includes(node);
    if (!confd.all) for (const other of work.nodes) confd.changed.add(other);
    for (const { prefix, own } of work.blocks.get(node) ?? []) {
      if (own) confd.own.add(prefix);
      else confd.own.delete(prefix);
    }
    if (work === SERVICES_KNOWN) confd.services = "known";
    if (!confd.inSync || this.awaitsServices(node, confd)) return;
    if (confd.rendering) confd.dirty = true;
    else this.render(node, confd);
  }

  /**
   * Where ranges of services are configured confd watches these itself, and writes no first file before it knows them
   * (calico: confd/pkg/backends/calico/client.go, GetValues).
   */
  private awaitsServices(node: number, confd: Confd): boolean {
    const { serviceSource } = this;
    if (serviceSource === undefined || !this.serviceRangesSet) return false;
    if (confd.services === "unwatched") {
      confd.services = "listing";
      serviceSource.connect(node);
    }
    return confd.services === "listing" && !confd.rendered;
  }

  private render(node: number, confd: Confd): void {
    confd.rendering = true;
    confd.dirty = false;
    confd.renders++;
    const { render, renderPerPeer } = this.costs;
    const begin = Math.max(this.engine.now, this.busyUntil[node]!);
    this.busyUntil[node] = begin + render + renderPerPeer * this.keys.size;
    this.engine.schedule(Math.ceil(this.busyUntil[node]), this.kindRendered, node, confd.life);
  }

  private onRendered(node: number, confd: Confd): void {
    confd.rendering = false;
    const first = !confd.rendered;
    const change: Writable<Reconfiguration> = this.peersChanged(node, confd) ?? {};
    const blocks = this.ownRoutes(confd, change);
    const blocksText = blocks.join();
    if (first || blocksText !== confd.blocksText) change.blocks = blocks;
    confd.blocksText = blocksText;
    const speaker = this.speaker(node);
    const speakerText = JSON.stringify(speaker);
    if (speaker !== undefined && speakerText !== confd.speakerText) change.speaker = speaker;
    confd.speakerText = speakerText;
    if (this.filters.set(node, this.filterConfig)) change.kernelFilter = true;
    confd.rendered = true;
    if (first || Object.keys(change).length > 0) {
      confd.reloads++;
      this.busyUntil[node]! += this.costs.reload;
      this.bird.reconfigure(node, change);
    }
    if (first) this.listener?.onFirstRender(node, this.engine.now);
    if (confd.dirty) this.render(node, confd);
  }

  /** What a node originates, its blocks and what it advertises of services; and the rules by which it tells of them. */
  private ownRoutes(confd: Confd, change: Writable<Reconfiguration>): readonly number[] {
    const own = [...confd.own].sort((x, y) => x - y);
    if (confd.routes === undefined) return own;
    const { rules, services } = confd.routes;
    const covered = services.length === 0 ? rules : this.rendered.covering(rules, own);
    if (covered !== confd.rules) change.rules = covered;
    confd.rules = covered;
    if (services.length === 0) return own;
    const more = services.flatMap((text) => {
      const cidr = parseCidr(text);
      return cidr === undefined ? [] : [this.prefixes.intern(cidr)];
    });
    return [...own, ...more];
  }

  /** What a new `bird.cfg` changes of a node's peers; undefined for nothing. */
  private peersChanged(node: number, confd: Confd): Reconfiguration | undefined {
    const { changed, all } = confd;
    confd.changed = new Set();
    confd.all = false;
    if (this.rendered.needed) return this.explicitChanged(node, confd);
    const add: PeerConfig[] = [];
    const remove: number[] = [];
    const consider = (peer: number): void => {
      const passive = this.meshPeer(node, peer);
      const configured = this.bird.isConfigured(node, peer);
      if (passive === undefined && configured) remove.push(peer);
      else if (passive !== undefined && !configured) add.push({ peer, passive });
    };
    if (all) for (let peer = 0; peer < this.nodes.size; peer++) consider(peer);
    else for (const peer of changed) consider(peer);
    if (all) confd.routes = this.rendered.meshRoutes(node);
    return add.length > 0 || remove.length > 0 ? { add, remove } : undefined;
  }

  /** The same where BGPPeers have a say: what one resource changes may be anywhere, so all is rendered. */
  private explicitChanged(node: number, confd: Confd): Reconfiguration | undefined {
    const { peers, external, text, routes } = this.rendered.of(node);
    confd.routes = routes;
    if (text === confd.peersText) return undefined;
    confd.peersText = text;
    confd.external = external;
    const wanted = new Set(peers.map(({ peer }) => peer));
    const remove: number[] = [];
    for (let peer = 0; peer < this.nodes.size; peer++)
      if (!wanted.has(peer) && this.bird.isConfigured(node, peer)) remove.push(peer);
    return { add: peers, remove };
  }

  /** What a node's BIRD says of itself; undefined without an address, when it has no BGP at all. */
  private speaker(node: number): SpeakerConfig | undefined {
    const keys = this.keys.get(node);
    if (keys === undefined) return undefined;
    const asNumber = keys.asNumber < 0 ? this.globalAS : keys.asNumber;
    const address = addressNumber(keys.address);
    if (!this.rendered.needed) return { asNumber, address };
    return { asNumber, address, listenPort: this.rendered.listenPort(node) };
  }

  /** Addresses that some node's configuration has as peers though nobody is known there, in order. */
  externalPeers(): readonly string[] {
    return [...new Set(this.confds.flatMap((confd) => confd?.external ?? []))].sort();
  }

  /**
   * Whether a node peers with another in the full mesh, and then whether it is the passive end
   * (calico: confd/pkg/backends/calico/bgp_processor.go:293-430). The keys are the latest that any
   * confd has seen, so a render may be some milliseconds ahead of its own stream.
   */
  private meshPeer(node: number, peer: number): boolean | undefined {
    const own = this.keys.get(node);
    const other = this.keys.get(peer);
    if (peer === node || own === undefined || other === undefined || !this.mesh) return undefined;
    const role = meshRole(own, other);
    return role === undefined ? undefined : role === "passive";
  }
}

function sameKeys(a: BgpKeys | undefined, b: BgpKeys | undefined): boolean {
  return (
    a?.address === b?.address &&
    a?.network === b?.network &&
    a?.asNumber === b?.asNumber &&
    a?.clusterId === b?.clusterId
  );
}

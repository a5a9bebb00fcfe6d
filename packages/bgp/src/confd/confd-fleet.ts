import {
  type Engine,
  type Era,
  type EventHandler,
  MILLISECOND,
  type Micros,
  type NodeDirectory,
  type PrefixTable,
  parseCidr,
  type Secret,
  type SyncerSink,
  type SyncerSource,
  type SyncStatus,
  type UpdateBatch,
} from "@calico-sim/core";
import type { BirdFleet } from "../bird-fleet.js";
import type { PeerConfig, Reconfiguration, SpeakerConfig } from "../types.js";
import type { Neighbour } from "../views/show-protocols.js";
import type { RouteNames } from "../views/show-route.js";
import { ConfdCache, SERVICES_CHANGED, SERVICES_KNOWN, type Work } from "./confd-cache.js";
import { type Confd, newConfd } from "./confd-process.js";
import type { ExternalPeers } from "./external-peers.js";
import type { KernelFilters } from "./kernel-filters.js";
import { peerName } from "./render/peer.js";
import { addressNumber, RenderedPeers } from "./rendered-peers.js";
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
  private readonly listener: ConfdListener | undefined;
  private readonly costs: ConfdCosts;
  private readonly kindApply: number;
  private readonly kindRendered: number;
  /** By node; absent where confd never ran. */
  private readonly confds: (Confd | undefined)[] = [];
  private source: SyncerSource | undefined;
  private serviceSource: SyncerSource | undefined;
  private readonly rendered: RenderedPeers;
  private readonly cache: ConfdCache;
  private readonly outside: ExternalPeers | undefined;
  /** Takes the stream of Services and EndpointSlices; see {@link setServiceSource}. */
  readonly serviceWatch: ServiceWatch;

  constructor(options: ConfdOptions) {
    this.engine = options.engine;
    this.nodes = options.nodes;
    this.prefixes = options.prefixes;
    this.bird = options.bird;
    this.filters = options.filters;
    this.listener = options.listener;
    this.costs = Object.freeze({ ...CONFD_COSTS, ...options.costs });
    this.rendered = new RenderedPeers(options);
    this.cache = new ConfdCache(options, this.rendered);
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
    return this.cache.keys.get(node)?.address ?? this.outside?.addressOf(node) ?? "";
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
    return this.cache.keys.get(node)?.network;
  }

  /** How a node's configuration calls a peer; undefined when either has no address. See {@link RouteNames}. */
  neighbour(node: number, peer: number): Neighbour | undefined {
    const own = this.cache.keys.get(node);
    const other = this.cache.keys.get(peer);
    const address = other?.address ?? this.outside?.addressOf(peer);
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

  /** See {@link SyncerSink}. */
  onBatch(batch: UpdateBatch, clients: Int32Array, arrivals: Float64Array, count: number): void {
    const work = this.cache.workOf(batch);
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
    return (this.confds[node] ??= newConfd());
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
    if (serviceSource === undefined || !this.cache.serviceRangesSet) return false;
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
    this.busyUntil[node] = begin + render + renderPerPeer * this.cache.keys.size;
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
    if (this.filters.set(node, this.cache.filterConfig)) change.kernelFilter = true;
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
      const passive = this.cache.meshPeer(node, peer);
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
    const keys = this.cache.keys.get(node);
    if (keys === undefined) return undefined;
    const asNumber = keys.asNumber < 0 ? this.cache.globalAS : keys.asNumber;
    const address = addressNumber(keys.address);
    if (!this.rendered.needed) return { asNumber, address };
    return { asNumber, address, listenPort: this.rendered.listenPort(node) };
  }

  /** Addresses that some node's configuration has as peers though nobody is known there, in order. */
  externalPeers(): readonly string[] {
    return [...new Set(this.confds.flatMap((confd) => confd?.external ?? []))].sort();
  }
}

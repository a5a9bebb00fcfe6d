import {
  type AddressFamily,
  BatchMemory,
  type Engine,
  type Era,
  type EventHandler,
  MILLISECOND,
  type Micros,
  type NodeDirectory,
  type PrefixTable,
  type Resource,
  SECOND,
  type Secret,
  type SyncerSink,
  type SyncerSource,
  type SyncStatus,
  type UpdateBatch,
} from "@calico-sim/core";
import type { BirdFleet } from "../bird-fleet.js";
import type { Neighbour } from "../views/show-protocols.js";
import type { RouteNames } from "../views/show-route.js";
import {
  type Confd,
  newConfd,
  SERVICES_CHANGED,
  SERVICES_KNOWN,
  type Work,
} from "./confd-process.js";
import type { ExternalPeers } from "./external-peers.js";
import { FamilyFiles, newNodeFiles } from "./family-files.js";
import type { KernelFilters } from "./kernel-filters.js";
import type { LocalEndpoints } from "./local-endpoints.js";
import type { LocalWorkload } from "./render/peerings.js";
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
  /**
   * Time between two looks at Felix's endpoint-status files, from the start of the process (calico:
   * confd/pkg/backends/calico/local_bgp_peer_watcher.go).
   */
  readonly localPeerPoll: Micros;
}

/** Assumed profile: no measurement of confd is public. */
export const CONFD_COSTS: ConfdCosts = Object.freeze({
  decode: 15,
  render: 8 * MILLISECOND,
  renderPerPeer: 20,
  reload: 10 * MILLISECOND,
  localPeerPoll: 30 * SECOND,
});

/** Told when a node's first configuration of a family is written: its BIRD can start. */
export interface ConfdListener {
  /** Only where the BIRD has a router id to start with. */
  onFirstRender(node: number, at: Micros, family: AddressFamily): void;
}

/** The BIRD of IPv6, and its kernel filters. */
export interface Ipv6Files {
  readonly bird: BirdFleet;
  readonly filters: KernelFilters;
}

/** Options of {@link ConfdFleet}. */
export interface ConfdOptions {
  readonly engine: Engine;
  readonly nodes: NodeDirectory;
  readonly prefixes: PrefixTable;
  readonly bird: BirdFleet;
  readonly filters: KernelFilters;
  /** Absent: confd renders for IPv4 alone. */
  readonly ipv6?: Ipv6Files;
  readonly era: Era;
  readonly listener?: ConfdListener;
  readonly costs?: Partial<ConfdCosts>;
  /** Peers that are no nodes. Absent: they are left out, see {@link ConfdFleet.externalPeers}. */
  readonly externalPeers?: ExternalPeers;
  /** Namespace of calico-node, where BGP passwords are looked up. @defaultValue `kube-system` */
  readonly secretNamespace?: string;
  /** `CALICO_ROUTER_ID` of calico-node: `hash`, or an id. @defaultValue the node's IPv4 address */
  readonly routerId?: string;
}

/**
 * Every confd of a cluster: node, pool and affinity updates become mesh peers, own blocks and the
 * kernel filter of each node's BIRDs (calico: confd/pkg/backends/calico/bgp_processor.go).
 *
 * One process renders the files of both families from one stream. A change of a BGP key of **any** node re-renders on
 * every node; updates that arrive while a render runs are folded into the next (no debounce); a BIRD is reloaded only if
 * one of its own files changed (calico: confd/pkg/resource/template/processor.go).
 */
export class ConfdFleet implements SyncerSink, EventHandler, RouteNames, ServiceReader {
  /** By node, when its process will have worked off what it was given; Typha takes one far behind for slow. */
  busyUntil: Float64Array = new Float64Array(0);

  private readonly engine: Engine;
  private readonly nodes: NodeDirectory;
  private readonly listener: ConfdListener | undefined;
  private readonly costs: ConfdCosts;
  private readonly kindApply: number;
  private readonly kindRendered: number;
  /** By node; absent where confd never ran. */
  private readonly confds: (Confd | undefined)[] = [];
  private source: SyncerSource | undefined;
  private serviceSource: SyncerSource | undefined;
  private endpoints: LocalEndpoints | undefined;
  private kindLook = -1;
  private readonly memory: BatchMemory<Work> = new BatchMemory();
  /** Files of IPv4, then of IPv6 where there are any. */
  private readonly families: FamilyFiles[];
  private readonly options: ConfdOptions;
  /** Takes the stream of Services and EndpointSlices; see {@link setServiceSource}. */
  readonly serviceWatch: ServiceWatch;

  constructor(options: ConfdOptions) {
    this.options = options;
    this.engine = options.engine;
    this.nodes = options.nodes;
    this.listener = options.listener;
    this.costs = Object.freeze({ ...CONFD_COSTS, ...options.costs });
    const { ipv6 } = options;
    const v6 = ipv6 === undefined ? [] : [new FamilyFiles({ ...options, ...ipv6 })];
    this.families = [new FamilyFiles(options), ...v6];
    this.serviceWatch = new ServiceWatch(
      this,
      this.families.map(({ rendered }) => rendered),
    );
    this.kindApply = options.engine.defineKind("confd-apply", this);
    this.kindRendered = options.engine.defineKind("confd-rendered", this);
  }

  /**
   * Renders for IPv6 too from now on, from what the datastore holds; every confd that is in sync at once.
   *
   * @param content - the resources that confd reads, at `revision` of the datastore.
   */
  beginIpv6(ipv6: Ipv6Files, content: readonly Resource[], revision: number): void {
    const family = new FamilyFiles({ ...this.options, ...ipv6 });
    this.families.push(family);
    family.begin(content, revision);
    this.serviceWatch.add(family.rendered);
    for (const confd of this.confds) confd?.files.push(newNodeFiles());
    this.renderAll();
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

  /** Where confds find Felix's endpoint-status files. Without, no pod is a peer. */
  setLocalEndpoints(endpoints: LocalEndpoints): void {
    this.endpoints = endpoints;
    this.kindLook = this.engine.defineKind("confd-local-peers", this);
  }

  /** Felix's endpoint-status files of a node are others, or may be: confd sees it with its next look. */
  endpointsChanged(node: number): void {
    const confd = this.confds[node];
    if (this.endpoints === undefined || confd?.running !== true || confd.looks) return;
    confd.looks = true;
    const { localPeerPoll } = this.costs;
    const looks = Math.floor((this.engine.now - confd.started) / localPeerPoll) + 1;
    this.engine.schedule(confd.started + looks * localPeerPoll, this.kindLook, node, confd.life);
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
    confd.started = this.engine.now;
    confd.looks = false;
    confd.rendering = false;
    confd.dirty = false;
    confd.changed.clear();
    for (const { own } of confd.files) own.clear();
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
    const confd = this.confd(node);
    confd.rendered = false;
    for (const files of confd.files) files.begun = false;
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

  /** What the BIRD of a family calls nodes and peers. */
  names(family: AddressFamily): FamilyFiles {
    return this.families.find(({ bird }) => bird.family === family) ?? this.families[0]!;
  }

  /** A node's router id; empty without one, see {@link FamilyFiles.routerId}. */
  routerId(node: number): string {
    return this.families[0]!.routerId(node);
  }

  /**
   * A Secret is written or gone. Every confd that runs takes it up at once; in reality each has an informer of its
   * own for the Secrets that BGPPeers name (calico: confd/pkg/backends/calico/secret_watcher.go), whose way is not
   * modelled.
   */
  secretChanged(key: string, secret: Secret | undefined, revision: number): void {
    const named = this.families.map(({ rendered }) => rendered.secret(key, secret, revision));
    if (named.includes(true) && this.families[0]!.rendered.needed) this.renderAll();
  }

  /** Whatever every running confd wrote, it writes anew. */
  private renderAll(): void {
    this.confds.forEach((confd, node) => {
      if (confd?.running !== true || !confd.inSync) return;
      confd.all = true;
      if (confd.rendering) confd.dirty = true;
      else this.render(node, confd);
    });
  }

  /** See {@link RouteNames}; of IPv4, as all of it. */
  addressOf(node: number): string {
    return this.families[0]!.addressOf(node);
  }

  /** See {@link RouteNames}. */
  networkOf(node: number): string | undefined {
    return this.families[0]!.networkOf(node);
  }

  /** See {@link RouteNames}. */
  neighbour(node: number, peer: number): Neighbour | undefined {
    return this.families[0]!.neighbour(node, peer);
  }

  /** See {@link SyncerSink}. */
  onBatch(batch: UpdateBatch, clients: Int32Array, arrivals: Float64Array, count: number): void {
    const work = this.workOf(batch);
    const decode = this.costs.decode * batch.kvs;
    const { busyUntil } = this;
    for (let i = 0; i < count; i++) {
      const node = clients[i]!;
      const confd = this.confds[node]!;
      if (!confd.running) continue;
      const decoded = Math.max(busyUntil[node]!, arrivals[i]!) + decode;
      busyUntil[node] = decoded;
      if (work.forAll || work.blocks.has(node)) {
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
    else if (kind === this.kindLook) this.look(node, confd);
    else this.onRendered(node, confd);
  }

  /** Addresses that some node's configuration has as peers though nobody is known there, in order. */
  externalPeers(): readonly string[] {
    const left = this.confds.flatMap((confd) => confd?.files.flatMap((f) => f.external) ?? []);
    return [...new Set(left)].sort();
  }

  /** Reads Felix's files again, and renders if other pods are to be peers. */
  private look(node: number, confd: Confd): void {
    confd.looks = false;
    const workloads = this.workloads(node);
    if (!confd.inSync || JSON.stringify(workloads) === JSON.stringify(confd.workloads)) return;
    confd.workloads = workloads;
    confd.all = true;
    if (confd.rendering) confd.dirty = true;
    else this.render(node, confd);
  }

  /** Pods of a node that its files have as peers, or will after the render under way. */
  localWorkloads(node: number): readonly LocalWorkload[] {
    return this.confds[node]?.workloads ?? [];
  }

  private workloads(node: number): readonly LocalWorkload[] {
    return this.families[0]!.rendered.localWorkloads(node, this.endpoints?.of(node) ?? []);
  }

  private confd(node: number): Confd {
    if (node >= this.busyUntil.length) {
      const wider = new Float64Array(Math.max(this.nodes.size, Math.ceil((node + 1) * 1.25)));
      wider.set(this.busyUntil);
      this.busyUntil = wider;
    }
    return (this.confds[node] ??= newConfd(this.families.map(newNodeFiles)));
  }

  /** What a batch means, read once for all who get it. */
  private workOf(batch: UpdateBatch): Work {
    let work = this.memory.get(batch);
    if (work === undefined) this.memory.set(batch, (work = this.read(batch)));
    return work;
  }

  private read(batch: UpdateBatch): Work {
    const { snapshot } = batch;
    const parts = this.families.map(({ cache }) => cache.read(batch));
    const global = parts.some((part) => part.global);
    const changes = global || parts.some(({ nodes }) => nodes.length > 0);
    const [first] = parts;
    const blocks =
      first !== undefined && parts.length === 1
        ? first.blocks
        : new Set(parts.flatMap((part) => [...part.blocks.keys()]));
    return { snapshot, global, forAll: snapshot || changes, blocks, parts };
  }

  private apply(node: number, confd: Confd, work: Work): void {
    if (work.snapshot) {
      for (const { own } of confd.files) own.clear();
      confd.inSync = true;
    }
    confd.all ||=
      work.snapshot || work.global || work.parts.some(({ nodes }) => nodes.includes(node));
    if (!confd.all) {
      for (const { nodes } of work.parts) for (const other of nodes) confd.changed.add(other);
    }
    work.parts.forEach(({ blocks }, i) => {
      const files = confd.files[i]!;
      for (const { prefix, own } of blocks.get(node) ?? []) {
        if (own) files.own.add(prefix);
        else files.own.delete(prefix);
      }
    });
    if (work === SERVICES_KNOWN) confd.services = "known";
    if (work === SERVICES_KNOWN || work === SERVICES_CHANGED) {
      const changed = this.families.map((family, i) =>
        family.servicesChanged(node, confd.files[i]!),
      );
      if (work === SERVICES_CHANGED && !changed.includes(true)) return;
    }
    if (!confd.inSync || this.awaitsServices(node, confd)) return;
    // The first look comes before the first file (calico: confd/pkg/backends/calico/client.go, GetValues).
    if (work.snapshot) confd.workloads = this.workloads(node);
    else if (work.global && this.families[0]!.rendered.selectsWorkloads)
      this.endpointsChanged(node);
    if (confd.rendering) confd.dirty = true;
    else this.render(node, confd);
  }

  /**
   * Where ranges of services are configured confd watches these itself, and writes no first file before it knows them
   * (calico: confd/pkg/backends/calico/client.go, GetValues).
   */
  private awaitsServices(node: number, confd: Confd): boolean {
    const { serviceSource } = this;
    if (serviceSource === undefined || !this.families.some(({ cache }) => cache.serviceRangesSet))
      return false;
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
    const peers = this.families.reduce((sum, family) => sum + family.peers, 0);
    this.busyUntil[node] = begin + render + renderPerPeer * peers;
    this.engine.schedule(Math.ceil(this.busyUntil[node]), this.kindRendered, node, confd.life);
  }

  private onRendered(node: number, confd: Confd): void {
    confd.rendering = false;
    const first = !confd.rendered;
    const { changed, all } = confd;
    confd.changed = new Set();
    confd.all = false;
    confd.rendered = true;
    this.families.forEach((family, i) => {
      const files = confd.files[i]!;
      const change = family.change(node, files, changed, all, first, confd.workloads);
      if (!first && Object.keys(change).length === 0) return;
      confd.reloads++;
      this.busyUntil[node]! += this.costs.reload;
      family.bird.reconfigure(node, change);
    });
    this.families.forEach((family, i) => {
      const files = confd.files[i]!;
      if (files.begun || !family.starts(node)) return;
      files.begun = true;
      this.listener?.onFirstRender(node, this.engine.now, family.bird.family);
    });
    if (confd.dirty) this.render(node, confd);
  }
}

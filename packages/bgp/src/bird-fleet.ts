import { type AddressFamily, type EventHandler, hash32, SECOND } from "@calico-sim/core";
import { Configuration } from "./fleet/configuration.js";
import { FleetContext } from "./fleet/context.js";
import { OFF, RUNNING } from "./fleet/daemon.js";
import { MainLoop } from "./fleet/main-loop.js";
import type { WireCounters, WireSummary } from "./messages/counters.js";
import { KEEPALIVE_BYTES } from "./messages/sizes.js";
import { Advertiser } from "./rib/advertiser.js";
import { Decision } from "./rib/decision.js";
import { Exporter } from "./rib/exporter.js";
import { Importer } from "./rib/importer.js";
import { KernelRoutes } from "./rib/kernel-routes.js";
import { KernelStats } from "./rib/kernel-stats.js";
import { KernelWriter } from "./rib/kernel-writer.js";
import { Learner } from "./rib/learner.js";
import { Offers } from "./rib/offers.js";
import { Outbox } from "./rib/outbox.js";
import { PathLists } from "./rib/path-lists.js";
import { NO_PATH } from "./rib/paths.js";
import { Refeeds } from "./rib/refeeds.js";
import { RouteStats } from "./rib/route-stats.js";
import { Bfd } from "./session/bfd.js";
import { Connector } from "./session/connector.js";
import { CEASE } from "./session/constants.js";
import { Handshakes } from "./session/handshakes.js";
import { IdleTimers } from "./session/idle-timers.js";
import { Keepalives } from "./session/keepalives.js";
import { Reader } from "./session/reader.js";
import { Recovery } from "./session/recovery.js";
import { RoughPaths } from "./session/rough-paths.js";
import { Sessions } from "./session/sessions.js";
import { Silence } from "./session/silence.js";
import { Transmitter } from "./session/transmitter.js";
import { Transport } from "./session/transport.js";
import type { BirdOptions, Reconfiguration, RoutePath, StartOptions } from "./types.js";
import type { DaemonView, KernelProtocolView, SessionDetail } from "./views/daemon-view.js";
import { kernelView } from "./views/kernel-view.js";
import { Look } from "./views/look.js";
import type { RouteView } from "./views/route-view.js";

/** Subcode of Cease (RFC 4486 §3). */
const ADMINISTRATIVE_SHUTDOWN = 2;

/** Names the draw of a daemon's clock phase. */
const CLOCK = 0x636c6f63;

/**
 * Every BIRD daemon of a cluster, its sessions and its routing table.
 *
 * A daemon is a process with one main loop that turns when a socket is ready or a second has passed
 * (see {@link MainLoop}). Messages are events from daemon to daemon; a session that nothing disturbs
 * costs no event at all: its keepalives are counted, and its hold time checked, only when asked.
 */
export class BirdFleet implements EventHandler {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  private readonly handshakes: Handshakes;
  private readonly keepalives: Keepalives;
  private readonly sessions: Sessions;
  private readonly silence: Silence;
  private readonly configuration: Configuration;
  private readonly loop: MainLoop;
  private readonly look: Look;
  private readonly logsRoutes: boolean;

  constructor(options: BirdOptions) {
    const { engine } = options;
    const x = new FleetContext(
      options,
      Object.freeze({
        arrive: engine.defineKind("bgp-arrive", this),
        syn: engine.defineKind("bgp-syn", this),
        turn: engine.defineKind("bird-turn", this),
        core: engine.defineKind("bird-core", this),
        release: engine.defineKind("tcp-release", this),
        hold: engine.defineKind("bgp-hold", this),
        bfd: engine.defineKind("bfd-down", this),
        started: engine.defineKind("bird-started", this),
        hangUp: engine.defineKind("bgp-reset", this),
      }),
    );
    x.decision = new Decision(x);
    x.lists = new PathLists(x.paths, x.decision);
    const exporter = new Exporter(x);
    const kernel = new KernelWriter(x);
    const recovery = new Recovery(x);
    this.x = x;
    const rough = new RoughPaths(x);
    this.keepalives = new Keepalives(x);
    this.transport = new Transport(x, this.keepalives, rough);
    this.handshakes = new Handshakes(x, this.transport, rough);
    const outbox = new Outbox(x, this.transport, exporter);
    const importer = new Importer(x);
    if (options.routeStats === true) {
      x.stats = new RouteStats(x, exporter, importer, outbox);
      x.kernelStats = new KernelStats(x, kernel);
    }
    const learner = new Learner(x, importer, kernel, outbox);
    if (options.eventPerKeepalive === true) x.idle = new IdleTimers(x, this.transport);
    const transmitter = new Transmitter(x, this.transport, recovery);
    const connector = new Connector(x, this.handshakes, this.transport, recovery);
    this.sessions = new Sessions(
      x,
      connector,
      this.transport,
      transmitter,
      this.keepalives,
      recovery,
      learner,
    );
    this.silence = new Silence(x, this.transport, this.keepalives, connector, this.sessions);
    const offers = new Offers(x, exporter, outbox);
    const advertiser = new Advertiser(x, this.transport, offers, outbox);
    const refeeds = new Refeeds(x, this.transport, exporter, offers, kernel, outbox);
    const reader = new Reader(x, this.sessions, recovery, learner, this.silence);
    const kernelRoutes = new KernelRoutes(x, exporter, kernel, outbox);
    options.kernels.listen(kernelRoutes);
    this.configuration = new Configuration(
      x,
      this.transport,
      connector,
      this.sessions,
      recovery,
      learner,
      refeeds,
      kernelRoutes,
    );
    this.loop = new MainLoop(x, {
      configuration: this.configuration,
      transport: this.transport,
      reader,
      connector,
      sessions: this.sessions,
      transmitter,
      silence: this.silence,
      recovery,
      learner,
      advertiser,
      refeeds,
      outbox,
      kernel,
      kernelRoutes,
    });
    x.loop = this.loop;
    if (options.bfd !== undefined) x.bfd = new Bfd(x, this.sessions, options.bfd);
    this.look = new Look(x, this.keepalives, exporter);
    this.logsRoutes = options.routeLog ?? false;
    for (let n = 0; n < options.names.size; n++) this.addNode();
  }

  /** What was sent, without the keepalives of undisturbed sessions; see {@link wire}. */
  get counters(): WireCounters {
    return this.x.counters;
  }

  /** Which BIRD this is; see {@link BirdOptions.family}. */
  get family(): AddressFamily {
    return this.x.family;
  }

  /** CPU time used by each daemon, microseconds. */
  get cpu(): Float64Array {
    return this.x.cpu;
  }

  /** Session ends in Established. */
  get establishedEnds(): number {
    return this.x.establishedEnds;
  }

  /** Established session ends lost so far. */
  get lostEnds(): number {
    return this.x.lostEnds;
  }

  /** Events pending that end a session whose hold time is over. */
  get holdLimits(): number {
    return this.keepalives.limits;
  }

  /** Those of them that come to nothing, since their session is over or heard from again. */
  get outlivedLimits(): number {
    return this.keepalives.idleLimits;
  }

  /** Makes room for one more node; ids follow `NodeDirectory`. */
  addNode(): void {
    const node = this.x.addDaemon();
    this.transport.addDaemon(node);
    this.loop.addDaemon(node);
    if (this.logsRoutes) this.look.logRoutes(node);
    this.x.stats?.watch(node);
    this.x.kernelStats?.watch(node);
  }

  /** Writes the configuration that a daemon finds when it starts. */
  configure(node: number, config: Reconfiguration): void {
    this.configuration.write(node, config);
  }

  /** Starts the process now. */
  start(node: number, options: StartOptions = {}): void {
    const { x } = this;
    if (x.state[node] !== OFF) return;
    x.hostDown[node] = 0;
    const clockPhase = options.clockPhase ?? hash32(x.clockHash(node), CLOCK, 0) % SECOND;
    this.loop.start(node, options.recover ?? true, clockPhase);
  }

  /** Kills the process (SIGKILL): the kernel closes its sockets, its routes stay (`persist`). */
  kill(node: number): void {
    if (this.x.state[node] !== OFF) this.end(node, true);
  }

  /** Terminates the process (SIGTERM): every peer gets a NOTIFICATION Cease, Administrative shutdown. */
  terminate(node: number): void {
    const { x } = this;
    if (x.state[node] === OFF) return;
    x.t = x.engine.now;
    for (const e of x.ends.of(node)) {
      const side = x.ends.established[e]!;
      if (side >= 0) this.transport.notify(side, CEASE, ADMINISTRATIVE_SHUTDOWN);
    }
    this.end(node, true);
  }

  /** The host is gone (power, or its network for good): nothing is sent to anyone. */
  crash(node: number): void {
    if (this.x.state[node] !== OFF) this.end(node, false);
    this.x.hostDown[node] = 1;
    this.pathsChanged();
  }

  /** The host answers again, with no process and no socket: what peers still send is reset. */
  reboot(node: number): void {
    if (this.x.hostDown[node] === 0) return;
    this.x.hostDown[node] = 0;
    this.pathsChanged();
  }

  private end(node: number, tellPeers: boolean): void {
    for (const e of this.x.ends.of(node)) this.sessions.drop(e, tellPeers);
    this.loop.stopped(node, tellPeers);
  }

  /** The configuration files changed and the process got SIGHUP. */
  reconfigure(node: number, change: Reconfiguration): void {
    if (this.x.state[node] === OFF) {
      this.configure(node, change);
      return;
    }
    this.x.daemons[node]!.reconfigure.push(change);
    this.x.signalled[node] = 1;
    this.loop.wake(node);
  }

  /** Connectivity of the underlay changed: sessions over cut paths fall silent, healed ones speak again. */
  pathsChanged(): void {
    this.silence.pathsChanged();
  }

  /** Whether there is a process, even one that still reads its configuration. */
  hasProcess(node: number): boolean {
    return this.x.state[node] !== OFF;
  }

  /** Whether the process runs and has opened its sockets. */
  isRunning(node: number): boolean {
    return this.x.state[node] === RUNNING;
  }

  /** Whether `peer` is in the daemon's configuration. */
  isConfigured(node: number, peer: number): boolean {
    return this.configuration.has(node, peer);
  }

  /** Whether the end of `node` towards `peer` is in Established. */
  isEstablished(node: number, peer: number): boolean {
    const e = this.x.ends.find(node, peer);
    return e >= 0 && this.x.ends.established[e]! >= 0;
  }

  /** A daemon as its own commands would show it now; undefined when it does not run. */
  view(node: number): DaemonView | undefined {
    return this.look.daemon(node);
  }

  /** One session end in full; undefined when the daemon does not run, or `peer` is not in its configuration. */
  viewSession(node: number, peer: number): SessionDetail | undefined {
    return this.look.detail(node, peer);
  }

  /** The daemon's kernel protocol in full; undefined when it does not run. */
  viewKernel(node: number): KernelProtocolView | undefined {
    return kernelView(this.x, node);
  }

  /** The daemon's routing table, by destination; empty when it does not run. */
  viewRoutes(node: number): readonly RouteView[] {
    return this.look.routes(node);
  }

  /** Prefixes in the daemon's routing table, as ids. */
  routes(node: number): number[] {
    return this.x.daemons[node]!.rib.prefixes();
  }

  /** Node that the daemon's best path for a prefix leads to (its BGP next hop): itself for an own block, −1 for none. */
  bestPath(node: number, prefix: number): number {
    const path = this.x.daemons[node]!.rib.best(prefix);
    if (path === NO_PATH) return -1;
    return this.x.paths.isLocal(path) ? node : this.x.decision.nextHop(path);
  }

  /** Every path of a daemon for a prefix, best first, as `show route all` prints them. */
  paths(node: number, prefix: number): RoutePath[] {
    const { attributes, daemons, decision, paths } = this.x;
    return daemons[node]!.rib.all(prefix).map((path) => ({
      from: paths.isLocal(path) ? node : paths.peer(path),
      nextHop: paths.isLocal(path) ? node : decision.nextHop(path),
      attributes: attributes.get(paths.attributes(path)),
    }));
  }

  /** Everything sent until now, keepalives of undisturbed sessions included. */
  wire(): WireSummary {
    const keepalives = this.keepalives.total(this.x.engine.now);
    return this.x.counters.summary(keepalives, KEEPALIVE_BYTES);
  }

  /** See {@link EventHandler}. */
  onEvent(kind: number, a: number, b: number): void {
    const { kinds } = this.x;
    switch (kind) {
      case kinds.arrive:
        this.transport.arrive(a, b);
        return;
      case kinds.turn:
        if (b === 0) this.loop.continue(a);
        else this.loop.onWake(a);
        return;
      case kinds.syn:
        this.handshakes.onSyn(a, b);
        return;
      case kinds.release:
        this.transport.onRelease(a, b);
        return;
      case kinds.core:
        this.loop.onCoreFree();
        return;
      case kinds.started:
        this.loop.onStarted(a);
        return;
      case kinds.hangUp:
        this.transport.onHangUp(a, b);
        return;
      case kinds.bfd:
        this.x.bfd?.onDue(a);
        return;
      case kinds.hold:
        this.silence.onHoldExpired(a);
        return;
    }
  }
}

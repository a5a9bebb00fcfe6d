import type { KernelRoutes } from "../rib/kernel-routes.js";
import type { Learner } from "../rib/learner.js";
import { regroup } from "../rib/peer-groups.js";
import type { Refeeds } from "../rib/refeeds.js";
import type { Connector } from "../session/connector.js";
import { BGP_PORT, CEASE } from "../session/constants.js";
import { PROTOCOL_STATE } from "../session/protocols.js";
import type { Recovery } from "../session/recovery.js";
import type { Sessions } from "../session/sessions.js";
import type { Transport } from "../session/transport.js";
import type { Reconfiguration, SpeakerConfig } from "../types.js";
import type { FleetContext } from "./context.js";
import { OFF, WORK_KERNEL } from "./daemon.js";
import { sortPeers } from "./filter-changes.js";

// Subcodes of Cease (RFC 4486 §3).
const PEER_DECONFIGURED = 3;
const OTHER_CONFIGURATION_CHANGE = 6;

/** What confd wrote for each daemon, and what a daemon does when it reads it again. */
export class Configuration {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  private readonly connector: Connector;
  private readonly sessions: Sessions;
  private readonly recovery: Recovery;
  private readonly learner: Learner;
  private readonly refeeds: Refeeds;
  private readonly kernelRoutes: KernelRoutes;
  /** By node, the port that its files name; a running process listens on the one that they named at its start. */
  private readonly listenPorts: number[] = [];

  constructor(
    context: FleetContext,
    transport: Transport,
    connector: Connector,
    sessions: Sessions,
    recovery: Recovery,
    learner: Learner,
    refeeds: Refeeds,
    kernelRoutes: KernelRoutes,
  ) {
    this.x = context;
    this.transport = transport;
    this.connector = connector;
    this.sessions = sessions;
    this.recovery = recovery;
    this.learner = learner;
    this.refeeds = refeeds;
    this.kernelRoutes = kernelRoutes;
  }

  /** Whether `peer` is in the daemon's configuration. */
  has(node: number, peer: number): boolean {
    const e = this.x.ends.find(node, peer);
    return e >= 0 && this.x.ends.configured[e] === 1;
  }

  /** Writes what a daemon finds when it starts. */
  write(node: number, config: Reconfiguration): void {
    const daemon = this.x.daemons[node]!;
    this.writePeers(node, config);
    if (config.speaker !== undefined) this.introduce(node, config.speaker);
    if (config.blocks !== undefined)
      daemon.blocks.splice(0, daemon.blocks.length, ...config.blocks);
    daemon.rules = config.rules ?? daemon.rules;
    daemon.feed = undefined;
    this.kernelRoutes.blocksChanged(node);
    regroup(this.x, node);
  }

  private writePeers(node: number, { add, remove }: Reconfiguration): void {
    const { ends, policies } = this.x;
    const daemon = this.x.daemons[node]!;
    for (const { peer, passive, options, session } of add ?? []) {
      if (!this.has(node, peer)) daemon.peers++;
      this.remember(node, peer, session);
      ends.add(node, peer, passive, policies.intern(options));
    }
    for (const peer of remove ?? []) {
      if (!this.has(node, peer)) continue;
      ends.configured[ends.find(node, peer)] = 0;
      daemon.sessions.delete(peer);
      daemon.peers--;
    }
  }

  private introduce(node: number, speaker: SpeakerConfig): void {
    const { x } = this;
    x.identities++;
    x.lists.forget();
    x.asNumber[node] = speaker.asNumber ?? x.asNumber[node]!;
    x.address[node] = speaker.address ?? x.address[node]!;
    x.routerId[node] = speaker.routerId ?? x.address[node];
    x.daemons[node]!.router = speaker.router ?? false;
    x.daemons[node]!.mergesPaths = speaker.mergePaths ?? speaker.router !== true;
    this.listenPorts[node] = speaker.listenPort ?? this.listenPorts[node] ?? BGP_PORT;
    if (x.state[node] === OFF) this.openPort(node);
  }

  /** Whether these are all the peers that a daemon has; it counts those few, since it may have thousands. */
  private isAll(node: number, peers: ReadonlySet<number>): boolean {
    let left = this.x.daemons[node]!.peers;
    if (left > peers.size) return false;
    for (const peer of peers) if (this.has(node, peer)) left--;
    return left === 0;
  }

  /**
   * The listening socket is opened for the first BGP protocol and closed with the last: a new port in the
   * configuration takes effect when all of them were down at once (bird: proto/bgp/bgp.c, bgp_open; measured).
   */
  private openPort(node: number): void {
    this.x.listenPort[node] = this.listenPorts[node] ?? BGP_PORT;
  }

  /** A process that ended had changes to read: the next one finds them. */
  settle(node: number): void {
    const daemon = this.x.daemons[node]!;
    for (const change of daemon.reconfigure) this.write(node, change);
    daemon.reconfigure = [];
    this.x.signalled[node] = 0;
    this.openPort(node);
  }

  /** A running daemon reads its files (bird: nest/proto.c, protos_commit). */
  apply(node: number): void {
    const daemon = this.x.daemons[node]!;
    const changes = daemon.reconfigure;
    daemon.reconfigure = [];
    this.x.signalled[node] = 0;
    daemon.configured = this.x.second[node]!;
    for (const change of changes) {
      const port = change.speaker?.listenPort;
      if (port !== undefined) this.listenPorts[node] = port;
      if (change.speaker !== undefined && this.introduces(node, change.speaker)) {
        // The AS and the identifier are part of every BGP protocol, which starts anew (bird: proto/bgp/bgp.c, bgp_reconfigure).
        this.introduce(node, change.speaker);
        for (const e of this.x.ends.of(node))
          if (this.x.ends.configured[e] === 1) this.restart(node, e);
      }
      for (const peer of change.remove ?? []) this.removePeer(node, peer, PEER_DECONFIGURED);
      const { restart: added, filters } = sortPeers(this.x, node, change.add ?? []);
      for (const { peer } of added) this.removePeer(node, peer, OTHER_CONFIGURATION_CHANGE);
      const closed = new Set([...added.map(({ peer }) => peer), ...(change.remove ?? [])]);
      if (this.isAll(node, closed)) this.openPort(node);
      this.writePeers(node, { add: added, remove: change.remove ?? [] });
      for (const { peer, session } of change.add ?? []) this.remember(node, peer, session);
      regroup(this.x, node);
      for (const { peer } of added.toReversed())
        this.connector.begin(node, this.x.ends.find(node, peer));
      for (const e of filters.imports) this.refeeds.request(node, e);
      const blocks = change.blocks ?? daemon.blocks.slice();
      this.refeeds.change(node, blocks, change.rules ?? daemon.rules, filters);
      this.kernelRoutes.blocksChanged(node);
      // A protocol whose filter changed is fed again (bird: nest/proto.c, proto_reconfigure).
      if (change.kernelFilter === true && this.x.kernelReady[node] === 1) {
        this.x.queueWork(node, WORK_KERNEL, 0);
      }
    }
  }

  private remember(node: number, peer: number, session: string | undefined): void {
    if (session !== undefined) this.x.daemons[node]!.sessions.set(peer, session);
  }

  private introduces(node: number, { asNumber, routerId, address }: SpeakerConfig): boolean {
    const { x } = this;
    return (
      (asNumber !== undefined && asNumber !== x.asNumber[node]) ||
      (address !== undefined && address !== x.address[node]) ||
      (routerId !== undefined && routerId !== x.routerId[node])
    );
  }

  private restart(node: number, e: number): void {
    this.close(node, e, OTHER_CONFIGURATION_CHANGE);
    this.connector.begin(node, e);
  }

  private removePeer(node: number, peer: number, why: number): void {
    if (this.has(node, peer)) this.close(node, this.x.ends.find(node, peer), why);
  }

  /** A protocol ends: its peer is told why, its routes go. */
  private close(node: number, e: number, why: number): void {
    const { ends } = this.x;
    const side = ends.established[e]!;
    if (side >= 0) this.transport.notify(side, CEASE, why);
    this.sessions.drop(e, true);
    this.learner.flush(node, e);
    this.recovery.leave(node, e);
    ends.connectDue[e] = -1;
    ends.restartDue[e] = -1;
    this.x.protocols.enter(e, PROTOCOL_STATE.down, this.x.second[node]!);
  }
}

import type { Advertiser } from "../rib/advertiser.js";
import type { Learner } from "../rib/learner.js";
import { regroup } from "../rib/peer-groups.js";
import { CEASE } from "../session/constants.js";
import { PROTOCOL_STATE } from "../session/protocols.js";
import type { Recovery } from "../session/recovery.js";
import type { Sessions } from "../session/sessions.js";
import type { Transport } from "../session/transport.js";
import type { PeerConfig, Reconfiguration, SpeakerConfig } from "../types.js";
import type { FleetContext } from "./context.js";
import { WORK_KERNEL } from "./daemon.js";

// Subcodes of Cease (RFC 4486 §3).
const PEER_DECONFIGURED = 3;
const ADMINISTRATIVE_RESET = 4;

/** What confd wrote for each daemon, and what a daemon does when it reads it again. */
export class Configuration {
  private readonly x: FleetContext;
  private readonly transport: Transport;
  private readonly sessions: Sessions;
  private readonly recovery: Recovery;
  private readonly learner: Learner;
  private readonly advertiser: Advertiser;

  constructor(
    context: FleetContext,
    transport: Transport,
    sessions: Sessions,
    recovery: Recovery,
    learner: Learner,
    advertiser: Advertiser,
  ) {
    this.x = context;
    this.transport = transport;
    this.sessions = sessions;
    this.recovery = recovery;
    this.learner = learner;
    this.advertiser = advertiser;
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
    regroup(this.x, node);
  }

  private writePeers(node: number, { add, remove }: Reconfiguration): void {
    const { ends, policies } = this.x;
    const daemon = this.x.daemons[node]!;
    for (const { peer, passive, options } of add ?? []) {
      if (!this.has(node, peer)) daemon.peers++;
      ends.add(node, peer, passive, policies.intern(options));
    }
    for (const peer of remove ?? []) {
      if (!this.has(node, peer)) continue;
      ends.configured[ends.find(node, peer)] = 0;
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
  }

  /** A process that ended had changes to read: the next one finds them. */
  settle(node: number): void {
    const daemon = this.x.daemons[node]!;
    for (const change of daemon.reconfigure) this.write(node, change);
    daemon.reconfigure = [];
  }

  /** A running daemon reads its files (bird: nest/proto.c, protos_commit). */
  apply(node: number): void {
    const daemon = this.x.daemons[node]!;
    const changes = daemon.reconfigure;
    daemon.reconfigure = [];
    daemon.configured = this.x.second[node]!;
    for (const change of changes) {
      if (change.speaker !== undefined && this.introduces(node, change.speaker)) {
        // The AS and the identifier are part of every BGP protocol, which starts anew (bird: proto/bgp/bgp.c, bgp_reconfigure).
        this.introduce(node, change.speaker);
        for (const e of this.x.ends.of(node))
          if (this.x.ends.configured[e] === 1) this.restart(node, e);
      }
      for (const peer of change.remove ?? []) this.removePeer(node, peer, PEER_DECONFIGURED);
      const added = (change.add ?? []).filter((peer) => this.differs(node, peer));
      for (const { peer } of added) this.removePeer(node, peer, ADMINISTRATIVE_RESET);
      this.writePeers(node, { add: added, remove: change.remove ?? [] });
      regroup(this.x, node);
      for (const { peer } of added) this.sessions.begin(node, this.x.ends.find(node, peer));
      if (change.blocks !== undefined || change.rules !== undefined) {
        const blocks = change.blocks ?? daemon.blocks.slice();
        this.advertiser.change(node, blocks, change.rules ?? daemon.rules);
      }
      // A protocol whose filter changed is fed again (bird: nest/proto.c, proto_reconfigure).
      if (change.kernelFilter === true && this.x.kernelReady[node] === 1) {
        this.x.queueWork(node, WORK_KERNEL, 0);
      }
    }
  }

  /** Whether a peer is new, or to be treated otherwise than before. */
  private differs(node: number, { peer, passive, options }: PeerConfig): boolean {
    const { ends, policies } = this.x;
    if (!this.has(node, peer)) return true;
    const e = ends.find(node, peer);
    return ends.policy[e] !== policies.intern(options) || ends.passive[e] !== (passive ? 1 : 0);
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
    this.close(node, e, ADMINISTRATIVE_RESET);
    this.sessions.begin(node, e);
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

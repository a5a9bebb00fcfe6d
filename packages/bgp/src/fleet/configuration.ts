import type { Advertiser } from "../rib/advertiser.js";
import type { Learner } from "../rib/learner.js";
import { PROTOCOL_STATE } from "../session/protocols.js";
import type { Recovery } from "../session/recovery.js";
import type { Sessions } from "../session/sessions.js";
import type { Transport } from "../session/transport.js";
import type { Reconfiguration } from "../types.js";
import type { FleetContext } from "./context.js";
import { WORK_KERNEL } from "./daemon.js";

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
    const { ends } = this.x;
    const daemon = this.x.daemons[node]!;
    for (const { peer, passive } of config.add ?? []) {
      if (!this.has(node, peer)) daemon.peers++;
      ends.add(node, peer, passive);
    }
    for (const peer of config.remove ?? []) {
      if (!this.has(node, peer)) continue;
      ends.configured[ends.find(node, peer)] = 0;
      daemon.peers--;
    }
    if (config.blocks !== undefined) {
      daemon.blocks.splice(0, daemon.blocks.length, ...config.blocks);
      daemon.feed = undefined;
    }
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
      const added = (change.add ?? []).filter(({ peer }) => !this.has(node, peer));
      for (const peer of change.remove ?? []) this.removePeer(node, peer);
      this.write(node, { add: added, remove: change.remove ?? [] });
      for (const { peer } of added) this.sessions.begin(node, this.x.ends.find(node, peer));
      if (change.blocks !== undefined) this.advertiser.changeBlocks(node, change.blocks);
      // A protocol whose filter changed is fed again (bird: nest/proto.c, proto_reconfigure).
      if (change.kernelFilter === true && this.x.kernelReady[node] === 1) {
        this.x.queueWork(node, WORK_KERNEL, 0);
      }
    }
  }

  private removePeer(node: number, peer: number): void {
    const { ends } = this.x;
    if (!this.has(node, peer)) return;
    const e = ends.find(node, peer);
    const side = ends.established[e]!;
    if (side >= 0) this.transport.notify(side, 6, 3);
    this.sessions.drop(e, true);
    this.learner.flush(node, e);
    this.recovery.unlock(node, e);
    ends.connectDue[e] = -1;
    ends.restartDue[e] = -1;
    this.x.protocols.enter(e, PROTOCOL_STATE.down, this.x.second[node]!);
  }
}

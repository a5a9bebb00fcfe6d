import { SESSION_ENDS_MAX, SessionLimitError } from "./capacity.js";
import { widened } from "./connections.js";

/**
 * Session ends: one for each peer that a daemon has in its configuration, as struct of arrays.
 * The two ends of a session are two entries, since each side knows only its own configuration.
 */
export class Peerings {
  count = 0;
  /** Node whose daemon this is. */
  node: Int32Array = new Int32Array(256);
  /** Node at the other end. */
  peer: Int32Array = new Int32Array(256);
  /** 1 if this end never opens (calico: confd/pkg/backends/calico/bgp_processor.go). */
  passive: Uint8Array = new Uint8Array(256);
  /** How the peer is treated, as an id of the fleet's policies. */
  policy: Uint16Array = new Uint16Array(256);
  /** 0 when removed from the configuration. */
  configured: Uint8Array = new Uint8Array(256);
  /** Connection that this end opened, −1 = none. */
  outgoing: Int32Array = new Int32Array(256);
  /** Connection that this end accepted, −1 = none. */
  incoming: Int32Array = new Int32Array(256);
  /** The established side (see Connections), −1 = none. */
  established: Int32Array = new Int32Array(256);
  /** Part in the recovery of the daemon, and its lock (bird: nest/proto.c, proto_graceful_restart_lock); see Recovery. */
  locked: Uint8Array = new Uint8Array(256);
  /** Export is deferred until recovery is done (bird: proto gr_wait). */
  deferred: Uint8Array = new Uint8Array(256);
  /** The peer restarts and its routes are kept (RFC 4724 §4.2). */
  restarting: Uint8Array = new Uint8Array(256);
  /** The peer was fed; changes go to it from now on. */
  exporting: Uint8Array = new Uint8Array(256);
  /** The protocol stops, and takes no connection before it starts again. */
  stopped: Uint8Array = new Uint8Array(256);
  /** Last `error wait` in seconds; 0 = no error since the last session. */
  errorWait: Uint8Array = new Uint8Array(256);
  /** Daemon second at which to connect, −1 = not waiting. */
  connectDue: Int32Array = new Int32Array(256);
  /** Daemon second at which the restart time of the peer ends, −1 = not waiting. */
  restartDue: Int32Array = new Int32Array(256);
  /** Sessions established by this end so far. */
  sessions: Int32Array = new Int32Array(256);

  private readonly rows: Int32Array[] = [];
  private readonly lists: number[][] = [];
  private readonly most: number;

  /** @param most At how many ends it ends with an error; a power of two. */
  constructor(most: number = SESSION_ENDS_MAX) {
    this.most = most;
  }

  /** Makes room for another daemon. */
  addNode(): void {
    this.rows.push(new Int32Array(8));
    this.lists.push([]);
  }

  /** The end of `node` towards `peer`, or −1. */
  find(node: number, peer: number): number {
    return (this.rows[node]![peer] ?? 0) - 1;
  }

  /** The ends of a node in the order in which they were configured, removed ones included. */
  of(node: number): readonly number[] {
    return this.lists[node]!;
  }

  /**
   * Configures a peer; an end that was removed before is used again.
   *
   * @throws SessionLimitError at more than {@link SESSION_ENDS_MAX} ends.
   */
  add(node: number, peer: number, passive: boolean, policy: number): number {
    let e = this.find(node, peer);
    if (e < 0) {
      if (this.count === this.node.length) this.grow();
      e = this.count++;
      let row = this.rows[node]!;
      if (peer >= row.length)
        this.rows[node] = row = widened(row, Math.max(peer + 1, row.length * 2));
      row[peer] = e + 1;
      this.lists[node]!.push(e);
      this.node[e] = node;
      this.peer[e] = peer;
    }
    this.passive[e] = passive ? 1 : 0;
    this.policy[e] = policy;
    this.configured[e] = 1;
    this.reset(e);
    return e;
  }

  /** Forgets everything but the configuration, as a starting process does. */
  reset(e: number): void {
    this.outgoing[e] = -1;
    this.incoming[e] = -1;
    this.established[e] = -1;
    this.locked[e] = 0;
    this.deferred[e] = 0;
    this.restarting[e] = 0;
    this.exporting[e] = 0;
    this.stopped[e] = 0;
    this.errorWait[e] = 0;
    this.connectDue[e] = -1;
    this.restartDue[e] = -1;
  }

  private grow(): void {
    const n = this.node.length * 2;
    if (n > this.most) {
      const instead = "route reflectors instead of the node-to-node mesh need fewer";
      throw new SessionLimitError(this.most, "ends of BGP sessions", instead);
    }
    this.node = widened(this.node, n);
    this.peer = widened(this.peer, n);
    this.passive = widened(this.passive, n);
    this.policy = widened(this.policy, n);
    this.configured = widened(this.configured, n);
    this.outgoing = widened(this.outgoing, n);
    this.incoming = widened(this.incoming, n);
    this.established = widened(this.established, n);
    this.locked = widened(this.locked, n);
    this.deferred = widened(this.deferred, n);
    this.restarting = widened(this.restarting, n);
    this.exporting = widened(this.exporting, n);
    this.stopped = widened(this.stopped, n);
    this.errorWait = widened(this.errorWait, n);
    this.connectDue = widened(this.connectDue, n);
    this.restartDue = widened(this.restartDue, n);
    this.sessions = widened(this.sessions, n);
  }
}

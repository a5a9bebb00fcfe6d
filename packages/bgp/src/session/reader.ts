import type { FleetContext } from "../fleet/context.js";
import { WORK_REFEED } from "../fleet/daemon.js";
import { LISTENING } from "../fleet/inbox.js";
import type { Learner } from "../rib/learner.js";
import { SIDE } from "./connections.js";
import type { Recovery } from "./recovery.js";
import {
  CLOSED,
  END_OF_RIB,
  KEEPALIVE,
  NOTIFICATION,
  OPEN,
  REFRESH,
  REQUEST,
  UPDATES,
} from "./segments.js";
import type { Sessions } from "./sessions.js";
import type { Silence } from "./silence.js";

/** Reading a socket: the listening one gives one connection, a BGP session all the messages that wait in it. */
export class Reader {
  private readonly x: FleetContext;
  private readonly sessions: Sessions;
  private readonly recovery: Recovery;
  private readonly learner: Learner;
  private readonly silence: Silence;

  constructor(
    context: FleetContext,
    sessions: Sessions,
    recovery: Recovery,
    learner: Learner,
    silence: Silence,
  ) {
    this.x = context;
    this.sessions = sessions;
    this.recovery = recovery;
    this.learner = learner;
    this.silence = silence;
  }

  /** Reads the socket of a session, or {@link LISTENING}. */
  read(node: number, socket: number): void {
    const { inbox } = this.x;
    if (socket === LISTENING) {
      this.sessions.onAccept(node, inbox.takeConnection(node));
      return;
    }
    if (inbox.hasData(socket)) this.readData(node, socket);
    else if (inbox.hasMessage(socket)) this.message(node, socket, inbox.takeMessage(socket));
    // The end of a connection behind data is what the next read(2) brings (bird: sysdep/unix/io.c, sk_read).
    inbox.opened(node, socket);
  }

  /**
   * Reads the socket of a connection that is not up until nothing waits in it, the end of the connection
   * included (bird: sysdep/unix/io.c, io_loop, fast_rx). A session that came up by that is looked at once more.
   */
  readWhole(node: number, side: number): void {
    const { inbox, conns } = this.x;
    this.readData(node, side);
    if (inbox.hasMessage(side) && conns.state(side) !== SIDE.closing)
      this.message(node, side, inbox.takeMessage(side));
    if (conns.state(side) === SIDE.established) inbox.look(node, side);
  }

  private readData(node: number, side: number): void {
    const { inbox, conns } = this.x;
    while (inbox.hasData(side) && conns.state(side) !== SIDE.closing)
      this.message(node, side, inbox.takeMessage(side));
  }

  private message(node: number, side: number, what: number): void {
    const e = this.x.conns.end(side);
    const state = this.x.conns.state(side);
    if (state === SIDE.closed || state === SIDE.none) return;
    this.x.spend(node, this.x.costs.message);
    switch (what & 15) {
      case CLOSED:
        this.sessions.onClosed(node, e, side, what >> 4 === 1);
        return;
      case OPEN:
        this.sessions.onOpen(node, e, side, what >> 4);
        return;
      case KEEPALIVE:
        if (state !== SIDE.openConfirm && state !== SIDE.established) return;
        this.x.idle?.heard(node, e);
        if (state === SIDE.established) return;
        this.sessions.onConfirmed(node, e, side);
        this.silence.check(side);
        return;
      case END_OF_RIB:
        this.x.idle?.heard(node, e);
        this.recovery.unlock(node, e);
        this.learner.restartDone(node, e);
        return;
      case NOTIFICATION:
        this.sessions.onNotification(node, e, side, what >> 4);
        return;
      case REQUEST:
        this.x.queueWork(node, WORK_REFEED, e);
        return;
      case REFRESH:
        this.x.idle?.heard(node, e);
        this.learner.onRefeed(node, e, what >> 4);
        return;
      case UPDATES:
        this.x.idle?.heard(node, e);
        this.learner.onRun(node, e, what >> 4);
        return;
      default:
        this.x.idle?.heard(node, e);
        this.learner.onUpdate(node, e, what >> 4);
    }
  }
}
